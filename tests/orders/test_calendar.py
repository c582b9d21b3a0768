from __future__ import annotations

from datetime import date

import pytest

from orders.calendar import business_age, check_settlement, default_settlement, is_business_day
from orders.errors import InvalidSettlement


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 11, 20), date(2026, 11, 23)),  # Friday
        (date(2026, 11, 25), date(2026, 11, 27)),  # the day before Thanksgiving
        (date(2026, 11, 21), date(2026, 11, 24)),  # a Saturday trades on Monday
        (date(2026, 12, 31), date(2027, 1, 4)),
    ],
)
def test_us_bonds_settle_on_the_next_business_day(today: date, expected: date) -> None:
    assert default_settlement(today, "USD") == expected


def test_the_bond_market_rests_where_the_stock_market_trades() -> None:
    assert not is_business_day(date(2026, 10, 12), "USD")  # Columbus Day


def test_each_currency_has_its_own_market() -> None:
    assert default_settlement(date(2025, 10, 1), "INR") == date(2025, 10, 3)
    assert is_business_day(date(2025, 10, 2), "USD")


def test_a_currency_without_a_calendar_is_a_clear_error() -> None:
    with pytest.raises(InvalidSettlement, match="No settlement calendar is set up for XAU"):
        default_settlement(date(2026, 11, 20), "XAU")


def test_ages_are_counted_in_business_days() -> None:
    assert business_age(date(2026, 11, 20), date(2026, 11, 20), "USD") == 0
    assert business_age(date(2026, 11, 20), date(2026, 11, 23), "USD") == 1
    assert business_age(date(2026, 11, 25), date(2026, 11, 30), "USD") == 2


def test_a_weekend_is_named_as_one() -> None:
    with pytest.raises(InvalidSettlement, match="is a weekend of the US bond market"):
        check_settlement(date(2026, 11, 22), date(2026, 11, 20), "USD")


def test_a_date_years_away_is_taken_for_a_typing_error() -> None:
    with pytest.raises(InvalidSettlement, match="more than 60 days away"):
        check_settlement(date(2036, 11, 24), date(2026, 11, 20), "USD")
