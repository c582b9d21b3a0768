"""Accrued interest against published figures."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from books.accrued import DAY_COUNTS, FREQUENCIES, accrued_interest, coupon_period, is_month_end, months_before

DATES = st.dates(date(2001, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    ("coupon", "maturity", "settlement", "expected"),
    [
        # March 1 to August 10 is 159 days of 180; half a year of a 12 percent coupon is 6.
        ("12", date(2030, 9, 1), date(2025, 8, 10), "5.3"),
        # February 15 to March 3 of 2013 is 18 days of 360: 5 percent of the year's coupon.
        ("8", date(2020, 8, 15), date(2013, 3, 3), "0.4"),
        # 4.4 percent due 2034-08-31, paid at month ends: from February 29 the 30th of August is half a year away.
        ("4.4", date(2034, 8, 31), date(2024, 8, 30), "2.2"),
        # The same bond from August 31 on: the 31st counts as the 30th, so one day later is October's first, 31 days.
        ("4.4", date(2034, 8, 31), date(2024, 10, 1), "0.3788888889"),
        # Paid on the 28th, not at month ends: February 28 stays the 28th.
        ("3.6", date(2030, 8, 28), date(2026, 3, 1), "0.03"),
    ],
)
def test_thirty_three_sixty_agrees_with_published_examples(
    coupon: str, maturity: date, settlement: date, expected: str
) -> None:
    assert accrued_interest(Decimal(coupon), 2, maturity, settlement, "30/360") == Decimal(expected)


@pytest.mark.parametrize(
    ("maturity", "settlement", "days"),
    [
        # 31 CFR 356, appendix B, table 1: days in the half-year, by its months, in a leap year or not.
        (date(2040, 8, 15), date(2025, 2, 16), 181),
        (date(2040, 8, 15), date(2024, 2, 16), 182),
        (date(2040, 9, 15), date(2025, 3, 16), 184),
        (date(2040, 11, 15), date(2025, 5, 16), 184),
        (date(2040, 12, 15), date(2025, 6, 16), 183),
        (date(2040, 8, 31), date(2025, 3, 1), 184),
        (date(2040, 8, 31), date(2024, 3, 1), 184),
        (date(2040, 9, 30), date(2025, 4, 1), 183),
        (date(2040, 10, 31), date(2025, 5, 1), 184),
        (date(2040, 11, 30), date(2025, 6, 1), 183),
    ],
)
def test_a_treasury_accrues_an_equal_share_of_the_half_year_each_day(
    maturity: date, settlement: date, days: int
) -> None:
    one_day = accrued_interest(Decimal(8), 2, maturity, settlement, "ACT/ACT")
    assert one_day == round(Decimal(4) / days, 10)


def test_money_market_counts_divide_actual_days_by_a_fixed_year() -> None:
    terms = (Decimal("4.5"), 4, date(2030, 5, 15), date(2026, 11, 23))  # 8 days since November 15
    assert accrued_interest(*terms, "ACT/360") == Decimal("0.1")
    assert accrued_interest(*terms, "ACT/365") == Decimal("0.0986301370")


@pytest.mark.parametrize("day_count", DAY_COUNTS)
def test_nothing_accrues_on_a_zero_coupon_on_a_coupon_date_or_from_maturity_on(day_count: str) -> None:
    assert accrued_interest(Decimal(0), None, date(2027, 3, 4), date(2026, 11, 23), day_count) == 0
    assert accrued_interest(Decimal(5), 2, date(2030, 11, 15), date(2026, 11, 15), day_count) == 0
    assert accrued_interest(Decimal(5), 2, date(2026, 11, 15), date(2026, 11, 15), day_count) == 0
    assert accrued_interest(Decimal(5), 2, date(2025, 11, 15), date(2026, 11, 15), day_count) == 0


def test_unknown_terms_are_named() -> None:
    with pytest.raises(ValueError, match="unknown day count '30E/360'"):
        accrued_interest(Decimal(5), 2, date(2030, 1, 1), date(2026, 1, 2), "30E/360")
    with pytest.raises(ValueError, match="frequency"):
        accrued_interest(Decimal(5), None, date(2030, 1, 1), date(2026, 1, 2), "30/360")
    with pytest.raises(ValueError, match="not 5"):
        accrued_interest(Decimal(5), 5, date(2030, 1, 1), date(2026, 1, 2), "30/360")


@given(DATES, st.integers(1, 12_000), st.sampled_from(FREQUENCIES))
def test_the_coupon_period_holds_the_settlement_and_steps_back_from_maturity(
    maturity: date, days: int, frequency: int
) -> None:
    settlement = maturity - timedelta(days=days)
    start, end = coupon_period(maturity, frequency, settlement)
    assert start <= settlement < end <= maturity
    steps = {months_before(maturity, k * 12 // frequency) for k in range(days * frequency // 365 + frequency + 2)}
    assert {start, end} <= steps
    assert is_month_end(start) == is_month_end(end) or not is_month_end(maturity)


@given(DATES, st.integers(1, 12_000), st.sampled_from(FREQUENCIES), st.sampled_from(DAY_COUNTS))
def test_accrued_never_falls_within_a_period_and_stays_near_one_payment(
    maturity: date, days: int, frequency: int, day_count: str
) -> None:
    settlement = maturity - timedelta(days=days)
    start, _end = coupon_period(maturity, frequency, settlement)
    today = accrued_interest(Decimal(6), frequency, maturity, settlement, day_count)
    assert today >= 0
    assert today <= Decimal(6) / frequency * Decimal("1.05")
    if settlement > start:
        assert today >= accrued_interest(Decimal(6), frequency, maturity, settlement - timedelta(days=1), day_count)
