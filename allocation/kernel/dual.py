"""The bound at one mean, with everything that is not convex left in: whole lots, minimum pieces, whole holdings.

For a mean mu and a multiplier lambda each account alone chooses the legal amount that makes
c_i (x - y_i)^2 - 2 lambda x least. Taking x rather than 0 is worth b_i(x) = c_i x (2 z_i - x) with
z_i = y_i + lambda/c_i, so

    D(mu, lambda) = sum w_i (mu - m_i)^2 + 2 lambda X - sum of the benefits taken

where at most K lines of at least a piece fit the total (this cardinality cut is essential), and on a shifted lattice
only counts of lines with the total's remainder. D(mu, .) is concave; R(mu) = max over lambda of D. R(mu) - mu^2 is
concave too (a minimum of functions linear in mu), so on an interval [l, r] of the mean

    f(x) >= (1 - t) R(l) + t R(r) - t (1 - t) (r - l)^2       for the t of x's mean
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from allocation.kernel.congruence import fitting
from allocation.kernel.relaxed import convex_value
from allocation.kernel.terms import Mask, Terms, Vector

_TURNS = 80
_RESIDUES = 100_000  # with more, what odd holdings add up to modulo a lot is left to the branching
_FAR = 100.0  # times the price at which everybody is at the end of the box


@dataclass(frozen=True, slots=True)
class Choices:
    """What each account may still take: nothing, a line of at least a piece, its whole holding. And how many lines."""

    none: Mask
    line: Mask
    whole: Mask
    most_lines: int
    phase: int | None = None  # counts of lines must equal this modulo the cycle; None: any count
    odd: bool = False  # whole holdings still to be decided do not all fit the lattice of the lines
    possible: bool = True

    @property
    def open(self) -> Mask:
        """Accounts that still have more than one kind of choice."""
        kinds: Mask = self.none.astype(np.int8) + self.line + self.whole > 1
        return kinds


def all_choices(terms: Terms) -> Choices:
    """Nothing decided yet."""
    none = np.ones(terms.size, dtype=np.bool_)
    line = terms.top > 0
    return _counted(terms, none, line, terms.whole > 0)


def decide(terms: Terms, choices: Choices, account: int, kind: str, yes: bool) -> Choices:
    """With one account told to take a line or not (`kind` "line"), or its whole holding or not ("whole")."""
    none, line, whole = choices.none.copy(), choices.line.copy(), choices.whole.copy()
    chosen, other = (line, whole) if kind == "line" else (whole, line)
    if yes:
        none[account] = other[account] = False
    else:
        chosen[account] = False
    return _counted(terms, none, line, whole)


def _counted(terms: Terms, none: Mask, line: Mask, whole: Mask) -> Choices:
    """The choices with the number of lines they leave."""
    sold = whole & ~none & ~line
    rest = terms.total_face - sum(terms.whole_face[i] for i in np.flatnonzero(sold))
    least, most = int((line & ~none & ~whole).sum()), min(int(line.sum()), max(rest, 0) // terms.piece_face)
    possible = rest >= 0 and least <= most and bool(np.all(none | line | whole))
    if bool(np.any(whole & ~sold)):
        return Choices(none, line, whole, most, odd=1 < terms.modulus <= _RESIDUES, possible=possible)
    phase = counts(terms, rest)
    if phase is None:
        return Choices(none, line, whole, most, possible=False)
    possible = possible and most - (most - phase) % terms.cycle >= least
    return Choices(none, line, whole, most, phase if terms.cycle > 1 else None, possible=possible)


def counts(terms: Terms, rest: int) -> int | None:
    """The numbers of lines that can add up to `rest` face are this one plus multiples of the cycle; None: none are."""
    shared = math.gcd(terms.piece_face, terms.lot_face)
    if rest % shared:
        return None
    return rest // shared * pow(terms.piece_face // shared, -1, terms.cycle) % terms.cycle


@dataclass(frozen=True, slots=True)
class Side:
    """The bound at (mu, lambda) and what the accounts then take."""

    price: float
    value: float
    over: float  # sum x - X
    lots: Vector
    line: Mask  # who takes a line; the others take nothing or their whole holding


def evaluate(terms: Terms, choices: Choices, mean: float, price: float, congruent: bool = True) -> Side:
    """D(mu, lambda) under `choices`, which must be possible; without `congruent` odd holdings need not add up."""
    wish = mean * terms.per_kappa - terms.start + price * terms.per_curve
    piece = terms.piece
    line = piece + np.minimum(np.maximum(np.floor(wish - piece + 0.5), 0.0), np.maximum(terms.top - piece, 0.0))
    gain = np.where(choices.line, terms.curve * line * (2.0 * wish - line), -np.inf)
    other_gain = none_gain = np.where(choices.none, 0.0, -np.inf)
    sold = np.zeros(terms.size, dtype=np.bool_)
    if terms.whole_face:
        whole_gain = np.where(choices.whole, terms.curve * terms.whole * (2.0 * wish - terms.whole), -np.inf)
        sold = whole_gain > none_gain
        other_gain = np.maximum(whole_gain, none_gain)
    must = choices.line & np.isneginf(other_gain)
    extra = np.where(choices.line & ~must, gain - np.where(must, 0.0, other_gain), -np.inf)
    taken = must | _lines(extra, choices, int(must.sum()), terms.cycle)
    toll = 0.0
    if congruent and choices.odd:
        # the cardinality cut as a toll on each line, so that every account chooses alone again
        each = max(0.0, float(extra.max(where=~taken, initial=0.0)))
        found = fitting(terms, np.stack((none_gain, gain - each, whole_gain)), np.where(taken, 1, np.where(sold, 2, 0)))
        if found is None:
            return Side(price, math.inf, 0.0, np.zeros(terms.size), taken)
        taken, sold = found == 1, found == 2
        toll = each * (int(taken.sum()) - choices.most_lines)
    lots = np.where(taken, line, np.where(sold, terms.whole, 0.0))
    away = terms.metric(lots) - mean
    over = terms.excess(lots)
    return Side(price, float(terms.weight @ (away * away)) - 2.0 * price * over + toll, over, lots, taken)


def _lines(extra: Vector, choices: Choices, forced: int, cycle: int) -> Mask:
    """Which accounts take a line: the largest extras above zero, as many as the counts of lines allow."""
    above = extra > 0.0
    count, room = int(above.sum()), choices.most_lines - forced
    fits = choices.phase is None or (forced + count - choices.phase) % cycle == 0
    if count <= room and fits:
        return above
    order = np.argsort(-extra, kind="stable")
    taken = np.zeros(extra.size, dtype=np.bool_)
    taken[order[: _count(extra[order], count, room, forced, choices.phase, cycle)]] = True
    return taken


def _count(falling: Vector, count: int, room: int, forced: int, phase: int | None, cycle: int) -> int:
    """The best allowed number of lines: the sum of the first k extras rises up to `count` and falls after it."""
    if phase is None:
        return min(count, room)
    below = min(count, room)
    below -= (forced + below - phase) % cycle
    above = below + cycle
    if above > room or above > falling.size or math.isinf(falling[above - 1]):
        return max(below, 0)
    if below < 0 or float(falling[below:above].sum()) > 0.0:
        return above
    return below


def maximise(
    terms: Terms, choices: Choices, mean: float, price: float, enough: float, close: float
) -> tuple[Side, Side | None, Side | None]:
    """max over lambda of D(mu, .): the best side found, and those just below and above the total.

    Stops as soon as D reaches `enough`, or is within `close` of its maximum: the tangents of a concave function at two
    points on either side of the top meet above it.
    """
    found = _ascend(terms, choices, mean, price, enough, close, False)
    if choices.odd and found[0].value < enough:
        found = _ascend(terms, choices, mean, found[0].price, enough, close, True)
    return found


def _ascend(
    terms: Terms, choices: Choices, mean: float, price: float, enough: float, close: float, congruent: bool
) -> tuple[Side, Side | None, Side | None]:
    low: Side | None = None
    high: Side | None = None
    best: Side | None = None
    reach = 1.0
    for turn in range(_TURNS):
        side = evaluate(terms, choices, mean, price, congruent)
        best = side if best is None or side.value > best.value else best
        if side.over == 0.0 or best.value >= enough:
            return best, side, side
        if side.over < 0:
            low = side
        else:
            high = side
        if low is None or high is None:
            price -= reach * side.over / _slope(terms, side)
            reach *= 2.0
            continue
        meet = (high.value - low.value + 2.0 * (high.over * high.price - low.over * low.price)) / (
            2.0 * (high.over - low.over)
        )
        if low.value - 2.0 * low.over * (meet - low.price) <= best.value + close:
            break
        # tangents halve the bracket where D is smooth; a plain secant of the sum settles where it is nearly linear
        price = meet if turn % 2 else low.price + (high.price - low.price) * low.over / (low.over - high.over)
        if not low.price < price < high.price:
            price = 0.5 * (low.price + high.price)
            if not low.price < price < high.price:
                break
    assert best is not None
    return best, low, high


def _slope(terms: Terms, side: Side) -> float:
    """How fast the sum of the lots rises with lambda, from the lines that are off their bounds; never 0."""
    inside = side.line & (side.lots > terms.piece) & (side.lots < terms.top)
    slope = float(terms.per_curve @ inside)
    return slope if slope > 0.0 else float(terms.per_curve.min())


def chord(left: float, right: float, width: float) -> tuple[float, float]:
    """The least of (1 - t) left + t right - t (1 - t) width^2 over t in [0, 1], and where it is taken."""
    if width <= 0.0:
        return max(left, right), 0.5
    bend = width * width
    if not math.isfinite(right - left) or bend == 0.0:
        return min(left, right), 0.5
    t = min(1.0, max(0.0, 0.5 - 0.5 * (right - left) / bend))
    return (1.0 - t) * left + t * right - t * (1.0 - t) * bend, t


def furthest_price(terms: Terms, means: tuple[float, float]) -> float:
    """The largest multiplier a proof may use: a hundred times that which takes every account to the end of its box.
    With larger ones D is still a bound, but no longer one that floating point can work out."""
    away = np.maximum(np.abs(means[0] - terms.level), np.abs(means[1] - terms.level))
    ends = terms.curve * (terms.most + terms.piece + 1.0) + terms.lever * away
    return _FAR * float(ends.max(where=terms.most > 0.0, initial=0.0))


def leaf_bound(terms: Terms, choices: Choices, means: tuple[float, float], prices: tuple[float, float]) -> float:
    """A lower bound on f of every legal allocation under `choices` whose mean lies in `means`, from two multipliers:
    the chord, or a tangent of the continuous relaxation at either end, whichever proves more."""
    if not choices.possible:
        return math.inf
    (left, right), (at_left, at_right) = means, prices
    proved, _ = chord(
        evaluate(terms, choices, left, at_left).value,
        evaluate(terms, choices, right, at_right).value,
        right - left,
    )
    return max(proved, tangent_bound(terms, choices, means, prices))


def tangent_bound(terms: Terms, choices: Choices, means: tuple[float, float], prices: tuple[float, float]) -> float:
    """The better of the two tangents of D(., lambda) of the box that `choices` lie in."""
    low, high = box(terms, choices)
    (left, right), (at_left, at_right) = means, prices
    value, slope = convex_value(terms, low, high, left, at_left)
    other, back = convex_value(terms, low, high, right, at_right)
    return max(value + min(0.0, slope * (right - left)), other + min(0.0, back * (left - right)))


def box(terms: Terms, choices: Choices) -> tuple[Vector, Vector]:
    """The least and the most each account may take under `choices`."""
    low = np.where(choices.none, 0.0, np.where(choices.line, terms.piece, np.inf))
    if terms.whole_face:
        low = np.where(~choices.none & choices.whole, np.minimum(low, terms.whole), low)
    high = np.maximum(np.where(choices.line, terms.top, 0.0), np.where(choices.whole, terms.whole, 0.0))
    return np.minimum(low, high), high
