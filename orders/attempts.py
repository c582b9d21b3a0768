"""What an order's history says of the posts and modifications made for it, and whether another one may follow by
itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import zip_longest

from orders.lifecycle import WAITING, Event
from orders.model import Event as History
from orders.model import Order, OrderState
from orders.schedule import is_over, last_day

MISSES = 3  # so often a lost order is looked up before it is posted again
POSTS = 2  # a lost order is posted again once; after that a person decides
# After a post that never left the next one waits so long; when the one after the last wait has not left either, a
# person decides.
RETRIES = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 300, 900))
SEND_WITHIN = timedelta(minutes=25)  # of when it was ready, time for all the retries: its price is too old then
REPEATED = "The first post may have arrived, and is looked up. Of the second:"

_NOT_SENT = (Event.NEVER_LEFT, Event.REPEAT_NEVER_LEFT)
_READY = (Event.CONFIRM, Event.APPROVE, Event.RELEASE, Event.SEND_AGAIN)
_APPROVED = (Event.APPROVE, Event.APPROVE_FOR_LATER)
_HOLDING = (Event.RELEASE_MISSED, Event.GIVEN_UP, Event.NOT_THERE)


@dataclass(frozen=True, slots=True)
class Attempts:
    """The posts of an order. A `refusal` of a repeated post, in Aladdin's words, says nothing of the one before it."""

    ready_at: datetime  # since when it may be sent
    sent: bool  # whether one was ever begun
    arrived: tuple[datetime, ...]  # when those were made that may have reached Aladdin
    not_sent: tuple[str, ...]  # why each other one since then never left
    not_before: datetime | None  # when the next one is due after the last of those; None is at once
    misses: int  # how often the order was looked up in vain since the last that may have arrived
    refusal: str
    mistaken: bool  # whether Aladdin ever answered with another order
    held: bool  # whether a person is to say that it is to be sent
    vouched: bool  # whether a person said that it is not at Aladdin, which is looked at all the same
    unapproved: bool  # whether somebody else was to approve it, and nobody did
    unseen: bool  # whether it waited since a person last looked at it
    waited: OrderState | None  # what it waited in when the ledger was put back, where it did not go on since


def attempts(history: Sequence[History]) -> Attempts:
    """Read from an order's events, oldest first. A restore stands for the post it may have made the ledger forget; a
    person's word that there is none at Aladdin ends what was before it."""
    ready = _last(history, *_READY, default=0)
    vouched = _last(history, Event.NOT_THERE, default=-1)
    recent = history[vouched + 1 :]
    arrived = tuple(
        step.at
        for step, then in zip_longest(recent, recent[1:])
        if step.event == Event.RESTORED or (step.event == Event.SEND and (then is None or then.event not in _NOT_SENT))
    )
    not_sent = [step for step in history[ready:] if step.event in _NOT_SENT]
    return Attempts(
        ready_at=history[ready].at,
        sent=any(step.event == Event.SEND for step in history),
        arrived=arrived,
        not_sent=tuple(step.detail for step in not_sent),
        not_before=not_sent[-1].at + RETRIES[len(not_sent) - 1] if 0 < len(not_sent) <= len(RETRIES) else None,
        misses=sum(bool(arrived) and step.event == Event.MISSED and step.at >= arrived[-1] for step in recent),
        refusal=next((step.detail for step in reversed(recent) if step.event == Event.REPEAT_REFUSED), ""),
        mistaken=any(step.event == Event.MISTAKEN for step in recent),
        held=any(step.event in _HOLDING for step in history[ready:]),
        vouched=vouched >= 0,
        unapproved=history[0].state is OrderState.AWAITING and _last(history, *_APPROVED, default=-1) < 0,
        unseen=history[ready].event in (Event.APPROVE, Event.RELEASE),
        waited=_waited(history),
    )


@dataclass(frozen=True, slots=True)
class Requests:
    """The requests made for a modification. A `refusal` of one that followed another which may have arrived says
    nothing of that."""

    asked_at: datetime  # by a person
    made: int
    last: datetime | None  # when the last of them was made
    arrived: datetime | None  # when the last of those was made that may have reached Aladdin
    fault: str  # what became of the last of those that did not come through
    refusal: str


