"""Small instances of the minimum-dispersion problem, and every allocation of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product

import numpy as np
from numpy.typing import NDArray

from allocation.fill import most
from allocation.kernel.terms import Terms
from allocation.lots import Lattice, Room, room
from allocation.model import Side
from allocation.reduction import Reduction, folded

Vector = NDArray[np.float64]

LATTICES = [
    Lattice(*pair) for pair in ((1, 1), (2, 1), (4, 1), (7, 1), (3, 2), (1, 2), (5, 4), (6, 4), (1, 3), (2, 2), (4, 2))
]


@dataclass(frozen=True)
class Instance:
    """Rooms on a lattice, what a lot does to each account, and the ordered face."""

    face: int
    lattice: Lattice
    rooms: tuple[Room, ...]
    reduction: Reduction

    def options(self) -> list[list[int]]:
        return [
            [f for f in range(seen.most + 1) if f == 0 or seen.allows(f, self.lattice)] for seen in self.reduction.rooms
        ]

    def terms(self) -> tuple[Terms, Vector | None]:
        """The kernel's problem at the largest fill, and a legal start where the fill needed one."""
        fill = most(self.face, self.rooms, self.lattice)
        start = None if fill.faces is None else np.array(fill.faces, dtype=np.float64) / self.lattice.increment
        return self.reduction.terms(fill.total), start


def instance(seed: int) -> Instance:
    """One to five accounts on one of the lattices, a buy or a sell, equal or NAV weights."""
    rng = np.random.default_rng(seed)
    count, lattice = int(rng.integers(1, 6)), LATTICES[int(rng.integers(len(LATTICES)))]
    side = Side.BUY if rng.random() < 0.5 else Side.SELL
    caps = rng.integers(0, 15 if lattice.increment == 1 else 24, count)
    held = rng.integers(0, 15 if lattice.increment == 1 else 24, count)
    odd = [Decimal(int(h)) + (Decimal("0.5") if rng.random() < 0.1 else 0) for h in held]
    free = rng.random() < 0.5
    rooms = tuple(
        room(lattice, side, int(h if free and side is Side.SELL else c), o)
        for c, h, o in zip(caps, held, odd, strict=True)
    )
    nav = rng.lognormal(0.0, float(rng.choice([0.0, 0.3, 1.3])), count) + 0.05
    level = rng.normal(5.0, float(rng.choice([0.3, 0.02, 0.0])), count)
    weight = np.full(count, 1.0 / count) if rng.random() < 0.5 else nav / nav.sum()
    per_lot = float(rng.choice([0.001, 0.02, 0.2])) / nav
    reduction = Reduction(
        members=tuple(range(count)),
        ids=tuple(f"A{i}" for i in range(count)),
        sign=1,
        level=level,
        per_lot=per_lot,
        weight=weight,
        rooms=tuple(folded(seen, lattice) for seen in rooms),
        lattice=lattice,
    )
    return Instance(int(rng.integers(1, 60)), lattice, rooms, reduction)


def steered(given: Instance) -> Instance:
    """The same instance with every account steered to 5 rather than to the others."""
    return replace(given, reduction=replace(given.reduction, level=given.reduction.level - 5.0, aimed=True))


def least(given: Instance) -> tuple[int, float]:
    """The largest total not above the face, and the least dispersion (or distance from the targets) at it, over every
    allocation."""
    grid = np.array(list(product(*given.options())), dtype=np.int64)
    sums = grid.sum(axis=1)
    total = int(sums[sums <= given.face].max())
    kept = grid[sums == total] / given.lattice.increment
    after = given.reduction.level + given.reduction.per_lot * kept
    away = after if given.reduction.aimed else after - (after @ given.reduction.weight)[:, None]
    return total, math.sqrt(float(((away * away) @ given.reduction.weight).min()))
