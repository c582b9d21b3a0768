"""The one formula for a post-trade metric, the sums it starts from, and the dispersion measures. Every engine, screen,
chart and statement takes its figures from here."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from allocation.model import MINIMUM_COVERAGE, Account, Benchmark, Exposure, Holding, Metric

Vector = NDArray[np.float64]


def post_trade(before: Vector, sign: int, face: Vector, unit_value: Vector, measure: float, nav: Vector) -> Vector:
    """Metric after the trade: m + side * face * (factor * price/100 * fx) * measure / NAV.

    Cash-funded, so NAV does not move. `before` and the result are in the metric's unit, `face` in currency units,
    `unit_value` in base currency per unit of face, `nav` in base currency; all of shape (accounts,).
    """
    return before + sign * face * unit_value * measure / nav


def face_to_reach(gap: float, sign: int, unit_value: float, measure: float, nav: float) -> float:
    """The face whose trade moves an account's metric by `gap`: `post_trade` solved for the face. Below zero where the
    trade moves it the other way. `unit_value` and `measure` are not zero."""
    return gap * nav / (sign * unit_value * measure)


def basis(holdings: Iterable[Holding]) -> str:
    """How these holdings can be valued: "dirty" when accrued interest is known for all of them, else "clean"."""
    return "dirty" if all(h.accrued_value is not None for h in holdings) else "clean"


def exposures(
    holdings: Collection[Holding],
    nav: Decimal | None,
    benchmark: Benchmark | None,
    minimum_coverage: float = MINIMUM_COVERAGE,
    on_basis: str | None = None,
) -> dict[Metric, Exposure]:
    """Every metric of an account: the sum over its holdings of market value * measure / NAV, in the metric's unit.

    A holding without the measure lowers the coverage; below `minimum_coverage` the metric is unavailable. Active
    spread duration takes the benchmark's spread duration off. `on_basis` ("dirty" or "clean") is the valuation; by
    default dirty where accrued interest is known for every holding.
    """
    valued = on_basis or basis(holdings)
    values = [
        (float(h.market_value + (h.accrued_value or Decimal(0)) if valued == "dirty" else h.market_value), h)
        for h in holdings
    ]
    return {metric: _exposure(metric, values, nav, benchmark, minimum_coverage) for metric in Metric}


def _exposure(
    metric: Metric,
    values: Sequence[tuple[float, Holding]],
    nav: Decimal | None,
    benchmark: Benchmark | None,
    minimum_coverage: float,
) -> Exposure:
    total = math.fsum(abs(value) for value, _ in values)
    measured = [(value, m) for value, h in values if (m := h.measures.of(metric)) is not None]
    covered = math.fsum(abs(value) for value, _ in measured)
    coverage = covered / total if total else 1.0
    if nav is None or nav <= 0:
        return Exposure(None, coverage, "NAV is missing" if nav is None else f"NAV is {nav:,.0f}, not above zero")
    if coverage < minimum_coverage:
        missing = len(values) - len(measured)
        noun = "holding has" if missing == 1 else "holdings have"
        figure = metric.label.lower() if metric is not Metric.OAS else "OAS"
        return Exposure(
            None,
            coverage,
            f"{missing} {noun} no {figure.removeprefix('active ')}: "
            f"{coverage:.1%} of market value is covered, {minimum_coverage:.0%} is needed",
        )
    # fsum is exact before its one rounding, so the order of the holdings does not matter
    value = math.fsum(v * m for v, m in measured) / float(nav)
    if metric is not Metric.ASD:
        return Exposure(value, coverage)
    if benchmark is None:
        return Exposure(None, coverage, "no benchmark is assigned")
    if benchmark.measures.spread_duration is None:
        return Exposure(None, coverage, f"benchmark {benchmark.id} has no spread duration")
    return Exposure(value - benchmark.measures.spread_duration, coverage)


def on_basis(account: Account, wanted: str, minimum_coverage: float = MINIMUM_COVERAGE) -> Account:
    """The account with its exposures valued on `wanted`; unchanged when they already are."""
    if basis(account.holdings.values()) == wanted:
        return account
    restated = exposures(account.holdings.values(), account.nav, account.benchmark, minimum_coverage, wanted)
    return replace(account, exposures=restated)


@dataclass(frozen=True, slots=True)
class Spread:
    """How a group stands on one metric: each account's value, their mean and standard deviation (the metric's unit),
    and the accounts without it, with the reason. Mappings are by account id."""

    metric: Metric
    values: Mapping[str, float]
    mean: float
    stdev: float
    missing: Mapping[str, str]


def spread(accounts: Sequence[Account], metric: Metric) -> Spread:
    """The group's spread today, over the accounts that have the metric."""
    values = {a.id: value for a in accounts if (value := a.exposures[metric].value) is not None}
    missing = {a.id: a.exposures[metric].reason for a in accounts if a.id not in values}
    return spread_of(values, metric, missing)


