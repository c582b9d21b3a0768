"""How long something takes: medians of several goes, by the clock on the wall."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds: the median of several goes, and the longest."""

    middle: float
    most: float

    def __str__(self) -> str:
        return f"{_ms(self.middle)} ({_ms(self.most)})"


def took(*goes: Callable[[], object], times: int = 1) -> Took:
    """Each of `goes`, so many times. What is collected between them is on nobody's time."""
    spent: list[float] = []
    for _ in range(times):
        for go in goes:
            gc.collect()
            start = perf_counter()
            go()
            spent.append(perf_counter() - start)
    return Took(median(spent), max(spent))


def _ms(seconds: float) -> str:
    value = 1e3 * seconds
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
