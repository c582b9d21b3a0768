"""Interest accrued per 100 face, under the four day counts a book may name."""

from __future__ import annotations

import calendar
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

DAY_COUNTS = ("30/360", "ACT/ACT", "ACT/360", "ACT/365")
FREQUENCIES = (1, 2, 3, 4, 6, 12)  # payments a year that divide a year into whole months
PLACES = Decimal("1e-10")


def accrued_interest(
    coupon: Decimal, frequency: int | None, maturity: date, settlement: date, day_count: str
) -> Decimal:
    """Interest accrued from the last coupon date to `settlement`, per 100 face, to ten decimals (half up).

    `coupon` is percent a year, `frequency` payments a year. Nothing accrues on a zero coupon, on a coupon date, or
    from maturity on. Ex-dividend periods and odd first coupons are not known from these terms and not modelled.

    Sources: 30/360 is the bond basis of Mayle, Standard Securities Calculation Methods (SIFMA), vol. 1, with its
    end-of-February rule; ACT/ACT is ICMA rule 251, for Treasuries 31 CFR 356 appendix B; ACT/360 and ACT/365 (fixed)
    are 2006 ISDA Definitions 4.16(e) and (d).

    Raises ValueError for a day count not in DAY_COUNTS, or a coupon above zero whose frequency is not in FREQUENCIES.
    """
    if day_count not in DAY_COUNTS:
        raise ValueError(f"unknown day count {day_count!r}: expected one of {', '.join(DAY_COUNTS)}")
    if coupon == 0 or settlement >= maturity:
        return Decimal(0)
    if frequency not in FREQUENCIES:
        raise ValueError(f"a coupon of {coupon} percent needs a frequency of {FREQUENCIES} a year, not {frequency}")
    start, end = coupon_period(maturity, frequency, settlement)
    if day_count == "30/360":
        share = Decimal(_days_30_360(start, settlement, end_of_month=is_month_end(maturity))) / 360
    elif day_count == "ACT/ACT":
        share = Decimal((settlement - start).days) / ((end - start).days * frequency)
    else:
        share = Decimal((settlement - start).days) / (360 if day_count == "ACT/360" else 365)
    return (coupon * share).quantize(PLACES, ROUND_HALF_UP)


def coupon_period(maturity: date, frequency: int, settlement: date) -> tuple[date, date]:
    """The coupon dates around `settlement`: the last on or before it, the first after it. Dates step back from
    `maturity`; a bond that matures on the last day of a month pays on last days throughout. Expects a settlement
    before maturity and a frequency in FREQUENCIES."""
    step = 12 // frequency
    months = (maturity.year - settlement.year) * 12 + maturity.month - settlement.month
    count = months // step  # coupon dates from maturity back to the settlement's month, or just after it
    if months_before(maturity, count * step) <= settlement:
        count -= 1
    return months_before(maturity, (count + 1) * step), months_before(maturity, count * step)


def months_before(day: date, months: int) -> date:
    """`day` moved back by whole months, kept at the month's end when it is one, else at the nearest day there is."""
    year, month0 = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = calendar.monthrange(year, month0 + 1)[1]
    return date(year, month0 + 1, last if is_month_end(day) else min(day.day, last))


def is_month_end(day: date) -> bool:
    """Whether `day` is the last of its month."""
    return day.day == calendar.monthrange(day.year, day.month)[1]


def _days_30_360(start: date, end: date, *, end_of_month: bool) -> int:
    """Days of a year of twelve months of 30. A coupon date at the end of February counts as the 30th."""
    first = 30 if start.day == 31 or (end_of_month and start.month == 2 and is_month_end(start)) else start.day
    last = 30 if end.day == 31 and first == 30 else end.day
    return (end.year - start.year) * 360 + (end.month - start.month) * 30 + last - first
