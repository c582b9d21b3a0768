"""A worker at its desk, driven a round at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orders.dispatch import LEASE, LEASE_SECONDS, Dispatch
from orders.model import Order
from tests.orders.desk import PM, FakeBroker, Outfit, outfit
from tests.orders.test_desk import preview


@dataclass
class Watch:
    """What the worker works with, within reach."""

    at: Outfit
    broker: FakeBroker
    worker: Dispatch

    def order(self) -> Order:
        return self.at.ledger.orders()[0]

    def round(self) -> Order:
        """A round that looks at the live orders, whatever the pace."""
        self.worker.wake()
        return self.tick()

    def tick(self) -> Order:
        """A round as the worker makes them by itself."""
        lease = self.at.ledger.acquire(LEASE, "w1", LEASE_SECONDS)
        assert lease is not None
        self.worker.work(lease)
        return self.order()

    def rounds(self, seconds: float, step: float = 15) -> Order:
        """Rounds, until so many seconds have passed."""
        for _ in range(int(seconds / step)):
            self.tick()
            self.at.clock.pass_(step)
        return self.tick()

    def history(self) -> list[str]:
        return [event.event for event in self.at.ledger.events(self.order().id)]

    def hide(self) -> None:
        """Aladdin has what was posted, and does not show it."""
        self.broker.find_order = lambda reference: None  # type: ignore[method-assign]

    def show(self) -> None:
        """It does again."""
        del self.broker.find_order

    def shown(self, **otherwise: Any) -> None:
        """Aladdin's order is otherwise from now on."""
        (order,) = self.broker.book.values()
        self.broker.book[order.id] = replace(order, **otherwise)


def watching(directory: Path) -> Watch:
    """A confirmed order, and the worker that has not begun with it."""
    at, broker = outfit(directory), FakeBroker()
    worker = Dispatch(at.ledger, broker, at.clock, "w1")
    at.desk.confirm(PM, preview(at), "", "c1")
    return Watch(at, broker, worker)
