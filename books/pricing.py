"""Prices, yields and durations of the demo book's bonds: street convention over one Treasury par curve."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from scipy.optimize import brentq

from books.accrued import accrued_interest, coupon_period

# Treasury par yields (percent) by years to maturity; straight lines between, flat outside.
CURVE = ((0.5, 3.88), (1, 4.0), (2, 4.11), (5, 4.15), (7, 4.22), (10, 4.39), (15, 4.64), (20, 4.85), (30, 4.85))
DAYS_A_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Terms:
    """What fixes a bullet bond's payments. `coupon` is percent a year; the day count is one of books.accrued."""

    coupon: Decimal
    frequency: int
    maturity: date
    day_count: str

    def years(self, settlement: date) -> float:
        """Years from `settlement` to maturity."""
        return (self.maturity - settlement).days / DAYS_A_YEAR

    def accrued(self, settlement: date) -> Decimal:
        """Interest accrued at `settlement`, per 100 face."""
        return accrued_interest(self.coupon, self.frequency, self.maturity, settlement, self.day_count)


def treasury_yield(years: float) -> float:
    """The curve's par yield, percent, at a maturity in years."""
    for (left, low), (right, high) in pairwise(CURVE):
        if years <= right:
            return low + (high - low) * max(0.0, years - left) / (right - left)
    return CURVE[-1][1]


def clean_price(terms: Terms, yield_percent: float, settlement: date) -> float:
    """Price per 100 face without accrued, at a yield compounded `terms.frequency` times a year."""
    return sum(value for _, value in _flows(terms, yield_percent, settlement)) - float(terms.accrued(settlement))


def modified_duration(terms: Terms, yield_percent: float, settlement: date) -> float:
    """Share of the dirty price lost per unit of yield, in years."""
    flows = _flows(terms, yield_percent, settlement)
    weighted = sum(periods / terms.frequency * value for periods, value in flows)
    return weighted / sum(value for _, value in flows) / (1 + yield_percent / 100 / terms.frequency)


def yield_to_maturity(terms: Terms, price: Decimal, settlement: date) -> float:
    """The yield, percent, at which the clean price is `price`. ValueError when none lies between -20 and 100."""
    return float(brentq(lambda y: clean_price(terms, y, settlement) - float(price), -20.0, 100.0))


def annuity(years: float, rate_percent: float) -> float:
    """Value of one a year, paid continuously for `years` and discounted at `rate_percent`."""
    rate = rate_percent / 100
    return (1 - math.exp(-rate * years)) / rate


def _flows(terms: Terms, yield_percent: float, settlement: date) -> list[tuple[float, float]]:
    """Remaining payments as (coupon periods from settlement, present value per 100 face)."""
    start, end = coupon_period(terms.maturity, terms.frequency, settlement)
    months = (terms.maturity.year - end.year) * 12 + terms.maturity.month - end.month
    count = months * terms.frequency // 12 + 1
    payment = float(terms.coupon) / terms.frequency
    if terms.day_count == "30/360":
        elapsed = float(terms.accrued(settlement)) / payment
    else:
        elapsed = (settlement - start).days / (end - start).days
    growth = 1 + yield_percent / 100 / terms.frequency
    times = [1 - elapsed + k for k in range(count)]
    return [(t, (payment + (100 if k == count - 1 else 0)) / growth**t) for k, t in enumerate(times)]
