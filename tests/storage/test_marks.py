"""What traded bonds were worth, by day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from orders.model import OrderState
from orders.profit import DayMark
from orders.records import Marks
from storage import SqlLedger
from storage.marks import SqlMarks
from tests.storage.samples import NOON, block, change

DAY = date(2026, 11, 20)


@pytest.fixture
def marks(engine: Engine) -> Marks:
    return SqlMarks(engine)


def mark(asset: str = "B1", on: date = DAY, price: str = "98.5", accrued: str | None = "0.25") -> DayMark:
    known = None if accrued is None else Decimal(accrued)
    return DayMark(asset, on, Decimal(price), known, Decimal(1))


def test_the_last_mark_of_a_day_is_kept_and_that_of_another_day_beside_it(marks: Marks) -> None:
    for number, one in enumerate((mark(), mark(price="98.123456789012"), mark(on=DAY + timedelta(3), accrued=None))):
        marks.keep(one, NOON + timedelta(minutes=number))
    marks.keep(mark("B2"), NOON)
    assert marks.of(["B1", "B9"]) == (mark(price="98.123456789012"), mark(on=DAY + timedelta(3), accrued=None))
    assert marks.of([]) == ()


def test_the_bonds_that_were_traded_are_those_something_was_booked_of(ledger: SqlLedger, marks: Marks) -> None:
    for name, asset in (("a", "B1"), ("b", "B2"), ("c", "B1")):
        order = ledger.confirm(name, *block(name, asset_id=asset))
        if asset == "B1":
            step = change(order, OrderState.ACTIVE, "active", filled=Decimal(5), average_price=Decimal(99))
            ledger.advance(f"f{name}", step)
    assert marks.traded(order.trade_date) == ("B1",)
    assert marks.traded(order.trade_date + timedelta(1)) == ()
