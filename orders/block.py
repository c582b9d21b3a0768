"""A block on its way to an order: as it was typed, and what would come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from allocation.limits import LimitTable
from allocation.model import Account, BlockOrder, Choices, Side
from allocation.proposal import Proposal


@dataclass(frozen=True, slots=True)
class Request:
    """A block as typed, with the choices beside it."""

    group: str
    asset_id: str
    side: Side
    face: int
    settlement: date
    limit: Decimal | None = None
    choices: Choices = field(default_factory=Choices)
    instead_of: str = ""  # the order that it takes the place of


@dataclass(frozen=True, slots=True)
class Posed:
    """A block that may be traded, with all that an engine needs of the group and the house rules."""

    block: BlockOrder
    accounts: tuple[Account, ...]
    choices: Choices
    limits: LimitTable
    read_at: datetime  # of the oldest input, UTC
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """A proposal with what it was made from. Nothing is written yet."""

    request: Request
    proposal: Proposal
    read_at: datetime  # of the oldest input, UTC
    warnings: tuple[str, ...]
