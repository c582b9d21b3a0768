"""How something the desk depends on reads: an icon, a word, a sentence, and its figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pandas as pd
import streamlit as st

from ui import formats
from watch.standing import Dependency, Standing

ICONS = {
    Standing.HEALTHY: ":material/check_circle:",
    Standing.DEGRADED: ":material/warning:",
    Standing.DOWN: ":material/error:",
}
_COLOURS: dict[Standing, Literal["green", "orange", "red"]] = {
    Standing.HEALTHY: "green",
    Standing.DEGRADED: "orange",
    Standing.DOWN: "red",
}
_FIGURES = {  # detail -> (label, what it means)
    "calls_waiting": ("Calls waiting", "for their turn under the quotas"),
    "kind": ("Kind", "what the ledger is kept in"),
    "latency_seconds": ("Latency", "of one small read of the ledger"),
    "outbox_commands": ("In the outbox", "commands that wait for the worker"),
    "outbox_oldest_seconds": ("Oldest of them", "since it was asked for"),
    "holder": ("Holder", "the process that has the lease: only it sends and follows"),
    "last_round_seconds_ago": ("Last round", "since it finished one"),
    "orders_held_up": ("Orders held up", "that it cannot get on with; the Orders page says why"),
    "answers": ("Answers", "of Aladdin's that are kept"),
    "bytes": ("Size", "of what is kept"),
    "free_bytes": ("Free", "where the data folder is"),
}
_TABLES = {"circuits": ("API", "Circuit"), "calls_left_this_minute": ("Operation", "Calls left this minute")}


def card(one: Dependency) -> None:
    """One dependency."""
    with st.container(border=True, key=f"standing.{one.name}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.subheader(one.name, width="content", anchor=False)
            st.badge(one.standing.value, icon=ICONS[one.standing], color=_COLOURS[one.standing])
        st.write(one.sentence[:1].upper() + one.sentence[1:].removesuffix(".") + ".")
        with st.container(horizontal=True, gap="medium"):
            for name, (label, meaning) in _FIGURES.items():
                if one.details.get(name) is not None:
                    st.metric(label, figure(name, one.details[name]), help=meaning, width="content")
        _tables(one.details)


def _tables(details: Mapping[str, object]) -> None:
    found = {name: value for name in _TABLES if isinstance(value := details.get(name), Mapping) and value}
    if not found:
        return
    with st.expander("Circuits and quotas", icon=":material/electrical_services:"):
        for name, values in found.items():
            of, what = _TABLES[name]
            st.dataframe(
                pd.DataFrame({of: list(values), what: list(values.values())}), hide_index=True, alt=f"{what} by {of}"
            )


def figure(name: str, value: object) -> str:
    """A detail as it is read, with the unit its name ends with."""
    if not isinstance(value, int | float):
        return str(value)
    if name.endswith("bytes"):
        return formats.size(value)
    if name.endswith(("_seconds", "_seconds_ago")):
        said = f"{value * 1000:,.1f} ms" if value < 1 else f"{value:,.0f} s"
        return f"{said} ago" if name.endswith("_ago") else said
    return f"{value:,}"
