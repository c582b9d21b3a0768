"""Many live orders, looked at by the worker: when none of them moved, and when all have."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import httpx

from aladdin.simulator.control import FAULTS_PATH
from bench.life.counting import Phase
from bench.life.house import PATIENCE, PM, House
from bench.reading.book import GROUP
from orders.confirmation import order_of
from orders.lifecycle import LIVE
from orders.model import Order
from orders.statement import freeze

LOOKS = 5
FILL_SECONDS = 4.0  # of the simulated market, once it is let go on
_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Following:
    """`still` are rounds in which nothing had moved, `moved` one in which every order had been filled and booked.
    `bare` is the peer of the first: the client's read of the same orders, alone."""

    orders: int
    sending: Phase
    still: Sequence[Phase]
    bare: float
    moved: Phase

    @property
    def quiet(self) -> Phase:
        """A round in which nothing had moved, of the median length."""
        return sorted(self.still, key=lambda phase: phase.seconds)[len(self.still) // 2]


def following(house: House, count: int) -> Following:
    """In this thread, a round at a time."""
    hold_the_market(house)
    confirm_all(house, count)
    _, sending = house.meter.phase(lambda: _sent(house))
    live = _live(house)
    ids = [order.broker_id for order in live]
    _until(house, ids, "Active")
    for _ in range(2):
        house.round()
    still = [house.meter.phase(house.round)[1] for _ in range(LOOKS)]
    bare = median(house.meter.phase(lambda: house.aladdin.orders(ids))[1].seconds for _ in range(LOOKS))
    _let_the_market_go(house)
    _until(house, ids, "Booked")
    _, moved = house.meter.phase(house.round)
    if left := _live(house):
        raise RuntimeError(f"{len(left)} orders are not booked in the ledger after a look at them")
    return Following(count, sending, still, bare, moved)


def confirm_all(house: House, count: int) -> None:
    """So many orders of one batch, straight into the ledger: one allocation, frozen for each of them."""
    seen = house.desk.preview(PM, house.request(0))
    for number in range(count):
        at, name = house.desk.now(), f"EL-{number:012}"
        statement = freeze(
            seen.proposal, statement_id=f"{name}.1", order_id=name, group=GROUP, book=house.desk.book,
            read_at=seen.read_at, confirmed_at=at, confirmed_by=PM.username, comment="",
        )  # fmt: skip
        order = order_of(seen.proposal, statement, GROUP, "", house.desk.today())
        house.ledger.confirm(name, statement, replace(order, batch="bench"))


def _sent(house: House) -> None:
    """Rounds until nothing is left in the outbox."""
    while house.ledger.intents():
        house.round()


def _live(house: House) -> tuple[Order, ...]:
    return house.ledger.orders(states=LIVE)


def _until(house: House, ids: Sequence[str], status: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while any(order.status != status for order in house.aladdin.orders(ids)):
        if time.monotonic() > deadline:
            raise RuntimeError(f"not all of {len(ids)} orders became {status} in {PATIENCE:.0f} s")
        time.sleep(_POLL_SECONDS)


def hold_the_market(house: House) -> None:
    """From now on new orders become active, and are not filled."""
    _plan(house, [{"kind": "stalled-order", "after_fills": 0}])


def _let_the_market_go(house: House) -> None:
    _plan(house, [])


def _plan(house: House, faults: Sequence[dict[str, object]]) -> None:
    owner = (house.running.client_id, house.running.client_secret)
    url = f"{house.running.url}{FAULTS_PATH}"
    httpx.put(url, auth=owner, json={"faults": list(faults)}, trust_env=False).raise_for_status()
