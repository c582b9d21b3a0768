"""Approvals: what waits for a second person, who asked for it, and the decision."""

from __future__ import annotations

import streamlit as st

from orders.history import Decision, Wanted
from orders.model import Order, OrderState, Permission, User
from ui import approving, asking, deciding, formats, frame, releasing, session

user = session.require_user(Permission.APPROVE)
desk = session.desk()

TICK = 10  # seconds
PAGE = 25
WAITING = Wanted(states=frozenset({OrderState.AWAITING}))


def empty() -> None:
    """Nothing to decide: when there will be."""
    limit = desk.policy.approval_from
    if limit is None:
        st.info(
            "Nothing waits for approval, and nothing will: no size needs a second person. Whoever runs Evenlot sets "
            "the face from which one is needed (APPROVAL_FROM_FACE)."
        )
    else:
        st.info(f"Nothing waits for approval. An order of {limit:,} or more comes here as soon as it is confirmed.")


def card(user: User, order: Order, decision: Decision | None) -> None:
    """One order that waits, and what can be done about it."""
    with st.container(border=True):
        st.markdown(f"**{order.side.value.title()} {order.face:,} {order.label} for {order.group}**")
        age = formats.ago(order.created_at, desk.now())
        limit = "market" if order.limit is None else f"limit {formats.price(order.limit)}"
        accounts = formats.count(len(order.lines), "account")
        st.caption(
            f"{order.id} · asked by {order.created_by}, {age} · {accounts} · {limit} · "
            f"settles {formats.day(order.settlement)} · statement {order.statement_sha256[:12]}"
        )
        if decision is not None:
            st.markdown(approving.effect(decision))
        if told := releasing.told(order):
            st.markdown(f"To be released {told}.")
        if order.comment:
            st.text(f"“{order.comment}”")
        if order.created_by == user.username:
            st.caption("You confirmed it, so somebody else must decide.")
        deciding.buttons(user, order)
        if st.button("Open the order", key=f"approvals.open.{order.id}", type="tertiary"):
            st.switch_page("pages/orders.py", query_params={"order": order.id})


@st.fragment(run_every=TICK)
def live() -> None:
    """What waits, for the user as they are now: a role or a group may have been taken away since."""
    user_now = session.office().gate.current_user()
    if user_now is None or not user_now.may(Permission.APPROVE) or asking.news():
        st.rerun()
    frame.strip()
    st.title("Approvals")
    with frame.explained():
        page = desk.past.orders(user_now, WAITING, PAGE)
        decisions = {d.order_id: d for d in desk.past.statements(user_now, WAITING, PAGE).rows}
    if not page.rows:
        empty()
    for order in page.rows:
        card(user_now, order, decisions.get(order.id))
    if page.cursor:
        st.caption(f"These are the newest {PAGE}. Older ones follow as these are decided.")


live()
deciding.dialog()
