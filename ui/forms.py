"""Reading what a person types: faces, prices, levels and asks as traders write them."""

from __future__ import annotations

import re
from decimal import Decimal

from allocation.engines.custom import Ask
from allocation.errors import InvalidBlock, InvalidParameter
from allocation.model import Metric
from orders.checks import FACE_BELOW

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)(k|m|mm|mn|mio|million|b|bn|billion)?", re.ASCII)
_SCALE = {
    "": 1, "k": 1_000, "m": 1_000_000, "mm": 1_000_000, "mn": 1_000_000, "mio": 1_000_000, "million": 1_000_000,
    "b": 1_000_000_000, "bn": 1_000_000_000, "billion": 1_000_000_000,
}  # fmt: skip
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?(?![\d.,])", re.ASCII)
_PERCENT = re.compile(r"(\d{1,6}(?:\.\d{1,12})?)%", re.ASCII)
_MONEY = re.compile(r"([a-z]{3}|[$€£¥])(.+)")
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}
_PRICE = re.compile(r"\d{1,9}(\.\d{0,60})?|\.\d{1,60}", re.ASCII)
_TICKS = re.compile(r"(\d{1,3})-(\d{2})(\d|\+)?", re.ASCII)
_LEVEL = re.compile(r"[+-]?(\d{1,9}(\.\d{0,12})?|\.\d{1,12})", re.ASCII)


def face(text: str, *, least: int = 1) -> int:
    """25,000,000 from "25,000,000", "25mm", "25 m" or "0.5bn". `InvalidBlock` says what to type otherwise, or that it
    is below `least`."""
    typed = _bare(text).removeprefix("$")
    if _odd_commas(typed):
        raise InvalidBlock("face", f"“{text.strip()}” has its commas in odd places: type 25,000,000 or 25mm.")
    value = _amount(typed)
    if value is None:
        raise InvalidBlock("face", f"“{text.strip()}” is not a face: type 25,000,000 or 25mm.")
    if value != value.to_integral_value():
        raise InvalidBlock("face", f"“{text.strip()}” is not a whole number of currency units.")
    if not least <= value < FACE_BELOW:
        at_least = "above zero and " if least else ""
        raise InvalidBlock("face", f"The face must be {at_least}below {FACE_BELOW:,}.")
    return int(value)


def ask(text: str, currency: str) -> tuple[Ask, Decimal]:
    """What an account is to get: 25% of the order, 5mm of face, or money as USD 2mm or $2mm, which must be in the
    account's `currency`. `InvalidParameter` says what to type otherwise."""
    typed, said = _bare(text), text.strip()
    if share := _PERCENT.fullmatch(typed):
        if Decimal(share[1]) > 100:
            raise InvalidParameter("ask", f"“{said}” is more than the whole order: type at most 100%.")
        return Ask.PERCENT, Decimal(share[1])
    paid = _MONEY.fullmatch(typed)
    value = None if _odd_commas(paid[2] if paid else typed) else _amount(paid[2] if paid else typed)
    if value is None:
        raise InvalidParameter("ask", f"“{said}” is not an ask: type 25% of the order, 5mm of face, or {currency} 2mm.")
    if value >= FACE_BELOW:
        raise InvalidParameter("ask", f"“{said}” must be below {FACE_BELOW:,}.")
    if paid and _SIGNS.get(paid[1], paid[1].upper()) != currency:
        raise InvalidParameter("ask", f"“{said}” is not in {currency}, the currency of this account.")
    if not paid and value != value.to_integral_value():
        raise InvalidParameter("ask", f"“{said}” is not a whole number of currency units.")
    return (Ask.MONEY if paid else Ask.FACE), value


def level(text: str, metric: Metric) -> float:
    """A level of the metric, in its unit: 0.25, -1 or +.5. `InvalidParameter` says what to type otherwise."""
    typed = text.strip().replace("−", "-")
    if not _LEVEL.fullmatch(typed):
        unit = metric.unit
        raise InvalidParameter("level", f"“{text.strip()}” is not a level: type it in {unit}, like 0.25 or -1.")
    return float(typed)


def priority(text: str) -> int:
    """1 for first, 2 for second; `InvalidParameter` for anything but a whole number."""
    typed = text.strip()
    if not re.fullmatch(r"\d{1,4}", typed, re.ASCII):
        raise InvalidParameter("priority", f"“{typed}” is not a priority: type 1 for first, 2 for second.")
    return int(typed)


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


def limit(text: str) -> Decimal:
    """A price that must be typed; `InvalidBlock` where it is left empty."""
    value = price(text)
    if value is None:
        raise InvalidBlock("limit", "Type the limit, like 98.515625 or 98-16+, or choose market.")
    return value


def _in_ticks(typed: str) -> Decimal | None:
    """98-16+ in decimals: 32nds, then eighths of one, + for four. None where it is no such price."""
    ticks = _TICKS.fullmatch(typed)
    if ticks is None:
        return None
    eighths = 4 if ticks[3] == "+" else int(ticks[3] or 0)
    if int(ticks[2]) > 31 or eighths > 7:
        return None
    return int(ticks[1]) + (Decimal(ticks[2]) + Decimal(eighths) / 8) / 32


def _bare(text: str) -> str:
    return text.strip().lower().replace(" ", "")


def _odd_commas(typed: str) -> bool:
    return "," in typed and not _GROUPED.match(typed)


def _amount(typed: str) -> Decimal | None:
    """The number that digits with an optional scale come to; None where they are none."""
    found = _AMOUNT.fullmatch(typed.replace(",", ""))
    return Decimal(found[1]) * _SCALE[found[2] or ""] if found else None
