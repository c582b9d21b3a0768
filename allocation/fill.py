"""How much of a block can be placed: the most, or at least as much as a proportional split would place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from allocation.lots import Lattice, Room, apportion, placeable, sellable
from allocation.reduction import folded

if TYPE_CHECKING:
    from allocation.engines.problem import Problem

_BITS = 100_000_000  # accounts times amounts the exact count of reachable totals may look at


@dataclass(frozen=True, slots=True)
class Fill:
    """A total, one legal way to place it where that is not plain to see, and whether no more can be placed."""

    total: int
    faces: tuple[int, ...] | None
    proved: bool


def most(face: int, rooms: Sequence[Room], lattice: Lattice, sizes: Sequence[int] = ()) -> Fill:
    """The largest total not above `face` that these rooms hold.

    Without whole holdings off the lattice `placeable` answers. With them it is a subset sum: a proportional split that
    reaches the upper limit, or what `sellable` proves to be the most; else every reachable total counted as one bit,
    else the best proportional split (by room, with and without whole holdings, by equal parts, by `sizes`), not proved.
    """
    seen = [folded(room, lattice) for room in rooms]
    if all(room.sell_out is None for room in seen):
        return Fill(placeable(face, [room.top for room in seen], lattice), None, True)
    unit = math.gcd(lattice.min_piece, lattice.increment, *(room.sell_out or 0 for room in seen))
    limit = min(face, sum(room.most for room in seen)) // unit * unit
    by_room, equal = [room.most for room in seen], [1] * len(seen)
    lines_only = [Room(room.top) for room in seen]
    best = Fill(0, (0,) * len(seen), False)
    for weights, among in ((by_room, seen), (by_room, lines_only), (equal, seen), (list(sizes) or equal, seen)):
        faces = tuple(apportion(face, weights, among, lattice))
        if sum(faces) > best.total:
            best = Fill(sum(faces), faces, sum(faces) == limit)
        if best.proved:
            return best
    if sellable(face, seen, lattice).most <= best.total:
        return replace(best, proved=True)
    if len(seen) * (limit // unit) > _BITS:
        return best
    return _reachable(limit, unit, seen, lattice)


def _reachable(limit: int, unit: int, rooms: Sequence[Room], lattice: Lattice) -> Fill:
    """Dynamic programming over the accounts; bit t of a number says that t units can be placed."""
    mask = (1 << (limit // unit + 1)) - 1
    reach = [1]
    for room in rooms:
        held = reach[-1]
        now = held | (_run(held, room.top, lattice, unit) if room.top else 0)
        if room.sell_out:
            now |= held << (room.sell_out // unit)
        reach.append(now & mask)
    left = reach[-1].bit_length() - 1
    total, faces = left * unit, [0] * len(rooms)
    for i in range(len(rooms) - 1, -1, -1):
        faces[i] = next(
            face for face in _legal_faces(rooms[i], lattice, left * unit) if _has(reach[i], left, face, unit)
        )
        left -= faces[i] // unit
    return Fill(total, tuple(faces), True)


def _run(held: int, top: int, lattice: Lattice, unit: int) -> int:
    """`held` shifted by every line from the minimum piece to `top`, by doubling."""
    count, width = (top - lattice.min_piece) // lattice.increment + 1, 1
    step, out = lattice.increment // unit, held << (lattice.min_piece // unit)
    while 2 * width <= count:
        out |= out << (step * width)
        width *= 2
    return out | (out << (step * (count - width)))


def _legal_faces(room: Room, lattice: Lattice, limit: int) -> list[int]:
    lines = range(lattice.min_piece, min(room.top, limit) + 1, lattice.increment) if room.top else range(0)
    return [0, *lines, *([room.sell_out] if room.sell_out and room.sell_out <= limit else [])]


def _has(reach: int, left: int, face: int, unit: int) -> bool:
    return bool(reach >> (left - face // unit) & 1)


def split_fill(problem: Problem, counted: Sequence[int], rooms: Sequence[Room]) -> tuple[Fill, dict[int, int]]:
    """What the counted accounts (with these rooms) place, and the faces of the accounts left out of the metric.

    Those get nothing, unless the order cannot be placed without them; then the rest, in proportion to NAV.
    """
    face, lattice = problem.face, problem.lattice
    sizes = [max(0, int(nav or 0)) for nav in problem.navs]
    inside = most(face, rooms, lattice, [sizes[i] for i in counted])
    inner = set(counted)
    outside = [i for i in range(len(problem.accounts)) if i not in inner and problem.rooms[i].most > 0]
    if not outside or inside.total == face:
        return inside, {}
    theirs = apportion(
        face - inside.total, [sizes[i] or 1 for i in outside], [problem.rooms[i] for i in outside], lattice
    )
    order = [*counted, *outside]
    together = [*rooms, *(problem.rooms[i] for i in outside)]
    all_ = most(face, together, lattice, [sizes[i] for i in order])
    if inside.total + sum(theirs) >= all_.total:
        return inside, {i: line for i, line in zip(outside, theirs, strict=True) if line}
    # pieces or odd holdings stand in the way: the counted accounts are asked for so much that the others come last
    large = (1 + sum(sizes)) * 1_000_000
    joint = apportion(face, [large] * len(counted) + [sizes[i] or 1 for i in outside], together, lattice)
    if sum(joint) < all_.total and all_.faces is not None:
        joint = list(all_.faces)
    if sum(joint) <= inside.total + sum(theirs):
        return inside, {i: line for i, line in zip(outside, theirs, strict=True) if line}
    mine = tuple(joint[: len(counted)])
    return Fill(sum(mine), mine, all_.proved), {
        i: line for i, line in zip(outside, joint[len(counted) :], strict=True) if line
    }
