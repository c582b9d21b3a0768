"""What every method is given and gives back, so that all are timed and judged alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from allocation.kernel.terms import Terms, Vector
from allocation.lots import apportion
from bench.instances import Instance
from bench.scaled import Scaled, scaled

_SLACK = 1e-6  # relative: what a solver's tolerance may leave of the sum or a cap, and of a whole lot


@dataclass(frozen=True, slots=True)
class Case:
    """An instance with what is ready before the clock starts: scaled numbers and the pro rata allocation, in lots."""

    instance: Instance
    scaled: Scaled
    pro_rata: Vector

    @property
    def terms(self) -> Terms:
        return self.instance.terms


def case(instance: Instance) -> Case:
    """The case of an instance."""
    terms = instance.terms
    shares = apportion(terms.total_face, instance.navs, instance.rooms, instance.lattice)
    return Case(instance, scaled(terms), np.array(shares, dtype=np.float64) / terms.lot_face)


@dataclass(frozen=True, slots=True)
class Answer:
    """Lots, not rounded; None where the method gave none. `note` is what it said beside that."""

    lots: Vector | None
    note: str = ""


Solve = Callable[[Case], Answer]


@dataclass(frozen=True, slots=True)
class Entrant:
    """A method in the contest. `rounds[n]` is how many instances of each kind it is given at n accounts (0 where n is
    missing); `whole` says whether it knows whole lots and minimum pieces."""

    key: str
    label: str
    sentence: str
    solve: Solve
    rounds: Mapping[int, int]
    whole: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """An allocation on its merits: the dispersion (metric's unit) by the app's formula, and what is wrong with it."""

    dispersion: float
    sum_missed: bool
    over_cap: int  # accounts, as all below
    below_piece: int  # strictly between nothing and the minimum piece
    off_lot: int

    @property
    def violations(self) -> int:
        return self.sum_missed + self.over_cap + self.below_piece + self.off_lot


def judge(terms: Terms, lots: Vector) -> Judged:
    """Any lots, of shape (accounts,). An account below the minimum piece is not counted as off the lot too."""
    slack = _SLACK * np.maximum(1.0, terms.top)
    low = (lots > slack) & (lots < terms.piece * (1.0 - _SLACK))
    return Judged(
        dispersion=math.sqrt(terms.spread(lots)),
        sum_missed=abs(float(lots.sum()) - terms.total) > _SLACK * max(1.0, terms.total),
        over_cap=int(np.sum((lots > terms.top + slack) | (lots < -slack))),
        below_piece=int(low.sum()),
        off_lot=int(np.sum((np.abs(lots - np.rint(lots)) > _SLACK) & ~low & (lots > slack))),
    )
