"""From an answer of the bound to an allocation that may be traded: who takes a line, a whole holding or nothing is kept
as far as the total allows, and the lots are then the best for those accounts."""

from __future__ import annotations

import numpy as np

from allocation.kernel.dual import counts
from allocation.kernel.relaxed import relax
from allocation.kernel.terms import Mask, Terms, Vector
from allocation.kernel.whole import best_in_box, greedy, improve

_DUST = 1e-6  # lots: pieces that are no whole number of lots add up to the total only nearly


class Incumbent:
    """The best allocation known, and the sets of accounts already looked at."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.value = np.inf
        self.lots: Vector | None = None
        self._seen = set[bytes]()

    def offer(self, lots: Vector, value: float) -> None:
        if value < self.value:
            self.lots, self.value = lots, value

    def offer_sets(self, line: Mask, whole: Mask, mean: float, price: float) -> None:
        """Try the sets as they are, and without the whole holdings should their odd amounts not add up."""
        gain = gains(self.terms, mean, price)
        if not self._offer(line, whole, gain, mean, price) and whole.any():
            self._offer(line | (whole & (self.terms.top > 0)), np.zeros_like(whole), gain, mean, price)

    def _offer(self, line: Mask, whole: Mask, gain: Vector, mean: float, price: float) -> bool:
        found = fit(self.terms, line, whole, gain)
        if found is None:
            return False
        low, high = found
        key = low.tobytes() + high.tobytes()
        if key not in self._seen:
            self._seen.add(key)
            start = relax(self.terms, low, high, (mean, price))
            if self.terms.spread(start.lots) < self.value:
                self.offer(*best_in_box(self.terms, low, high, start))
            return True
        # the best lots of the same accounts may differ at another mean
        lots, price = greedy(self.terms, low, high, mean, price)
        if self.terms.spread(lots) < self.value:
            self.offer(*improve(self.terms, low, high, lots, price))
        return True


def gains(terms: Terms, mean: float, price: float) -> Vector:
    """What a line is worth to each account at (mu, lambda), for ranking."""
    wish = mean * terms.per_kappa - terms.start + price * terms.per_curve
    line = np.minimum(np.maximum(wish, terms.piece), np.maximum(terms.top, terms.piece))
    gain: Vector = terms.curve * line * (2.0 * wish - line)
    return gain


def fit(terms: Terms, line: Mask, whole: Mask, gain: Vector) -> tuple[Vector, Vector] | None:
    """A box of `whole` holdings and of lines as near to `line` as the total allows; None when there is none near."""
    rest = terms.total_face - sum(terms.whole_face[i] for i in np.flatnonzero(whole))
    phase = counts(terms, rest) if rest >= 0 else None
    if phase is None:
        return None
    able = np.flatnonzero((terms.top > 0) & ~whole)
    ranked = able[np.lexsort((able, -gain[able], ~line[able]))]
    asked, lots = int(line[able].sum()), rest / terms.lot_face
    # with k lines every total of their remainder from k pieces to the k largest tops is in reach
    held = np.concatenate(([0.0], np.cumsum(-np.sort(-terms.top[able]))))
    possible = np.arange(phase, min(able.size, rest // terms.piece_face) + 1, terms.cycle)
    possible = possible[held[possible] >= lots - _DUST]
    if possible.size == 0:
        return None
    funded = _holding(terms, ranked, int(possible[np.argmin(np.abs(possible - asked))]), lots)
    low, high = np.zeros(terms.size), np.zeros(terms.size)
    low[whole] = high[whole] = terms.whole[whole]
    low[funded], high[funded] = terms.piece, terms.top[funded]
    return low, high


def _holding(terms: Terms, ranked: np.ndarray, count: int, rest: float) -> np.ndarray:
    """The first `count` accounts, the smallest tops changed for the largest outside until they hold `rest`, which the
    largest `count` do."""
    funded, outside = ranked[:count], ranked[count:]
    lack = rest - float(terms.top[funded].sum())
    if lack > _DUST:
        small = funded[np.argsort(terms.top[funded], kind="stable")]
        large = outside[np.argsort(-terms.top[outside], kind="stable")][: small.size]
        won = np.cumsum(np.maximum(terms.top[large] - terms.top[small[: large.size]], 0.0))
        needed = int(np.searchsorted(won, lack - _DUST)) + 1
        funded = np.concatenate((small[needed:], large[:needed]))
    return funded
