"""Groups whose accounts have different base currencies: sizes are compared in one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.compare import compare
from allocation.engines.custom import Ask, Instruction
from allocation.errors import InvalidParameter
from allocation.metrics import Dispersion
from allocation.model import Account, Choices, Holding, Side
from allocation.money import common_currency, in_currency
from allocation.propose import propose
from tests.allocation.desk import account, block

YEN = {"USD": Decimal(150)}
CHOICES = [
    Choices("pro_rata", {"by": "nav"}),
    Choices("pro_rata", {"by": "cash"}),
    Choices("pro_rata", {"by": "market_value"}),
    Choices("min_dispersion", {"weighting": "nav"}),
    Choices("min_dispersion", excluded=frozenset({"B", "C"})),
    Choices("custom", {"instructions": {"A": Instruction(Ask.PERCENT, Decimal(10))}, "remainder": "pro_rata"}),
]


def _in_yen(own: Account) -> Account:
    """The same account with its books kept in yen."""
    assert own.nav is not None
    assert own.cash is not None
    holdings = {
        asset: replace(held, market_value=held.market_value * 150, accrued_value=Decimal(0))
        for asset, held in own.holdings.items()
    }
    return replace(own, currency="JPY", nav=own.nav * 150, cash=own.cash * 150, fx=YEN, holdings=holdings)


def _account(name: str, nav: int, cash: int, held: int, level: float) -> Account:
    other = Holding("X", Decimal(nav) / 2, Decimal(nav) / 2, Decimal(0))
    own = account(name, str(nav), str(cash), str(held), level)
    return replace(own, holdings={**own.holdings, "X": other})


GROUPS = st.lists(
    st.tuples(
        st.integers(10**7, 10**10),
        st.integers(0, 10**7),
        st.integers(0, 3 * 10**6),
        st.integers(-900, 900),
        st.booleans(),
    ),
    min_size=3,
    max_size=6,
)


@given(GROUPS, st.integers(1, 2 * 10**7), st.sampled_from(Side), st.sampled_from(CHOICES))
@settings(max_examples=150, deadline=None)
def test_the_currency_of_an_accounts_books_changes_nothing_of_a_split(
    rows: list[tuple[int, int, int, int, bool]], face: int, side: Side, choices: Choices
) -> None:
    group = [
        _account(name, nav, cash, held, 5.0 + bend / 1_000)
        for name, (nav, cash, held, bend, _) in zip("ABCDEF", rows, strict=False)
    ]
    mixed = [_in_yen(own) if row[4] else own for own, row in zip(group, rows, strict=True)]
    same, other = (propose(block(face, side), each, choices) for each in (group, mixed))
    assert other.failed == ""
    assert [line.face for line in other.lines] == [line.face for line in same.lines]
    assert [line.wish for line in other.lines] == [line.wish for line in same.lines]


def test_by_nav_the_dispersion_of_mixed_currencies_stays_as_it_was() -> None:
    group = [account("A", cash="50000000"), _in_yen(account("B", cash="50000000", level=6.0))]
    proposal = propose(block(10_000_000), group, Choices())
    assert [line.face for line in proposal.lines] == [5_000_000, 5_000_000]
    assert proposal.lines[1].reason == "50.00% of the group's NAV, in whole lots."
    assert proposal.effect.dispersion_after == pytest.approx(proposal.effect.dispersion_before, abs=1e-12)


def test_accounts_of_one_currency_need_no_rate_to_be_compared() -> None:
    group = [account(name, "15000000000", currency="JPY") for name in "AB"]
    assert common_currency(group, "USD") == "JPY"
    assert common_currency([*group, account("C")], "USD") == "USD"
    assert common_currency([], "USD") == "USD"
    choices = [Choices("min_dispersion", {"weighting": "nav"})]
    (row,) = compare(block(1_000_000), group, choices)  # without a rate to the bond's currency nobody may trade
    assert row.figures is not None
    assert row.figures.dispersion_before[Dispersion.STDEV_NAV] == 0.0


def test_money_in_another_currency_is_exact_and_missing_without_a_rate() -> None:
    yen = account("A", currency="JPY", fx=YEN)
    assert in_currency(yen, Decimal(15_000_000_000), "USD") == 100_000_000
    long = Decimal("1" * 70 + ".5")
    assert in_currency(yen, long, "JPY") == long
    assert in_currency(yen, None, "USD") is None
    assert in_currency(yen, Decimal(1), "EUR") is None


LOST = account("Z", currency="EUR", level=5.5)


@pytest.mark.parametrize("by", ["nav", "cash", "market_value"])
def test_an_account_without_a_rate_has_no_size_and_says_so(by: str) -> None:
    group = [_account("A", 10**8, 10**7, 0, 5.0), _in_yen(_account("B", 3 * 10**8, 3 * 10**7, 0, 5.0)), LOST]
    proposal = propose(block(4_000_000), group, Choices("pro_rata", {"by": by}))
    assert [line.face for line in proposal.lines] == [1_000_000, 3_000_000, 0]
    assert proposal.lines[2].reason == "Nothing: no exchange rate from USD to EUR."


def test_a_nav_that_cannot_be_compared_is_not_weighed_by() -> None:
    group = [account("A"), LOST]
    weighed = Choices("min_dispersion", {"weighting": "nav"})
    with pytest.raises(InvalidParameter, match="Z: no exchange rate from USD to EUR, so its NAV cannot weigh"):
        propose(block(1_000_000), group, weighed)
    without = propose(block(1_000_000), group, replace(weighed, excluded=frozenset("Z")))
    assert without.placed == 1_000_000


def test_a_comparison_weighs_by_nav_in_one_currency_or_not_at_all() -> None:
    group = [account("A", level=4.0), _in_yen(account("B", level=5.0))]
    (row,) = compare(block(1_000_000), group, [Choices("equal")])
    assert row.figures is not None
    assert row.figures.dispersion_before[Dispersion.STDEV_NAV] == pytest.approx(0.5)
    (row,) = compare(block(1_000_000), [*group, LOST], [Choices("equal")])
    assert row.figures is not None
    assert Dispersion.STDEV_NAV not in row.figures.dispersion_before
    assert Dispersion.STDEV_NAV not in row.figures.dispersion_after
