"""From terms to the best allocation at its total, with a bound that proves how good it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from allocation.kernel.relaxed import Relaxed, relax, relaxed_bound
from allocation.kernel.repair import Incumbent
from allocation.kernel.search import Node, Search
from allocation.kernel.terms import Terms, Vector, mean_range
from allocation.kernel.whole import best_in_box

TOLERANCE = 1e-9  # of the metric's scale: an allocation this near to its bound is called optimal


@dataclass(frozen=True, slots=True)
class Answer:
    """Lots, their f and a lower bound on the f of every allocation with the same total.

    `relaxed` holds the two multipliers of the continuous optimum; `root` is the tree, where they did not prove it.
    """

    lots: Vector
    value: float
    bound: float
    tolerance: float  # of the dispersion, in the metric's unit
    relaxed: Relaxed
    root: Node | None
    nodes: int
    exhausted: bool

    @property
    def gap(self) -> float:
        """How far the dispersion may be above the least possible, in the metric's unit."""
        return math.sqrt(self.value) - math.sqrt(max(0.0, min(self.bound, self.value)))

    @property
    def optimal(self) -> bool:
        return self.gap <= self.tolerance


def tolerance_of(terms: Terms) -> float:
    """TOLERANCE of the dispersion before, or of what a lot of an account that can trade may do where that is more; and
    never less than what rounding does to metrics of this size."""
    before = math.sqrt(terms.spread(np.zeros(terms.size)))
    one_lot = math.sqrt(float(terms.curve.max(where=terms.most > 0.0, initial=0.0)))
    rounding = 4.0 * float(np.finfo(np.float64).eps * np.abs(terms.level).max(initial=0.0))
    return max(TOLERANCE * before, TOLERANCE * one_lot, rounding)


def solve(terms: Terms, start: Vector | None = None, limit: int | None = None) -> Answer:
    """The least dispersion at `terms.total`, which must be attainable. `start` is a legal allocation, where the caller
    has one; without minimum pieces and whole holdings none is needed. `limit` bounds the search."""
    tolerance = tolerance_of(terms)
    nothing = np.zeros(terms.size)
    if terms.total_face == 0:
        return Answer(nothing, terms.spread(nothing), terms.spread(nothing), tolerance, _still(terms), None, 0, False)
    relaxed = relax(terms, nothing, terms.most)
    incumbent = Incumbent(terms)
    if terms.plain:
        incumbent.offer(*best_in_box(terms, nothing, terms.top, relaxed))
    else:
        if start is not None:
            incumbent.offer(start, terms.spread(start))
            _offer_kinds(terms, incumbent, start, relaxed)
        _offer_kinds(terms, incumbent, relaxed.lots, relaxed)
    proved = relaxed_bound(terms, relaxed.mean, relaxed.price, mean_range(terms))
    if incumbent.lots is not None and math.sqrt(incumbent.value) - math.sqrt(max(0.0, proved)) <= tolerance:
        return Answer(incumbent.lots, incumbent.value, min(proved, incumbent.value), tolerance, relaxed, None, 0, False)
    allowed = limit if limit is not None else effort(terms.size)
    found = Search(terms, incumbent, relaxed, tolerance, allowed).run()
    proved = max(proved, found.bound)
    return Answer(found.lots, found.value, proved, tolerance, relaxed, found.root, found.nodes, found.exhausted)


def effort(size: int) -> int:
    """How many bounds a search may compute: fewer where each takes longer."""
    return max(300, min(4_000, 400_000 // max(size, 1)))


def _still(terms: Terms) -> Relaxed:
    """The multipliers of an empty order: the mean as it is, and a price at which nobody takes anything."""
    nothing = np.zeros(terms.size)
    mean = terms.mean(nothing)
    able = terms.most > 0
    price = float((terms.curve * (terms.start - mean * terms.per_kappa)).min(where=able, initial=0.0))
    return Relaxed(mean, price, nothing)


def _offer_kinds(terms: Terms, incumbent: Incumbent, lots: Vector, relaxed: Relaxed) -> None:
    """The kinds nearest to `lots`: its whole holding where it is nearer than a line, a line from half a piece on."""
    gap = np.where(terms.whole > 0, np.abs(terms.whole - lots), np.inf)
    whole = (gap < np.abs(np.minimum(np.maximum(lots, terms.piece), terms.top) - lots)) & (gap < lots)
    whole |= (gap < lots) & (terms.top == 0)
    line = (lots >= 0.5 * terms.piece) & (terms.top > 0) & ~whole
    incumbent.offer_sets(line, whole, relaxed.mean, relaxed.price)
