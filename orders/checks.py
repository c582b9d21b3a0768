"""What a block must pass: a face that can be traded, figures that are not too old, and none that moved unseen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from allocation.errors import OffLattice
from allocation.limits import Limit
from allocation.lots import Lattice, room, sellable
from allocation.model import BlockOrder, Bond, Choices, Measures, Side
from allocation.proposal import Proposal
from orders.calendar import business_age
from orders.errors import NotPermitted, StaleData
from orders.limits import of_accounts
from orders.model import Group

HARDLY = Decimal("0.1")  # of the face typed; when less can be placed, it is asked about
FACE_BELOW = 10**12  # what an order's face must stay below


@dataclass(frozen=True, slots=True)
class Policy:
    """The house rules a setting can change."""

    amber_after: int = 1  # business days
    blocked_after: int = 5  # business days
    minimum_coverage: float = 0.95
    market_buffer: Decimal = Decimal(0)
    longest_comment: int = 500  # characters
    approval_from: int | None = None  # face from which somebody else must approve; None: nobody has to
    limit_distance: Decimal = Decimal("0.03")  # of the mark; a limit farther away is asked about
    price_drift: Decimal = Decimal("0.25")  # per 100 face: so far a price may move unseen, where no line follows it


def fresh_enough(bond: Bond, price_typed: bool, today: date, policy: Policy) -> tuple[Bond, tuple[str, ...]]:
    """The bond as it may be traded on, with a warning for each figure past the amber age.

    `StaleData` for figures past the blocking age. A price past it is dropped where one was typed, which then values the
    position too. Ages are business days before `today`.
    """
    warnings = []
    priced = bond.price_date if bond.price is not None else None
    if bond.price is not None and priced is None and not price_typed:
        warnings.append(f"The price of {bond.label} carries no date: its age is not known.")
    if bond.measures_date is None and bond.measures != Measures():
        warnings.append(f"The analytics of {bond.label} carry no date: their age is not known.")
    for day, what in ((priced, "price"), (bond.measures_date, "analytics")):
        if day is None:
            continue
        age = business_age(day, today, bond.currency)
        old = f"The {what} of {bond.label}: {age} business days old"
        if age <= policy.amber_after:
            continue
        if age <= policy.blocked_after:
            warnings.append(f"{old}.")
        elif what == "price" and price_typed:
            bond = replace(bond, price=None)
            warnings.append(f"{old}. The typed price is used instead.")
        else:
            raise StaleData(f"{old}, too old to trade on.{' Type a price to go on.' if what == 'price' else ''}")
    return bond, tuple(warnings)


def far_from_mark(bond: Bond, side: Side, limit: Decimal | None, policy: Policy) -> tuple[str, ...]:
    """A warning for a limit that looks mistyped, or that will not fill. It quotes no mark: with every
    tick the words that somebody agreed to would be others. How far a price drifts is told by itself."""
    if limit is None or bond.price is None or abs(limit - bond.price) <= policy.limit_distance * bond.price:
        return ()
    above = limit > bond.price
    most = f"{(policy.limit_distance * 100).normalize():f}%"
    typed = f"{limit:.2f}" if limit == round(limit, 2) else f"{limit.normalize():f}"
    said = f"The limit of {typed} is {'above' if above else 'below'} the mark by more than the {most} that are usual"
    if above == (side is Side.BUY):
        return (f"{said}. Is it meant?",)
    return (f"{said}: the order will hardly fill.",)


def hardly_placed(proposal: Proposal) -> tuple[str, ...]:
    """A warning for a face that the group can take next to nothing of, which looks mistyped."""
    if not 0 < proposal.placed < proposal.block.face * HARDLY:
        return ()
    placed, face = f"{proposal.placed:,}", f"{proposal.block.face:,}"
    return (f"Only {placed} of {face} can be placed: look whether a face of {face} is meant.",)


def refuse_off_lattice(block: BlockOrder, group: Group) -> None:
    """A face between legal faces is sent back with the nearest ones, unless whole odd holdings can make it up."""
    lattice = Lattice.of(block.bond)
    if lattice.holds(block.face) or block.face <= 0:
        return
    if block.side is Side.SELL:
        held = [account.held(block.bond.asset_id) for account in group.accounts]
        rooms = [room(lattice, Side.SELL, min(block.face, int(face)), face) for face in held if face > 0]
        if sellable(block.face, rooms, lattice).total == block.face:
            return
    below, above = lattice.nearest(block.face)
    if above >= FACE_BELOW:
        above = 0  # a face that is refused is not proposed
    if below == 0:
        sentence = f"{block.face:,} is below the minimum piece of {lattice.min_piece:,}."
    else:
        sentence = f"{block.face:,} is not a whole number of increments of {lattice.increment:,}."
    options = [f"{face:,}" for face in (below, above) if face]
    faces = f"The nearest {'face' if len(options) == 1 else 'faces'} that can be traded: {' or '.join(options)}."
    raise OffLattice(f"{sentence} {faces}", below, above)


def refuse_what_if(choices: Choices, override: str) -> None:
    """`NotPermitted` for choices that switch a rule off: rounding always holds, cash yields to a reason."""
    if not choices.round_to_denomination:
        raise NotPermitted("Faces that are not rounded to whole lots are a what-if; they cannot be confirmed.")
    if not choices.respect_cash and not override.strip():
        raise NotPermitted("Cash was not respected: say why, and the statement keeps your reason.")


def drifted(before: BlockOrder, after: BlockOrder, policy: Policy) -> bool:
    """Whether the price that money is reserved at moved farther than it may unseen."""
    old, new = before.trade_price, after.trade_price
    return old != new and (old is None or new is None or abs(new - old) > policy.price_drift)


def what_changed(before: Proposal, after: Proposal, policy: Policy) -> tuple[str, ...]:
    """What moved between the preview somebody looked at and the one about to be frozen; empty when nothing they saw
    did. Cash may move as long as no line follows it, and so may the price, a little."""
    changes = []
    if drifted(before.block, after.block, policy) or before.block.bond.accrued != after.block.bond.accrued:
        old, new = (f"{b.trade_price} + {b.bond.accrued or 0} accrued" for b in (before.block, after.block))
        changes.append(f"Price: {old} -> {new}")
    if before.basis != after.basis:
        changes.append(f"Valuation: {before.basis} -> {after.basis}")
    if _rows(before) != _rows(after):  # a version that moved nothing for these accounts interrupts nobody
        changes.append(f"Limits of these accounts: version {before.limits.version} -> {after.limits.version}")
    if before.effect.excluded != after.effect.excluded:
        changes.append(f"Left out of the dispersion: {len(before.effect.excluded)} -> {len(after.effect.excluded)}")
    metric = before.effect.metric
    step = max(10.0 ** -(metric.decimals + 1), _by_the_price(before, after))  # the last decimal shown
    for when in ("dispersion_before", "dispersion_after"):
        old_value, new_value = getattr(before.effect, when), getattr(after.effect, when)
        if abs(old_value - new_value) > step:
            changes.append(f"{when.replace('_', ' ').capitalize()}: {old_value:g} -> {new_value:g} {metric.unit}")
    return tuple(changes) + _moved_lines(before, after)


def _by_the_price(before: Proposal, after: Proposal) -> float:
    """How far a price that moved a little moves a dispersion at most. What the trade adds to each account follows the
    price, and the dispersion of that is at most the dispersions before and after together."""
    old, new = before.block.trade_price, after.block.trade_price
    if not old or new is None:
        return 0.0
    effects = (before.effect, after.effect)
    return abs(float(new / old) - 1) * max(effect.dispersion_before + effect.dispersion_after for effect in effects)


def _rows(proposal: Proposal) -> frozenset[Limit]:
    accounts = [account.id for account in proposal.accounts]
    return frozenset(of_accounts(proposal.limits, accounts).rows)


def _moved_lines(before: Proposal, after: Proposal) -> tuple[str, ...]:
    was = {line.account_id: line for line in before.lines}
    now_ = {line.account_id: line for line in after.lines}
    changes = []
    for account in sorted(was.keys() | now_.keys()):
        old, new = was.get(account), now_.get(account)
        if old is None or new is None:
            changes.append(f"{account}: {'joined' if old is None else 'left'} the group")
        elif old.face != new.face:
            changes.append(f"{account}: {old.face:,} -> {new.face:,} ({new.reason})")
    return tuple(changes)
