"""What every engine is given and gives back: `Problem`, `Draft`, and the `Engine` protocol."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

from allocation.certificate import Certificate
from allocation.engines.options import Option
from allocation.lots import Lattice, Room, apportion, sellable
from allocation.model import Account, BlockOrder, Metric, Side
from allocation.proposal import Cap


@dataclass(frozen=True, slots=True)
class Problem:
    """A block to split. `accounts`, `caps`, `rooms`, `unit_values` and `fixed` run in the same order, by account id.

    Accounts locked by hand have their face in `fixed` and no room: an engine splits `face`, what is left beside them.
    """

    block: BlockOrder
    accounts: tuple[Account, ...]
    caps: tuple[Cap, ...]
    rooms: tuple[Room, ...]
    lattice: Lattice
    metric: Metric
    unit_values: tuple[float, ...]  # base currency per unit of face, as the metric is valued; 0 without a rate
    excluded: Mapping[str, str]  # accounts left out of the metric, with the reason
    fixed: tuple[int, ...]  # face; 0 for an account that is not locked
    locked: frozenset[str]  # account ids
    basis: str  # "dirty" or "clean": how holdings and trade are valued
    currency: str  # what sizes of accounts are compared in
    navs: tuple[Decimal | None, ...]  # in `currency`; None where the NAV or the exchange rate is missing
    warnings: tuple[str, ...] = ()  # of how the problem was posed, as `Proposal.warnings` and `Proposal.notes`
    notes: tuple[str, ...] = ()

    @property
    def face(self) -> int:
        """What is left to split."""
        return self.block.face - sum(self.fixed)

    def smallest(self, i: int) -> int:
        """The smallest line an account could be given: a piece, or its whole holding where that is less."""
        whole, piece = self.rooms[i].sell_out, self.lattice.min_piece
        return min(whole, piece) if whole else piece

    def beside_hole(self, i: int, face: int, wish: Decimal) -> bool:
        """Whether a wish would have left less than the minimum piece of a holding, so that the line is the last legal
        face below it, or the whole holding."""
        room = self.rooms[i]
        return room.sell_out is not None and room.top < wish < room.sell_out and face in (room.top, room.sell_out)


@dataclass(frozen=True, slots=True)
class Draft:
    """An engine's faces, with the uncapped wish (face) and the sentence behind each, in the problem's order. Locked
    accounts get nothing here.

    `reasons`, where an engine gives them, are the whole sentences; otherwise they are made from wishes, notes and caps.
    `refused` are accounts that got nothing by a rule of the engine, with the reason: what they wished for is not
    placed. `remarks` are the proposal's notes. `left` is the reason for what nobody asked for. `short` says of single
    accounts why their line is below their wish, where it is not for the minimum pieces.
    """

    faces: tuple[int, ...]
    wishes: tuple[Decimal, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    certificate: Certificate | None = None
    targets: Mapping[str, float] = field(default_factory=dict)  # by account id, in the metric's unit
    parts: tuple[str, ...] = ()
    asked: tuple[Decimal | None, ...] = ()
    refused: Mapping[int, str] = field(default_factory=dict)
    left: str = ""
    short: Mapping[int, str] = field(default_factory=dict)


class Engine(Protocol):
    """A way to split a block. Stateless; `options` describes the parameters `solve` accepts."""

    name: str
    label: str
    sentence: str
    options: tuple[Option, ...]

    def solve(self, problem: Problem, parameters: Mapping[str, Any]) -> Draft:
        """Split the block. `parameters` have been through `read_options`: complete and valid. `InvalidParameter` where
        they do not fit this problem."""
        ...


def split_by_weight(problem: Problem, weights: Sequence[Decimal], notes: Sequence[str]) -> Draft:
    """Exact whole-lot split over non-negative weights, with each account's proportional wish."""
    open_ = [
        Decimal(0) if a.id in problem.locked else weight for a, weight in zip(problem.accounts, weights, strict=True)
    ]
    whole = as_integers(open_)
    total = sum(whole)
    faces = apportion(problem.face, whole, problem.rooms, problem.lattice) if total else [0] * len(whole)
    wishes = [Decimal(problem.face) * weight / total if total else Decimal(0) for weight in map(Decimal, whole)]
    return Draft(tuple(faces), tuple(wishes), tuple(notes), warnings=_gap(problem, whole, sum(faces)))


def _gap(problem: Problem, weights: Sequence[int], placed: int) -> tuple[str, ...]:
    """A sell that was not proved to place the most says how much more another choice of whole holdings might."""
    if problem.block.side is Side.BUY or placed == problem.face:
        return ()
    rooms = [room if weight else Room(0) for room, weight in zip(problem.rooms, weights, strict=True)]
    more = sellable(problem.face, rooms, problem.lattice).most - placed
    if more <= 0:
        return ()
    return (f"Up to {more:,} more might be sold by another choice of whole holdings; not every one was tried.",)


def as_integers(weights: Sequence[Decimal]) -> list[int]:
    """The same proportions as whole numbers, so that ties are exact."""
    fractions = [Fraction(weight) for weight in weights]
    denominator = math.lcm(*(f.denominator for f in fractions))
    return [int(f * denominator) for f in fractions]
