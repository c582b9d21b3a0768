"""What people type, read: faces and prices as traders write them, and dates. Each raises `InvalidBlock`, which says
what to type otherwise."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

from allocation.errors import InvalidBlock
from orders.checks import FACE_BELOW

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)(k|m|mm|mn|mio|million|b|bn|billion)?", re.ASCII)
_SCALE = {
    "": 1, "k": 1_000, "m": 1_000_000, "mm": 1_000_000, "mn": 1_000_000, "mio": 1_000_000, "million": 1_000_000,
    "b": 1_000_000_000, "bn": 1_000_000_000, "billion": 1_000_000_000,
}  # fmt: skip
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?(?![\d.,])", re.ASCII)
_PRICE = re.compile(r"\d{1,9}(\.\d{0,60})?|\.\d{1,60}", re.ASCII)
_TICKS = re.compile(r"(\d{1,3})-(\d{2})(\d|\+)?", re.ASCII)
_DATES = ("%Y-%m-%d", "%d %b %Y", "%d %B %Y", "%d-%b-%Y")  # none that is read otherwise on the other side of the ocean


def face(text: str, *, least: int = 1) -> int:
    """25,000,000 from "25,000,000", "25mm", "25 m" or "0.5bn"; nothing below `least`."""
    typed = bare(text).removeprefix("$")
    if odd_commas(typed):
        raise InvalidBlock("face", f"“{text.strip()}” has its commas in odd places: type 25,000,000 or 25mm.")
    value = amount(typed)
    if value is None:
        raise InvalidBlock("face", f"“{text.strip()}” is not a face: type 25,000,000 or 25mm.")
    if value != value.to_integral_value():
        raise InvalidBlock("face", f"“{text.strip()}” is not a whole number of currency units.")
    if not least <= value < FACE_BELOW:
        at_least = "above zero and " if least else ""
        raise InvalidBlock("face", f"The face must be {at_least}below {FACE_BELOW:,}.")
    return int(value)


def price(text: str) -> Decimal | None:
    """A price per 100 face: 98.515625, or 98-16 and 98-16+ in 32nds as Treasuries are quoted. None when left empty."""
    typed = text.strip()
    if not typed:
        return None
    value = _in_ticks(typed) if "-" in typed else Decimal(typed) if _PRICE.fullmatch(typed) else None
    if value is None:
        raise InvalidBlock("limit", f"“{typed}” is not a price per 100: type 98.515625 or 98-16+.")
    if not 0 < value < 1000:
        raise InvalidBlock("limit", f"A price of {typed} per 100 is not plausible: type it per 100 face, like 98.5.")
    if value != round(value, 8):
        raise InvalidBlock("limit", "A price may have at most eight decimals.")
    return value


def day(text: str) -> date | None:
    """2026-11-23, or 23 Nov 2026. None when left empty."""
    typed = " ".join(text.split())
    if not typed:
        return None
    for form in _DATES:
        try:
            return datetime.strptime(typed, form).date()
        except ValueError:
            continue
    raise InvalidBlock("settlement", f"“{typed}” is not a date: type it as 2026-11-23 or 23 Nov 2026.")


def bare(text: str) -> str:
    """In small letters, without spaces."""
    return text.strip().lower().replace(" ", "")


def odd_commas(typed: str) -> bool:
    """Whether there are commas that are not between thousands."""
    return "," in typed and not _GROUPED.match(typed)


def amount(typed: str) -> Decimal | None:
    """The number that digits with an optional scale come to; None where they are none."""
    found = _AMOUNT.fullmatch(typed.replace(",", ""))
    return Decimal(found[1]) * _SCALE[found[2] or ""] if found else None


def _in_ticks(typed: str) -> Decimal | None:
    """98-16+ in decimals: 32nds, then eighths of one, + for four. None where it is no such price."""
    ticks = _TICKS.fullmatch(typed)
    if ticks is None:
        return None
    eighths = 4 if ticks[3] == "+" else int(ticks[3] or 0)
    if int(ticks[2]) > 31 or eighths > 7:
        return None
    return int(ticks[1]) + (Decimal(ticks[2]) + Decimal(eighths) / 8) / 32