def requests(history: Sequence[History]) -> Requests:
    """Read from an order's events, oldest first, of its newest modification."""
    since = history[_last(history, Event.MODIFY, default=0) :]
    sent = [
        (step.at, then is None or then.event not in (Event.NEVER_LEFT, Event.REPEAT_REFUSED))
        for step, then in zip_longest(since, since[1:])
        if step.event == Event.MODIFY_SENT
    ]
    faults = (step.detail for step in reversed(since) if step.event in (Event.NEVER_LEFT, Event.ANSWER_LOST))
    return Requests(
        asked_at=since[0].at,
        made=len(sent),
        last=sent[-1][0] if sent else None,
        arrived=max((at for at, may_have_arrived in sent if may_have_arrived), default=None),
        fault=next(faults, ""),
        refusal=next((step.detail for step in reversed(since) if step.event == Event.REPEAT_REFUSED), ""),
    )


def unsettled(history: Sequence[History]) -> bool:
    """Whether an order was to be modified, and it is not known yet what became of that."""
    settled = _last(history, Event.MODIFIED, Event.MODIFY_REFUSED, default=-1)
    return _last(history, Event.MODIFY, default=-1) > settled


def too_late(made: Attempts, now: datetime) -> str:
    """Why an order that never left is not sent any more without a person's word; empty while it is."""
    last = f" The last attempt: {made.not_sent[-1]}" if made.not_sent else ""
    if len(made.not_sent) > len(RETRIES):
        return f"Not sent in {len(made.not_sent)} attempts.{last}"
    if now - made.ready_at > SEND_WITHIN:
        return f"Not sent within {_minutes()} minutes: its price may be another now.{last}"
    return ""


def too_late_to_modify(made: Requests, now: datetime) -> str:
    """Why a modification is not asked for any more; empty while it is."""
    last = f" The last attempt: {made.fault}" if made.fault else ""
    if made.made > len(RETRIES):
        return f"It did not come through in {made.made} attempts.{last}"
    if now - made.asked_at > SEND_WITHIN:
        return f"It did not come through within {_minutes()} minutes: its price may be another now.{last}"
    return ""


def not_again(order: Order, made: Attempts, now: datetime, today: date) -> str:
    """Why an order that was posted, and that Aladdin does not show, is not posted again; empty when it is."""
    if made.mistaken:
        return "Aladdin answered with another order, and does not show this one."
    if made.refusal:
        return f"Not found at Aladdin. The second post was refused, which says nothing of the first: {made.refusal}"
    if len(made.arrived) >= POSTS:
        return "Posted twice without an answer and not found at Aladdin."
    if made.held:
        return "It was held when the ledger was put back, and is not found at Aladdin."
    if is_over(order, now, today):
        return "Posted without an answer and not found at Aladdin; its day has passed."
    late = too_late(made, now)
    return f"Posted without an answer and not found at Aladdin. Its second post: {late}" if late else ""


def for_a_person(order: Order, why: str, *, arrived: bool) -> str:
    """What a person is asked to decide, and what happens meanwhile."""
    if arrived:
        return (
            f"{why} A person must decide: look in Aladdin for an order with the external reference {order.id}. It goes "
            "on being looked up, and is taken over if it shows. If there is none, say so here: it can then be sent "
            "again, or withdrawn."
        )
    return (
        f"{why} A person must decide: send it again, or withdraw it. Its cash stays set aside until then, or until it "
        f"lapses after {last_day(order):%d %b %Y}."
    )


def _last(history: Sequence[History], *events: Event, default: int) -> int:
    return max((place for place, step in enumerate(history) if step.event in events), default=default)


def _waited(history: Sequence[History]) -> OrderState | None:
    restored = _last(history, Event.RESTORED, default=-1)
    if restored < 1 or any(step.event == Event.SEND for step in history[restored:]):
        return None
    before = history[restored - 1].state
    return before if before in WAITING else None


def _minutes() -> int:
    return int(SEND_WITHIN.total_seconds()) // 60
