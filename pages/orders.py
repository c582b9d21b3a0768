"""Orders: the live dashboard, and one order's lines, fills, history and statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from orders.lifecycle import WAITING
from orders.model import Order, Permission, Statement, User
from orders.statement import content, fill_policy, not_placed
from ui import (
    asking,
    dashboard,
    deciding,
    explaining,
    filling,
    formats,
    frame,
    order_tables,
    proposal_tables,
    releasing,
    runs,
    session,
    states,
    tables,
)
from ui.lifecycle import HELP, path

user = session.require_user(Permission.VIEW)
desk = session.desk()

TICK, IDLE_TICK = 2, 20  # seconds: quick only while something is moving
AVERAGE = "per 100 face, over what is filled so far"


def listed(user: User) -> None:
    """The list, and the pace of the ticking, which a full run sets."""
    shown = dashboard.draw(user)
    moving = any(order.state in dashboard.MOVING for order in shown)
    if moving != st.session_state.get("orders.moving", False):
        st.session_state["orders.moving"] = moving
        runs.again_by_itself()


def detail(user: User, order: Order) -> None:
    """One order, whole."""
    st.header(
        f"{order.side.value.title()} {order.face:,} {formats.plain(order.label)} for {formats.plain(order.group)}"
    )
    at_aladdin = f" · Aladdin order {order.broker_id}" if order.broker_id else ""
    who = formats.plain(session.person(order.created_by))
    st.caption(f"{order.id}{at_aladdin} · confirmed by {who}, {formats.moment(order.created_at)}")
    if order.face < order.ordered:
        st.markdown(f"**{order.face:,} of {order.ordered:,} ordered**, {order.ordered - order.face:,} not placed.")
    if told := releasing.told(order):
        st.markdown(f"To be released **{told}**." if order.state in WAITING else f"Was to be released {told}.")
    if order.message:
        st.warning(order.message)
    deciding.buttons(user, order)
    _figures(order)
    if order.comment:
        st.text(f"“{order.comment}”")
    events = desk.past.events(user, order.id)
    st.markdown(path(events, order), help=HELP)
    st.caption(states.means(order))
    lines_tab, fills_tab, history_tab = st.tabs(["Accounts", "Fills", "History"], on_change="rerun", key="order.tab")
    with lines_tab:  # of a large group each tab is long: only the one in front is read and sent, for the page ticks
        if lines_tab.open:
            explaining.lines(user, order)
    with fills_tab:
        if fills_tab.open:
            _fills(user, order)
    with history_tab:
        _table(*order_tables.events(events), alt="history of the order", key="order.events")


def _fills(user: User, order: Order) -> None:
    if fills := desk.past.fills(user, order.id):
        _table(*order_tables.fills(fills), alt="what Aladdin booked, and when", key="order.fills")
    else:
        st.caption("Nothing is booked yet.")


def _table(table: pd.DataFrame, columns: tables.Columns, *, alt: str, key: str) -> None:
    st.dataframe(table, column_config=columns, hide_index=True, placeholder=formats.MISSING, alt=alt, key=key)


def _figures(order: Order) -> None:
    """Side by side, and below each other where there is no room: none is cut off."""
    with st.container(horizontal=True, gap="medium"):
        st.metric("State", states.word(order), help=states.means(order), width="content")
        filled = f"{order.filled:,.0f} of {order.face:,}"
        st.metric("Filled", formats.percent(order.progress), help=filled, width="content")
        st.metric("Average price", formats.price(order.average_price, 4), width="content", help=AVERAGE)
        st.metric("Settlement", formats.day(order.settlement), width="content", help="when bonds and money move")
        limit = formats.price(order.limit) if order.limit is not None else "market"
        st.metric(
            "Limit", limit, width="content", help="per 100 face: a buy pays at most this, a sell brings at least it"
        )


def frozen(user: User, order_id: str) -> None:
    """The statement behind an order: it never changes, so it is read in full runs only."""
    with frame.explained():
        statements = desk.past.statements_of(user, order_id)
    statement = statements[0]
    if said := order_tables.reasons(statements):
        st.markdown("**Warnings, and why they were accepted**")
        for line in said:
            st.text(line)
    body = content(statement)
    if told := proposal_tables.nothing((line["account_id"], line["face"], line["reason"]) for line in body["lines"]):
        st.markdown(told)
    if left := not_placed(statement):
        st.markdown("**Not placed when it was confirmed, and why**")
        table, columns = proposal_tables.unallocated(left)
        st.dataframe(
            table, column_config=columns, hide_index=True, row_height=proposal_tables.WRAPPED, alt="not placed",
            key="order.left",
        )  # fmt: skip
    st.markdown(filling.said(fill_policy(statement)))
    panel = st.expander("Statement", icon=":material/lock:", key="order.statement", on_change="rerun")
    if panel.open:
        with panel:
            _statement(statement, body)


def _statement(statement: Statement, body: Mapping[str, Any]) -> None:
    """What was frozen, as it is on disk, but for the holdings: of a large group those are megabytes."""
    who = formats.plain(session.person(statement.created_by))
    st.markdown(f"Frozen {formats.moment(statement.created_at)} by {who}, before it was sent.")
    st.code(f"SHA-256 {statement.sha256}", language=None)
    st.page_link(
        "pages/history.py", label="Open it as it was, replay it", icon=":material/history:",
        query_params={"statement": statement.id},
    )  # fmt: skip
    st.download_button(
        "Download the statement",
        statement.body,
        file_name=f"{statement.id}.json",
        mime="application/json",
        on_click="ignore",
    )
    st.json(dict(body) | {"accounts": [_counted(account) for account in body["accounts"]]}, expanded=1)
    st.caption("Holdings are counted here. The download has each of them.")


def _counted(account: dict[str, Any]) -> dict[str, Any]:
    holdings = account["holdings"]
    return account | {"holdings": holdings | {"counted": len(holdings["counted"])}}


def chosen_order(user: User) -> None:
    """The order named in the address, if any."""
    if wanted := st.query_params.get("order"):
        with frame.explained():
            order = desk.past.order(user, wanted)
        detail(user, order)


@st.fragment(run_every=TICK if st.session_state.get("orders.moving") else IDLE_TICK)
def live() -> None:
    """What changes by itself, for the user as they are now: a role or a group may have been taken away since."""
    user_now = session.office().gate.current_user()
    if user_now is None or not user_now.may(Permission.VIEW):
        st.rerun()
    if st.session_state.pop("orders.picked", False) or asking.news():
        st.rerun()  # another order has another statement, which stands outside, as dialogs do
    frame.strip()
    st.title("Orders")
    with frame.explained():
        listed(user_now)
        chosen_order(user_now)


live()
deciding.dialog()
if chosen := st.query_params.get("order"):
    frozen(user, chosen)
