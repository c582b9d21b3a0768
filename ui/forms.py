"""Reading what a person types into a form: faces and prices as everywhere, levels and asks as traders write them."""

from __future__ import annotations

import re
from decimal import Decimal

from allocation.engines.custom import Ask
from allocation.errors import InvalidBlock, InvalidParameter
from allocation.model import Metric
from orders.checks import FACE_BELOW
from orders.typed import amount, bare, odd_commas
from orders.typed import face as face
from orders.typed import price as price

_PERCENT = re.compile(r"(\d{1,6}(?:\.\d{1,12})?)%", re.ASCII)
_MONEY = re.compile(r"([a-z]{3}|[$€£¥])(.+)")
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}
_LEVEL = re.compile(r"[+-]?(\d{1,9}(\.\d{0,12})?|\.\d{1,12})", re.ASCII)


def ask(text: str, currency: str) -> tuple[Ask, Decimal]:
    """What an account is to get: 25% of the order, 5mm of face, or money as USD 2mm or $2mm, which must be in the
    account's `currency`. `InvalidParameter` says what to type otherwise."""
    typed, said = bare(text), text.strip()
    if share := _PERCENT.fullmatch(typed):
        if Decimal(share[1]) > 100:
            raise InvalidParameter("ask", f"“{said}” is more than the whole order: type at most 100%.")
        return Ask.PERCENT, Decimal(share[1])
    paid = _MONEY.fullmatch(typed)
    value = None if odd_commas(paid[2] if paid else typed) else amount(paid[2] if paid else typed)
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


def limit(text: str) -> Decimal:
    """A price that must be typed; `InvalidBlock` where it is left empty."""
    value = price(text)
    if value is None:
        raise InvalidBlock("limit", "Type the limit, like 98.515625 or 98-16+, or choose market.")
    return value
