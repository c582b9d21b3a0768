"""What the trials come to: times, ratios within an instance, excess over the best known, violations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.measure import Trial


@dataclass(frozen=True, slots=True)
class Figures:
    """One method over some trials. Times in milliseconds, excess in years over the best legal allocation known; None
    where there is nothing to speak of."""

    count: int
    median_ms: float
    max_ms: float
    excess: tuple[float, float] | None  # as given: median, max
    excess_rounded: tuple[float, float] | None  # over the legal ones among the rounded
    violations: int  # as given
    violations_rounded: int
    broken: int  # instances with violations after rounding
    notes: Counter[str]


def figures(trials: Sequence[Trial], key: str) -> Figures | None:
    """The figures of one method; None where it took part in none of the trials."""
    read = [(trial, trial.readings[key]) for trial in trials if key in trial.readings]
    if not read:
        return None
    times = [1e3 * reading.seconds for _, reading in read]
    given = [(trial, reading.given) for trial, reading in read if reading.given is not None]
    rounded = [(trial, reading.rounded) for trial, reading in read if reading.rounded is not None]
    legal = [judged.dispersion - trial.best for trial, judged in rounded if not judged.violations]
    return Figures(
        count=len(read),
        median_ms=median(times),
        max_ms=max(times),
        excess=_middle_and_most([judged.dispersion - trial.best for trial, judged in given]),
        excess_rounded=_middle_and_most(legal),
        violations=sum(judged.violations for _, judged in given),
        violations_rounded=sum(judged.violations for _, judged in rounded),
        broken=sum(judged.violations > 0 for _, judged in rounded),
        notes=Counter(reading.note for _, reading in read if reading.note),
    )


def _middle_and_most(values: Sequence[float]) -> tuple[float, float] | None:
    return (median(values), max(values)) if values else None


def ratio(trials: Sequence[Trial], peer: str, to: str, *, processor: bool = False) -> float | None:
    """How many times longer `peer` took than `to`, by the clock or in processor time: within each instance, then the
    median."""
    both = [(t.readings[peer], t.readings[to]) for t in trials if peer in t.readings and to in t.readings]
    if not both:
        return None
    return median(a.processor / b.processor if processor else a.seconds / b.seconds for a, b in both)
