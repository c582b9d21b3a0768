"""A book as data: accounts, securities, positions, benchmarks and groups, in its own plain types. It knows nothing of
allocation or Aladdin; the simulated server speaks for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Security:
    """A bond's terms, price per 100 face and analytics. None is missing, never zero."""

    asset_id: str
    description: str
    issuer: str
    currency: str
    min_piece: int
    increment: int
    cusip: str = ""
    isin: str = ""
    sedol: str = ""
    ticker: str = ""
    sector: str = ""
    asset_class: str = ""
    rating: str = ""
    country: str = ""
    coupon: Decimal | None = None  # percent a year
    coupon_frequency: int | None = None
    day_count: str = ""  # "30/360", "ACT/ACT", "ACT/360", "ACT/365"
    maturity: date | None = None
    price: Decimal | None = None  # clean, per 100 face
    accrued: Decimal | None = None  # per 100 face
    factor: Decimal = Decimal(1)
    is_144a: bool = False
    duration: float | None = None  # years
    spread_duration: float | None = None  # years
    oas: float | None = None  # basis points
    yield_to_maturity: float | None = None  # percent
    analytics_date: date | None = None  # None: the book's date


@dataclass(frozen=True, slots=True)
class Portfolio:
    """An account: NAV and cash in its base currency; `benchmark` is the id of an index, or empty."""

    id: str
    name: str
    currency: str
    nav: Decimal
    cash: Decimal
    benchmark: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """Face of one security held by one account; market value clean, in the account's base currency."""

    account: str
    asset_id: str
    face: Decimal
    market_value: Decimal


@dataclass(frozen=True, slots=True)
class Index:
    """A benchmark and its measures."""

    id: str
    name: str
    spread_duration: float | None = None  # years
    duration: float | None = None  # years
    oas: float | None = None  # basis points


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit as its line has it: `account` an account or * for every one, `rule` a key of `books.limits`, `of` one
    issuer, sector or security (empty: each of them, or the account as a whole), `value` as the rule has it."""

    account: str
    rule: str
    of: str
    value: str


@dataclass(frozen=True, slots=True)
class Book:
    """A whole book on its business date. Mappings are by id; `groups` maps a group to its member accounts. `limits`
    is None when the book says nothing of limits, which is not the same as saying that there are none."""

    id: str  # "demo:7" or "csv:<name>:<as_of>"
    kind: str  # "demo" or "csv"
    name: str
    as_of: date
    currency: str
    securities: dict[str, Security]
    portfolios: dict[str, Portfolio]
    positions: tuple[Position, ...]
    benchmarks: dict[str, Index]
    groups: dict[str, tuple[str, ...]]
    warnings: tuple[str, ...] = ()
    limits: tuple[Limit, ...] | None = None
