"""Several groups at once: which are looked at, on which metric, their strip plot, and the table behind it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from allocation.metrics import offered_first
from allocation.model import Account, Metric
from orders.model import User
from ui import charts, formats, group_tables, links, saving, session, tables
from ui.group_tables import Dot
from ui.strip import Seen, strip

_BESIDE = "groups.beside"  # in the session: groups looked at beside the chosen one, in the order they were asked for
_LINKED = "groups.linked"  # the metric a link shows the page by: no choice of the user's, and none for Allocate
_LINKED_SWITCH = "groups.linked.switch"
_TURN = "groups.turn"  # counts how often a selection was dropped: the chart then begins anew
# Streamlit lets a click select where dragging moves the chart, and there alone
_DRAGS: dict[str, Literal["select", "lasso", "pan"]] = {"Box": "select", "Lasso": "lasso", "Click": "pan"}
_CHART = charts.config("groups") | {"modeBarButtonsToRemove": []}  # the lasso is of use here


def metric_switch(user: User, accounts: Sequence[Account]) -> Metric:
    """The metric everything is shown by, which is kept for the user's next visit."""
    memory = session.office().memory
    kept = next((m for m in Metric if m.key == memory.get(user.username, "metric")), None) or offered_first(accounts)
    linked: Metric | None = st.session_state.get(_LINKED)
    if "metric" not in st.session_state:
        st.session_state["metric"] = kept
    chosen = st.segmented_control(
        "Metric",
        list(Metric),
        format_func=lambda m: m.label,
        required=True,
        label_visibility="collapsed",
        key="metric" if linked is None else _LINKED_SWITCH,
        persist_state="session",
    )
    assert chosen is not None
    if linked is not None and chosen != linked:
        st.session_state["metric"], st.session_state[_LINKED] = chosen, None
    if chosen not in (kept, linked):
        memory.put(user.username, "metric", chosen.key)
    return chosen


def take_up(followed: links.Followed | None) -> None:
    """Show what a link shows."""
    if followed is None:
        return
    st.session_state[_BESIDE] = list(followed.shown)
    if metric := next((m for m in Metric if m.key == followed.metric), None):
        st.session_state[_LINKED] = st.session_state[_LINKED_SWITCH] = metric


def beside(chosen: str, readable: Collection[str]) -> tuple[str, ...]:
    """The groups that are looked at beside the chosen one, of those that can be read."""
    return tuple(group for group in st.session_state.get(_BESIDE, []) if group in readable and group != chosen)


def show_switch(place: DeltaGenerator, group: str, chosen: bool) -> None:
    """The switch on a card; the chosen group is always shown."""
    key = f"show.{group}"
    st.session_state[key] = chosen or group in st.session_state.get(_BESIDE, [])
    place.toggle("Show", key=key, disabled=chosen, on_change=_switch, args=(group,))


def _switch(group: str) -> None:
    others = [other for other in st.session_state.get(_BESIDE, []) if other != group]
    st.session_state[_BESIDE] = [*others, group] if st.session_state[f"show.{group}"] else others


@st.fragment
def draw(rows: Sequence[Seen], day: date) -> None:
    """The chart, and the accounts that are selected in it."""
    groups, metric = [row.group for row in rows], rows[0].spread.metric
    accounts = len({account.id for row in rows for account in row.accounts})  # one may be in several groups
    dots_of = sum(len(row.accounts) for row in rows)
    st.subheader(f"{formats.plain(', '.join(groups))}: {metric.label} of {formats.count(accounts, 'account')}")
    if lacking := [group_tables.lacking(row) for row in rows if row.spread.missing]:
        st.warning("  \n".join(lacking))
    by = st.segmented_control(
        "Select dots by", _DRAGS, default="Box", required=True, key="groups.by", label_visibility="collapsed",
        help="Draw a box or a loop around dots, or click one, to see them alone in the table",
    )  # fmt: skip
    picked = st.plotly_chart(
        strip(rows).update_layout(dragmode=_DRAGS[by or "Box"]),
        key=f"groups.strip.{st.session_state.get(_TURN, 0)}.{by}",
        on_select="rerun",
        selection_mode=("points", "box", "lasso"),
        config=_CHART | {"toImageButtonOptions": charts.config(*groups, metric.label)["toImageButtonOptions"]},
        alt=f"{metric.label} of each account of {', '.join(groups)}, sized by NAV",
    )
    there = {(row.group, account) for row in rows for account in row.spread.values}
    dots: set[Dot] = {tuple(p["customdata"][:2]) for p in picked["selection"]["points"] if p.get("customdata")}
    _table(rows, dots & there, dots_of, day)


def _table(rows: Sequence[Seen], dots: Collection[Dot], count: int, day: date) -> None:
    """The accounts, those selected or all, with a search and a file of what is shown."""
    head = st.container(horizontal=True, vertical_alignment="center")
    text = head.text_input(
        "Search the accounts", key="groups.text", type="search", live=True, label_visibility="collapsed",
        placeholder="Search the accounts", width=280,
    )  # fmt: skip
    table, columns = group_tables.accounts(rows, dots, text)
    of = f"{len(table)} of {formats.count(count, 'dot' if len(rows) > 1 else 'account')}"
    hint = of if text.strip() else "Select dots in the chart to see them alone."
    head.caption(f"{of}, as selected in the chart" if dots else hint, width="stretch")
    if dots:
        head.button("All accounts", icon=":material/deselect:", type="tertiary", on_click=_drop, key="groups.all")
    if table.empty:
        among = f"None of the {len(dots)} selected has" if dots else "No account has"
        st.info(
            f"{among} “{formats.plain(text)}” in its ticker or name. Clear the search to see all"
            f"{' of them' if dots else ''}."
        )
        return
    st.dataframe(
        table,
        column_config=columns,
        hide_index=True,
        placeholder=formats.MISSING,
        height=tables.height(table, 620),
        alt=f"accounts of {', '.join(row.group for row in rows)}",
        key="groups.accounts",
    )
    name = group_tables.file_name([row.group for row in rows], day)
    saving.offer("Accounts", lambda: saving.shown(table, columns), name, "groups")


def _drop() -> None:
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
