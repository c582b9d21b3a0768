"""The bonds that were traded are marked in turn, whatever happens to one of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from orders.marking import Marking
from orders.profit import DayMark
from tests.allocation.desk import bond
from tests.orders.desk import TODAY, FakeMarket, TestClock, dated


@dataclass
class Kept:
    """Marks in memory."""

    asked_since: list[date] = field(default_factory=list)
    written: list[tuple[str, date, Decimal]] = field(default_factory=list)

    def traded(self, since: date) -> tuple[str, ...]:
        self.asked_since.append(since)
        return ("B", "C", "GONE")

    def keep(self, mark: DayMark, at: datetime) -> None:
        self.written.append((mark.asset_id, mark.on, mark.price))

    def of(self, asset_ids: object) -> tuple[DayMark, ...]:
        return ()


@pytest.fixture
def market() -> FakeMarket:
    bonds = {name: replace(dated(bond(price=price)), asset_id=name) for name, price in (("B", "98"), ("C", "99"))}
    return FakeMarket(TestClock(), bonds)


def test_one_bond_a_minute_is_read_past_the_caches_and_what_is_the_same_is_not_written_again(
    market: FakeMarket,
) -> None:
    kept = Kept()
    marking = Marking(market, kept, market.clock)
    for _ in range(12):
        for _ in range(4):  # rounds of the worker
            marking.work()
        market.clock.pass_(61)
    assert kept.written == [("B", TODAY, Decimal(98)), ("C", TODAY, Decimal(99))]
    assert kept.asked_since == [TODAY - timedelta(days=7)] * 4, "each turn of three, the bond that is gone among them"
    market.bonds["B"] = replace(dated(bond(price="98.12345678901234")), asset_id="B")
    market.bonds["C"] = replace(dated(bond(price=None)), asset_id="C")
    for _ in range(3):
        marking.work()
        market.clock.pass_(61)
    assert kept.written[2:] == [("B", TODAY, Decimal("98.123456789012"))], "a bond without a price has no mark"
