"""What can go wrong in an allocation, as one tree.

EvenlotError                    every error this project raises on purpose; str(error) is a sentence for a user
└── AllocationError
    ├── InvalidBlock            the block cannot be traded as typed; names the field
    │   └── OffLattice          the face is not a legal amount; carries the nearest legal faces
    ├── MissingPrice            no price to value the bond with
    ├── MetricUnavailable       accounts without the chosen metric must be excluded by an explicit choice
    │   └── MissingMeasure      the bond lacks the figure the metric needs: that is every account
    ├── InvalidParameter        an engine was given a parameter it does not know or cannot use
    │   └── LockRefused         lines cannot be locked at these faces; carries each with the nearest that can be
    ├── InvalidLimit            a row of the limits table cannot be read; names the column
    └── Infeasible              the feasibility gate refused a result: a defect of ours, never shown as a proposal
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class EvenlotError(Exception):
    """Root of the tree; its text is written for the person at the screen."""


class AllocationError(EvenlotError):
    """An allocation cannot be made from what was given."""


class InvalidBlock(AllocationError):
    """The block is not tradable as typed. `field` names the input to mend."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class OffLattice(InvalidBlock):
    """The face lies between legal faces. `below` (0 when none) and `above` are the nearest ones."""

    def __init__(self, sentence: str, below: int, above: int) -> None:
        super().__init__("face", sentence)
        self.below = below
        self.above = above


class MissingPrice(AllocationError):
    """The bond has no price, and none was typed."""


class MetricUnavailable(AllocationError):
    """Accounts lack the chosen metric: `reasons` maps each account id to why."""

    def __init__(self, sentence: str, reasons: Mapping[str, str]) -> None:
        super().__init__(sentence)
        self.reasons = dict(reasons)


class MissingMeasure(MetricUnavailable):
    """The bond has no figure for the chosen metric: none of the accounts can count in it."""


class InvalidParameter(AllocationError):
    """An engine's parameter is unknown or out of range. `parameter` names it."""

    def __init__(self, parameter: str, sentence: str) -> None:
        super().__init__(sentence)
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class RefusedLock:
    """A line that cannot be locked where it was typed, with why in a sentence. `near` are the nearest faces that it
    could be locked at beside the locks that can be, 0 among them; none for what cannot be read."""

    account_id: str
    sentence: str
    near: tuple[int, ...] = ()


class LockRefused(InvalidParameter):
    """Lines cannot be locked at their faces: `locks` are all of those, and without them the others can."""

    def __init__(self, locks: Sequence[RefusedLock]) -> None:
        super().__init__("locked", " ".join(lock.sentence for lock in locks))
        self.locks = tuple(locks)

    @property
    def accounts(self) -> frozenset[str]:
        """Whose locks they are."""
        return frozenset(lock.account_id for lock in self.locks)


class InvalidLimit(AllocationError):
    """A row of the limits table cannot be read. `column` names the part to mend."""

    def __init__(self, column: str, sentence: str) -> None:
        super().__init__(sentence)
        self.column = column


class Infeasible(AllocationError):
    """An engine's result broke a cap, a piece, an increment or the sum."""
