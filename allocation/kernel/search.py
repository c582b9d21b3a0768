"""Branch and bound: the interval of the mean is cut, or one account is told what to take, until every part of the tree
is proved no better than the best allocation known.

A leaf keeps two multipliers, one at each end of its interval; `dual.leaf_bound` proves its bound from them alone.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

import numpy as np

from allocation.kernel.dual import (
    Choices,
    Side,
    all_choices,
    chord,
    decide,
    leaf_bound,
    maximise,
    tangent_bound,
)
from allocation.kernel.relaxed import Relaxed, price_at
from allocation.kernel.repair import Incumbent
from allocation.kernel.terms import Terms, Vector, mean_range
from allocation.kernel.whole import greedy, improve

_PATHS = 1_000  # residues that cost about as much to go through as a bound without them
_NARROW = 1e-13  # of the largest metric: an interval of the mean this small is not cut again


@dataclass(frozen=True, slots=True)
class End:
    """The bound at one mean: its value and multiplier, and what is taken just below and above the total."""

    mean: float
    price: float
    value: float
    below: Side | None
    above: Side | None


@dataclass(slots=True)
class Node:
    """A part of the tree. `split` is "" for a leaf, "mean" (at `at`), "line" or "whole" (of `account`)."""

    choices: Choices | None
    left: End | None
    right: End | None
    bound: float
    means: tuple[float, float]
    prices: tuple[float, float]
    split: str = ""
    at: float = 0.0
    account: int = -1
    children: list[Node] = field(default_factory=list)

    def shed(self) -> None:
        """Let go of what only an open node needs."""
        self.choices = self.left = self.right = None


@dataclass(frozen=True, slots=True)
class Found:
    """The best allocation, the proved bound on f, and the tree that proves it."""

    lots: Vector
    value: float
    bound: float
    root: Node
    nodes: int
    exhausted: bool  # the search stopped at its limit


class Search:
    """One search; `tolerance` is in the metric's unit, `limit` is the number of bounds it may compute."""

    def __init__(self, terms: Terms, incumbent: Incumbent, relaxed: Relaxed, tolerance: float, limit: int) -> None:
        self.terms, self.incumbent, self.relaxed = terms, incumbent, relaxed
        self.tolerance, self.limit, self.spent = tolerance, limit, 0
        self.scale = float(np.abs(terms.metric(relaxed.lots)).max())

    def cutoff(self) -> float:
        """A part whose f is at least this cannot improve the dispersion by more than the tolerance."""
        return max(0.0, math.sqrt(self.incumbent.value) - self.tolerance) ** 2

    def close(self) -> float:
        """How exactly a bound is worked out: a small part of what the tolerance is worth in f."""
        return 0.1 * self.tolerance * math.sqrt(self.incumbent.value) if math.isfinite(self.incumbent.value) else 0.0

    def run(self) -> Found:
        self._warm()
        root, open_ = self._tails()
        closed = [node.bound for node in _leaves(root) if node is not open_]
        heap = [(open_.bound, 0, open_)]
        count = 0
        exhausted = False
        while heap:
            bound, _, node = heap[0]
            if bound >= self.cutoff():
                break
            if self.spent >= self.limit:
                exhausted = True
                break
            heapq.heappop(heap)
            children = self._branch(node)
            if not children:
                closed.append(bound)
                continue
            node.children = children
            node.shed()
            for child in children:
                count += 1
                if child.bound >= self.cutoff():
                    closed.append(child.bound)
                    child.shed()
                else:
                    heapq.heappush(heap, (child.bound, count, child))
        assert self.incumbent.lots is not None
        proved = min([self.incumbent.value, *closed, *(bound for bound, _, _ in heap)])
        return Found(self.incumbent.lots, self.incumbent.value, proved, root, count, exhausted)

    def _warm(self) -> None:
        """A first allocation: what the bound takes at the relaxed mean, then at the mean of the best so far."""
        choices, mean, price = all_choices(self.terms), self.relaxed.mean, self.relaxed.price
        for _ in range(4):
            before = self.incumbent.value
            price = self._end(choices, mean, price).price
            if self.incumbent.lots is None or not self.incumbent.value < before:
                break
            mean = self.terms.mean(self.incumbent.lots)

    def _end(self, choices: Choices, mean: float, price: float) -> End:
        """The bound at one mean; what it takes is offered as an allocation."""
        self.spent += 1 + choices.odd * self.terms.modulus // _PATHS
        if self.terms.plain:
            lots, price = greedy(self.terms, np.zeros(self.terms.size), self.terms.top, mean, price)
            away = self.terms.metric(lots) - mean
            value = float(self.terms.weight @ (away * away))
            if self.terms.spread(lots) < self.incumbent.value:
                self.incumbent.offer(*improve(self.terms, np.zeros(self.terms.size), self.terms.top, lots, price))
            return End(mean, price, value, None, None)
        best, below, above = maximise(self.terms, choices, mean, price, self.cutoff(), self.close())
        for side in (below,) if below is above else (below, above):
            if side is not None and best.value < self.incumbent.value:
                self.incumbent.offer_sets(side.line, ~side.line & (side.lots > 0.0), mean, best.price)
        return End(mean, best.price, best.value, below, above)

    def _tails(self) -> tuple[Node, Node]:
        """The root, cut where the continuous relaxation proves that no mean further out can be better, and the part
        between the cuts."""
        choices = all_choices(self.terms)
        means = mean_range(self.terms)
        low = self._cut(means[0])
        high = self._cut(means[1])
        left, right = (self._end(choices, mean, self.relaxed.price) for mean in (low, high))
        core = self._node(choices, left, right)
        root = core
        for at, end, is_right in ((low, means[0], False), (high, means[1], True)):
            if at == end:
                continue
            span = (at, end) if is_right else (end, at)
            prices = self._edge_price(span[0]), self._edge_price(span[1])
            proved = leaf_bound(self.terms, choices, span, prices)
            tail = Node(None, None, None, proved, span, prices)
            parts = [root, tail] if is_right else [tail, root]
            whole = (parts[0].means[0], parts[1].means[1])
            root = Node(None, None, None, 0.0, whole, prices, "mean", at, -1, parts)
        return root, core

    def _edge_price(self, mean: float) -> float:
        return price_at(self.terms, np.zeros(self.terms.size), self.terms.most, mean)

    def _cut(self, end: float) -> float:
        """The mean nearest to the relaxed one, on the way to `end`, beyond which nothing can be better; else `end`."""
        choices, way = all_choices(self.terms), end - self.relaxed.mean
        share = self._first_share(way)
        while share < 1.0:
            mean = self.relaxed.mean + share * way
            price = self._edge_price(mean)
            span, prices = ((mean, end), (price, price)) if way > 0 else ((end, mean), (price, price))
            if tangent_bound(self.terms, choices, span, prices) >= self.cutoff():
                return mean
            share *= 2.0
        return end

    def _first_share(self, way: float) -> float:
        """Where D reaches the cutoff were it a parabola: half its second derivative is S1^2/S2 + W (see relaxed)."""
        if abs(way) <= _NARROW * self.scale:
            return 1.0
        free = (self.relaxed.lots > 0.0) & (self.relaxed.lots < self.terms.most)
        s1, s2 = float(self.terms.per_kappa @ free), float(self.terms.per_curve @ free)
        bend = 1.0 - float(self.terms.weight @ free) + (s1 * s1 / s2 if s2 > 0.0 else 0.0)
        lack = max(0.0, self.cutoff() - self.terms.spread(self.relaxed.lots))
        reach = math.sqrt(lack / bend) if bend > 1e-12 else abs(way)
        return max(1.02 * reach / abs(way), 1e-9)

    def _node(self, choices: Choices, left: End, right: End) -> Node:
        proved, _ = chord(left.value, right.value, right.mean - left.mean)
        return Node(choices, left, right, proved, (left.mean, right.mean), (left.price, right.price))

    def _branch(self, node: Node) -> list[Node]:
        """Two children, by mean or by account; none when there is nothing left to cut."""
        assert node.choices is not None
        assert node.left is not None
        assert node.right is not None
        width = node.right.mean - node.left.mean
        weaker = node.left if node.left.value <= node.right.value else node.right
        drop, lack = weaker.value - node.bound, self.cutoff() - weaker.value
        pick = None if self.terms.plain else _undecided(self.terms, node.choices, weaker)
        if pick is None and not self.terms.plain:
            # the kinds agree, yet what they add up to is not the total: odd holdings that do not fit together
            pick = _any_open(node.choices, weaker)
        if width > _NARROW * self.scale and (pick is None or drop > lack):
            return self._by_mean(node, node.left, node.right, width)
        return [] if pick is None else self._by_account(node, node.left, node.right, *pick)

    def _by_mean(self, node: Node, left: End, right: End, width: float) -> list[Node]:
        assert node.choices is not None
        _, t = chord(left.value, right.value, width)
        t = min(0.85, max(0.15, t))
        middle = self._end(node.choices, left.mean + t * width, (1.0 - t) * left.price + t * right.price)
        node.split, node.at = "mean", middle.mean
        return [self._node(node.choices, left, middle), self._node(node.choices, middle, right)]

    def _by_account(self, node: Node, left: End, right: End, account: int, kind: str) -> list[Node]:
        assert node.choices is not None
        node.split, node.account = kind, account
        children = []
        for yes in (True, False):
            choices = decide(self.terms, node.choices, account, kind, yes)
            if not choices.possible:
                children.append(Node(None, None, None, math.inf, node.means, node.prices))
                continue
            near = self._end(choices, left.mean, left.price)
            far = near if right.mean == left.mean else self._end(choices, right.mean, right.price)
            children.append(self._node(choices, near, far))
        return children


