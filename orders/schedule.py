"""When an order that is to be sent later may be released: in the hours of its bond's market, on a business day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from orders.calendar import is_business_day, next_business_day
from orders.errors import NotPermitted

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


def release_date(at: datetime, currency: str) -> date:
    """The market's date at that moment, which is the trade date."""
    return at.astimezone(zone(currency)).date()


def refuse_unusable(at: datetime, now: datetime, settlement: date, currency: str) -> None:
    """`NotPermitted` for a release that has passed, is too far off, on a day the market is closed, or after the
    settlement."""
    if at < now + SOONEST:
        raise NotPermitted("The time of release has passed, or is less than a minute away. Choose a later one.")
    if at > now + LONGEST:
        raise NotPermitted(f"The release is more than {LONGEST.days} days away. Choose an earlier one.")
    day = release_date(at, currency)
    if not is_business_day(day, currency):
        proposed = next_business_day(day, currency)
        raise NotPermitted(
            f"The {currency} bond market is closed on {day:%a %d %b %Y}; it is open again on {proposed:%a %d %b %Y}."
        )
    if settlement <= day:
        raise NotPermitted(
            f"It would be traded on {day:%a %d %b %Y} and settle on {settlement:%a %d %b %Y}. Choose a later "
            f"settlement, {next_business_day(day, currency):%a %d %b %Y} or after."
        )
