"""The continuous optimum inside a box, and the bound that two multipliers prove.

Karush-Kuhn-Tucker: x_i = clip(y_i(mu) + lambda/c_i, low_i, high_i), sum x = X, mu = M(x). For given sets of free
accounts (F) and accounts at a bound, with S1 = sum_F 1/kappa, S2 = sum_F 1/c, A1 = sum_F m/kappa and W, m the weight
and the weighted metric of the accounts at a bound,

    S1 mu + S2 lambda = X - sum_bound x + A1
    W  mu - S1 lambda = m

is solved, the sets are read off again, and so on until they repeat. Where that does not settle, the mean is enclosed:
mu - M(x(mu)) never falls as mu grows, because min over x is convex in mu.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocation.kernel.terms import Terms, Vector, mean_range

_PASSES = 25  # 1 to 15 were ever needed; a cycle shows itself by then
_CLOSE = 1e-9  # relative: what counts as meeting the two equations


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A continuous answer: the mean and the multiplier of the total, and the lots they give."""

    mean: float
    price: float
    lots: Vector


def relax(terms: Terms, low: Vector, high: Vector, guess: tuple[float, float] | None = None) -> Relaxed:
    """The continuous optimum with low <= x <= high. Needs sum(low) <= total <= sum(high)."""
    if terms.aimed:
        price = price_at(terms, low, high, 0.0)
        return Relaxed(0.0, price, lots_at(terms, low, high, 0.0, price))
    found = _newton(terms, low, high, guess)
    return found if found is not None else _bracket(terms, low, high)


def _newton(terms: Terms, low: Vector, high: Vector, guess: tuple[float, float] | None) -> Relaxed | None:
    free = np.ones(terms.size)
    held = metric = np.zeros(terms.size)
    before = None
    if guess is not None:
        free, held, metric, before = _sets(terms, low, high, *guess)
    for _ in range(_PASSES):
        met = _meeting(terms, free, held, metric)
        if met is None:
            return None
        free, held, metric, now = _sets(terms, low, high, *met)
        if before is not None and np.array_equal(now, before):
            return _settled(terms, low, high, *met)
        before = now
    return None


def _meeting(terms: Terms, free: Vector, held: Vector, metric: Vector) -> tuple[float, float] | None:
    """The mean and multiplier that solve the two equations for these sets; None where no account is free."""
    s1, s2 = float(terms.per_kappa @ free), float(terms.per_curve @ free)
    if s2 == 0.0:
        return None
    bound_weight = max(0.0, 1.0 - float(terms.weight @ free))
    right, pulled = terms.total - float(held.sum()) + float(terms.start @ free), float(terms.weight @ metric)
    determinant = s1 * s1 + bound_weight * s2
    return (s1 * right + s2 * pulled) / determinant, (bound_weight * right - s1 * pulled) / determinant


def _sets(terms: Terms, low: Vector, high: Vector, mean: float, price: float) -> tuple[Vector, Vector, Vector, Vector]:
    """Free accounts (as 0 and 1), lots held at a bound, the metric there, and each account's side of its box."""
    wish = mean * terms.per_kappa - terms.start + price * terms.per_curve
    lots = np.minimum(np.maximum(wish, low), high)
    free = (lots == wish).astype(np.float64)
    bound = 1.0 - free
    held = lots * bound
    return free, held, terms.level * bound + terms.kappa * held, np.sign(wish - lots)


def _settled(terms: Terms, low: Vector, high: Vector, mean: float, price: float) -> Relaxed | None:
    lots = lots_at(terms, low, high, mean, price)
    scale = float(np.abs(terms.metric(lots) - mean).max()) + float(terms.kappa.max())
    if abs(float(lots.sum()) - terms.total) > _CLOSE * max(1.0, terms.total):
        return None
    if abs(terms.mean(lots) - mean) > _CLOSE * scale:
        return None
    return Relaxed(mean, price, lots)


def lots_at(terms: Terms, low: Vector, high: Vector, mean: float, price: float) -> Vector:
    """clip(y(mu) + lambda/c, low, high)."""
    wish = mean * terms.per_kappa - terms.start + price * terms.per_curve
    return np.minimum(np.maximum(wish, low), high)


def price_at(terms: Terms, low: Vector, high: Vector, mean: float) -> float:
    """lambda with sum clip(y(mu) + lambda/c, low, high) = total, by bisection over the points where an account turns.

    The sums are taken afresh at each point: running sums of 1/c lose the small ones beside the large.
    """
    wish = mean * terms.per_kappa - terms.start
    points = np.sort(np.concatenate(((low - wish) * terms.curve, (high - wish) * terms.curve)))

    def held(price: float) -> float:
        return float(np.minimum(np.maximum(wish + price * terms.per_curve, low), high).sum())

    left, right = 0, points.size - 1
    while right - left > 1:
        middle = (left + right) // 2
        left, right = (middle, right) if held(points[middle]) <= terms.total else (left, middle)
    from_, to = held(points[left]), held(points[right])
    share = min(1.0, max(0.0, (terms.total - from_) / (to - from_))) if to > from_ else 0.0
    return float(points[left] + share * (points[right] - points[left]))


def _bracket(terms: Terms, low: Vector, high: Vector) -> Relaxed:
    """The mean between two that enclose it. The equations of the sets at hand give the next guess, which is exact once
    the sets are right; where it falls outside, and every third time, the middle is taken."""
    left, right = mean_range(terms)
    mean = 0.5 * (left + right)
    for turn in range(200):
        price = price_at(terms, low, high, mean)
        free, held, metric, _ = _sets(terms, low, high, mean, price)
        if mean < terms.mean(lots_at(terms, low, high, mean, price)):
            left = mean
        else:
            right = mean
        met = _meeting(terms, free, held, metric)
        if met is not None and (found := _settled(terms, low, high, *met)) is not None:
            return found
        inside = met is not None and left < met[0] < right and turn % 3 != 2
        mean = met[0] if met is not None and inside else 0.5 * (left + right)
        if mean in (left, right):
            break
    price = price_at(terms, low, high, mean)
    return Relaxed(mean, price, lots_at(terms, low, high, mean, price))


def convex_value(terms: Terms, low: Vector, high: Vector, mean: float, price: float) -> tuple[float, float]:
    """D(mu, lambda) = sum c (x - y)^2 - 2 lambda (sum x - X) at x = clip(...), and its slope 2 (mu - M(x)) in mu."""
    lots = lots_at(terms, low, high, mean, price)
    away = terms.metric(lots) - mean
    value = float(terms.weight @ (away * away)) - 2.0 * price * (float(lots.sum()) - terms.total)
    return value, -2.0 * float(terms.weight @ away)


def relaxed_bound(terms: Terms, mean: float, price: float, means: tuple[float, float]) -> float:
    """A lower bound on f of every allocation, from two numbers: D(mu, lambda) less its slope times the way to the
    furthest possible mean. D is convex in mu, and every legal x lies in 0 <= x <= most."""
    value, slope = convex_value(terms, np.zeros(terms.size), terms.most, mean, price)
    return value + min(0.0, slope * (means[0] - mean), slope * (means[1] - mean))
