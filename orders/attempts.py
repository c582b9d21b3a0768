"""What an order's history says of the posts made for it, and whether another one may follow by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import zip_longest

from orders.lifecycle import Event
from orders.model import Event as History
from orders.model import Order

MISSES = 3  # so often a lost order is looked up before it is posted again
POSTS = 2  # a lost order is posted again once; after that a person decides
# After a post that never left the next one waits so long; when the one after the last wait has not left either, a
# person decides.
RETRIES = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 300, 900))
SEND_WITHIN = timedelta(minutes=25)  # of its confirmation, time for all the retries: its price is too old then
REPEATED = "The first post may have arrived, and is looked up. Of the second:"

_NOT_SENT = (Event.NEVER_LEFT, Event.REPEAT_NEVER_LEFT)


@dataclass(frozen=True, slots=True)
class Attempts:
    """The posts of an order. A `refusal` of a repeated post, in Aladdin's words, says nothing of the one before it."""

    arrived: tuple[datetime, ...]  # when those were made that may have reached Aladdin
    not_sent: tuple[str, ...]  # why each other one never left
    misses: int  # how often the order was looked up in vain since the last that may have arrived
    refusal: str
    mistaken: bool  # whether Aladdin ever answered with another order


def attempts(history: Sequence[History]) -> Attempts:
    """Read from an order's events, oldest first. A restore stands for the post it may have made the ledger forget."""
    arrived = tuple(
        step.at
        for step, then in zip_longest(history, history[1:])
        if step.event == Event.RESTORED or (step.event == Event.SEND and (then is None or then.event not in _NOT_SENT))
    )
    return Attempts(
        arrived=arrived,
        not_sent=tuple(step.detail for step in history if step.event in _NOT_SENT),
        misses=sum(bool(arrived) and step.event == Event.MISSED and step.at >= arrived[-1] for step in history),
        refusal=next((step.detail for step in reversed(history) if step.event == Event.REPEAT_REFUSED), ""),
        mistaken=any(step.event == Event.MISTAKEN for step in history),
    )


def too_late(order: Order, made: Attempts, now: datetime) -> str:
    """Why an order that never left is not sent any more without a person's word; empty while it is."""
    last = f" The last attempt: {made.not_sent[-1]}" if made.not_sent else ""
    if len(made.not_sent) > len(RETRIES):
        return f"Not sent in {len(made.not_sent)} attempts.{last}"
    if now - order.created_at > SEND_WITHIN:
        minutes = int(SEND_WITHIN.total_seconds()) // 60
        return f"Not sent within {minutes} minutes of its confirmation: its price may be another now.{last}"
    return ""


def not_again(order: Order, made: Attempts, now: datetime, today: date) -> str:
    """Why an order that was posted, and that Aladdin does not show, is not posted again; empty when it is."""
    if made.mistaken:
        return "Aladdin answered with another order, and does not show this one."
    if made.refusal:
        return f"Not found at Aladdin. The second post was refused, which says nothing of the first: {made.refusal}"
    if len(made.arrived) >= POSTS:
        return "Posted twice without an answer and not found at Aladdin."
    if order.trade_date < today:
        return "Posted without an answer and not found at Aladdin; its trade date has passed."
    late = too_late(order, made, now)
    return f"Posted without an answer and not found at Aladdin. Its second post: {late}" if late else ""


def for_a_person(order: Order, why: str, *, arrived: bool) -> str:
    """What a person is asked to decide, and what happens meanwhile. Nothing else can be done here with such an order
    yet, and it says so."""
    if arrived:
        return (
            f"{why} A person must decide: look in Aladdin for an order with the external reference {order.id}. It goes "
            "on being looked up, and is taken over if it shows; Evenlot cannot be told yet that there is none."
        )
    return (
        f"{why} A person must decide. It is not at Aladdin, and its cash stays set aside until it lapses after "
        f"{order.trade_date:%d %b %Y}: Evenlot cannot send or cancel it by hand yet."
    )
