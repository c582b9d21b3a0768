"""What every engine is given and gives back: `Problem`, `Draft`, and the `Engine` protocol."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

from allocation.certificate import Certificate
from allocation.errors import InvalidParameter
from allocation.lots import Lattice, Room, apportion, sellable
from allocation.model import Account, BlockOrder, Cap, Metric, Side


@dataclass(frozen=True, slots=True)
class Problem:
    """A block to split. `accounts`, `caps`, `rooms` and `unit_values` run in the same order, by account id."""

    block: BlockOrder
    accounts: tuple[Account, ...]
    caps: tuple[Cap, ...]
    rooms: tuple[Room, ...]
    lattice: Lattice
    metric: Metric
    unit_values: tuple[float, ...]  # base currency per unit of face, as the metric is valued; 0 without a rate
    excluded: frozenset[str]  # accounts left out of the metric


@dataclass(frozen=True, slots=True)
class Draft:
    """An engine's faces, with the uncapped wish (face) and the sentence behind each, in the problem's order.

    `reasons`, where an engine gives them, are the whole sentences; otherwise they are made from wishes, notes and caps.
    """

    faces: tuple[int, ...]
    wishes: tuple[Decimal, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    certificate: Certificate | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """A parameter an engine takes: its choices (value -> label) and its default, for the screen and the check."""

    name: str
    label: str
    choices: Mapping[str, str]
    default: str


class Engine(Protocol):
    """A way to split a block. Stateless; `options` describes the parameters `solve` accepts."""

    name: str
    label: str
    sentence: str
    options: tuple[Option, ...]

    def solve(self, problem: Problem, parameters: Mapping[str, str]) -> Draft:
        """Split the block. `parameters` have been through `read_options`: complete and valid."""
        ...


def read_options(engine: Engine, parameters: Mapping[str, str]) -> dict[str, str]:
    """The parameters with defaults filled in; `InvalidParameter` for an unknown name or value."""
    known = {option.name: option for option in engine.options}
    for name, value in parameters.items():
        if name not in known:
            raise InvalidParameter(name, f"{engine.label} has no parameter {name!r}.")
        if value not in known[name].choices:
            choices = ", ".join(known[name].choices)
            raise InvalidParameter(name, f"{known[name].label} cannot be {value!r}; choose one of {choices}.")
    return {name: parameters.get(name, option.default) for name, option in known.items()}


def split_by_weight(problem: Problem, weights: Sequence[Decimal], notes: Sequence[str]) -> Draft:
    """Exact whole-lot split over non-negative weights, with each account's proportional wish."""
    whole = _as_integers(weights)
    total = sum(whole)
    faces = apportion(problem.block.face, whole, problem.rooms, problem.lattice) if total else [0] * len(whole)
    wishes = [Decimal(problem.block.face) * weight / total if total else Decimal(0) for weight in map(Decimal, whole)]
    return Draft(tuple(faces), tuple(wishes), tuple(notes), warnings=_gap(problem, whole, sum(faces)))


def _gap(problem: Problem, weights: Sequence[int], placed: int) -> tuple[str, ...]:
    """A sell that was not proved to place the most says how much more another choice of whole holdings might."""
    if problem.block.side is Side.BUY or placed == problem.block.face:
        return ()
    rooms = [room if weight else Room(0) for room, weight in zip(problem.rooms, weights, strict=True)]
    more = sellable(problem.block.face, rooms, problem.lattice).most - placed
    if more <= 0:
        return ()
    return (f"Up to {more:,} more might be sold by another choice of whole holdings; not every one was tried.",)


def _as_integers(weights: Sequence[Decimal]) -> list[int]:
    """The same proportions as whole numbers, so that ties are exact."""
    fractions = [Fraction(weight) for weight in weights]
    denominator = math.lcm(*(f.denominator for f in fractions))
    return [int(f * denominator) for f in fractions]
