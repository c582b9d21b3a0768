"""What a block must pass before it is tried: a face that can be traded, figures that are not too old."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from allocation.errors import OffLattice
from allocation.lots import Lattice
from allocation.model import BlockOrder, Bond, Side
from orders.calendar import business_age
from orders.errors import StaleData
from orders.model import Group


@dataclass(frozen=True, slots=True)
class Policy:
    """The house rules a setting can change."""

    amber_after: int = 1  # business days
    blocked_after: int = 5  # business days
    minimum_coverage: float = 0.95
    market_buffer: Decimal = Decimal(0)
    longest_comment: int = 500  # characters


def fresh_enough(bond: Bond, price_typed: bool, today: date, policy: Policy) -> tuple[Bond, tuple[str, ...]]:
    """The bond as it may be traded on, with a warning for each figure past the amber age.

    `StaleData` for figures past the blocking age. A price past it is dropped where one was typed, which then values the
    position too. Ages are business days before `today`.
    """
    warnings = []
    priced = bond.price_date if bond.price is not None else None
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


def refuse_off_lattice(block: BlockOrder, group: Group) -> None:
    """A face between legal faces is sent back with the nearest ones, unless whole odd holdings can make it up."""
    lattice = Lattice.of(block.bond)
    odd = block.side is Side.SELL and any(
        not lattice.holds(int(held)) for a in group.accounts if (held := a.held(block.bond.asset_id))
    )
    if lattice.holds(block.face) or block.face <= 0 or odd:
        return
    below, above = lattice.nearest(block.face)
    if below == 0:
        sentence = f"{block.face:,} is below the minimum piece of {lattice.min_piece:,}."
    else:
        sentence = f"{block.face:,} is not a whole number of increments of {lattice.increment:,}."
    options = " or ".join(f"{face:,}" for face in (below, above) if face)
    raise OffLattice(f"{sentence} The nearest faces that can be traded: {options}.", below, above)
