"""Business days of each currency's bond market: settlement dates, and ages counted from the book's date."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import pandas as pd
import pandas_market_calendars as market_calendars

from orders.errors import InvalidSettlement

# The bond market's own calendar where one is kept, else the exchange calendar of the same holidays.
_MARKETS = {
    "USD": ("SIFMAUS", "US bond market (SIFMA)"),
    "GBP": ("SIFMAUK", "UK bond market (SIFMA)"),
    "JPY": ("SIFMAJP", "Japanese bond market (SIFMA)"),
    "EUR": ("EUREX_Bond", "euro bond market (Eurex)"),
    "INR": ("XBOM", "Indian market (BSE)"),
    "CAD": ("XTSE", "Canadian market (TSX)"),
    "AUD": ("ASX", "Australian market (ASX)"),
    "CHF": ("XSWX", "Swiss market (SIX)"),
}
LONGEST_SETTLEMENT_DAYS = 60  # calendar days; farther out is a mistyped date


@lru_cache(maxsize=128)
def _business_days(currency: str, year: int) -> frozenset[date]:
    name, _ = _market(currency)
    days: pd.DatetimeIndex = market_calendars.get_calendar(name).valid_days(f"{year}-01-01", f"{year}-12-31")
    return frozenset(day.date() for day in days)


def _market(currency: str) -> tuple[str, str]:
    try:
        return _MARKETS[currency]
    except KeyError:
        known = ", ".join(sorted(_MARKETS))
        raise InvalidSettlement(
            f"No settlement calendar is set up for {currency or 'a bond without currency'}; known are {known}."
        ) from None


def is_business_day(day: date, currency: str) -> bool:
    """Whether the currency's bond market settles on `day`."""
    return day in _business_days(currency, day.year)


def next_business_day(day: date, currency: str, count: int = 1) -> date:
    """The `count`-th business day after `day`."""
    while count:
        day += timedelta(days=1)
        if is_business_day(day, currency):
            count -= 1
    return day


def trade_date(today: date, currency: str) -> date:
    """The business day at or after `today`: what is decided at a weekend is traded after it."""
    return today if is_business_day(today, currency) else next_business_day(today, currency)


def default_settlement(today: date, currency: str) -> date:
    """T+1 on the bond market's calendar, T being the trade date."""
    return next_business_day(trade_date(today, currency), currency)


def business_age(day: date, today: date, currency: str) -> int:
    """Business days from `day` to `today`: 0 on the same day, and never negative."""
    age, step = 0, day
    while step < today:
        step += timedelta(days=1)
        age += is_business_day(step, currency)
    return age


def check_settlement(settlement: date, today: date, currency: str) -> None:
    """`InvalidSettlement` for a date before the book's date, on a holiday, or implausibly far out."""
    _, market = _market(currency)
    if settlement < trade_date(today, currency):
        proposed = default_settlement(today, currency)
        raise InvalidSettlement(
            f"Settlement on {settlement:%a %d %b %Y} lies before the book's date, {today:%a %d %b %Y}. "
            f"The usual date is {proposed:%a %d %b %Y}.",
            proposed,
        )
    if settlement > today + timedelta(days=LONGEST_SETTLEMENT_DAYS):
        proposed = default_settlement(today, currency)
        raise InvalidSettlement(
            f"Settlement on {settlement:%a %d %b %Y} is more than {LONGEST_SETTLEMENT_DAYS} days away. "
            f"The usual date is {proposed:%a %d %b %Y}.",
            proposed,
        )
    if not is_business_day(settlement, currency):
        proposed = next_business_day(settlement, currency)
        kind = "a weekend" if settlement.weekday() >= 5 else "a holiday"
        raise InvalidSettlement(
            f"{settlement:%a %d %b %Y} is {kind} of the {market}. The next business day is {proposed:%a %d %b %Y}.",
            proposed,
        )
