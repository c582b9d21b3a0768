"""The problem in numbers near one, which is what a careful user would give a general solver, and the way from a
solver's answer back to lots."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from allocation.kernel.terms import Terms, Vector

_NEARLY = 1e-6  # lots: a solver's answer this little below a whole lot is that lot


@dataclass(frozen=True, slots=True)
class Scaled:
    """The continuous problem in z_i, the rise of account i's metric in units of `unit` (the dispersion before):

        minimise  sum w_i (level_i + z_i - mu)^2   over z and mu,   sum per_z_i z_i = 1,   0 <= z_i <= high_i

    `level` has the weighted mean 0; one lot of account i is a z of `step_i`.
    """

    level: Vector
    weight: Vector
    per_z: Vector  # share of the whole order that one z_i is
    high: Vector
    step: Vector
    unit: float  # metric

    def lots(self, z: Vector) -> Vector:
        """Lots of an answer in z, not rounded."""
        lots: Vector = z / self.step
        return lots


def scaled(terms: Terms) -> Scaled:
    """The scaled form. Needs a total above zero, and a dispersion before."""
    unit = math.sqrt(terms.spread(np.zeros(terms.size)))
    step = terms.kappa / unit
    level = (terms.level - terms.weight @ terms.level) / unit
    return Scaled(level, terms.weight, 1.0 / (step * terms.total), terms.top * step, step, unit)


def to_lots(terms: Terms, lots: Vector) -> Vector:
    """Whole lots with the right total, as near to `lots` as largest remainders give within the caps. Minimum pieces
    are not looked at: the solver was not told of them."""
    inside = np.minimum(np.maximum(lots, 0.0), terms.top)
    down = np.floor(inside + _NEARLY)
    short = round(terms.total - float(down.sum()))
    while short:
        # one lot each by remainder, as often as it takes: an answer may miss the sum by more than one lot an account
        way = 1.0 if short > 0 else -1.0
        able = np.flatnonzero(down < terms.top if short > 0 else down > 0.0)
        ranked = able[np.argsort(way * (down - inside)[able], kind="stable")]
        chosen = ranked[: abs(short)]
        down[chosen] += way
        short -= int(way) * chosen.size
    return down
