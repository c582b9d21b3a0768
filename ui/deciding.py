"""The buttons of an order, for what its state and the user's role allow, and the dialog behind each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import streamlit as st

from orders.errors import NotPermitted
from orders.lifecycle import Event
from orders.model import Order, User
from ui import accepting, approving, asking, explaining, formats, frame, keys, modifying, session, states
from ui.asking import Opened


@dataclass(frozen=True, slots=True)
class Act:
    """A decision on the screen: its button, what its dialog says will happen, and what is said after it."""

    label: str
    icon: str
    consequence: str
    done: str
    do: str = ""  # the words of the dialog's button, where they are others


_CLOSING = (
    "Aladdin did not show this order at the last look, and is looked at once more: where it shows it, nothing is "
    "closed. Look for it there yourself first. If it shows up later, Reconcile tells of it."
)

ACTS = {
    Event.APPROVE: Act(
        "Approve", "check_circle",
        "It is sent to Aladdin under the terms below, at once or at its time of release. A price that moved since, or "
        "something new from compliance, asks a person first.",
        "approved.",
    ),
    Event.DECLINE: Act("Decline", "block", "It is never sent, and ends as declined.", "declined, and not sent."),
    Event.MODIFY: Act("Modify", "edit", "", "the new terms are on their way to Aladdin."),
    Event.CANCEL: Act(
        "Cancel", "cancel",
        "Aladdin is asked to cancel what is not filled. A fill may be quicker; then the order says so.",
        "Aladdin is asked to cancel it.", "Cancel the order",
    ),
    Event.SEND_AGAIN: Act(
        "Send again", "send",
        "It is sent to Aladdin under the same reference and at its own terms, which may not fit today's prices.",
        "sent again.",
    ),
    Event.NOT_THERE: Act(
        "Not at Aladdin", "search_off",
        "Look in Aladdin for an order with this external reference first: if there is one, it would be traded twice "
        "once it is sent again. Nothing is sent by saying so.",
        "noted; nothing is sent by that.",
    ),
    Event.CLOSE: Act(
        "Close", "folder_off", f"{_CLOSING} Then it ends here as canceled, with what it has booked.",
        "closed here; Aladdin does not show it.", "Close the order",
    ),
    Event.CLOSE_ASKED: Act(
        "Ask to close", "folder_off", f"{_CLOSING} An order of its size needs a second person, who has to agree.",
        "somebody else has to agree to that.",
    ),
    Event.CLOSE_AGREED: Act(
        "Agree to close", "folder_off", f"{_CLOSING} Then it ends here as canceled, with what it has booked.",
        "closed here; Aladdin does not show it.",
    ),
    Event.EXPLAINED: Act("Explain", "balance", "", "explained; somebody else has to approve that."),
    Event.EXPLANATION_APPROVED: Act("Approve the explanation of", "balance", "", "the explanation is approved."),
    Event.WITHDRAW: Act("Withdraw", "undo", "It is not sent, and ends as canceled.", "withdrawn, and not sent."),
}  # fmt: skip


TICK = 2  # seconds, as on the order's page


def buttons(user: User, order: Order, first: bool = True) -> None:
    """A button for each decision the user may take about the order as it is; the first order of a page has the keys."""
    if not (may := _may(user, order)):
        return
    with st.container(horizontal=True, width="content", key=f"deciding.buttons.{order.id}"):
        for place, event in enumerate(may):
            act = ACTS[event]
            st.button(
                f"{act.label}…", icon=f":material/{act.icon}:", key=f"deciding.{event.name}.{order.id}",
                type="primary" if event is Event.APPROVE else "secondary", on_click=asking.open_,
                args=(event, order.id), shortcut=keys.DECIDE if first and place == 0 else None,
            )  # fmt: skip


def _may(user: User, order: Order) -> tuple[Event, ...]:
    desk = session.desk()
    return (*desk.orders.may(user, order), *desk.closing.may(user, order))


def dialog() -> None:
    """The dialog that is open, if any, and what the last one came to. Called by a full run: one that a ticking part of
    the page had opened would go with its next tick."""
    asking.told()
    at = asking.opened()
    if at is not None and at.event in ACTS:  # another page's dialog stays with it
        wide = at.event in (Event.APPROVE, Event.MODIFY)
        asking.dialog(at, f"{ACTS[at.event].label} {at.order_id}", "large" if wide else "medium", _draw)


def _draw(user: User, at: Opened) -> None:
    order, act = session.desk().past.order(user, at.order_id), ACTS[at.event]
    possible = _possible(user, order, at)
    st.fragment(run_every=TICK)(_head)(at, possible)
    if act.consequence:
        st.markdown(act.consequence)
    if at.event in explaining.EVENTS:
        explaining.draw(user, order, at, act.done)
        return
    if not possible:
        asking.refused()
        raise NotPermitted(_too_late(order))
    if at.event is Event.MODIFY:
        modifying.draw(user, order, at, act.done)
    elif at.event is Event.APPROVE:
        approving.draw(user, order, at, act.done)
    else:
        _reason(order, at, act)


def _possible(user: User, order: Order, at: Opened) -> bool:
    """Whether it may be decided as the order is; what is explained says so itself."""
    return at.event in explaining.EVENTS or at.event in _may(user, order)


def _too_late(order: Order) -> str:
    return f"This can no longer be decided: {order.id} is {states.said(order)}."


def _head(at: Opened, possible: bool) -> None:
    """The order as it is by now: it fills while somebody types below, who should see it before the decision is refused.
    Drawn anew by itself, which leaves alone what is typed, and for the user as they are by then."""
    user = session.office().gate.current_user()
    if user is None:
        st.rerun()
    assert user is not None
    with frame.explained():
        order = session.desk().past.order(user, at.order_id)
    face = f"{order.face:,}" if order.face == order.ordered else f"{order.face:,} of {order.ordered:,}"
    filled = f" · {order.filled:,.0f} filled, {formats.percent(order.progress)}" if order.filled else ""
    what = formats.plain(f"{order.label} for {order.group}")
    st.markdown(f"**{order.side.value.title()} {face} {what}** · {formats.plain(states.word(order))}{filled}")
    if possible and not asking.asked(at) and not _possible(user, order, at):
        st.warning(_too_late(order), icon=":material/update:")


def _reason(order: Order, at: Opened, act: Act) -> None:
    """A decision that takes nothing but a reason, or one that somebody else has given."""
    desk = session.desk()
    if at.event is Event.CLOSE_AGREED:
        if (asked := desk.closing.asked(order)) is not None:
            st.text(f"{session.person(asked.actor)}, {formats.moment(asked.at)}: “{asked.reason}”")
    else:
        st.text_input(
            "Reason (required)", key=at.key("reason"), max_chars=desk.policy.longest_comment,
            placeholder="Kept with the order, under your name", live=True,
        )  # fmt: skip
    asking.refused()
    missing = accepting.missing(at.command_id, (), at.typed("reason"))
    st.button(
        f"{act.do or act.label}{f' ({missing})' if missing else ''}", type="primary",
        icon=f":material/{act.icon}:", width="stretch", key=f"deciding.do.{at.event.name}", on_click=_decide,
        args=(at, act.done),
    )  # fmt: skip


def _decide(at: Opened, done: str) -> None:
    if at.event is Event.CLOSE_AGREED:
        agree = session.desk().closing.agree
        asking.ask(at, partial(agree, order_id=at.order_id, command_id=at.command_id), done)
        return
    desk, close = session.desk().orders, session.desk().closing.close
    use_case = {
        Event.DECLINE: desk.decline,
        Event.CANCEL: desk.cancel,
        Event.SEND_AGAIN: desk.send_again,
        Event.NOT_THERE: desk.not_there,
        Event.WITHDRAW: desk.withdraw,
        Event.CLOSE: close,
        Event.CLOSE_ASKED: close,
    }[at.event]
    reason = st.session_state.get(at.key("reason")) or ""
    asking.ask(at, partial(use_case, order_id=at.order_id, reason=reason, command_id=at.command_id), done)
