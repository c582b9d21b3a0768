from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.caps import bind, limits_on, minimum_line, rules
from allocation.limits import NO_LIMITS, LimitTable, Rule
from allocation.lots import Lattice, room
from allocation.model import Account, BlockOrder, Side
from allocation.proposal import Cap
from tests.allocation.caps.table import holding, holding_all, table
from tests.allocation.desk import account, block, bond


def bound(
    order: BlockOrder, who: Account, limits: LimitTable = NO_LIMITS, minimums: Mapping[str, int] | None = None
) -> Cap:
    return bind(order, [who], rules(limits), Lattice.of(order.bond), minimums)[0]


def test_the_rules_come_in_the_order_that_decides_ties() -> None:
    names = [
        "exchange rate", "account frozen", "restricted list", "holding", "144A eligibility", "rating floor",
        "maturity", "security concentration", "issuer concentration", "sector", "cash",
    ]  # fmt: skip
    assert [rule.name for rule in rules()] == names
    assert [rule.name for rule in rules(respect_cash=False)] == names[:-1]


def test_without_limits_cash_caps_a_buy_and_the_holding_a_sell() -> None:
    poor = account("A", cash="1000000", held="300000")
    assert bound(block(2_000_000), poor) == Cap("A", "cash", 1_015_000, "cash of USD 1,000,000 buys 1,015,228 at 98.5")
    assert bound(block(2_000_000, Side.SELL), poor) == Cap("A", "holding", 300_000, "holds 300,000")
    assert bound(block(1_000), poor) == Cap("A", "order", 1_000, "the order is for 1,000")


def test_the_smallest_limit_binds_and_the_first_rule_among_equals() -> None:
    limits = table(
        ("*", Rule.SECURITY, "", "2%"), ("*", Rule.ISSUER, "", "1%"), ("*", Rule.SECTOR, "", "1%"),
        ("Z", Rule.FROZEN, "", ""), ("Z", Rule.RESTRICTED, "B", ""),
    )  # fmt: skip
    order = block(10_000_000, of=bond(price="100", issuer_id="I1", sector="Banking"))
    assert (bound(order, account("A"), limits).rule, bound(order, account("A"), limits).face) == (
        "issuer concentration",
        1_000_000,
    )
    assert bound(order, account("Z"), limits).rule == "account frozen"
    assert bound(order, account("Z", currency="EUR"), limits).rule == "exchange rate"


def test_a_limit_that_is_as_large_as_the_order_does_not_bind() -> None:
    order = block(1_000_000, of=bond(price="100"))
    assert bound(order, account("A"), table(("*", Rule.SECURITY, "", "1%"))).rule == "order"


def test_a_face_below_the_minimum_piece_says_so_after_its_rule() -> None:
    order = block(10_000_000, of=bond(200_000, price="100"))
    cap = bound(order, account("A"), table(("*", Rule.SECURITY, "", "0.1%")))
    assert (cap.rule, cap.face) == ("security concentration", 0)
    assert cap.reason.endswith("buys 100,000 at 100, less than the minimum piece of 200,000")


def test_an_account_that_can_only_take_less_than_its_minimum_gets_nothing() -> None:
    poor = account("A", cash="98500")
    assert bound(block(5_000_000), poor, minimums={"A": 100_001}) == Cap(
        "A",
        "minimum allocation",
        0,
        "cash of USD 98,500 buys 100,000 at 98.5; 100,000 is less than its minimum allocation of 100,001",
    )
    assert bound(block(5_000_000), poor, minimums={"A": 100_000, "B": 10**9}).face == 100_000
    assert bound(block(50_000), account("A"), minimums={"A": 100_000}).reason == (
        "the order is for 50,000; 50,000 is less than its minimum allocation of 100,000"
    )


def test_a_lattice_that_starts_at_the_minimum_allocation_is_not_taken_for_the_minimum_piece() -> None:
    group = [account("A", cash="98500"), account("B", cash="985"), account("C", cash="147750")]
    minimums = dict.fromkeys("ABC", 149_500)
    caps = bind(block(5_000_000, of=bond(2_000, 1_000)), group, rules(), Lattice(150_000, 1_000), minimums)
    assert [(cap.rule, cap.face) for cap in caps] == [("minimum allocation", 0), ("cash", 0), ("cash", 150_000)]
    assert caps[0].reason.endswith("buys 100,000 at 98.5; 100,000 is less than its minimum allocation of 149,500")
    assert caps[1].reason.endswith("buys 1,000 at 98.5, less than the minimum piece of 2,000")


