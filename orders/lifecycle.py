"""The life of an order as one table of (state, event) -> state. The use cases and the worker walk it, the screens draw
it."""

from __future__ import annotations

from enum import StrEnum

import structlog

from orders.errors import IllegalTransition
from orders.model import BrokerOrder, Order
from orders.model import OrderState as S

log = structlog.get_logger()


class Event(StrEnum):
    """What can happen to an order."""

    # a person's
    CONFIRM = "confirm"
    APPROVE = "approve"
    APPROVE_FOR_LATER = "approve for later"  # it is to be released at a time
    DECLINE = "decline"  # not approved
    WITHDRAW = "withdraw"  # canceled before it was sent
    SEND_AGAIN = "send again"  # although it could not be sent
    NOT_THERE = "not at Aladdin"  # a person looked, and there is none: whether to send it again is another decision
    MODIFY = "modify"
    CANCEL = "cancel"
    CLOSE = "close"  # Aladdin does not show it any more, and it ends here
    CLOSE_ASKED = "close asked"  # the same, which somebody else has to agree to
    CLOSE_AGREED = "close agreed"
    # the worker's, on the way to Aladdin
    RELEASE = "release"  # its time has come
    RELEASE_MISSED = "release missed"  # nobody was at work when its time came
    SEND = "send"  # about to be posted
    NEVER_LEFT = "never left"  # the post certainly did not reach Aladdin
    GIVEN_UP = "given up"  # it was tried often enough, or its price is too old
    ANSWER_LOST = "answer lost"  # the post may have reached Aladdin
    MISSED = "not found"  # looked up by our reference, and not there
    RESTORED = "restored"  # the ledger was put back to an earlier state, so it may have been posted since, or again
    STILL_AWAITING = "still awaiting approval"  # it was restored, and was not sent since
    STILL_SCHEDULED = "still scheduled"
    REFUSED = "refused"  # Aladdin answered no, to the only post there was; or it was not fit to be sent, and never left
    # what comes of a second post says nothing of the first, which may live
    REPEAT_NEVER_LEFT = "repeat never left"
    REPEAT_REFUSED = "repeat refused"
    MISTAKEN = "another order"  # Aladdin shows another order than ours under its name: nothing of it is taken over
    LAPSED = "lapsed"  # its trade date has passed, and no post ever left
    MODIFY_SENT = "modify sent"  # about to be asked of Aladdin
    MODIFIED = "modified"  # Aladdin has the new terms
    MODIFY_REFUSED = "modify refused"  # by Aladdin, or by a fill that was quicker: the terms are those of before
    CANCEL_REFUSED = "cancel refused"  # by Aladdin, which works on it still
    NOTED = "noted"  # nothing moved, but what is to be said of the order is new
    ADOPTED = "adopted"  # its terms are those Aladdin has, where somebody changed them
    # of bookings that depart from the statement: they move nothing, and are also said of an order that has ended
    EXPLAINED = "explained"
    EXPLANATION_APPROVED = "explanation approved"
    # what Aladdin reports, in its own words and by how much is filled
    REPORTED_COMPLIANCE = "compliance pending"
    REPORTED_OPEN = "opened"
    REPORTED_AUTHORIZED = "authorized"
    REPORTED_ACTIVE = "active"
    REPORTED_PART_FILLED = "part filled"
    REPORTED_FILLED = "filled"
    REPORTED_FOREIGN = "unknown status"
    REPORTED_BOOKED = "booked"
    REPORTED_CANCELED = "canceled"
    REPORTED_EXPIRED = "expired"
    REPORTED_REJECTED = "rejected"


