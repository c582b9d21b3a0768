"""Every small block there is, against the best of all allocations."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import product

import pytest

from allocation.lots import Lattice, Room, apportion, placeable, room, sellable
from allocation.model import Side

LATTICES = [Lattice(1, 1), Lattice(2, 1), Lattice(4, 1), Lattice(2, 2), Lattice(4, 2), Lattice(3, 2)]
WEIGHTS = ((1, 1, 1), (5, 2, 1), (1, 4, 9), (0, 3, 1))


def totals(rooms: tuple[Room, ...], lattice: Lattice) -> set[int]:
    """Every total that legal lines of these rooms can add up to."""
    reached = {0}
    for seen in rooms:
        faces = [f for f in range(seen.most + 1) if seen.allows(f, lattice)]
        reached = {total + face for total in reached for face in faces}
    return reached


def checked(rooms: tuple[Room, ...], lattice: Lattice, most: int) -> Iterator[tuple[int, int]]:
    """For every face and weights: the best total of those who take part, and what was placed. Each line is legal."""
    for weights in WEIGHTS:
        taking = tuple(r if w else Room(0) for r, w in zip(rooms, weights, strict=True))
        reached = totals(taking, lattice)
        for face in range(1, most + 3):
            lines = apportion(face, weights, rooms, lattice)
            assert all(r.allows(line, lattice) for r, line in zip(taking, lines, strict=True))
            yield max(total for total in reached if total <= face), sum(lines)


@pytest.mark.soak
@pytest.mark.parametrize("lattice", LATTICES)
def test_every_small_buy_places_the_most_there_is(lattice: Lattice) -> None:
    for caps in product(range(8), repeat=3):
        rooms = tuple(Room(lattice.floor(cap)) for cap in caps)
        for best, placed in checked(rooms, lattice, sum(caps)):
            assert placed == best
        assert placeable(sum(caps), [r.top for r in rooms], lattice) == max(totals(rooms, lattice))


@pytest.mark.soak
@pytest.mark.parametrize("lattice", LATTICES)
def test_every_small_sell_places_the_most_there_is(lattice: Lattice) -> None:
    for holdings in product(range(8), repeat=3):
        rooms = tuple(room(lattice, Side.SELL, 100, Decimal(held)) for held in holdings)
        for best, placed in checked(rooms, lattice, sum(holdings)):
            assert placed == best
        found = sellable(sum(holdings), rooms, lattice)
        assert found.total == found.most == max(totals(rooms, lattice))
