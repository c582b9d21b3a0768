"""One model per CSV file: its columns, what a cell may hold, and what a blank one means.

A field without a default must be filled in; one with a default may be blank. A column may be left out altogether only
when the model lists it in `optional`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, PlainValidator

from books.accrued import DAY_COUNTS, FREQUENCIES

N = TypeVar("N", int, Decimal)

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
# Digits in groups, as 1,234,567 or 12,34,567 or 1'234'567; spaces may be of the unbreakable kinds.
GROUPED = re.compile(r"[+-]?\d{1,3}([,'’_ \u00a0\u202f]\d{2,3})*[,'’_ \u00a0\u202f]\d{3}(\.\d+)?", re.ASCII)
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
YES, NO = ("true", "yes", "y", "1"), ("false", "no", "n", "0")


def number(text: str) -> Decimal:
    """A plain decimal number. The ValueError of this and the parsers below says what was expected."""
    if GROUPED.fullmatch(text):
        plain = re.sub(r"[^0-9.+-]", "", text)
        raise ValueError(f"a number without thousands separators (write {plain})")
    if not NUMBER.fullmatch(text):
        raise ValueError("a number such as 1234.56: a point for decimals, no currency or percent sign")
    return Decimal(text)


def whole(text: str) -> int:
    """A whole number, also when written 1000.00."""
    value = number(text)
    if value != value.to_integral_value():
        raise ValueError("a whole number")
    return int(value)


def day(text: str) -> date:
    """A date as YYYY-MM-DD."""
    try:
        if ISO_DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"a date of the calendar as YYYY-MM-DD ({error})") from error
    raise ValueError("a date as YYYY-MM-DD")


def flag(text: str) -> bool:
    """Yes or no."""
    if text.lower() in YES + NO:
        return text.lower() in YES
    raise ValueError(f"one of {', '.join(YES + NO)}")


def currency(text: str) -> str:
    """A currency code."""
    if re.fullmatch(r"[A-Z]{3}", text):
        return text
    raise ValueError("a currency code of three capital letters, as USD")


def day_count(text: str) -> str:
    """A day count of books.accrued, in either case, ACTUAL or ACT."""
    name = text.upper().replace("ACTUAL", "ACT")
    if name in DAY_COUNTS:
        return name
    raise ValueError(f"one of {', '.join(DAY_COUNTS)}")


def frequency(text: str) -> int | None:
    """Payments a year; 0 says the same as a blank cell, that there are no regular ones."""
    value = whole(text)
    if value in (0, *FREQUENCIES):
        return value or None
    raise ValueError(f"payments a year, one of {', '.join(map(str, FREQUENCIES))}, or 0 for none")


def checked(parse: Callable[[str], N], holds: Callable[[N], bool], what: str) -> PlainValidator:
    """A parser that also refuses values out of range, saying `what` was expected."""

    def parsed(text: str) -> N:
        value = parse(text)
        if not holds(value):
            raise ValueError(what)
        return value

    return PlainValidator(parsed)


Amount = Annotated[Decimal, PlainValidator(number)]
Positive = Annotated[Decimal, checked(number, lambda n: n > 0, "an amount above zero")]
NotNegative = Annotated[Decimal, checked(number, lambda n: n >= 0, "an amount of zero or more")]
Lots = Annotated[int, checked(whole, lambda n: n > 0, "a whole number above zero")]
Figure = Annotated[float, PlainValidator(lambda text: float(number(text)))]
Day = Annotated[date, PlainValidator(day)]
Currency = Annotated[str, PlainValidator(currency)]
DayCount = Annotated[str, PlainValidator(day_count)]
Frequency = Annotated[int | None, PlainValidator(frequency)]
Flag = Annotated[bool, PlainValidator(flag)]


class Row(BaseModel):
    """A line of a file. Models take the cells that are filled in, as text."""

    model_config = ConfigDict(frozen=True)
    optional: ClassVar[frozenset[str]] = frozenset()
    missing: ClassVar[dict[str, str]] = {}  # by column: what a blank cell should have held
    may_be_empty: ClassVar[bool] = False  # whether a header without lines says something

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Every column of the file."""
        return tuple(cls.model_fields)

    @classmethod
    def required_columns(cls) -> tuple[str, ...]:
        """The columns the header must have."""
        return tuple(column for column in cls.model_fields if column not in cls.optional)


class AccountRow(Row):
    """accounts.csv: NAV and cash in the account's currency; a blank benchmark means none."""

    account: str
    name: str
    currency: Currency
    nav: Positive
    cash: Amount
    benchmark: str = ""


class GroupRow(Row):
    """groups.csv: one line for each account of each group."""

    missing = {"account": "an account: a group must have at least one"}

    group: str
    account: str


class PositionRow(Row):
    """positions.csv: face, and clean market value in the account's currency."""

    account: str
    asset_id: str
    face: NotNegative
    market_value: NotNegative


class BenchmarkRow(Row):
    """benchmarks.csv: durations in years, OAS in basis points."""

    benchmark: str
    name: str
    duration: Figure | None = None
    spread_duration: Figure | None = None
    oas: Figure | None = None


class LimitRow(Row):
    """limits.csv: which rule an account is under (`books.limits`). A header alone says that there are no limits."""

    may_be_empty = True

    account: str
    rule: Annotated[str, PlainValidator(str.lower)]
    of: str = ""
    limit: str = ""


class SecurityRow(Row):
    """securities.csv: price and accrued per 100 face, coupon and yield in percent, durations in years, OAS in basis
    points. A blank figure is missing, never zero."""

    optional = frozenset({"ticker", "sedol", "factor", "accrued", "day_count", "is_144a", "analytics_date"})

    asset_id: str
    cusip: str = ""
    isin: str = ""
    sedol: str = ""
    ticker: str = ""
    description: str
    issuer: str
    sector: str = ""
    asset_class: str = ""
    rating: str = ""
    currency: Currency
    country: str = ""
    coupon: NotNegative | None = None
    coupon_frequency: Frequency = None
    day_count: DayCount = ""
    maturity: Day | None = None
    price: NotNegative | None = None
    accrued: Amount | None = None
    factor: NotNegative = Decimal(1)
    is_144a: Flag = False
    duration: Figure | None = None
    spread_duration: Figure | None = None
    oas: Figure | None = None
    yield_to_maturity: Figure | None = None
    analytics_date: Day | None = None
    min_piece: Lots
    increment: Lots


class HeadRow(Row):
    """book.toml: the book's name, its business date, its currency."""

    name: str
    as_of: Day
    currency: Currency
