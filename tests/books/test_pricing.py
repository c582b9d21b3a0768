"""Bond arithmetic against quoted yields, and against itself."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from books.pricing import CURVE, Terms, annuity, clean_price, modified_duration, treasury_yield, yield_to_maturity

SETTLEMENT = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("coupon", "maturity", "price", "quoted"),
    [
        # Offers for settlement on 2026-06-26 as a broker listed them, yields cut to three decimals.
        ("1.25", date(2028, 3, 31), "95.172", "4.117"),
        ("4.125", date(2029, 11, 30), "100.001", "4.124"),
        ("2.875", date(2032, 5, 15), "93.125", "4.206"),
        ("1.25", date(2050, 5, 15), "48.36", "4.965"),
        ("5", date(2056, 5, 15), "102.413", "4.846"),
    ],
)
def test_treasury_yields_agree_with_the_market(coupon: str, maturity: date, price: str, quoted: str) -> None:
    terms = Terms(Decimal(coupon), 2, maturity, "ACT/ACT")
    assert yield_to_maturity(terms, Decimal(price), date(2026, 6, 26)) == pytest.approx(float(quoted), abs=0.003)


def test_a_bond_bought_at_par_on_a_coupon_date_yields_its_coupon() -> None:
    terms = Terms(Decimal("4.5"), 2, date(2036, 11, 23), "30/360")
    assert clean_price(terms, 4.5, SETTLEMENT) == pytest.approx(100, abs=1e-9)
    assert yield_to_maturity(terms, Decimal(100), SETTLEMENT) == pytest.approx(4.5, abs=1e-9)


@given(
    st.decimals("0.125", "12", places=3),
    st.sampled_from((1, 2, 4)),
    st.dates(date(2027, 12, 1), date(2060, 1, 1)),
    st.sampled_from(("30/360", "ACT/ACT")),
    st.floats(0.5, 15),
)
def test_price_yield_and_duration_belong_together(
    coupon: Decimal, frequency: int, maturity: date, day_count: str, rate: float
) -> None:
    terms = Terms(coupon, frequency, maturity, day_count)
    price = clean_price(terms, rate, SETTLEMENT)
    assert yield_to_maturity(terms, Decimal(price), SETTLEMENT) == pytest.approx(rate, abs=1e-6)
    bump = 1e-4  # percent
    slope = (clean_price(terms, rate - bump, SETTLEMENT) - clean_price(terms, rate + bump, SETTLEMENT)) / (2 * bump)
    dirty = price + float(terms.accrued(SETTLEMENT))
    assert modified_duration(terms, rate, SETTLEMENT) == pytest.approx(slope * 100 / dirty, rel=1e-5)


def test_the_curve_meets_its_points_and_is_flat_outside_them() -> None:
    for years, rate in CURVE:
        assert treasury_yield(years) == pytest.approx(rate)
    assert treasury_yield(0.01) == CURVE[0][1]
    assert treasury_yield(45) == CURVE[-1][1]
    assert treasury_yield(3.5) == pytest.approx(4.13)


def test_an_annuity_is_worth_less_than_its_payments() -> None:
    assert annuity(5, 4) == pytest.approx(4.5317, abs=1e-4)
