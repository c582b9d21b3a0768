"""Reading what a person types: faces and prices as traders write them."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from allocation.errors import InvalidBlock

_FACE = re.compile(r"^(\d+(?:\.\d+)?)(k|m|mm|mn|mio|million|b|bn|billion)?$")
_SCALE = {
    "": 1, "k": 1_000, "m": 1_000_000, "mm": 1_000_000, "mn": 1_000_000, "mio": 1_000_000, "million": 1_000_000,
    "b": 1_000_000_000, "bn": 1_000_000_000, "billion": 1_000_000_000,
}  # fmt: skip
_GROUPED = re.compile(r"^\d{1,3}(,\d{3})+(\.\d+)?")


def face(text: str) -> int:
    """25,000,000 from "25,000,000", "25mm", "25 m" or "0.5bn". `InvalidBlock` says what to type otherwise."""
    typed = text.strip().lower().removeprefix("$").replace(" ", "")
    if "," in typed and not _GROUPED.match(typed):
        raise InvalidBlock("face", f"“{text.strip()}” has its commas in odd places: type 25,000,000 or 25mm.")
    found = _FACE.match(typed.replace(",", ""))
    if not found:
        raise InvalidBlock("face", f"“{text.strip()}” is not a face: type 25,000,000 or 25mm.")
    value = Decimal(found[1]) * _SCALE[found[2] or ""]
    if value != value.to_integral_value():
        raise InvalidBlock("face", f"“{text.strip()}” is not a whole number of currency units.")
    if not 0 < value < 10**12:
        raise InvalidBlock("face", "The face must be above zero and below 1,000,000,000,000.")
    return int(value)


def price(text: str) -> Decimal | None:
    """A price per 100 face: 98.515625, or 98-16 and 98-16+ in 32nds as Treasuries are quoted. None when left empty."""
    typed = text.strip()
    if not typed:
        return None
    ticks = re.fullmatch(r"(\d{1,3})-(\d{2})(\d|\+)?", typed)
    try:
        if ticks:
            eighths = 4 if ticks[3] == "+" else int(ticks[3] or 0)
            if int(ticks[2]) > 31 or eighths > 7:
                raise InvalidOperation
            value = int(ticks[1]) + (Decimal(ticks[2]) + Decimal(eighths) / 8) / 32
        elif "e" in typed.lower():
            raise InvalidOperation
        else:
            value = Decimal(typed)
    except InvalidOperation:
        raise InvalidBlock("limit", f"“{typed}” is not a price per 100: type 98.515625 or 98-16+.") from None
    if not value.is_finite() or not 0 < value < 1000:
        raise InvalidBlock("limit", f"A price of {typed} per 100 is not plausible: type it per 100 face, like 98.5.")
    if value != round(value, 8):
        raise InvalidBlock("limit", "A price may have at most eight decimals.")
    return value
