"""What an approver reads before deciding: the frozen statement, in figures and in its own text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from allocation.engines import ENGINES
from allocation.metrics import improvement
from allocation.model import Metric
from orders.history import Decision
from orders.model import Order, Statement, User
from orders.statement import fill_policy
from ui import asking, filling, formats, proposal_tables, releasing, session
from ui.asking import Opened

PAGE = 25  # orders that wait


def effect(decision: Decision) -> str:
    """Dispersion of Active spread duration **0.2586 → 0.1201 years**, 53.6% narrower; or that there is none."""
    metric, before, after = Metric.of(decision.metric), decision.dispersion_before, decision.dispersion_after
    if not before and not after:
        return f"Dispersion of {metric.label} **none**, or nobody counts in it"
    return f"Dispersion of {metric.label} {formats.effect(before, after, metric, decision.improvement)}"


def draw(user: User, order: Order, at: Opened, done: str) -> None:
    """The statement, and the click that approves it and no other."""
    statement = session.desk().past.statement(user, order.id)
    facts(order, statement)
    asking.refused()
    st.button(
        "Approve this statement", type="primary", icon=":material/check_circle:", width="stretch",
        key="deciding.do.APPROVE", on_click=_approve, args=(at, statement.sha256, done),
    )  # fmt: skip


def facts(order: Order, statement: Statement) -> None:
    """What the statement says: terms, effect, who gets what, which warnings were accepted and why, and its hash."""
    body: Mapping[str, Any] = json.loads(statement.body)
    limit = "market" if order.limit is None else f"limit {formats.price(order.limit)}"
    st.markdown(
        f"Confirmed by **{formats.plain(session.person(statement.created_by))}** "
        f"{formats.moment(statement.created_at)} · {ENGINES[order.engine].label} · {limit} · "
        f"settles {formats.day(order.settlement)}"
    )
    st.markdown(filling.said(fill_policy(statement)))
    if told := releasing.told(order):
        st.markdown(f"To be released {told}.")
    if order.comment:
        st.text(f"“{order.comment}”")
    _effect(body["effect"])
    for note in body.get("notes", ()):  # earlier formats have none
        st.info(note)
    table, columns = proposal_tables.frozen(body)
    st.dataframe(
        table, column_config=columns | {"Name": None}, hide_index=True, placeholder=formats.MISSING,
        alt="who gets what",  # the reasons need the room that names take; they are read in full here alone
        height=min(330, 38 + proposal_tables.WRAPPED * len(table)), row_height=proposal_tables.WRAPPED,
    )  # fmt: skip
    if told := proposal_tables.nothing((line["account_id"], line["face"], line["reason"]) for line in body["lines"]):
        st.markdown(told)
    for warning, reason in body["accepted"].items():
        by = formats.plain(session.person(statement.created_by))
        st.warning(f"{formats.plain(warning)}  \nAccepted by {by}: “{formats.plain(reason)}”")
    for row in body["unallocated"]:
        st.caption(f"Not placed: {row['face']:,}, {formats.plain(row['reason'])}")
    st.code(f"SHA-256 {statement.sha256}", language=None)


def _effect(said: Mapping[str, Any]) -> None:
    metric = Metric.of(said["metric"])
    before, after = (float(said[f"dispersion_{when}"]) for when in ("before", "after"))
    st.markdown(f"Dispersion of {metric.label} {formats.effect(before, after, metric, improvement(before, after))}")


def _approve(at: Opened, sha256: str, done: str) -> None:
    use_case = session.desk().orders.approve
    asking.ask(at, partial(use_case, order_id=at.order_id, sha256=sha256, command_id=at.command_id), done)
