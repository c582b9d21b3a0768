"""The audit log and the users' activity on a screen: filters, tables, one entry whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from orders.history import Deed, Sought
from orders.model import AuditEntry, User
from ui import formats, narrowing, saving, session
from ui.saving import Rows
from ui.tables import Columns
from watch import references

_NARROW, _DATES = 150, 260  # pixels
_RECORDED = {"set limits": "set_limits", "add group": "add_group", "remove group": "remove_group"}
_SAID = {recorded: said for said, recorded in _RECORDED.items()}  # most actions are recorded as they are said


def filters(user: User) -> Sought:
    """What is sought, from the inputs, which are drawn here."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        streams = st.multiselect(
            "Chain", session.desk().auditing.streams(user), placeholder="any", key="audit.streams",
            help="each group's orders have a chain of entries of their own",
        )  # fmt: skip
        subject = st.text_input("Order or other subject", placeholder="EL-…", key="audit.subject", width=200).strip()
        actor = st.text_input("By", placeholder="anybody", key="audit.actor", width=_NARROW).strip().lower()
        action = (
            st.text_input("Action", placeholder="any, as confirm", key="audit.action", width=_NARROW).strip().lower()
        )
        reference = st.text_input(
            "Reference", placeholder="any", key="audit.reference", width=_NARROW,
            help="as an error message ends with it; of what somebody did, or of a round of the worker",
        ).strip()  # fmt: skip
        days = st.date_input("Written (UTC)", value=[], format="YYYY-MM-DD", key="audit.days", width=_DATES)
    since, until = narrowing.bounds(days)
    under = (references.of(reference) or reference) or None
    action = _RECORDED.get(action, action)
    return Sought(frozenset(streams) or None, actor or None, action or None, subject or None, under, since, until)


def entries(rows: Sequence[AuditEntry]) -> tuple[pd.DataFrame, Columns]:
    """A row an entry."""
    table = pd.DataFrame(
        {
            "Written": [entry.at for entry in rows],
            "By": [entry.actor for entry in rows],
            "Action": [_SAID.get(entry.action, entry.action) for entry in rows],
            "Subject": [entry.subject for entry in rows],
            "Chain": [entry.stream for entry in rows],
            "No": [entry.seq for entry in rows],
            "Reference": [entry.reference for entry in rows],
            "SHA-256": [entry.sha256 for entry in rows],
        }
    )
    return table, {
        "Written": _moment("Written (UTC)"),
        "No": st.column_config.NumberColumn("No", help="of the entry in its chain", format="%,d", width=70),
        "Reference": st.column_config.TextColumn(
            "Reference", help="of what somebody did, or of a round of the worker: log lines have it too", width=120
        ),
        "SHA-256": st.column_config.TextColumn("SHA-256", help="over the entry and the hash before it", width=180),
    }


def whole(entry: AuditEntry) -> None:
    """One entry with its content and its hashes."""
    st.subheader(f"Entry {entry.seq:,} of {entry.stream}")
    action = _SAID.get(entry.action, entry.action)
    st.markdown(f"**{action}** of `{entry.subject}` by **{entry.actor}**, {formats.moment(entry.at)}")
    hashes = f"SHA-256    {entry.sha256}\nfollows    {entry.previous}"
    st.code(f"{hashes}\nreference  {entry.reference}" if entry.reference else hashes, language=None)
    st.json(json.loads(entry.body), expanded=2)


def deeds(rows: Sequence[Deed]) -> tuple[pd.DataFrame, Columns]:
    """A row for each thing somebody did."""
    table = pd.DataFrame(
        {
            "At": [deed.at for deed in rows],
            "By": [deed.username for deed in rows],
            "Did": [deed.action for deed in rows],
            "About": [deed.about for deed in rows],
            "Detail": [deed.detail for deed in rows],
        }
    )
    return table, {"At": _moment("At (UTC)"), "Detail": st.column_config.TextColumn("Detail", width="large")}


def entry_rows(rows: Sequence[AuditEntry]) -> Rows:
    """Every field, the content as its canonical text."""
    head = ("written", "actor", "action", "subject", "stream", "seq", "reference", "body", "previous", "sha256")
    return [
        head,
        *(
            (e.at, e.actor, e.action, e.subject, e.stream, e.seq, e.reference, e.body, e.previous, e.sha256)
            for e in rows
        ),
    ]


def deed_rows(rows: Sequence[Deed]) -> Rows:
    """Every field."""
    return [
        ("at", "user", "action", "about", "detail"),
        *((d.at, d.username, d.action, d.about, d.detail) for d in rows),
    ]


def save(rows: Callable[[], Rows], name: str) -> None:
    """The page on the screen as a file."""
    saving.offer("This page", rows, f"{name}-{session.desk().today()}", f"audit.save.{name}")


def _moment(label: str) -> object:
    return st.column_config.DatetimeColumn(label, format="YYYY-MM-DD HH:mm:ss", timezone="UTC", width=150)
