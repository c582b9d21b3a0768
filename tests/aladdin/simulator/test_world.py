"""The world refuses orders it cannot place, and ends loudly rather than standing still."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from aladdin.simulator.catalog import Catalog
from aladdin.simulator.clockwork import Clockwork
from aladdin.simulator.errors import WrongWorld
from aladdin.simulator.exchange import Exchange
from aladdin.simulator.faults import FaultPlan
from aladdin.simulator.state import LIVE, Blotter, Status
from aladdin.simulator.world import VIEWS, World
from books import Book
from tests.aladdin.simulator.test_state import draft

LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def blotter(tmp_path: Path, book: Book) -> Blotter:
    return Blotter(tmp_path / "orders.sqlite", book.id)


def test_orders_of_an_account_that_left_the_book_are_named(book: Book, blotter: Blotter) -> None:
    order = blotter.add(draft())
    rest = {account: p for account, p in book.portfolios.items() if account != "BRAVO"}
    with pytest.raises(WrongWorld, match=f"order {order.id} of this data directory is for the account BRAVO"):
        World(Catalog(replace(book, portfolios=rest)), blotter)


def test_an_exchange_that_fails_says_so(blotter: Blotter, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = threading.Event()
    raised: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: raised.append(args.exc_type))
    blotter.add(draft())
    exchange = Exchange(blotter, {}, 1.0, FaultPlan())  # it does not know the order's security
    clockwork = Clockwork([exchange], on_failure=failed.set)
    clockwork.start()
    assert failed.wait(20)
    clockwork.stop()
    assert raised == [KeyError]


def test_time_that_passed_while_nobody_served_is_made_up_for(book: Book, blotter: Blotter) -> None:
    order = blotter.add(draft())
    Exchange(blotter, book.securities, 20.0, FaultPlan()).move(LATER)
    booked = blotter.order(order.id)
    assert booked is not None
    assert booked.status is Status.BOOKED
    bookings = blotter.bookings(order.id)
    assert sum(booking.quantity for booking in bookings) == booked.filled == booked.face
    assert booked.spent == sum(booking.quantity * booking.price for booking in bookings)


def test_at_every_moment_positions_and_cash_add_up_to_the_order(book: Book, blotter: Blotter) -> None:
    world = World(Catalog(book), blotter)
    exchange = Exchange(blotter, book.securities, 20.0, FaultPlan())
    now = datetime.now(UTC)
    order = blotter.add(replace(draft(), entered=now, due=now))
    seen = set()
    while order.status in LIVE:
        now += timedelta(seconds=0.5)
        exchange.move(now)
        current = blotter.order(order.id)
        assert current is not None
        order = current
        seen.add(order.filled)
        full = sum(
            move.face for moves in world.moves(book.portfolios, VIEWS["SOD+Trades+Orders"]).values() for move in moves
        )
        traded = sum(
            move.face for moves in world.moves(book.portfolios, VIEWS["SOD+Trades"]).values() for move in moves
        )
        assert (full, traded) == (order.face, order.filled)
    cash = sum((move.cash for move in world.moves({"ALPHA"}, VIEWS["SOD+Trades"])["ALPHA"]), Decimal(0))
    assert order.average_price is not None
    dirty = order.average_price + Decimal("1.5347222")
    assert cash == -(Decimal("1000.5") * dirty / 100).quantize(Decimal("0.01"))
    assert len(seen) > 1
