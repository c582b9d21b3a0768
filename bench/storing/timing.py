"""How long something takes, time after time, and how that is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from statistics import median, quantiles
from time import perf_counter

ENOUGH = 100  # times for a 99th percentile


class Clock:
    """The wall clock in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self) -> date:
        return self.now().date()


@dataclass(frozen=True, slots=True)
class Row:
    """What was timed, and its milliseconds."""

    what: str
    times: Sequence[float]

    @property
    def cells(self) -> tuple[str, str]:
        """The median, and the 99th percentile: the most where there are few."""
        worst = max(self.times) if len(self.times) < ENOUGH else quantiles(self.times, n=100, method="inclusive")[98]
        return f"{median(self.times):,.2f}", f"{worst:,.2f}"


def timed(work: Callable[[], object], repeats: int) -> list[float]:
    """Milliseconds of each time."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        times.append(1e3 * (perf_counter() - start))
    return times
