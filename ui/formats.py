"""How numbers and dates read on every screen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from allocation.model import Bond, Metric
from orders import schedule
from orders.model import Book

MISSING = "–"


def face(value: int | Decimal | None) -> str:
    """25,000,000"""
    return MISSING if value is None else f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def money(value: Decimal | None, currency: str = "") -> str:
    """USD 1,234,567, -USD 1,234,567"""
    if value is None:
        return MISSING
    return ("-" if round(value) < 0 else "") + f"{currency} {abs(value):,.0f}".strip()


def short_money(value: Decimal | None) -> str:
    """24.9mm, 1.3bn: where space is short."""
    if value is None:
        return MISSING
    size = abs(value)
    if size >= 1_000_000_000:
        return f"{value / 1_000_000_000:,.2f}bn"
    if size >= 1_000_000:
        return f"{value / 1_000_000:,.1f}mm"
    return f"{value:,.0f}"


def short_moneys(amounts: Mapping[str, Decimal]) -> str:
    """USD 24.9mm; in several currencies each of them: EUR 3.0mm + USD 24.9mm."""
    return " + ".join(f"{currency} {short_money(value)}" for currency, value in amounts.items()) or MISSING


def percent(value: float | Decimal | None, decimals: int = 1) -> str:
    return MISSING if value is None else f"{value:.{decimals}%}"


def figure(value: float | None, decimals: int, *, signed: bool = False) -> str:
    """A number with thousands separators, and never a negative zero."""
    if value is None:
        return MISSING
    return f"{round(value, decimals) + 0.0:{'+' if signed else ''},.{decimals}f}"


def metric(value: float | None, of: Metric, *, signed: bool = False) -> str:
    """1.234, or 87 for basis points."""
    return figure(value, of.decimals, signed=signed)


def dispersion(value: float, of: Metric) -> str:
    """0.2586 years, 12.4 bp: one decimal more than a level, so that a small improvement shows."""
    return f"{value:,.{of.decimals + 1}f} {of.unit}"


def price(value: Decimal | None, decimals: int = 8) -> str:
    """98.515625: up to eight decimals, or as many as asked for, without trailing zeros but with two at least."""
    if value is None:
        return MISSING
    text = f"{value:.{decimals}f}"
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def day(value: date | None) -> str:
    """Tue 24 Nov 2026"""
    return MISSING if value is None else f"{value:%a %d %b %Y}"


def moment(value: datetime) -> str:
    """24 Nov 2026, 14:05:09 UTC"""
    return f"{value.astimezone(UTC):%d %b %Y, %H:%M:%S} UTC"


def place(zone: ZoneInfo) -> str:
    """New York: the city a time zone is named after."""
    return zone.key.rpartition("/")[2].replace("_", " ")


def release(value: datetime, currency: str) -> str:
    """Tue 24 Nov 2026, 09:30 New York (14:30 UTC): by the clock of the currency's bond market."""
    zone = schedule.zone(currency)
    there, utc = value.astimezone(zone), value.astimezone(UTC)
    if zone.key == "UTC":
        return f"{utc:%a %d %b %Y, %H:%M} UTC"
    other_day = "" if there.date() == utc.date() else f"{utc:%a} "
    return f"{there:%a %d %b %Y, %H:%M} {place(zone)} ({other_day}{utc:%H:%M} UTC)"


def short_release(value: datetime, currency: str) -> str:
    """Tue 24 Nov, 09:30 New York: where space is short; it is never a year away."""
    zone = schedule.zone(currency)
    return f"{value.astimezone(zone):%a %d %b, %H:%M} {place(zone)}"


def ago(value: datetime, now: datetime) -> str:
    """just now, 3 min ago, 2 h ago, 5 d ago"""
    return "just now" if now - value < timedelta(seconds=10) else f"{waited(value, now)} ago"


def waited(value: datetime, now: datetime) -> str:
    """5 s, 3 min, 2 h, 5 d: for how long."""
    seconds = max(0, int((now - value).total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86400:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} d"


def book(value: Book) -> str:
    """Which world this is: "demo book, seed 7", "CSV: Our funds", "Aladdin"."""
    return f"CSV: {value.name}" if value.kind == "csv" else value.name


def plain(text: str) -> str:
    """A text that somebody else wrote, so that Markdown shows it as it is: no style, no picture and no link of it."""
    escaped = re.sub(r"([\\`*_\[\]$~<#|]|^>|:(?=[\w/+-]+:))", r"\\\1", text)  # :name: would be a picture
    # an address becomes a link however it is escaped, unless something that nobody sees stands in it
    return re.sub(r"(?i)(https?)(?=\\?:)|(www)(?=\.)", lambda found: f"{found[0]}\u2060", escaped)


def count(number: int, noun: str) -> str:
    """1 account, 6 accounts"""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def pieces(bond: Bond) -> str:
    """200,000 at least, then steps of 1,000"""
    if bond.min_piece == bond.increment:
        return f"steps of {bond.increment:,}"
    return f"{bond.min_piece:,} at least, then steps of {bond.increment:,}"


def width(improvement: float | None) -> str:
    """1.8% wider, 53.6% narrower, under 0.1% wider, unchanged; or "not applicable" without dispersion before."""
    if improvement is None:
        return "not applicable"
    if abs(improvement) < 1e-9:  # a rounding error
        return "unchanged"
    shown = f"{abs(improvement):.1%}" if abs(improvement) >= 0.0005 else "under 0.1%"
    return f"{shown} {'wider' if improvement < 0 else 'narrower'}"


def effect(before: float, after: float, of: Metric, improvement: float | None) -> str:
    """**0.1426 → 0.1452 years**, :orange[1.8% wider]: what becomes of the dispersion, with a colour for the worse."""
    told = f"**{before:,.{of.decimals + 1}f} → {dispersion(after, of)}**"
    if improvement is None:
        return told
    said = width(improvement)
    return f"{told}, :orange[{said}]" if said.endswith("wider") else f"{told}, {said}"


def size(count: float) -> str:
    """A number of bytes, in the unit that suits it."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:,.0f} {unit}"
        count /= 1000
    return f"{count:,.1f} GB"
