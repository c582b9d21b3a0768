"""From a desk's problem to the kernel's terms: lots, what a lot does to each account's metric, the legal amounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from allocation.kernel.terms import Terms, Vector
from allocation.lots import Lattice, Room
from allocation.metrics import post_trade

if TYPE_CHECKING:
    from allocation.engines.problem import Problem


@dataclass(frozen=True, slots=True)
class Reduction:
    """The accounts that count in the metric, by their place in the problem, and what a lot does to each.

    `per_lot` and `level` are negated with `sign` -1, so that a trade always raises the metric. `level` is after what is
    locked; where the accounts are steered to targets (`aimed`) it is the distance from them.
    """

    members: tuple[int, ...]
    ids: tuple[str, ...]
    sign: int
    level: Vector
    per_lot: Vector
    weight: Vector
    rooms: tuple[Room, ...]
    lattice: Lattice
    aimed: bool = False

    def terms(self, total: int) -> Terms:
        """The kernel's problem of placing `total` face with these accounts."""
        wholes = tuple(room.sell_out or 0 for room in self.rooms)
        step = self.lattice.increment
        return Terms(
            level=self.level,
            kappa=self.per_lot,
            weight=self.weight,
            top=np.array([room.top for room in self.rooms], dtype=np.float64) / step,
            whole=np.array(wholes, dtype=np.float64) / step,
            total_face=total,
            piece_face=self.lattice.min_piece,
            lot_face=step,
            whole_face=wholes if any(wholes) else (),
            aimed=self.aimed,
        )


def reduce(problem: Problem, weighting: str, targets: Mapping[str, float] | None = None) -> Reduction | None:
    """The reduction of a problem; None when the trade moves nobody's metric, so that any split is as good. `targets`,
    where the accounts are steered to them, has one for each that counts."""
    members = tuple(i for i, account in enumerate(problem.accounts) if account.id not in problem.excluded)
    measure = problem.block.bond.measures.of(problem.metric) or 0.0  # without one nobody counts
    unit = np.array([problem.unit_values[i] for i in members], dtype=np.float64)
    nav = np.array([float(problem.accounts[i].nav or 0) for i in members], dtype=np.float64)
    level = np.array([problem.accounts[i].exposures[problem.metric].value for i in members], dtype=np.float64)
    one = np.full(len(members), float(problem.lattice.increment))
    fixed = np.array([problem.fixed[i] for i in members], dtype=np.float64)
    side = problem.block.side.sign
    per_lot = post_trade(np.zeros(len(members)), side, one, unit, measure, nav)
    level = post_trade(level, side, fixed, unit, measure, nav)
    if targets is not None:
        level -= np.array([targets[problem.accounts[i].id] for i in members], dtype=np.float64)
    sign = -1 if side * measure < 0 else 1
    per_lot = sign * per_lot
    if not np.any(per_lot > 0.0):
        return None
    rooms = tuple(
        folded(problem.rooms[i], problem.lattice) if moved > 0.0 else Room(0)
        for i, moved in zip(members, per_lot, strict=True)
    )
    return Reduction(
        members=members,
        ids=tuple(problem.accounts[i].id for i in members),
        sign=sign,
        level=sign * level,
        # an account without an exchange rate trades nothing, so any step above zero will do for it
        per_lot=np.where(per_lot > 0.0, per_lot, per_lot.max()),
        weight=_weights(problem, members, weighting),
        rooms=rooms,
        lattice=problem.lattice,
        aimed=targets is not None,
    )


def _weights(problem: Problem, members: Sequence[int], weighting: str) -> Vector:
    if weighting != "nav":
        return np.full(len(members), 1.0 / len(members))
    sizes: Vector = np.array([problem.navs[i] for i in members], dtype=np.float64)
    weights: Vector = sizes / sizes.sum()
    assert weights.min() > 0.0, "accounts whose NAV cannot be compared are refused before they are weighed by it"
    return weights


def folded(room: Room, lattice: Lattice) -> Room:
    """The room with a whole holding that is just the next legal line counted as one: there is no hole to speak of."""
    after = lattice.min_piece if room.top == 0 else room.top + lattice.increment
    return Room(after) if room.sell_out == after else room


def faces_of(reduction: Reduction, terms: Terms, lots: Vector, count: int) -> list[int]:
    """Faces for all `count` accounts of the problem, 0 for those that do not count in the metric."""
    faces = [0] * count
    for i, face in zip(reduction.members, terms.faces(earlier_first(terms, lots)), strict=True):
        faces[i] = face
    return faces


def earlier_first(terms: Terms, lots: Vector) -> Vector:
    """The same allocation with the larger amounts of accounts that are alike given to the earlier ones."""
    if np.unique(terms.level).size == terms.size:
        return lots
    keys = np.stack((terms.level, terms.kappa, terms.weight, terms.top, terms.whole))
    alike = np.lexsort(keys)  # stable: accounts that are alike stay in their order
    ranked = np.lexsort((-lots, *keys))
    sorted_ = np.empty_like(lots)
    sorted_[alike] = lots[ranked]
    return sorted_


def legal(faces: Sequence[int], rooms: Sequence[Room], lattice: Lattice) -> bool:
    return all(face == 0 or room.allows(face, lattice) for face, room in zip(faces, rooms, strict=True))
