"""Engines side by side on one block, over its sizes, and one of them partly filled. What was worked out for a user is
given again as long as nothing moved that it was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any, Protocol

from allocation.compare import Comparison, compare
from allocation.model import BlockOrder, Choices
from allocation.partial_fill import FillPolicy, PartialFill, partial_fill
from allocation.proposal import Proposal
from allocation.size_curve import Curve, size_curve
from orders.block import Posed, Request
from orders.entitlement import require
from orders.history import COMPARED
from orders.model import Permission, User
from orders.once import Answers
from orders.ports import Activity

SIZES = 60  # points of a curve: a line a pixel finer tells nobody more


class Pose(Protocol):
    """Reads a block with all that an engine needs, and checks who asks."""

    def __call__(self, user: User, request: Request, *, fresh: bool = False) -> Posed: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """An engine with its parameters, as it is entered into a comparison."""

    engine: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Compared:
    """The rows of a comparison, with what they were made from."""

    request: Request
    block: BlockOrder
    rows: tuple[Comparison, ...]
    read_at: datetime  # of the oldest input, UTC
    warnings: tuple[str, ...]

    @property
    def answered(self) -> tuple[Comparison, ...]:
        """The rows of engines that have an answer."""
        return tuple(row for row in self.rows if row.figures is not None)


class Comparing:
    """What a user may try on a block without deciding on anything. Nothing is written but that they did."""

    def __init__(self, posed: Pose, activity: Activity) -> None:
        self._posed = posed
        self._activity = activity
        self._answers = Answers()  # by user and question

    def engines(self, user: User, request: Request, entries: Sequence[Entry], *, fresh: bool = False) -> Compared:
        """A row for each entry, under the caps and choices of the request, in the order given.

        Raises what `compare` raises, `OffLattice`, `InvalidSettlement`, `StaleData`, and any `OutsideError`.
        """
        posed = self._posed(user, request, fresh=fresh)

        def work() -> tuple[Comparison, ...]:
            self._activity.note(user.username, COMPARED, request.group, _in_words(posed, entries))
            return compare(posed.block, posed.accounts, choices, posed.limits)

        choices = _choices(posed, entries)
        rows = self._answers.once(
            (user.username, "engines"), (posed.block, posed.accounts, posed.limits, choices), work
        )
        return Compared(replace(request, choices=posed.choices), posed.block, rows, posed.read_at, posed.warnings)

    def sizes(self, user: User, request: Request, entries: Sequence[Entry]) -> tuple[Curve, ...]:
        """A curve over the sizes of the order for each entry. Raises what `engines` raises."""
        posed = self._posed(user, request)

        def work() -> tuple[Curve, ...]:
            return size_curve(posed.block, posed.accounts, choices, posed.limits, SIZES)

        choices = _choices(posed, entries)
        return self._answers.once((user.username, "sizes"), (posed.block, posed.accounts, posed.limits, choices), work)

    def at_size(self, user: User, request: Request, entries: Sequence[Entry], face: int) -> tuple[Curve, ...]:
        """What each entry would come to at one size of the order, which need not be on the curve. Raises what `sizes`
        raises, and `InvalidParameter` for less than the smallest order."""
        posed = self._posed(user, request)
        choices = _choices(posed, entries)

        def work() -> tuple[Curve, ...]:
            return size_curve(posed.block, posed.accounts, choices, posed.limits, at=face)

        given = (posed.block, posed.accounts, posed.limits, choices)
        return self._answers.once((user.username, "size", face), given, work)

    def partly(
        self, user: User, group: str, proposal: Proposal, filled: Fraction, policy: FillPolicy = FillPolicy.PRO_RATA
    ) -> PartialFill:
        """What each account of the group would get of a proposal were this share of it filled."""
        require(user, Permission.PREVIEW, group)
        return partial_fill(proposal, filled, policy)


def _choices(posed: Posed, entries: Sequence[Entry]) -> list[Choices]:
    return [replace(posed.choices, engine=entry.engine, parameters=entry.parameters) for entry in entries]


def _in_words(posed: Posed, entries: Sequence[Entry]) -> str:
    block = posed.block
    engines = ", ".join(dict.fromkeys(entry.engine for entry in entries))
    return f"{block.side.value} {block.face:,} {block.bond.label} by {engines}"
