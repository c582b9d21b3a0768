"""When an order that is to be sent later may be released, and the day it is for: business days of its bond's market, by
that market's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from orders.calendar import is_business_day, next_business_day, trade_date
from orders.errors import NotPermitted
from orders.model import Book, Order

LONGEST = timedelta(days=30)
SOONEST = timedelta(minutes=1)
# where a currency's bonds trade, and by whose clock a time of day is meant
ZONES = {
    "USD": "America/New_York",
    "CAD": "America/Toronto",
    "GBP": "Europe/London",
    "EUR": "Europe/Berlin",
    "CHF": "Europe/Zurich",
    "JPY": "Asia/Tokyo",
    "INR": "Asia/Kolkata",
    "AUD": "Australia/Sydney",
}


def zone(currency: str) -> ZoneInfo:
    """The time zone of the currency's bond market; UTC for one that is not known here."""
    return ZoneInfo(ZONES.get(currency, "UTC"))


def release_time(day: date, at: time, in_zone: ZoneInfo) -> datetime:
    """The moment, in UTC, that a clock in this zone shows `at` on `day`. `NotPermitted` for a time that it never shows,
    when clocks are put forward; of two, when they are put back, the first."""
    moment = datetime.combine(day, at, in_zone).astimezone(UTC)
    if moment.astimezone(in_zone).replace(tzinfo=None) != datetime.combine(day, at):
        raise NotPermitted(f"There is no {at:%H:%M} on {day:%a %d %b %Y} in {in_zone.key}: clocks are put forward.")
    return moment


def market_date(at: datetime, currency: str) -> date:
    """The date in the currency's bond market at that moment, wherever the server stands."""
    return at.astimezone(zone(currency)).date()


def traded_on(at: datetime | None, currency: str, book: Book, today: date) -> date:
    """The trade date of an order that is released then; None is at once. A book with a date of its own has no other
    day to trade on, however long the release is waited for."""
    return trade_date(today if at is None or book.pinned else market_date(at, currency), currency)


def last_day(order: Order) -> date:
    """The day after which it is not sent any more: that of its release, else its trade date."""
    return order.trade_date if order.release_at is None else market_date(order.release_at, order.currency)


def is_over(order: Order, now: datetime, today: date) -> bool:
    """Whether its last day has passed: by its market's clock where it was to be released at a time, else by the book's
    date, as it was set."""
    return last_day(order) < _today_of(order, now, today)


def ends_today(order: Order, now: datetime, today: date) -> bool:
    """Whether this is its last day, or it has passed."""
    return last_day(order) <= _today_of(order, now, today)


def _today_of(order: Order, now: datetime, today: date) -> date:
    return today if order.release_at is None else market_date(now, order.currency)


def refuse_unusable(at: datetime, now: datetime, settlement: date, traded: date, currency: str) -> None:
    """`NotPermitted` for a release that has passed, is too far off, on a day the market is closed, or of an order that
    would not be `traded` before its settlement."""
    if at < now + SOONEST:
        raise NotPermitted("The time of release has passed, or is less than a minute away. Choose a later one.")
    if at > now + LONGEST:
        raise NotPermitted(f"The release is more than {LONGEST.days} days away. Choose an earlier one.")
    day = market_date(at, currency)
    if not is_business_day(day, currency):
        proposed = next_business_day(day, currency)
        raise NotPermitted(
            f"The {currency} bond market is closed on {day:%a %d %b %Y}; it is open again on {proposed:%a %d %b %Y}."
        )
    if settlement <= traded:
        raise NotPermitted(
            f"It would be traded on {traded:%a %d %b %Y} and settle on {settlement:%a %d %b %Y}. Choose a later "
            f"settlement, {next_business_day(traded, currency):%a %d %b %Y} or after."
        )
