"""The nouns of an allocation: bond, account, block and choices. Frozen values with their units, no behaviour
beyond what follows from their own fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any

MINIMUM_COVERAGE = 0.95  # share of an account's market value that must have the measure


class Side(StrEnum):
    """Direction of the block. `sign` is +1 for a buy, -1 for a sell."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1


class Metric(Enum):
    """A measure an account is steered by. One enum drives the arithmetic, the labels, the screens and the tests.

    `tolerance` is how near, in its unit, an account counts as there: absolute, as the mean of active measures is near
    zero.
    """

    ASD = ("asd", "Active spread duration", "ASD", "years", 3, 0.05)
    SPREAD_DURATION = ("spread_duration", "Spread duration", "SD", "years", 3, 0.05)
    DURATION = ("duration", "Duration", "Dur", "years", 3, 0.05)
    OAS = ("oas", "OAS", "OAS", "bp", 0, 5.0)
    DTS = ("dts", "Duration times spread", "DTS", "years x bp", 0, 5.0)

    def __init__(self, key: str, label: str, short: str, unit: str, decimals: int, tolerance: float) -> None:
        self.key = key
        self.label = label
        self.short = short
        self.unit = unit
        self.decimals = decimals
        self.tolerance = tolerance

    @classmethod
    def of(cls, key: str) -> Metric:
        """The metric with this key; ValueError for an unknown one."""
        for metric in cls:
            if metric.key == key:
                return metric
        raise ValueError(f"unknown metric {key!r}")


@dataclass(frozen=True, slots=True)
class Measures:
    """Risk figures of a bond, a holding's bond or a benchmark. None is missing, never zero."""

    spread_duration: float | None = None  # years
    duration: float | None = None  # years
    oas: float | None = None  # basis points

    @property
    def dts(self) -> float | None:
        """Spread duration times OAS, years x basis points."""
        if self.spread_duration is None or self.oas is None:
            return None
        return self.spread_duration * self.oas

    def of(self, metric: Metric) -> float | None:
        """The figure `metric` sums. Active spread duration sums spread durations; the benchmark is taken off later."""
        if metric in (Metric.ASD, Metric.SPREAD_DURATION):
            return self.spread_duration
        if metric is Metric.DURATION:
            return self.duration
        if metric is Metric.OAS:
            return self.oas
        return self.dts


@dataclass(frozen=True, slots=True)
class Bond:
    """One security: terms, price per 100 face, measures, and the dates of both."""

    asset_id: str
    description: str
    currency: str
    min_piece: int  # face, the smallest line
    increment: int  # face, the step above the smallest line
    cusip: str = ""
    isin: str = ""
    sedol: str = ""
    ticker: str = ""
    issuer_id: str = ""
    issuer: str = ""
    sector: str = ""
    rating: str = ""
    country: str = ""
    coupon: Decimal | None = None  # percent a year
    coupon_frequency: int | None = None  # payments a year
    maturity: date | None = None
    is_144a: bool = False
    factor: Decimal = Decimal(1)
    price: Decimal | None = None  # clean, per 100 face
    price_date: date | None = None  # when it was read, where the source dates no price
    accrued: Decimal | None = None  # per 100 face
    measures: Measures = Measures()
    measures_date: date | None = None

    @property
    def label(self) -> str:
        """Short name as traders say it: ticker, coupon, maturity; the description where those are missing."""
        return short_name(self.ticker, self.coupon, self.maturity) or self.description or self.asset_id


def short_name(ticker: str, coupon: Decimal | None, maturity: date | None) -> str:
    """T 4.25 11/15/34; empty where one of the three is missing."""
    if not ticker or coupon is None or maturity is None:
        return ""
    return f"{ticker} {coupon.normalize():f} {maturity:%m/%d/%y}"


@dataclass(frozen=True, slots=True)
class Holding:
    """An account's position in one bond. Market values are in the account's base currency."""

    asset_id: str
    face: Decimal
    market_value: Decimal  # clean
    accrued_value: Decimal | None  # accrued interest in money; None when not known
    measures: Measures = Measures()
    issuer_id: str = ""
    sector: str = ""
    rating: str = ""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The index an account is measured against."""

    id: str
    measures: Measures


@dataclass(frozen=True, slots=True)
class Exposure:
    """An account's metric today. `value` is None when it is unavailable, and `reason` then says why."""

    value: float | None  # in the metric's unit
    coverage: float  # share of the holdings' market value that has the measure, 0..1
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """A portfolio that can take part in a block. Money is in `currency`, its base currency."""

    id: str
    name: str
    currency: str
    nav: Decimal | None
    cash: Decimal | None  # spendable on the order's settlement date, after live orders
    holdings: Mapping[str, Holding] = field(default_factory=dict)  # by asset id
    benchmark: Benchmark | None = None
    exposures: Mapping[Metric, Exposure] = field(default_factory=dict)
    fx: Mapping[str, Decimal] = field(default_factory=dict)  # one unit of that currency in base currency

    def held(self, asset_id: str) -> Decimal:
        """Face held of one bond; zero when it is not held."""
        holding = self.holdings.get(asset_id)
        return holding.face if holding else Decimal(0)

    def rate(self, currency: str) -> Decimal | None:
        """Base currency per unit of `currency`: 1 for its own, None when no rate is known."""
        return Decimal(1) if currency == self.currency else self.fx.get(currency)


@dataclass(frozen=True, slots=True)
class BlockOrder:
    """What the portfolio manager wants to trade for the whole group."""

    bond: Bond
    side: Side
    face: int
    settlement: date
    limit: Decimal | None = None  # clean price per 100 face
    market_buffer: Decimal = Decimal(0)  # share added to the mark when a buy has no limit

    @property
    def mark(self) -> Decimal | None:
        """Clean price the position is valued at: the bond's, else the limit typed for a bond without one."""
        return self.bond.price if self.bond.price is not None else self.limit

    @property
    def trade_price(self) -> Decimal | None:
        """Clean price money is reserved at: the most a buy may cost, the least a sell should bring."""
        mark = self.mark
        if mark is None:
            return None
        if self.side is Side.SELL:
            return mark if self.limit is None else min(mark, self.limit)
        return mark * (1 + self.market_buffer) if self.limit is None else max(mark, self.limit)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the portfolio manager chose beside the block itself. `parameters` are the engine's options by name."""

    engine: str = "pro_rata"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    metric: Metric = Metric.ASD
    excluded: frozenset[str] = frozenset()  # accounts left out of the metric, by explicit choice
    tolerance: float | None = None  # in the metric's unit; None: the metric's own
    locked: Mapping[str, int] = field(default_factory=dict)  # faces set by hand, by account id; the rest is split
    min_allocation: int = 0  # face: no smaller line for anybody
    respect_cash: bool = True  # off: a what-if
    round_to_denomination: bool = True  # off: a what-if in single units of face
    minimum_coverage: float = MINIMUM_COVERAGE

    @property
    def what_if(self) -> bool:
        """Whether a rule that always holds was switched off."""
        return not (self.respect_cash and self.round_to_denomination)