def spread_of(values: Mapping[str, float], metric: Metric, missing: Mapping[str, str]) -> Spread:
    """The spread of values by account id."""
    vector = np.array(list(values.values()), dtype=np.float64)
    mean = float(vector.mean()) if vector.size else 0.0
    return Spread(metric, dict(values), mean, dispersion(vector), dict(missing))


def offered_first(accounts: Sequence[Account]) -> Metric:
    """The metric to begin with: active spread duration, or plain spread duration where nobody has a benchmark."""
    measured = any(a.exposures[Metric.ASD].value is not None for a in accounts)
    return Metric.ASD if measured or not accounts else Metric.SPREAD_DURATION


class Dispersion(Enum):
    """How far a group is spread: the internal-dispersion measures GIPS 2020 names, and the largest deviation."""

    STDEV = ("stdev", "Standard deviation")
    STDEV_NAV = ("stdev_nav", "Standard deviation, NAV-weighted")
    RANGE = ("range", "High less low")
    IQR = ("iqr", "Interquartile range")
    MAX_DEVIATION = ("max_deviation", "Largest distance from the mean")

    def __init__(self, key: str, label: str) -> None:
        self.key = key
        self.label = label


def dispersion(values: Vector, measure: Dispersion = Dispersion.STDEV, nav: Vector | None = None) -> float:
    """Dispersion of `values` (shape (accounts,)), in their unit; 0 for an empty group.

    The default is the population standard deviation with equal weights over all accounts given. `nav`, of the same
    shape and in one currency, is needed by the NAV-weighted one (ValueError without it).
    """
    if values.size == 0:
        return 0.0
    return _MEASURES[measure](values, nav)


def _stdev(values: Vector, weights: Vector) -> float:
    mean = float(weights @ values)
    return math.sqrt(float(weights @ (values - mean) ** 2))


def _equal(values: Vector, _nav: Vector | None) -> float:
    return _stdev(values, np.full(values.size, 1.0 / values.size))


def _by_nav(values: Vector, nav: Vector | None) -> float:
    if nav is None:
        raise ValueError("the NAV-weighted standard deviation needs each account's NAV")
    return _stdev(values, nav / nav.sum())


def _iqr(values: Vector, _nav: Vector | None) -> float:
    low, high = np.quantile(values, [0.25, 0.75])
    return float(high - low)


_MEASURES: Mapping[Dispersion, Callable[[Vector, Vector | None], float]] = {
    Dispersion.STDEV: _equal,
    Dispersion.STDEV_NAV: _by_nav,
    Dispersion.RANGE: lambda values, _nav: float(np.ptp(values)),
    Dispersion.IQR: _iqr,
    Dispersion.MAX_DEVIATION: lambda values, _nav: float(np.max(np.abs(values - values.mean()))),
}


def improvement(before: float, after: float) -> float | None:
    """(before - after) / before, of a dispersion; None where there was none before."""
    return None if before == 0 else (before - after) / before
