from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from allocation.fill import most
from allocation.lots import Lattice, Room, placeable


def _rooms(seed: int, count: int, lattice: Lattice) -> list[Room]:
    """Rooms of a sell of holdings in odd units."""
    rng = np.random.default_rng(seed)
    held = (int(h) for h in rng.integers(0, 12_000_000, count))
    return [Room(lattice.floor(max(0, h - lattice.min_piece)), h or None) for h in held]


def _by_trying_who_sells_out(face: int, rooms: list[Room], lattice: Lattice) -> int:
    best = 0
    for out in product((False, True), repeat=len(rooms)):
        sold = sum(room.most for room, whole in zip(rooms, out, strict=True) if whole)
        if sold <= face:
            tops = [0 if whole else room.top for room, whole in zip(rooms, out, strict=True)]
            best = max(best, sold + placeable(face - sold, tops, lattice))
    return best


LATTICES = [Lattice(1_000, 1_000), Lattice(200_000, 1_000), Lattice(200_500, 1_000), Lattice(100_000, 100_000)]


@pytest.mark.parametrize("lattice", LATTICES)
def test_a_few_odd_holdings_are_filled_to_the_last_unit_and_that_is_proved(lattice: Lattice) -> None:
    for seed in range(12):
        rooms = _rooms(seed, 6, lattice)
        whole = sum(room.most for room in rooms)
        for face in (whole // 3, whole // 2 + 777, whole - 1, whole, whole + 1):
            fill = most(face, rooms, lattice)
            assert fill.total == _by_trying_who_sells_out(face, rooms, lattice)
            assert fill.proved
            assert fill.faces is not None
            assert sum(fill.faces) == fill.total
            assert all(line == 0 or room.allows(line, lattice) for line, room in zip(fill.faces, rooms, strict=True))


@pytest.mark.parametrize("lattice", LATTICES)
def test_thousands_of_odd_holdings_are_filled_whatever_the_lattice(lattice: Lattice) -> None:
    rooms = _rooms(3, 5_000, lattice)
    face = sum(room.most for room in rooms) // 2 // 1_000 * 1_000
    fill = most(face, rooms, lattice, [1 + i % 7 for i in range(5_000)])
    assert fill.total <= face
    assert fill.faces is not None
    assert sum(fill.faces) == fill.total
    assert face - fill.total < lattice.increment


def test_sums_too_many_to_try_are_not_called_proved() -> None:
    lattice = Lattice(1_000, 1_000)
    fills = []
    for seed in range(4):
        rooms = _rooms(seed, 1_000, lattice)
        face = sum(room.most for room in rooms) // 2 + 777
        fills.append((most(face, rooms, lattice), face))
    assert all(fill.proved == (fill.total == face) for fill, face in fills)
    assert not all(fill.proved for fill, _ in fills)


def test_without_odd_holdings_the_fill_needs_no_search() -> None:
    fill = most(1_234_567, [Room(700_000), Room(900_000)], Lattice(200_000, 1_000))
    assert (fill.total, fill.faces, fill.proved) == (1_234_000, None, True)
