"""What a fill may be: whole increments, never more than asked, never taken back, complete at the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aladdin.simulator.exchange import NOISE, fill_price, fill_steps, fill_target, marketable, split_fill
from aladdin.simulator.state import Detail, PlacedOrder, Status
from books.model import Security

NOW = datetime(2025, 9, 12, 12, tzinfo=UTC)
BOND = Security("BOND", "Bond", "Issuer", "USD", 1000, 1000, price=Decimal("98.7654321"))

quantities = st.lists(
    st.one_of(
        st.integers(1, 10**9).map(lambda lots: Decimal(lots) * 1000),
        st.decimals("0.01", 10**7, places=2),
    ),
    min_size=1,
    max_size=60,
)


def order_of(faces: list[Decimal], order_id: int = 1, side: str = "BUY", limit: Decimal | None = None) -> PlacedOrder:
    details = tuple(Detail(n, f"A{n:03d}", face) for n, face in enumerate(faces, 1))
    day = date(2025, 9, 12)
    return PlacedOrder(order_id, "", Status.ACTIVE, "BOND", side, limit, day, day, details, NOW, NOW, NOW)


def fill(order: PlacedOrder, step: int) -> PlacedOrder:
    target = fill_target(order, step, fill_steps(order, 1000), 1000)
    added = split_fill(order.details, target, 1000)
    details = (replace(d, booked=d.booked + more) for d, more in zip(order.details, added, strict=True))
    return replace(order, step=step, details=tuple(details))


@given(quantities, st.integers(1, 10**6))
def test_fills_grow_in_whole_increments_to_exactly_what_was_ordered(faces: list[Decimal], order_id: int) -> None:
    order = order_of(faces, order_id)
    for step in range(1, fill_steps(order, 1000) + 1):
        before, order = order, fill(order, step)
        for old, new in zip(before.details, order.details, strict=True):
            assert old.booked <= new.booked <= new.quantity
            assert new.booked % 1000 == 0 or new.booked == new.quantity
    assert order.filled == order.face
    assert [d.booked for d in order.details] == faces


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=40), st.data())
def test_a_fill_is_pro_rata_within_one_increment(lots: list[int], data: st.DataObject) -> None:
    details = [Detail(n, f"A{n:03d}", Decimal(lot * 1000)) for n, lot in enumerate(lots)]
    filled = data.draw(st.integers(0, sum(lots)))
    given_out = split_fill(details, Decimal(filled * 1000), 1000)
    assert sum(given_out) == filled * 1000
    for lot, face in zip(lots, given_out, strict=True):
        assert abs(face / 1000 - Decimal(lot) * filled / sum(lots)) < 1


def test_a_face_that_shrank_under_its_fills_takes_nothing_back() -> None:
    order = fill(order_of([Decimal(500_000), Decimal(500_000)]), 2)
    shrunk = replace(order, details=tuple(replace(d, quantity=d.booked) for d in order.details))
    assert fill(shrunk, 3).filled == order.filled == shrunk.face


@pytest.mark.parametrize("order_id", range(1, 40))
def test_prices_are_near_the_mark_and_never_beyond_the_limit(order_id: int) -> None:
    mark = Decimal("98.7654321")
    for step in range(1, 8):
        free = fill_price(order_of([Decimal(1000)], order_id), BOND, step)
        assert abs(free / mark - 1) <= NOISE
        assert fill_price(order_of([Decimal(1000)], order_id, "BUY", mark), BOND, step) <= mark
        assert fill_price(order_of([Decimal(1000)], order_id, "SELL", mark), BOND, step) >= mark


@pytest.mark.parametrize(
    ("side", "limit", "trades"),
    [
        ("BUY", "98", False),
        ("BUY", "98.7654321", True),
        ("BUY", "99", True),
        ("SELL", "99", False),
        ("SELL", "98", True),
        ("SELL", None, True),
    ],
)
def test_only_a_limit_at_the_market_trades(side: str, limit: str | None, trades: bool) -> None:
    order = order_of([Decimal(1000)], side=side, limit=None if limit is None else Decimal(limit))
    assert marketable(order, BOND) is trades
