"""The contest: every method on the same instances at the same total, turn by turn, timed and judged alike."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time

from allocation.certificate import certify
from allocation.kernel.solve import solve
from bench.contest import Case, Entrant, Judged, case, judge
from bench.instances import Kind, draw, kinds
from bench.scaled import to_lots

_REPEATS = 5
_ENOUGH = 0.05  # seconds: a method that has taken this long on an instance is not timed again
_WARM = 10_000  # the replicate nobody is judged on


@dataclass(frozen=True, slots=True)
class Reading:
    """One method on one instance: the medians of its times, and its allocation as given and rounded to lots."""

    seconds: float  # as the clock on the wall has it
    processor: float  # seconds of processor time: what is left when others keep the machine busy
    note: str
    given: Judged | None
    rounded: Judged | None  # what may be traded of it; the same as `given` for a method that knows lots and pieces


@dataclass(frozen=True, slots=True)
class Trial:
    """One instance: what the kernel's certificate says of it (metric's unit), and every method's reading by its key."""

    kind: Kind
    bound: float  # no legal allocation has a smaller dispersion
    gap: float
    tolerance: float
    parts: int  # of the kernel's branch and bound
    readings: Mapping[str, Reading]

    @property
    def best(self) -> float:
        """The least dispersion among the legal allocations that any method found."""
        legal = (r.rounded for r in self.readings.values())
        return min((j.dispersion for j in legal if j is not None and not j.violations), default=math.nan)


def contest(
    entrants: Sequence[Entrant], sizes: Sequence[int], say: Callable[[str], None] = lambda _: None
) -> Iterator[Trial]:
    """All trials, size by size. The method that goes first changes from instance to instance."""
    for size in sizes:
        say(f"{size} accounts")
        rounds = max(entrant.rounds.get(size, 0) for entrant in entrants)
        _warm_up([entrant for entrant in entrants if entrant.rounds.get(size, 0)], size)
        for replicate in range(rounds):
            here = [entrant for entrant in entrants if entrant.rounds.get(size, 0) > replicate]
            for turn, kind in enumerate(kinds(size)):
                first = (turn + replicate) % len(here)
                yield trial(case(draw(kind, replicate)), [*here[first:], *here[:first]])


def trial(given: Case, entrants: Sequence[Entrant]) -> Trial:
    """One instance through all of these methods, in this order."""
    kind, ids = given.instance.kind, [account.id for account in given.instance.accounts]
    answer = solve(given.terms)
    # the certificate's bound is what an auditor finds from its multipliers and tree, not what the search believed
    proof = certify(answer, given.terms, ids, kind.weighting, 1, ())
    gc.collect()
    readings = {entrant.key: _read(entrant, given) for entrant in entrants}
    return Trial(kind, proof.bound, proof.gap, proof.tolerance, answer.nodes, readings)


def _warm_up(entrants: Sequence[Entrant], size: int) -> None:
    # the first kind has large dispersion, which the slow methods are quick on
    given = case(draw(next(kinds(size)), _WARM))
    for entrant in entrants:
        entrant.solve(given)
    gc.collect()
    gc.freeze()  # the libraries' own objects, so that a collection between instances is quick


def _read(entrant: Entrant, given: Case) -> Reading:
    times: list[float] = []
    spent: list[float] = []
    gc.disable()
    try:
        while len(times) < _REPEATS and sum(times) < _ENOUGH:
            start, used = perf_counter(), process_time()
            answer = entrant.solve(given)
            times.append(perf_counter() - start)
            spent.append(process_time() - used)
    finally:
        gc.enable()
    took = median(times), median(spent)
    if answer.lots is None:
        return Reading(*took, answer.note, None, None)
    as_given = judge(given.terms, answer.lots)
    rounded = as_given if entrant.whole else judge(given.terms, to_lots(given.terms, answer.lots))
    return Reading(*took, answer.note, as_given, rounded)
