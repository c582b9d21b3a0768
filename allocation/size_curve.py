"""What each engine would leave of the dispersion, and how much it would place, if the order were smaller or larger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle

import numpy as np

from allocation.compare import labels, refuse_disagreement
from allocation.engines import Draft, Problem, engine
from allocation.engines.options import read_options
from allocation.errors import EvenlotError, InvalidParameter
from allocation.limits import NO_LIMITS, LimitTable
from allocation.lots import Lattice, Room
from allocation.metrics import Vector, dispersion, post_trade
from allocation.model import Account, BlockOrder, Choices, Side
from allocation.pose import least_line, pose
from allocation.proposal import Cap
from allocation.propose import drafted


@dataclass(frozen=True, slots=True)
class Point:
    """One size of the order: what is placed of it (face), and the standard deviation afterwards over the accounts that
    count (the metric's unit)."""

    face: int
    placed: int
    dispersion: float

    @property
    def fill(self) -> float:
        """Placed over ordered face."""
        return self.placed / self.face


@dataclass(frozen=True, slots=True)
class Curve:
    """One engine over all sizes, the smallest first. `failed` is the sentence of an engine that has no answer; there
    are no points then."""

    label: str  # unlike that of every other curve
    choices: Choices
    points: tuple[Point, ...]
    failed: str = ""

    @property
    def faces(self) -> tuple[int, ...]:
        """The sizes, rising."""
        return tuple(point.face for point in self.points)

    def at(self, face: int) -> Point | None:
        """The point of that size; None where the curve has none."""
        return next((point for point in self.points if point.face == face), None)


def size_curve(
    block: BlockOrder,
    accounts: Sequence[Account],
    choices: Sequence[Choices],
    limits: LimitTable = NO_LIMITS,
    points: int = 200,
    largest: int | None = None,
    at: int | None = None,
) -> tuple[Curve, ...]:
    """A curve for each of `choices`, in their order: at round sizes as far apart as they must be for about `points` of
    them, at the smallest and the largest, and at the block's own face; or at one size alone, the legal face below `at`.

    Sizes go from the smallest line (or what is locked, where that is more) to `largest`: by default the most the
    accounts' caps can take, or twice the block where that is less. Raises `InvalidParameter` for points, a largest or
    a size that make no curve and where the choices differ in anything but the engine and its parameters, and what
    `pose` raises of the block itself.
    """
    refuse_disagreement(choices)
    if not choices:
        return ()
    own = pose(block, accounts, choices[0], limits)  # refuses what the preview of the block itself would refuse
    # the caps are made at the widest size: what is above it would be cut off
    wide = max(2 * block.face, largest or 0, at or 0, _first(own))
    problem = pose(replace(block, face=wide), accounts, choices[0], limits)
    faces = _faces(own, problem, points, largest) if at is None else [_size(problem, at)]
    smallest = [least_line(choices[0], limits, account.id) for account in problem.accounts]
    posed = [own if face == block.face else _of_size(problem, face, smallest) for face in faces]
    named = zip(labels(own, choices), choices, strict=True)
    return tuple(_curve(label, chosen, posed, limits) for label, chosen in named)


def _faces(own: Problem, problem: Problem, points: int, largest: int | None) -> list[int]:
    """The sizes, rising; `problem` is the widest of them."""
    lattice, first = problem.lattice, _first(problem)
    if points < 2:
        raise InvalidParameter("points", f"A curve needs at least 2 points, not {points:,}.")
    if largest is not None:
        _size(problem, largest)
    room = sum(problem.fixed) + sum(room.most for room in problem.rooms)
    last = max(first, lattice.floor(min(2 * own.block.face, room) if largest is None else largest))
    step = _round_step(last - first, points - 1)
    return sorted({first, last, own.block.face, *map(lattice.floor, range(first // step * step + step, last, step))})


def _size(problem: Problem, face: int) -> int:
    """The legal size at or below `face`; `InvalidParameter` where no order can be as small."""
    locked, first = sum(problem.fixed), _first(problem)
    if face < first:
        by_hand = locked > problem.lattice.min_piece
        least = f"the {locked:,} locked by hand" if by_hand else f"the smallest line of {first:,}"
        raise InvalidParameter("largest", f"An order of {face:,} is less than {least}.")
    return problem.lattice.floor(face)


def _round_step(reach: int, steps: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 and so on that covers `reach` in at most so many steps."""
    step = 1
    for factor in cycle((2, 2.5, 2)):
        if step * steps >= reach:
            return step
        step = int(step * factor)
    raise AssertionError("a cycle does not end")


def _first(problem: Problem) -> int:
    """The smallest size: one line, or what is locked."""
    return problem.lattice.nearest(max(sum(problem.fixed), problem.lattice.min_piece))[1]


def _of_size(problem: Problem, face: int, smallest: Sequence[int]) -> Problem:
    """The problem as `pose` would pose it for a smaller order: the order itself is the one cap that depends on it.
    `smallest` are the accounts' least lines."""
    side, lattice = problem.block.side, problem.lattice
    rooms, caps = list(problem.rooms), list(problem.caps)
    for i, (cap, room, account) in enumerate(zip(problem.caps, problem.rooms, problem.accounts, strict=True)):
        if account.id in problem.locked or cap.face == 0:
            continue
        rooms[i] = _cut(room, face, side, lattice)
        if rooms[i].sell_out is None and rooms[i].most < smallest[i]:
            rooms[i] = Room(0)
        if rooms[i].most < cap.face:
            caps[i] = Cap(cap.account_id, "order", rooms[i].most, f"the order is for {face:,}")
    return replace(problem, block=replace(problem.block, face=face), rooms=tuple(rooms), caps=tuple(caps))


def _cut(room: Room, face: int, side: Side, lattice: Lattice) -> Room:
    """The room with nothing above `face`."""
    whole = room.sell_out if room.sell_out is not None and room.sell_out <= face else None
    return Room(lattice.floor(min(room.top, face)), whole)


def _curve(label: str, choices: Choices, posed: Sequence[Problem], limits: LimitTable) -> Curve:
    """The engine's answer to each problem. No proposal is made of them: no words, no money, no check."""
    first = posed[0]
    try:
        chosen, ids = engine(choices.engine), [account.id for account in first.accounts]
        parameters = read_options(chosen.label, chosen.options, choices.parameters, first.block.side, ids)
        complete = replace(choices, parameters=parameters)
        drafts = [drafted(problem, complete, limits)[1] for problem in posed]
    except EvenlotError as error:
        return Curve(label, choices, (), str(error))
    group = _Group.of(first)
    return Curve(label, choices, tuple(group.point(p, d) for p, d in zip(posed, drafts, strict=True)))


@dataclass(frozen=True, slots=True)
class _Group:
    """The accounts that count, as the one formula takes them; all of shape (counted accounts,)."""

    places: tuple[int, ...]
    before: Vector
    unit: Vector
    nav: Vector
    measure: float

    @classmethod
    def of(cls, problem: Problem) -> _Group:
        places = tuple(i for i, account in enumerate(problem.accounts) if account.id not in problem.excluded)
        counted = [problem.accounts[i] for i in places]
        measure = problem.block.bond.measures.of(problem.metric) or 0.0  # without one nobody counts
        return cls(
            places=places,
            before=np.array([account.exposures[problem.metric].value for account in counted], dtype=np.float64),
            unit=np.array([problem.unit_values[i] for i in places], dtype=np.float64),
            nav=np.array([float(account.nav or 0) for account in counted], dtype=np.float64),
            measure=measure,
        )

    def point(self, problem: Problem, draft: Draft) -> Point:
        lines = [locked + line for locked, line in zip(problem.fixed, draft.faces, strict=True)]
        face = np.array([lines[i] for i in self.places], dtype=np.float64)
        after = post_trade(self.before, problem.block.side.sign, face, self.unit, self.measure, self.nav)
        return Point(problem.block.face, sum(lines), dispersion(after))
