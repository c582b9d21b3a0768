"""Profit and loss: first in, first out, exact, and nothing invented for what was held before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction as Exact

from hypothesis import given
from hypothesis import strategies as st

from allocation.model import Side
from orders.profit import Deal, Mark, first_day, profits

DAY = date(2026, 11, 20)
MORNING = datetime(2026, 11, 20, 14, tzinfo=UTC)


def deal(number: int, side: Side, face: int | Decimal, price: str, accrued: str = "0") -> Deal:
    at = MORNING + timedelta(minutes=number)
    return Deal(f"EL-{number:03}", "A", "B", side, Decimal(face), Decimal(price), Decimal(accrued), DAY, at)


def test_the_first_lot_bought_is_the_first_one_sold() -> None:
    deals = [deal(1, Side.BUY, 1_000, "100"), deal(2, Side.BUY, 1_000, "102"), deal(3, Side.SELL, 1_500, "103", "0.5")]
    (found,) = profits(deals, {("A", "B"): Mark(DAY, Decimal(104), Decimal(1))}, {})
    assert found.realised == 1_000 * Decimal("0.035") + 500 * Decimal("0.015")
    assert [found.face, found.cost] == [500, 510]
    assert found.unrealised == 500 * Decimal("1.05") - 510
    assert found.uncosted == 0


def test_what_was_held_before_has_no_known_cost_and_earns_nothing() -> None:
    (found,) = profits([deal(1, Side.SELL, 700, "99"), deal(2, Side.BUY, 300, "98")], {}, {})
    assert [found.realised, found.uncosted, found.face] == [0, 700, 300]
    assert found.unrealised is None


def test_what_was_held_before_is_sold_before_what_was_bought_here() -> None:
    deals = [deal(1, Side.BUY, 1_000, "98"), deal(2, Side.SELL, 1_000, "100"), deal(3, Side.SELL, 1_000, "101")]
    mark = {("A", "B"): Mark(DAY, Decimal(99), Decimal(0))}
    (old,) = profits(deals[:2], mark, {("A", "B"): Decimal(1_000)})
    assert [old.realised, old.uncosted, old.face, old.cost, old.unrealised] == [0, 1_000, 1_000, 980, 10]
    (both,) = profits(deals, mark, {("A", "B"): Decimal(1_000)})
    assert [both.realised, both.uncosted, both.face, both.cost, both.unrealised] == [30, 1_000, 0, 0, 0]


def test_lots_go_by_the_day_of_the_trade_though_it_was_seen_later() -> None:
    bought = replace(deal(5, Side.BUY, 100, "98"), traded=DAY - timedelta(days=1))
    (found,) = profits([deal(1, Side.SELL, 100, "100"), bought], {}, {})
    assert [found.realised, found.uncosted, found.face] == [2, 0, 0]


def test_the_first_day_is_of_the_bond_alone_and_not_of_the_rate_of_exchange() -> None:
    bought = replace(deal(1, Side.BUY, 1_000, "100"), rate=Decimal("0.9"))
    assert first_day(bought, Mark(DAY, Decimal(101), Decimal(0), rate=Decimal("0.8"))) == 9


def test_factor_and_rate_are_part_of_the_money() -> None:
    bought = Deal(
        "EL-1", "A", "B", Side.BUY, Decimal(1_000), Decimal(100), Decimal(0), DAY, MORNING, Decimal("0.5"), Decimal(2)
    )
    (found,) = profits([bought], {("A", "B"): Mark(DAY, Decimal(101), Decimal(0), Decimal("0.5"), Decimal(3))}, {})
    assert [found.cost, found.unrealised] == [1_000, 1_000 * Decimal("0.5") * Decimal("1.01") * 3 - 1_000]


def test_the_first_day_is_measured_against_that_days_mark_only() -> None:
    bought, sold = deal(1, Side.BUY, 1_000, "100", "0.2"), deal(2, Side.SELL, 1_000, "100", "0.2")
    mark = Mark(DAY, Decimal("100.5"), Decimal("0.2"))
    assert [first_day(bought, mark), first_day(sold, mark)] == [5, -5]
    assert first_day(bought, Mark(DAY + timedelta(days=1), Decimal(101), Decimal(0))) is None
    assert first_day(bought, None) is None


FACES = st.decimals(1, 10**12, places=6)
PRICES = st.decimals(1, 200, places=12)
DEALS = st.lists(st.tuples(st.sampled_from(Side), FACES, PRICES, st.decimals(0, 9, places=12)), min_size=1, max_size=12)


@given(DEALS, PRICES, st.decimals(0, 10**12, places=6))
def test_money_in_less_money_out_is_what_was_earned_to_the_last_digit(
    drawn: list[tuple[Side, Decimal, Decimal, Decimal]], price: Decimal, before: Decimal
) -> None:
    opening = Deal("EL-0", "A", "B", Side.BUY, Decimal(10**14), Decimal(100), Decimal(0), DAY, MORNING)
    deals = [
        opening,
        *(
            Deal(f"EL-{n}", "A", "B", side, face, at, accrued, DAY, MORNING + timedelta(minutes=n))
            for n, (side, face, at, accrued) in enumerate(drawn, start=1)
        ),
    ]
    mark = Mark(DAY, price, Decimal(0))
    (found,) = profits(deals, {("A", "B"): mark}, {("A", "B"): before})
    left, paid = Exact(before), Exact(0)  # of what was held before, and for what was bought here
    for d in deals:
        old = min(left, Exact(d.face)) if d.side is Side.SELL else Exact(0)
        left -= old
        paid += (Exact(d.face) - old) * Exact(d.price + d.accrued) / 100 * -d.side.sign
    held = sum(Exact(d.face) * d.side.sign for d in deals) + Exact(before) - left
    assert found.unrealised is not None
    assert Exact(found.uncosted) == Exact(before) - left
    assert Exact(found.face) == held
    assert Exact(found.realised) + Exact(found.unrealised) == paid + held * Exact(price) / 100
