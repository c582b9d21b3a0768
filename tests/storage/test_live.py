"""A day's work on Snowflake, the live one too where an account is named; elsewhere this says why not."""

from __future__ import annotations

import warnings
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from orders.errors import VersionConflict
from orders.model import OrderState
from storage import SqlLedger
from tests.storage.emulated import EmulatedSnowflake
from tests.storage.live import LIVE, WHY_NOT, a_schema, scratch
from tests.storage.samples import BOOK, SetClock, block, change


def a_days_work(engine: Engine) -> None:
    """What every store must do alike, with figures that a float would spoil."""
    ledger = SqlLedger(engine, BOOK, SetClock())
    order = ledger.confirm("c", *block(), after=0, limits=0)
    assert ledger.confirm("c", *block(), after=0, limits=0) == order
    lease = ledger.acquire("worker", "me", 60)
    assert lease is not None
    sent = ledger.advance("s", change(order, closes_intent="or-A:send"), fence=lease.fence)
    price, booked = Decimal("99.123456789012"), {"P1": Decimal("400000.000001"), "P2": Decimal("0.1")}
    step = change(sent, OrderState.ACTIVE, "fill", filled=Decimal("400000.100001"), average_price=price, booked=booked)
    filled = ledger.advance("f", step, fence=lease.fence)
    with pytest.raises(VersionConflict):
        ledger.advance("late", change(order))
    assert ledger.order("or-A") == filled
    assert (filled.average_price, filled.filled) == (price, Decimal("400000.100001"))
    assert {line.account_id: line.booked for line in filled.lines if line.booked} == booked
    assert ledger.verify() == ()
    again = SqlLedger(engine, BOOK, SetClock())
    assert (again.orders(), again.intents()) == ((filled,), ())


def test_a_days_work_on_a_live_account_or_why_not() -> None:
    if LIVE:
        with scratch(LIVE, a_schema()) as engine:
            a_days_work(engine)
    else:
        warnings.warn(WHY_NOT, stacklevel=1)  # told at the end of every run


def test_the_same_days_work_on_the_emulated_one(snowflake: EmulatedSnowflake) -> None:
    with scratch(snowflake.as_url(), a_schema()) as engine:
        a_days_work(engine)
