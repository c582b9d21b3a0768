"""How the states of an order read: a sign, a word, and what happens next."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from orders.lifecycle import FINAL, LIVE, Event
from orders.model import Order
from orders.model import OrderState as S
from ui import formats

Colour = Literal["blue", "green", "orange", "red", "gray"]

SIGNS = {
    S.AWAITING: "⊙", S.SCHEDULED: "◷", S.CONFIRMED: "◌", S.APPROVED: "✓", S.SENDING: "→", S.SEND_FAILED: "!",
    S.UNKNOWN: "?", S.COMPLIANCE: "◇", S.OPEN: "○", S.AUTHORIZED: "◎", S.ACTIVE: "▶", S.PART_FILLED: "◐",
    S.FILLED: "◉", S.MODIFY_PENDING: "±", S.CANCEL_PENDING: "⊗", S.FOREIGN: "?", S.BOOKED: "●", S.CANCELED: "×",
    S.EXPIRED: "×", S.REJECTED: "×",
}  # fmt: skip

# blue goes on by itself, green is done, orange waits for somebody or for an answer, red is trouble, gray is over or
# asleep; the sign and the word say the same to whoever cannot tell them apart
COLOURS: Mapping[S, Colour] = {
    S.AWAITING: "orange", S.SCHEDULED: "gray", S.SEND_FAILED: "red", S.UNKNOWN: "red", S.FOREIGN: "orange",
    S.MODIFY_PENDING: "orange", S.CANCEL_PENDING: "orange", S.FILLED: "green", S.BOOKED: "green", S.CANCELED: "gray",
    S.EXPIRED: "red", S.REJECTED: "red",
    **dict.fromkeys((S.CONFIRMED, S.APPROVED, S.SENDING, S.COMPLIANCE, S.OPEN, S.AUTHORIZED, S.ACTIVE, S.PART_FILLED),
                    "blue"),
}  # fmt: skip

NEXT = {
    S.AWAITING: "Not sent yet: somebody else must approve it first.",
    S.SCHEDULED: "Not sent yet: it is sent at its time of release.",
    S.CONFIRMED: "The worker sends it next.",
    S.APPROVED: "Approved by somebody else; the worker sends it next.",
    S.SENDING: "On its way to Aladdin.",
    S.SEND_FAILED: "It certainly is not at Aladdin. Below it says why, and whether it is tried again.",
    S.UNKNOWN: "Aladdin's answer was lost: it is being looked up before anything else is done.",
    S.COMPLIANCE: "Aladdin's compliance is looking at it.",
    S.OPEN: "Aladdin has it; it is not authorized yet.",
    S.AUTHORIZED: "Authorized at Aladdin; nobody works on it yet.",
    S.ACTIVE: "Worked on; nothing is filled yet.",
    S.PART_FILLED: "Worked on; a part of it is filled.",
    S.FILLED: "All of it is filled; Aladdin has not booked it yet.",
    S.MODIFY_PENDING: "New terms are stored, and on their way to Aladdin. A fill may be quicker.",
    S.CANCEL_PENDING: "Aladdin is asked to cancel what is not filled. A fill may be quicker.",
    S.FOREIGN: "Aladdin reports a status that is not known here. It is followed all the same.",
    S.BOOKED: "Done: Aladdin has booked it.",
    S.CANCELED: "Ended: nothing more of it is traded.",
    S.EXPIRED: "Ended: its day passed.",
    S.REJECTED: "Ended: Aladdin refused it, or its compliance did.",
}

# how what a person or the worker did reads afterwards; what Aladdin reports is said so already
HAPPENED: Mapping[str, str] = {
    Event.CONFIRM: "confirmed",
    Event.APPROVE: "approved",
    Event.APPROVE_FOR_LATER: "approved for later",
    Event.DECLINE: "declined",
    Event.WITHDRAW: "withdrawn",
    Event.SEND_AGAIN: "to be sent again",
    Event.NOT_THERE: "said not to be at Aladdin",
    Event.MODIFY: "new terms given",
    Event.CANCEL: "cancel asked for",
    Event.RELEASE: "released",
    Event.SEND: "being sent",
}

VIEWS: Mapping[str, tuple[S, ...]] = {
    "All": (),
    "Awaiting approval": (S.AWAITING,),
    "Scheduled": (S.SCHEDULED,),
    "On the way": (S.CONFIRMED, S.APPROVED, S.SENDING),
    "In doubt": (S.SEND_FAILED, S.UNKNOWN),
    "At Aladdin": LIVE,
    "Ended": FINAL,
}
DECLINED = "declined"  # what people call a rejected order that a second person declined
_TELL_OF_FILLS = (S.PART_FILLED, S.FILLED, S.BOOKED)


def word(order: Order) -> str:
    """Sign and word; partly filled orders say so, and an unknown status is Aladdin's own word."""
    return f"{SIGNS[order.state]} {said(order)}"


def short(order: Order) -> str:
    """Sign and word of the state alone, where a bar beside it says how much is filled."""
    own = _own(order) if order.state is not S.FOREIGN else order.broker_status
    return f"{SIGNS[order.state]} {own}"


def _own(order: Order) -> str:
    return DECLINED if order.declined else order.state.value


def means(order: Order) -> str:
    """What comes next, or what it came to."""
    return "Ended: a second person declined it, and it was not sent." if order.declined else NEXT[order.state]


def badge(order: Order) -> str:
    """Sign and word in the state's colour, as Markdown."""
    return f":{COLOURS[order.state]}-badge[{formats.plain(word(order))}]"


def said(order: Order) -> str:
    """The word alone."""
    own = _own(order) if order.state is not S.FOREIGN else f"{order.broker_status} (unknown status)"
    partly = ", partly filled" if 0 < order.progress < 1 and order.state not in _TELL_OF_FILLS else ""
    return f"{own}{partly}"


def told(counts: Mapping[S, int], chosen: Collection[S]) -> str:
    """How many orders are in each of the states chosen, or in any, where there are several: 2 open · 1 active."""
    there = [
        f"{SIGNS[state]} {count:,} {'rejected or declined' if state is S.REJECTED else state.value}"
        for state, count in counts.items()
        if count and (not chosen or state in chosen)
    ]
    return " · ".join(there) if len(there) > 1 else ""
