from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.caps import CashCap
from allocation.limits import Rule
from allocation.model import Side
from tests.allocation.caps.table import table
from tests.allocation.desk import account, block, bond


def test_a_reserve_in_money_comes_off_the_cash_and_the_reason_shows_all_three() -> None:
    cap = CashCap(table(("A", Rule.CASH_RESERVE, "", "250000")))
    assert cap.limit(block(10_000_000), account("A", cash="1000000")) == (
        761_421,
        "cash of USD 1,000,000 less a reserve of USD 250,000 leaves USD 750,000, which buys 761,421 at 98.5",
    )


def test_a_reserve_as_a_share_of_nav_says_its_money_and_its_share() -> None:
    cap = CashCap(table(("*", Rule.CASH_RESERVE, "", "2%")))
    limit = cap.limit(block(10_000_000, of=bond(accrued="0.5")), account("A", cash="2990000"))
    assert limit == (
        1_000_000,
        "cash of USD 2,990,000 less a reserve of USD 2,000,000 (2% of NAV) leaves USD 990,000, "
        "which buys 1,000,000 at 98.5 plus accrued",
    )


def test_nothing_is_bought_with_less_cash_than_the_reserve() -> None:
    cap = CashCap(table(("A", Rule.CASH_RESERVE, "", "2%")))
    limit = cap.limit(block(10_000_000), account("A", cash="1000000"))
    assert limit is not None
    assert limit[0] == 0
    assert "leaves USD -1,000,000, which buys 0 at 98.5" in limit[1]


@pytest.mark.parametrize(
    ("nav", "said"),
    [(None, "its NAV is not known"), ("-5", "its NAV is USD -5, not above zero"), ("0", "its NAV is USD 0")],
)
def test_a_share_of_a_nav_that_is_missing_or_not_above_zero_stops_the_buy(nav: str | None, said: str) -> None:
    limit = CashCap(table(("A", Rule.CASH_RESERVE, "", "2%"))).limit(block(1_000_000), account("A", nav=nav))
    assert limit is not None
    assert limit[0] == 0
    assert limit[1].startswith(said)
    assert limit[1].endswith("so the cash reserve of 2% of NAV cannot be set aside")


def test_a_reserve_in_money_needs_no_nav() -> None:
    limit = CashCap(table(("A", Rule.CASH_RESERVE, "", "985000"))).limit(block(1), account("A", None, "1970000"))
    assert limit is not None
    assert limit[0] == 1_000_000


def test_the_accounts_own_reserve_counts_before_the_one_for_every_account() -> None:
    cap = CashCap(table(("*", Rule.CASH_RESERVE, "", "5000000"), ("A", Rule.CASH_RESERVE, "", "0")))
    faces = [limit[0] for a in ("A", "B") if (limit := cap.limit(block(1), account(a, cash="985000")))]
    assert faces == [1_000_000, 0]


def test_cash_and_its_reserve_do_not_limit_a_sell() -> None:
    cap = CashCap(table(("*", Rule.CASH_RESERVE, "", "5%")))
    assert cap.limit(block(1_000, Side.SELL), account("A", None, None, held="1000")) is None


@given(
    st.decimals(0, 10**9, places=2),
    st.decimals(1, 200, places=5),
    st.integers(0, 10**6),
    st.decimals(1, 10**11, places=2),
)
def test_the_face_given_keeps_the_reserve_and_one_unit_more_breaks_it(
    cash: Decimal, price: Decimal, share: int, nav: Decimal
) -> None:
    percent = Decimal(share) / 10_000
    cap = CashCap(table(("A", Rule.CASH_RESERVE, "", f"{percent}%")))
    limit = cap.limit(block(1, of=bond(price=str(price), accrued="0.123")), account("A", str(nav), str(cash)))
    assert limit is not None
    spendable = Fraction(cash) - Fraction(nav) * Fraction(percent) / 100
    unit = (Fraction(price) + Fraction("0.123")) / 100
    assert limit[0] == 0 or limit[0] * unit <= spendable
    assert (limit[0] + 1) * unit > spendable
