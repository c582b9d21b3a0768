"""What came of an order account by account: our split beside what was booked, and why the two differ, said by one
person and approved by another."""

from __future__ import annotations

import streamlit as st

from orders.errors import NotPermitted
from orders.fills import Split
from orders.lifecycle import Event
from orders.model import Order, Permission, User
from ui import asking, formats, order_tables, session
from ui.asking import Opened

EVENTS = (Event.EXPLAINED, Event.EXPLANATION_APPROVED)


def lines(user: User, order: Order) -> None:
    """The order's accounts, and below them what departs from our split."""
    made = session.desk().fills.split(user, order.id) if _something_filled(order) else None
    table, columns = order_tables.order_lines(order, made)
    st.dataframe(
        table, column_config=columns, hide_index=True, placeholder=formats.MISSING, alt="lines of the order",
        key="order.lines",
    )  # fmt: skip
    if made is None:
        return
    if not made.pending and any(part.difference and not part.departs for part in made.parts):
        st.caption("A difference without ! is the rounding to whole pieces: there is nothing to explain.")
    if made.pending:
        st.info(f"{formats.face(made.pending)} is filled and booked to no account yet.")
    if made.breaks:
        departures(user, order, made)


def departures(user: User, order: Order, made: Split) -> None:
    """What departs from our split, how far its explanation is, and what the user may do about it."""
    _departures(made)
    with st.container(horizontal=True):
        for event in offered(user, made):
            st.button(
                _LABELS[event], key=f"deciding.{event.name}.{order.id}", icon=":material/balance:",
                on_click=asking.open_, args=(event, order.id),
            )  # fmt: skip


_LABELS = {Event.EXPLAINED: "Explain…", Event.EXPLANATION_APPROVED: "Approve the explanation…"}


def offered(user: User, made: Split) -> tuple[Event, ...]:
    """What this user may say of the departures as they are; the use case checks again."""
    if not made.open:
        return ()
    said = made.explanation
    wanted: tuple[Event, ...] = ()
    if user.may(Permission.CONFIRM):
        wanted += (Event.EXPLAINED,)
    if said is not None and user.may(Permission.APPROVE) and user.username != said.by:
        wanted += (Event.EXPLANATION_APPROVED,)
    return wanted


def draw(user: User, order: Order, at: Opened, done: str) -> None:
    """The departures as they are, and the click that explains just these, or approves what was said of them."""
    made = session.desk().fills.split(user, order.id)
    if at.event not in offered(user, made):
        asking.refused()
        raise NotPermitted(f"There is nothing of {order.id} for you to explain or approve any more.")
    _departures(made)
    if at.event is Event.EXPLAINED:
        st.text_input(
            "Reason (required)", key=at.key("reason"), max_chars=session.desk().policy.longest_comment,
            placeholder="Kept with the order, under your name", live=True,
        )  # fmt: skip
    asking.refused()
    st.button(
        "Explain" if at.event is Event.EXPLAINED else "Approve the explanation", type="primary", width="stretch",
        key=f"deciding.do.{at.event.name}", on_click=_decide, args=(at, made.departures, done),
    )  # fmt: skip


def _departures(made: Split) -> None:
    """Each departure in a sentence, and how far its explanation is."""
    st.warning("  \n".join(made.breaks), icon=":material/balance:")
    said = made.explanation
    if said is None:
        st.caption("Nobody has explained this yet.")
    else:
        by = (
            f"approved by {formats.plain(session.person(said.approved_by))}"
            if said.approved_by
            else "not approved yet by somebody else"
        )
        st.caption(f"Explained by {formats.plain(session.person(said.by))}, {by}: “{formats.plain(said.reason)}”")


def _something_filled(order: Order) -> bool:
    return bool(order.filled) or any(line.booked for line in order.lines)


def _decide(at: Opened, departures: str, done: str) -> None:
    fills = session.desk().fills
    about = {"order_id": at.order_id, "departures": departures, "command_id": at.command_id}
    if at.event is Event.EXPLAINED:
        reason = st.session_state.get(at.key("reason")) or ""
        asking.ask(at, lambda user: fills.explain(user, **about, reason=reason), done)
    else:
        asking.ask(at, lambda user: fills.approve_explanation(user, **about), done)
