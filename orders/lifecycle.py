"""The life of an order as one table of (state, event) -> state. The worker walks it, the screens draw it."""

from __future__ import annotations

from enum import StrEnum

from orders.errors import IllegalTransition
from orders.model import OrderState as S


class Event(StrEnum):
    """What can happen to an order."""

    CONFIRM = "confirm"  # a person confirmed the allocation
    SEND = "send"  # the worker is about to post
    NEVER_LEFT = "never left"  # the post certainly did not reach Aladdin
    ANSWER_LOST = "answer lost"  # the post may have reached Aladdin
    MISSED = "not found"  # looked up by our reference, and not there
    RESTORED = "restored"  # the ledger was put back to an earlier state, so it may have been posted since, or again
    REFUSED = "refused"  # Aladdin answered no, to the only post there was; or it was not fit to be sent, and never left
    # what comes of a second post says nothing of the first, which may live
    REPEAT_NEVER_LEFT = "repeat never left"
    REPEAT_REFUSED = "repeat refused"
    MISTAKEN = "another order"  # Aladdin shows another order than ours under its name: nothing of it is taken over
    LAPSED = "lapsed"  # its trade date has passed, and no post ever left
    FILLED = "filled"  # more was executed, in the same state
    NOTED = "noted"  # nothing moved, but what is to be said of the order is new
    # Aladdin's own words, as it reports them
    REPORTED_COMPLIANCE = "compliance pending"
    REPORTED_OPEN = "opened"
    REPORTED_AUTHORIZED = "authorized"
    REPORTED_ACTIVE = "active"
    REPORTED_FOREIGN = "unknown status"
    REPORTED_BOOKED = "booked"
    REPORTED_CANCELED = "canceled"
    REPORTED_EXPIRED = "expired"
    REPORTED_REJECTED = "rejected"


_REPORTS = {
    Event.REPORTED_COMPLIANCE: S.COMPLIANCE,
    Event.REPORTED_OPEN: S.OPEN,
    Event.REPORTED_AUTHORIZED: S.AUTHORIZED,
    Event.REPORTED_ACTIVE: S.ACTIVE,
    Event.REPORTED_FOREIGN: S.FOREIGN,
    Event.REPORTED_BOOKED: S.BOOKED,
    Event.REPORTED_CANCELED: S.CANCELED,
    Event.REPORTED_EXPIRED: S.EXPIRED,
    Event.REPORTED_REJECTED: S.REJECTED,
}

# Aladdin's statuses are free strings; these are the ones seen. Any other is kept visible, and live.
_STATUSES = {
    "compl pending": Event.REPORTED_COMPLIANCE,
    "open": Event.REPORTED_OPEN,
    "authorized": Event.REPORTED_AUTHORIZED,
    "active": Event.REPORTED_ACTIVE,
    "booked": Event.REPORTED_BOOKED,
    "canceled": Event.REPORTED_CANCELED,
    "cancelled": Event.REPORTED_CANCELED,
    "expired": Event.REPORTED_EXPIRED,
    "rejected": Event.REPORTED_REJECTED,
}

LIVE = (S.COMPLIANCE, S.OPEN, S.AUTHORIZED, S.ACTIVE, S.FOREIGN)  # Aladdin works on them
OURS = (S.CONFIRMED, S.SENDING, S.UNKNOWN)  # Aladdin may not know them yet
# Aladdin's cash and holdings may not count these: their money is ours to set aside, at the risk of counting it twice
UNCOUNTED = (*OURS, S.COMPLIANCE, S.FOREIGN)
FINAL = (S.BOOKED, S.CANCELED, S.EXPIRED, S.REJECTED)

TABLE: dict[tuple[S, Event], S] = {
    (S.CONFIRMED, Event.SEND): S.SENDING,
    (S.SENDING, Event.NEVER_LEFT): S.CONFIRMED,
    (S.SENDING, Event.ANSWER_LOST): S.UNKNOWN,
    (S.SENDING, Event.REFUSED): S.REJECTED,
    (S.UNKNOWN, Event.MISSED): S.UNKNOWN,
    # after the grace and enough misses the same reference is posted once more. What may be at Aladdin never lapses, and
    # comes back here from whatever becomes of the second post, to be looked up again
    (S.UNKNOWN, Event.SEND): S.SENDING,
    (S.SENDING, Event.REPEAT_NEVER_LEFT): S.UNKNOWN,
    (S.SENDING, Event.REPEAT_REFUSED): S.UNKNOWN,
    (S.SENDING, Event.MISTAKEN): S.UNKNOWN,
    (S.CONFIRMED, Event.LAPSED): S.EXPIRED,
    (S.CONFIRMED, Event.REFUSED): S.REJECTED,
    **{(state, Event.RESTORED): S.UNKNOWN for state in OURS},
    # Aladdin does not publish its transitions: from any live state it may report any status, forward or back
    # (a cancel can lose to a fill; an authorized order can be reopened)
    **{(state, event): to for state in (S.SENDING, S.UNKNOWN, *LIVE) for event, to in _REPORTS.items()},
    **{(state, Event.FILLED): state for state in LIVE},
    **{(state, Event.MISTAKEN): state for state in (S.UNKNOWN, *LIVE)},
    **{(state, Event.NOTED): state for state in (S.CONFIRMED, S.UNKNOWN, *LIVE)},
}


def step(state: S, event: Event) -> S:
    """The state after `event`; `IllegalTransition` when the table has no such step."""
    try:
        return TABLE[state, event]
    except KeyError:
        raise IllegalTransition(f"An order that is {state.value} cannot be {event.value}.") from None


def reported(status: str) -> Event:
    """The event for one of Aladdin's status words."""
    return _STATUSES.get(status.strip().lower(), Event.REPORTED_FOREIGN)