def test_who_gets_nothing_anyway_keeps_the_reason_for_it() -> None:
    frozen = bound(block(5_000_000), account("A"), table(("A", Rule.FROZEN, "", "")), {"A": 100_000})
    assert (frozen.rule, frozen.face) == ("account frozen", 0)


def test_a_whole_holding_may_be_sold_however_small() -> None:
    assert bound(block(5_000_000, Side.SELL), account("A", held="7500"), minimums={"A": 100_000}).face == 7_500
    part = bound(block(5_000, Side.SELL), account("A", held="7500"), minimums={"A": 100_000})
    assert (part.rule, part.face) == ("minimum allocation", 0)
    fractional = bound(block(5_000_000, Side.SELL), account("A", held="7500.5"), minimums={"A": 100_000})
    assert (fractional.rule, fractional.face) == ("minimum allocation", 0)


def test_a_holding_that_cannot_leave_a_whole_piece_is_capped_at_nothing() -> None:
    order = block(150_000, Side.SELL, bond(100_000, 1_000))
    cap = bound(order, account("A", held="200000"))
    assert (cap.rule, cap.face) == ("order", 100_000)
    stub = bound(block(150_000, Side.SELL, bond(100_000, 1_000)), account("A", held="180000"))
    assert (stub.rule, stub.face) == ("minimum piece", 0)
    assert stub.reason == "holds 180,000; 150,000 would leave 30,000, and a rest must be at least 100,000"


def test_the_minimum_line_is_the_accounts_own_or_everyones_or_none() -> None:
    limits = table(("*", Rule.MIN_ALLOCATION, "", "100000"), ("A", Rule.MIN_ALLOCATION, "", "5000"))
    assert [minimum_line(limits, who) for who in ("A", "B")] == [5_000, 100_000]
    assert minimum_line(NO_LIMITS, "A") == 0


def test_every_rule_that_limits_an_account_is_listed_smallest_first() -> None:
    limits = table(
        ("*", Rule.SECURITY, "", "2%"), ("*", Rule.ISSUER, "", "1%"), ("*", Rule.SECTOR, "", "1%"),
        ("*", Rule.MATURITY, "", "5"), ("*", Rule.RATING, "", "BBB-"), ("*", Rule.CASH_RESERVE, "", "1%"),
    )  # fmt: skip
    paper = bond(price="100", issuer_id="I1", sector="Banking", rating="A", maturity=date(2036, 5, 15))
    caps = limits_on(block(1_000, of=paper), account("A"), rules(limits))
    assert [(cap.rule, cap.face) for cap in caps] == [
        ("maturity", 0), ("issuer concentration", 1_000_000), ("sector", 1_000_000),
        ("security concentration", 2_000_000), ("cash", 4_000_000),
    ]  # fmt: skip
    assert all(cap.account_id == "A" and cap.reason for cap in caps)


def test_an_account_no_rule_limits_has_none_listed() -> None:
    assert limits_on(block(1_000), account("A"), rules(respect_cash=False)) == ()


@pytest.mark.parametrize("face", [1_000, 150_000, 10_000_000])
@given(
    side=st.sampled_from(Side),
    held=st.integers(0, 10**6),
    value=st.integers(1, 10**7),
    cash=st.integers(-(10**5), 10**7),
    minimum=st.integers(0, 300_000),
    piece=st.sampled_from([1_000, 100_000]),
)
def test_the_binding_cap_is_legal_and_within_every_limit(
    face: int, side: Side, held: int, value: int, cash: int, minimum: int, piece: int
) -> None:
    limits = table(("*", Rule.SECURITY, "", "3%"), ("*", Rule.ISSUER, "", "5%"), ("*", Rule.CASH_RESERVE, "", "1%"))
    own = replace(holding("B", str(value), issuer="I1"), face=Decimal(held))
    who = holding_all(account("A", cash=str(cash)), own)
    order = block(face, side, bond(piece, 1_000, issuer_id="I1"))
    lattice = Lattice.of(order.bond)
    cap = bound(order, who, limits, {"A": minimum})
    whole = cap.face == held and side is Side.SELL
    assert cap.face == 0 or cap.face >= minimum or whole
    assert room(lattice, side, face, Decimal(held)).allows(cap.face, lattice)
    assert cap.face <= face
    assert all(cap.face <= other.face for other in limits_on(order, who, rules(limits)))