def _undecided(terms: Terms, choices: Choices, end: End) -> tuple[int, str] | None:
    """The account whose kind of choice differs just below and above the total, where the difference weighs most."""
    if end.below is None or end.above is None:
        return None
    line = (end.below.line != end.above.line) & choices.open
    kinds = [(end.below.lots > 0.0) & ~end.below.line, (end.above.lots > 0.0) & ~end.above.line]
    whole = (kinds[0] != kinds[1]) & choices.open
    differs = line | whole
    if not differs.any():
        return None
    step = end.above.lots - end.below.lots
    account = int(np.argmax(np.where(differs, terms.curve * step * step, -1.0)))
    return account, "whole" if whole[account] else "line"


def _any_open(choices: Choices, end: End) -> tuple[int, str] | None:
    """An account with kinds left to choose from: one that sells out first, then one that may, then any."""
    side = end.below or end.above
    may = choices.whole & choices.open
    sold = may if side is None else may & ~side.line & (side.lots > 0.0)
    for wanted, kind in ((sold, "whole"), (may, "whole"), (choices.open, "line")):
        if wanted.any():
            return int(np.argmax(wanted)), kind
    return None


def _leaves(node: Node) -> list[Node]:
    if not node.children:
        return [node]
    return [leaf for child in node.children for leaf in _leaves(child)]
