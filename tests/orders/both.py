"""A desk and Aladdin, with an order that is live on both sides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from allocation.model import Side
from orders.checks import Policy
from orders.differing import Difference
from orders.model import BrokerOrder
from orders.reconcile import Reconciling
from tests.orders.desk import BOOK, PM, FakeBlotter
from tests.orders.watch import Watch, watching


@dataclass
class Both:
    """A desk and Aladdin, with an order that is live on both sides."""

    watch: Watch
    blotter: FakeBlotter
    use: Reconciling

    def differences(self) -> tuple[Difference, ...]:
        return self.use.compare(PM, "BIG6").differences

    def only(self) -> Difference:
        (difference,) = self.differences()
        return difference

    def entered(self, name: str = "77", **otherwise: Any) -> BrokerOrder:
        """An order that somebody entered in Aladdin itself."""
        made = BrokerOrder(
            name, "", "Active", Decimal(900_000), Decimal(0), None, {}, asset_id="B", side=Side.BUY,
            asked={"A": Decimal(600_000), "B": Decimal(300_000)}, limit=Decimal(99), limit_type="Price",
            settlement=date(2026, 11, 23), trade_date=date(2026, 11, 20),
        )  # fmt: skip
        self.watch.broker.book[name] = replace(made, **otherwise)
        return self.watch.broker.book[name]


def both_sides(directory: Path) -> Both:
    watch = watching(directory)
    watch.round()
    blotter = FakeBlotter(watch.broker)
    return Both(watch, blotter, over(watch, blotter))


def over(watch: Watch, blotter: FakeBlotter | None) -> Reconciling:
    """The use cases with Aladdin's orders at hand; the worker works when the test says so."""
    at = watch.at
    return Reconciling(blotter, at.desk, at.ledger, at.clock, BOOK, Policy(), watch.worker.wake)
