"""The minimum-dispersion problem as arrays: one element for each account, amounts in lots (one lot = one increment).

With m_i the metric before, w_i the weights (their sum is 1) and kappa_i what one lot adds to account i's metric,

    m_i(x) = m_i + kappa_i x_i,     M(x) = sum w_i m_i(x),     f(x) = sum w_i (m_i(x) - M(x))^2

and the dispersion is sqrt(f) (population form). Since f(x) = min over mu of sum w_i (m_i(x) - mu)^2, for a fixed mu it
is a sum of one-account terms c_i (x_i - y_i)^2 with c_i = w_i kappa_i^2 and y_i = (mu - m_i)/kappa_i.

Where accounts are steered to targets of their own, m_i is the distance from the target and M is 0 by decree (`aimed`):
f is then the mean square distance, and the problem is the one at mu = 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Terms:
    """A problem. An account takes 0, or `piece + j` lots up to `top`, or exactly its `whole` (0: it has none).

    `kappa` is above zero everywhere: the caller turns the signs of the metric where a trade lowers it. The sum of the
    lots is `total`. `total_face`, `piece_face`, `lot_face` and `whole_face` are the same amounts in exact units.
    """

    level: Vector  # m_i, the metric before
    kappa: Vector  # metric per lot
    weight: Vector
    top: Vector  # lots
    whole: Vector  # lots
    total_face: int
    piece_face: int
    lot_face: int
    whole_face: tuple[int, ...] = ()  # empty when nobody has a whole holding of its own
    aimed: bool = False  # M is 0: the accounts are steered to 0, not to each other
    curve: Vector = field(init=False)  # c_i
    lever: Vector = field(init=False)  # w_i kappa_i
    per_kappa: Vector = field(init=False)
    per_curve: Vector = field(init=False)
    start: Vector = field(init=False)  # m_i / kappa_i
    unit: int = field(init=False)  # of face, the largest that divides every legal amount
    modulus: int = field(init=False)  # units in a lot
    residues: NDArray[np.int64] = field(init=False)  # modulo a lot, in units: of a line, then of each whole holding

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "lever", self.weight * self.kappa)
        put(self, "curve", self.lever * self.kappa)
        put(self, "per_kappa", 1.0 / self.kappa)
        put(self, "per_curve", 1.0 / self.curve)
        put(self, "start", self.level * self.per_kappa)
        unit = math.gcd(self.lot_face, self.piece_face, *self.whole_face)
        put(self, "unit", unit)
        put(self, "modulus", self.lot_face // unit)
        parts = [face // unit % self.modulus for face in (self.piece_face, *self.whole_face)]
        put(self, "residues", np.array(parts, dtype=np.int64))

    @property
    def size(self) -> int:
        return self.level.size

    @property
    def total(self) -> float:
        """X, in lots."""
        return self.total_face / self.lot_face

    @property
    def piece(self) -> float:
        """p, the smallest line, in lots."""
        return self.piece_face / self.lot_face

    @property
    def most(self) -> Vector:
        return np.maximum(self.top, self.whole)

    @property
    def plain(self) -> bool:
        """One lattice from zero and no whole holdings beside it: rounding is the only thing that is not convex."""
        return self.piece_face == self.lot_face and not self.whole_face

    @property
    def cycle(self) -> int:
        """Totals of k lines agree modulo the lot only for k that differ by a multiple of this (1: for all k)."""
        return self.lot_face // math.gcd(self.piece_face, self.lot_face)

    def metric(self, lots: Vector) -> Vector:
        return self.level + self.kappa * lots

    def mean(self, lots: Vector) -> float:
        """M(x)."""
        return 0.0 if self.aimed else float(self.weight @ self.metric(lots))

    def spread(self, lots: Vector) -> float:
        """f(x)."""
        after = self.metric(lots)
        if not self.aimed:
            after -= self.weight @ after
        return float(self.weight @ (after * after))

    def excess(self, lots: Vector) -> float:
        """sum x - X, in lots; exact where the lots are legal amounts, be they fractions of a lot."""
        return float(np.rint(lots * self.lot_face).sum() - self.total_face) / self.lot_face

    def faces(self, lots: Vector) -> list[int]:
        """Lots as whole units of face."""
        return [int(face) for face in np.rint(lots * self.lot_face)]


def mean_range(terms: Terms) -> tuple[float, float]:
    """The least and the largest M(x) with 0 <= x <= most and sum x = total: a knapsack by w_i kappa_i either way."""
    if terms.aimed:
        return 0.0, 0.0
    order = np.argsort(terms.lever, kind="stable")
    lever, most = terms.lever[order], terms.most[order]
    base = float(terms.weight @ terms.level)
    return base + _fill(lever, most, terms.total), base + _fill(lever[::-1], most[::-1], terms.total)


def _fill(lever: Vector, most: Vector, total: float) -> float:
    held = np.cumsum(most)
    taken = np.diff(np.minimum(held, total), prepend=0.0)
    return float(lever @ taken)
