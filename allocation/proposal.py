"""What an allocation proposes: caps, lines with their reasons, what is left over, and the effect on the group. Frozen
values with their units, no behaviour beyond what follows from their own fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from allocation.certificate import Certificate
from allocation.limits import LimitTable
from allocation.metrics import improvement
from allocation.model import Account, BlockOrder, Choices, Metric


@dataclass(frozen=True, slots=True)
class Cap:
    """The most one account may trade under one rule. `face` is the largest legal face, `reason` carries the numbers."""

    account_id: str
    rule: str  # "cash", "holding", ...
    face: int
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """One account's part of the block, with the figures before and after."""

    account_id: str
    face: int
    wish: Decimal  # face the engine would give were there no caps or pieces
    cap: Cap
    money: Decimal  # base currency, unsigned
    cash_before: Decimal | None
    cash_after: Decimal | None
    reason: str  # one sentence: why this amount
    part: str = ""  # how a custom line came about: "direct", "remainder", both; "locked" where it was set by hand
    asked: Decimal | None = None  # face asked for this account by name, before any cap

    @property
    def headroom(self) -> int:
        """Face this account could still take under its binding cap."""
        return self.cap.face - self.face

    @property
    def capped(self) -> bool:
        """Whether a cap of its own is what the account stopped at. Its wish need not be above that: it may have come
        there by taking what others could not."""
        own = self.cap.rule != "order" and self.part != "locked"
        return own and self.headroom == 0 and (self.face > 0 or self.wish > 0)


@dataclass(frozen=True, slots=True)
class Unallocated:
    """Face that could not be placed and why. `account_id` is empty when no single account is the cause."""

    face: int
    reason: str
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What the lines do to one metric. Mappings are by account id and leave out the excluded accounts.

    An account is within tolerance when it ends at most `tolerance` from its target, or from the mean where it has none.
    """

    metric: Metric
    before: Mapping[str, float]
    after: Mapping[str, float]
    dispersion_before: float
    dispersion_after: float
    mean_after: float
    tolerance: float  # in the metric's unit
    targets: Mapping[str, float] = field(default_factory=dict)  # where the engine steered by targets
    excluded: Mapping[str, str] = field(default_factory=dict)  # account id -> reason

    def away(self, account_id: str) -> float:
        """How far the account ends above (below: negative) its target, or the mean where it has none."""
        return self.after[account_id] - self.targets.get(account_id, self.mean_after)

    def within(self, account_id: str) -> bool:
        """Whether the account ends within the tolerance."""
        return abs(self.away(account_id)) <= self.tolerance

    @property
    def outside(self) -> tuple[str, ...]:
        """The accounts that end outside the tolerance, by id."""
        return tuple(account for account in self.after if not self.within(account))

    @property
    def improvement(self) -> float | None:
        """(before - after) / before; None ("not applicable") when there was no dispersion before."""
        return improvement(self.dispersion_before, self.dispersion_after)


@dataclass(frozen=True, slots=True)
class Proposal:
    """An engine's answer, always returned: lines for every account, reasons for every unit not placed.

    `choices.parameters` are complete: defaults are filled in. `failed` says why an engine has no answer; every line is
    then nothing, and `tried` says what was tried.
    """

    block: BlockOrder
    choices: Choices
    limits: LimitTable  # the version the caps were made from
    accounts: tuple[Account, ...]  # sorted by id; lines are in the same order
    lines: tuple[Line, ...]
    unallocated: tuple[Unallocated, ...]
    effect: Effect
    basis: str  # "dirty" or "clean": how holdings and trade are valued
    warnings: tuple[str, ...] = ()  # may cost money or break a rule: whoever goes on says why
    notes: tuple[str, ...] = ()  # good to know, and shown: nobody is asked about them
    tried: tuple[str, ...] = ()  # what was tried before this result, in order
    certificate: Certificate | None = None  # how near to the best it is proved to be, by engines that prove it
    failed: str = ""

    @property
    def engine(self) -> str:
        return self.choices.engine

    @property
    def placed(self) -> int:
        """Face allocated over all accounts."""
        return sum(line.face for line in self.lines)

    @property
    def fill(self) -> float:
        """Allocated over ordered face."""
        return self.placed / self.block.face if self.block.face else 0.0
