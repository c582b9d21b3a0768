"""From a person's confirmation to the ledger's word that Aladdin has the order, beside the bare post of the same."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from bench.life.counting import Used
from bench.life.house import PM, House
from bench.reading.book import GROUP
from orders.confirmation import ticket_of
from orders.desk import Preview
from orders.model import Order
from orders.sending import POST_WINDOW

_PAUSE = 0.3  # seconds, in which the worker has looked at what it has just sent


@dataclass(frozen=True, slots=True)
class Way:
    """One order's, in seconds. `reads` is the peer of `confirm`: the same reads past the cache and the same question to
    compliance, alone. `bare` is the peer of the `wait` that follows it: the client's post of the same order, alone."""

    reads: float
    confirm: float
    wait: float
    bare: float

    @property
    def whole(self) -> float:
        return self.confirm + self.wait


@dataclass(frozen=True, slots=True)
class Posting:
    """So many orders' ways, and what each of them used in the middle: confirming it, and sending it."""

    ways: Sequence[Way]
    confirming: Used
    sending: Used


def posting(house: House, count: int) -> Posting:
    """One order after another, with the worker at work."""
    with house.at_work():
        found = [_way(house, number) for number in range(count)]
    ways, desk, worker = zip(*found, strict=True)
    return Posting(ways, confirming=_middle(desk), sending=_middle(worker))


def _way(house: House, number: int) -> tuple[Way, Used, Used]:
    """With what was used for it by the desk and by the worker."""
    seen = house.desk.checked(PM, house.desk.preview(PM, house.request(number)))
    before = house.meter.used(False), house.meter.used(True)
    order, confirming = house.meter.phase(lambda: confirm(house, seen, f"c{number}"))
    _, waiting = house.meter.phase(lambda: house.ledger.wait_until_posted(order.id))
    desk, worker = house.meter.used(False) - before[0], house.meter.used(True) - before[1]
    time.sleep(_PAUSE)
    ticket = replace(ticket_of(order), reference=f"BARE-{number}")
    _, bare = house.meter.phase(lambda: house.aladdin.post(ticket, house.desk.now() + POST_WINDOW))
    _, reads = house.meter.phase(lambda: _reads(house, order))
    return Way(reads.seconds, confirming.seconds, waiting.seconds, bare.seconds), desk, worker


def _reads(house: House, order: Order) -> None:
    house.aladdin.bond(order.asset_id, fresh=True)
    house.aladdin.group(GROUP, order.settlement, fresh=True)
    house.aladdin.check(replace(ticket_of(order), reference=""))


def confirm(house: House, seen: Preview, command_id: str) -> Order:
    """Confirmed, whatever is warned of."""
    accepted = dict.fromkeys(seen.warnings, "as meant")
    return house.desk.confirm(PM, seen, "for the bench", command_id, accepted=accepted)


def _middle(used: Sequence[Used]) -> Used:
    """The median of each count."""
    return Used(
        round(median(one.requests for one in used)),
        round(median(one.statements for one in used)),
        round(median(one.transactions for one in used)),
    )
