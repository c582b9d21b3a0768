"""Approvals: orders, explanations and closings that wait for a second person, who asked, and the decision."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from orders import schedule
from orders.history import Decision, Page, Wanted
from orders.model import Order, OrderState, Permission, User
from ui import approving, asking, deciding, explaining, formats, frame, paging, releasing, session, states

user = session.require_user(Permission.APPROVE)
desk = session.desk()

TICK = 10  # seconds
WAITING = Wanted(states=frozenset({OrderState.AWAITING}), oldest_first=True)


def empty() -> None:
    """Nothing to decide: when there will be."""
    limit = desk.policy.approval_from
    if limit is None:
        said = (
            "Nothing waits for approval, and nothing will: no size needs a second person. Whoever runs Evenlot sets "
            "the face from which one is needed (APPROVAL_FROM_FACE)."
        )
    else:
        said = f"Nothing waits for approval. An order of {limit:,} or more comes here as soon as it is confirmed."
    frame.nothing(said, ("See all orders", "orders"))


def lapses(order: Order) -> bool:
    """Whether it comes to nothing unless somebody approves it today."""
    return schedule.ends_today(order, desk.now(), desk.today())


def summary(user: User, page: Page[Order]) -> None:
    """How many wait, since when, and what is urgent."""
    alone = not page.cursor and not paging.cursor("approvals")
    waiting = len(page.rows) if alone else desk.past.counts(user, WAITING)[OrderState.AWAITING]
    told = f"**{formats.count(waiting, 'order')}** {'waits' if waiting == 1 else 'wait'} for approval"
    if not paging.cursor("approvals"):
        told += f", the oldest for {formats.waited(page.rows[0].created_at, desk.now())}" if waiting > 1 else ""
    st.markdown(f"{told}.")
    if urgent := sum(map(lapses, page.rows)):
        of = "of these" if alone else "of those on this page"
        lapse = "lapses" if urgent == 1 else "lapse"
        st.warning(f"{urgent} {of} {lapse} today unless approved before the day ends.", icon=":material/timer:")


def card(user: User, order: Order, decision: Decision | None, first: bool) -> None:
    """One order that waits, and what can be done about it."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{order.side.value.title()} {order.face:,} {formats.plain(f'{order.label} for {order.group}')}**",
                width="content",
            )
            st.markdown(states.badge(order), width="content")
            if lapses(order):
                st.badge("lapses today", icon=":material/timer:", color="orange")
        waited = formats.waited(order.created_at, desk.now())
        st.markdown(f"Confirmed by **{formats.plain(session.person(order.created_by))}**, waiting for {waited}")
        limit = "market" if order.limit is None else f"limit {formats.price(order.limit)}"
        accounts = formats.count(len(order.lines), "account")
        st.caption(
            f"{order.id} · {accounts} · {limit} · settles {formats.day(order.settlement)} · "
            f"lapses after {formats.day(schedule.last_day(order))} · statement {order.statement_sha256[:12]}"
        )
        if decision is not None:
            st.markdown(approving.effect(decision))
        if told := releasing.told(order):
            st.markdown(f"To be released {told}.")
        if order.comment:
            st.text(f"“{order.comment}”")
        if order.created_by == user.username:
            st.caption("You confirmed it, so somebody else must decide.")
        with st.container(horizontal=True, vertical_alignment="center"):
            deciding.buttons(user, order, first)
            if st.button("Open the order", key=f"approvals.open.{order.id}", type="tertiary"):
                st.switch_page("pages/orders.py", query_params={"order": order.id})


def beside(user: User) -> bool:
    """What else waits for a second person: departures that somebody explained, and orders that somebody asks to close.
    Whether anything does."""
    explained, closings = desk.fills.awaiting(user), desk.closing.awaiting(user)
    if explained:
        st.header("Bookings that depart from the statement, explained")
    for order, split in explained:
        with headed(order):
            explaining.departures(user, order, split)
    if closings:
        st.header("Orders that Aladdin does not show, to be closed")
    for order, asked in closings:
        with headed(order):
            st.warning(order.message, icon=":material/search_off:")
            st.text(f"{session.person(asked.actor)}, {formats.moment(asked.at)}: “{asked.reason}”")
            deciding.buttons(user, order, first=False)
    return bool(explained or closings)


def headed(order: Order) -> DeltaGenerator:
    """A card for an order, with what it is and the way to it."""
    drawn = st.container(border=True)
    with drawn.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{order.side.value.title()} {order.face:,} {formats.plain(f'{order.label} for {order.group}')}**",
            width="content",
        )
        if st.button(order.id, key=f"approvals.open.{order.id}", type="tertiary", help="Open the order"):
            st.switch_page("pages/orders.py", query_params={"order": order.id})
    return drawn


@st.fragment(run_every=TICK)
def live() -> None:
    """What waits, for the user as they are now: a role or a group may have been taken away since."""
    user_now = session.office().gate.current_user()
    if user_now is None or not user_now.may(Permission.APPROVE) or asking.news():
        st.rerun()
    frame.strip()
    st.title("Approvals")
    with frame.explained():
        page = paging.read(
            "approvals", WAITING, lambda cursor: desk.past.orders(user_now, WAITING, approving.PAGE, cursor)
        )
        stated = desk.past.statements(user_now, WAITING, approving.PAGE, paging.cursor("approvals"))
        if page.rows:
            summary(user_now, page)
    decisions = {decision.order_id: decision for decision in stated.rows}
    for order in page.rows:
        card(user_now, order, decisions.get(order.id), order is page.rows[0])
    paging.turn("approvals", page, approving.PAGE)
    with frame.explained():
        if not beside(user_now) and not page.rows:
            empty()


live()
deciding.dialog()
