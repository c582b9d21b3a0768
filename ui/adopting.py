"""Taking over what Aladdin has: the dialog that asks for a reason, and the click."""

from __future__ import annotations

import streamlit as st

from orders.differing import Difference
from orders.errors import NotPermitted
from orders.lifecycle import Event
from orders.model import Order, Permission, User
from ui import asking, formats, session
from ui.asking import Opened

_WHICH = "adopting.which"  # the group and the difference that the dialog is about
COMPARED = "reconcile.compared"  # the comparison at hand: it is not right any more once something of it is taken over
DONE = "taken over. The worker looks at it next."


def open_(group: str, difference: Difference) -> None:
    """Ask for the reason with the next full run."""
    st.session_state[_WHICH] = (group, difference)
    asking.open_(Event.ADOPTED, difference.broker_id)


def dialog() -> None:
    """The dialog that is open, if any, and what the last one came to. Called by a full run."""
    asking.told()
    at = asking.opened()
    if at is not None and at.event is Event.ADOPTED and _WHICH in st.session_state:
        asking.dialog(at, f"Take over Aladdin's order {at.order_id}", "medium", _draw)


def may(user: User) -> bool:
    """Whether this user takes orders over: who of the two may depends on the order's size."""
    return user.may(Permission.CONFIRM) or user.may(Permission.APPROVE)


def _draw(user: User, at: Opened) -> None:
    group, difference = st.session_state[_WHICH]
    if not may(user) or not user.sees(group):
        asking.refused()
        raise NotPermitted(f"You may not take over orders of {group} any more.")
    st.markdown(formats.plain(difference.sentence))
    if difference.order_id:
        st.markdown(
            "What Aladdin shows now is read again. Other terms become the next version of the "
            "statement; what was booked or corrected after its end is written."
        )
    else:
        st.markdown(
            f"What Aladdin shows now is read again, and becomes an order of **{group}** with a statement that says it "
            "was entered elsewhere. Nothing is sent to Aladdin by that."
        )
    st.text_input(
        "Reason (required)", key=at.key("reason"), max_chars=session.desk().policy.longest_comment,
        placeholder="Kept with the order, under your name", live=True,
    )  # fmt: skip
    asking.refused()
    st.button(
        "Take it over", type="primary", icon=":material/move_to_inbox:", width="stretch", key="adopting.do",
        on_click=_decide, args=(at, group),
    )  # fmt: skip


def _decide(at: Opened, group: str) -> None:
    desk, reason = session.desk().reconciling, st.session_state.get(at.key("reason")) or ""

    def adopt(user: User) -> Order:
        order = desk.adopt(user, group, at.order_id, reason, at.command_id)
        st.session_state.pop(COMPARED, None)
        return order

    asking.ask(at, adopt, DONE)
