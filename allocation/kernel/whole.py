"""Whole lots inside a box: each account takes low + j lots, at most high.

For a fixed mean the problem is separable and convex, so greedy on the marginals c (x + 1/2 - y) is exact: round
y + lambda/c to the nearest lot, then place or take back the last few lots by marginal. The mean is then moved to that
of the result, as long as that helps, and at last single lots are exchanged between pairs.
"""

from __future__ import annotations

import numpy as np

from allocation.kernel.relaxed import Relaxed, price_at, relax
from allocation.kernel.terms import Terms, Vector

_ROUNDS = 40
_TURNS = 90
_BEST = 6  # givers and takers looked at together in an exchange


def greedy(terms: Terms, low: Vector, high: Vector, mean: float, price: float) -> tuple[Vector, float]:
    """The best whole lots for the fixed mean, from a first guess of the multiplier; and the multiplier that proves it.

    Ties go to the earlier account.
    """
    wish = mean * terms.per_kappa - terms.start
    span = high - low
    under: tuple[float, int] | None = None  # the highest price with lots missing, and how many
    over: tuple[float, int] | None = None  # the lowest with lots too many
    few, many = low, high  # the lots at those prices
    for turn in range(_TURNS):
        steps = np.floor(wish + price * terms.per_curve - low + 0.5)
        lots = low + np.minimum(np.maximum(steps, 0.0), span)
        short = round(terms.total - float(lots.sum()))
        if short == 0:
            return lots, price
        if short > 0:
            under, few = (price, short), lots
        else:
            over, many = (price, short), lots
        last = _last_lots(terms, low, high, lots, wish, short)
        if last is not None and last[1]:
            return lots, last[0]
        if under is None or over is None:
            exact = price_at(terms, low, high, mean)
            price = exact if turn == 0 or last is None else last[0]
            continue
        price = last[0] if last is not None else price
        if turn % 2 or not under[0] < price < over[0]:
            price = under[0] + (over[0] - under[0]) * under[1] / (under[1] - over[1])
        if turn % 3 == 2 or not under[0] < price < over[0]:
            price = 0.5 * (under[0] + over[0])
        if not under[0] < price < over[0]:
            break
    return _between(terms, few, many), price


def _last_lots(
    terms: Terms, low: Vector, high: Vector, lots: Vector, wish: Vector, short: int
) -> tuple[float, bool] | None:
    """Place the `short` lots (or take them back) one to an account, by marginal, if that is exact; `lots` is changed
    in place then. Returns the price of the last one and whether it was; None when there are too few accounts."""
    side = 1.0 if short > 0 else -1.0
    open_ = np.flatnonzero(lots < high if short > 0 else lots > low)
    if open_.size < abs(short):
        return None
    # the price at which each open account's next lot is worth placing (or its last worth taking back)
    turn = terms.curve[open_] * (lots[open_] + 0.5 * side - wish[open_])
    chosen = np.argsort(turn, kind="stable")[:short] if short > 0 else _latest_of_ties(turn, -short)
    price = float(turn[chosen[-1]])
    beyond = turn[chosen] + side * terms.curve[open_[chosen]]
    exact = not np.any(side * beyond < side * price)
    if exact:
        lots[open_[chosen]] += side
    return price, exact


def _latest_of_ties(turn: Vector, count: int) -> np.ndarray:
    """The `count` largest, the later account first among equals: what is taken back is taken from the last."""
    back = np.argsort(-turn[::-1], kind="stable")[:count]
    chosen: np.ndarray = turn.size - 1 - back
    return chosen


def _between(terms: Terms, few: Vector, many: Vector) -> Vector:
    """`few` raised towards `many` up to the total, the earlier accounts first: no price that floating point knows tells
    the lots in between apart."""
    room = many - few
    left = round(terms.total - float(few.sum())) - (np.cumsum(room) - room)
    lots: Vector = few + np.minimum(np.maximum(left, 0.0), room)
    return lots


def improve(terms: Terms, low: Vector, high: Vector, lots: Vector, price: float) -> tuple[Vector, float]:
    """Alternate mean and lots while that lowers f, then exchange single lots. Returns the lots and f."""
    best = terms.spread(lots)
    for _ in range(_ROUNDS):
        tried, price = greedy(terms, low, high, terms.mean(lots), price)
        value = terms.spread(tried)
        if not value < best:
            break
        lots, best = tried, value
    return _exchange(terms, low, high, lots, best)


def _exchange(terms: Terms, low: Vector, high: Vector, lots: Vector, value: float) -> tuple[Vector, float]:
    """Move one lot from i to j while f falls. The change of f is exactly A_i + B_j - (w_j kappa_j - w_i kappa_i)^2
    with A_i = -2 w_i kappa_i (m_i - M) + c_i and B_j = 2 w_j kappa_j (m_j - M) + c_j."""
    if terms.aimed:
        return lots, value  # separable: greedy was exact
    for _ in range(4 * _ROUNDS):
        away = terms.metric(lots)
        pull = 2.0 * terms.lever * (away - terms.weight @ away)
        give = np.where(lots > low, terms.curve - pull, np.inf)
        take = np.where(lots < high, terms.curve + pull, np.inf)
        if not give.min() + take.min() - np.ptp(terms.lever) ** 2 < 0.0:
            break
        givers, takers = _smallest(give), _smallest(take)
        change = give[givers][:, None] + take[takers][None, :]
        change -= (terms.lever[takers][None, :] - terms.lever[givers][:, None]) ** 2
        change[givers[:, None] == takers[None, :]] = np.inf
        i, j = divmod(int(np.argmin(change)), takers.size)
        moved = lots.copy()
        moved[givers[i]] -= 1.0
        moved[takers[j]] += 1.0
        if not change[i, j] < 0.0 or not (after := terms.spread(moved)) < value:
            break
        lots, value = moved, after
    return lots, value


def _smallest(values: Vector) -> np.ndarray:
    if values.size <= _BEST:
        return np.arange(values.size)
    near: np.ndarray = np.sort(np.argpartition(values, _BEST)[:_BEST])
    return near


def best_in_box(terms: Terms, low: Vector, high: Vector, start: Relaxed | None = None) -> tuple[Vector, float]:
    """A very good whole-lot allocation in the box (usually the best), and its f. The box must hold the total."""
    found = start if start is not None else relax(terms, low, high)
    lots, price = greedy(terms, low, high, found.mean, found.price)
    return improve(terms, low, high, lots, price)