_LIVE_REPORTS = {
    Event.REPORTED_COMPLIANCE: S.COMPLIANCE,
    Event.REPORTED_OPEN: S.OPEN,
    Event.REPORTED_AUTHORIZED: S.AUTHORIZED,
    Event.REPORTED_ACTIVE: S.ACTIVE,
    Event.REPORTED_PART_FILLED: S.PART_FILLED,
    Event.REPORTED_FILLED: S.FILLED,
    Event.REPORTED_FOREIGN: S.FOREIGN,
}
FINAL_REPORTS = {
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

_UNCOUNTED_REPORTS = (Event.REPORTED_COMPLIANCE, Event.REPORTED_FOREIGN)
COUNTED_WORDS = tuple(word for word, event in _STATUSES.items() if event not in _UNCOUNTED_REPORTS)

_WORKED_ON = (Event.REPORTED_OPEN, Event.REPORTED_AUTHORIZED, Event.REPORTED_ACTIVE)

# a person or the clock is waited for; nothing is in the outbox of the first
WAITING = (S.AWAITING, S.SCHEDULED)
READY = (S.CONFIRMED, S.APPROVED, S.SEND_FAILED)  # the worker may send them
ON_THE_WAY = (S.SENDING, S.UNKNOWN)  # posted, and whether it arrived is not known yet
OURS = (*WAITING, *READY, *ON_THE_WAY)  # Aladdin may not know them yet
PENDING = (S.MODIFY_PENDING, S.CANCEL_PENDING)  # something was asked of Aladdin
WORKING = (S.COMPLIANCE, S.OPEN, S.AUTHORIZED, S.ACTIVE, S.PART_FILLED, S.FOREIGN)  # something may be asked of it
LIVE = (*WORKING, S.FILLED, *PENDING)  # Aladdin has them
# Aladdin's cash and holdings may not count these: their money is ours to set aside, at the risk of counting it twice
UNCOUNTED = (*OURS, S.COMPLIANCE, S.FOREIGN)
FINAL = (S.BOOKED, S.CANCELED, S.EXPIRED, S.REJECTED)

TABLE: dict[tuple[S, Event], S] = {
    (S.AWAITING, Event.APPROVE): S.APPROVED,
    (S.AWAITING, Event.APPROVE_FOR_LATER): S.SCHEDULED,
    (S.AWAITING, Event.DECLINE): S.REJECTED,
    (S.SCHEDULED, Event.RELEASE): S.CONFIRMED,
    # never sent late in silence: a person decides
    (S.SCHEDULED, Event.RELEASE_MISSED): S.SEND_FAILED,
    **{(state, Event.WITHDRAW): S.CANCELED for state in (*WAITING, *READY)},
    **{(state, Event.LAPSED): S.EXPIRED for state in (*WAITING, *READY)},
    **{(state, Event.RESTORED): S.UNKNOWN for state in OURS},
    **{(state, Event.REFUSED): S.REJECTED for state in READY},
    **{(state, Event.SEND): S.SENDING for state in READY},
    **{(state, Event.GIVEN_UP): S.SEND_FAILED for state in READY},
    (S.SEND_FAILED, Event.SEND_AGAIN): S.CONFIRMED,
    (S.SENDING, Event.NEVER_LEFT): S.SEND_FAILED,
    (S.SENDING, Event.ANSWER_LOST): S.UNKNOWN,
    (S.SENDING, Event.REFUSED): S.REJECTED,
    (S.UNKNOWN, Event.MISSED): S.UNKNOWN,
    (S.UNKNOWN, Event.NOT_THERE): S.SEND_FAILED,
    # what nobody had approved, or was not due, when the ledger was put back is so still: it must not go out for that
    (S.UNKNOWN, Event.STILL_AWAITING): S.AWAITING,
    (S.UNKNOWN, Event.STILL_SCHEDULED): S.SCHEDULED,
    # after the grace and enough misses the same reference is posted once more. What may be at Aladdin never lapses, and
    # comes back here from whatever becomes of the second post, to be looked up again
    (S.UNKNOWN, Event.SEND): S.SENDING,
    (S.SENDING, Event.REPEAT_NEVER_LEFT): S.UNKNOWN,
    (S.SENDING, Event.REPEAT_REFUSED): S.UNKNOWN,
    (S.SENDING, Event.MISTAKEN): S.UNKNOWN,
    **{(state, Event.MODIFY): S.MODIFY_PENDING for state in WORKING},
    # also while it is modified: what became of that is told before the order ends
    **{(state, Event.CANCEL): S.CANCEL_PENDING for state in (*WORKING, S.MODIFY_PENDING)},
    **{(S.CANCEL_PENDING, event): S.CANCEL_PENDING for event in (Event.MODIFIED, Event.MODIFY_REFUSED)},
    # Aladdin may lose an order, or purge it: without a person's word it would be live here for ever
    **{(state, event): S.CANCELED for state in LIVE for event in (Event.CLOSE, Event.CLOSE_AGREED)},
    **{(state, Event.CLOSE_ASKED): state for state in LIVE},
    # it is asked for again and again until it is settled
    **{
        (S.MODIFY_PENDING, event): S.MODIFY_PENDING
        for event in (Event.MODIFY_SENT, Event.NEVER_LEFT, Event.ANSWER_LOST, Event.REPEAT_REFUSED)
    },
    # what it is after that Aladdin says, in the next look, which follows at once
    (S.MODIFY_PENDING, Event.MODIFIED): S.OPEN,
    (S.MODIFY_PENDING, Event.MODIFY_REFUSED): S.OPEN,
    (S.CANCEL_PENDING, Event.CANCEL_REFUSED): S.OPEN,
    # Aladdin does not publish its transitions: from any live state it may report any status, forward or back
    # (a cancel can lose to a fill; an authorized order can be reopened; a fill can be taken back)
    **{(state, event): to for state in (S.SENDING, S.UNKNOWN, *LIVE) for event, to in _LIVE_REPORTS.items()},
    **{(state, event): to for state in (S.SENDING, S.UNKNOWN, *LIVE) for event, to in FINAL_REPORTS.items()},
    # what has ended may be booked, corrected or taken back later; it is not worked on again here
    **{(state, event): to for state in FINAL for event, to in FINAL_REPORTS.items()},
    # while something is asked of it, only its end is another state
    **{(state, event): state for state in PENDING for event in _LIVE_REPORTS},
    **{(state, Event.MISTAKEN): state for state in (S.UNKNOWN, *LIVE)},
    **{(state, Event.NOTED): state for state in (*WAITING, *READY, S.UNKNOWN, *LIVE)},
    **{(state, Event.ADOPTED): state for state in (*WORKING, S.FILLED)},
    **{(state, event): state for state in (*LIVE, *FINAL) for event in (Event.EXPLAINED, Event.EXPLANATION_APPROVED)},
}


# what a person does to an order, as a sentence says it
_DONE = {
    Event.APPROVE: "approved",
    Event.APPROVE_FOR_LATER: "approved",
    Event.DECLINE: "declined",
    Event.WITHDRAW: "withdrawn",
    Event.SEND_AGAIN: "sent again",
    Event.NOT_THERE: "said not to be at Aladdin",
    Event.MODIFY: "modified",
    Event.CANCEL: "canceled",
    Event.ADOPTED: "taken over",
    **dict.fromkeys((Event.CLOSE, Event.CLOSE_ASKED, Event.CLOSE_AGREED), "closed"),
    Event.EXPLAINED: "explained",
    Event.EXPLANATION_APPROVED: "explained",
}


def step(state: S, event: Event) -> S:
    """The state after `event`; `IllegalTransition` when the table has no such step."""
    try:
        return TABLE[state, event]
    except KeyError:
        done = _DONE.get(event)
        told = f"cannot be {done}" if done else f"cannot have the event “{event.value}”"
        raise IllegalTransition(f"An order that is {state.value} {told}.") from None


def step_of(order: Order, event: Event, actor: str) -> S:
    """The same for an order that somebody, or the worker, wants to take this step: one that is not there is logged."""
    try:
        return step(order.state, event)
    except IllegalTransition:
        log.warning("impossible event", order=order.id, state=order.state.value, wanted=event.value, actor=actor)
        raise


def reported(answer: BrokerOrder) -> Event:
    """What Aladdin's answer says happened: by its status word, and while it works by how much is filled."""
    event = _said(answer.status)
    if event not in _WORKED_ON or not answer.filled:
        return event
    return Event.REPORTED_FILLED if answer.filled >= answer.face > 0 else Event.REPORTED_PART_FILLED


def uncounted(order: Order) -> bool:
    """Whether Aladdin's cash and holdings may not count an order that is not at its end. Asking something of one that
    they did not count does not make them count it, nor does the answer: Aladdin's own word for it tells."""
    doubtful = _said(order.broker_status) in _UNCOUNTED_REPORTS
    return order.state in UNCOUNTED or (order.state in (S.OPEN, *PENDING) and doubtful)


def _said(status: str) -> Event:
    return _STATUSES.get(status.strip().lower(), Event.REPORTED_FOREIGN)
