"""The cap that binds each account of a block, and every one that limits a single account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Protocol

from allocation.limits import LimitTable, Rule
from allocation.lots import Lattice, room
from allocation.model import Account, BlockOrder
from allocation.proposal import Cap


class CapRule(Protocol):
    """A rule that limits what one account may trade of a block."""

    name: ClassVar[str]

    def limit(self, block: BlockOrder, account: Account) -> tuple[int, str] | None:
        """The most face (whole units, not yet on the lattice) and the sentence that explains it; None: no limit."""
        ...


def bind(
    block: BlockOrder,
    accounts: Sequence[Account],
    rules: Sequence[CapRule],
    lattice: Lattice,
    minimums: Mapping[str, int] | None = None,
) -> list[Cap]:
    """The binding cap of each account, in the order given: the smallest limit, the first rule among equals.

    `Cap.face` is the largest legal face under it. An account no rule limits is capped by the block itself. `minimums`
    is the smallest line (face) by account id: who may only take less gets nothing, save to sell its whole holding. The
    lattice of a buy may start at the smallest of them.
    """
    smallest = minimums or {}
    return [_binding(block, account, rules, lattice, smallest.get(account.id, 0)) for account in accounts]


def limits_on(block: BlockOrder, account: Account, rules: Sequence[CapRule]) -> tuple[Cap, ...]:
    """Every rule that limits this account, each with the largest legal face under it alone (which may be more than the
    block), smallest first, in the order of the rules among equals."""
    lattice = Lattice.of(block.bond)
    limits = [(rule.name, rule.limit(block, account)) for rule in rules]
    caps = [_legal(block, account, lattice, name, *limit) for name, limit in limits if limit is not None]
    return tuple(sorted(caps, key=lambda cap: cap.face))


def minimum_line(limits: LimitTable, account_id: str) -> int:
    """The smallest face the account may be given, beside nothing at all; 0 where no limit says so."""
    row = limits.of_account(account_id, Rule.MIN_ALLOCATION)
    return int(row.number) if row is not None else 0


def _binding(block: BlockOrder, account: Account, rules: Sequence[CapRule], lattice: Lattice, minimum: int) -> Cap:
    face, name, reason = block.face, "order", f"the order is for {block.face:,}"
    for rule in rules:
        limit = rule.limit(block, account)
        if limit is not None and limit[0] < face:
            face, name, reason = limit[0], rule.name, limit[1]
    # a lattice that starts at the group's minimum allocation must not pass it off as the bond's minimum piece
    pieces = replace(lattice, min_piece=min(lattice.min_piece, block.bond.min_piece)) if minimum else lattice
    cap = _legal(block, account, pieces, name, face, reason)
    sell_out = room(lattice, block.side, face, account.held(block.bond.asset_id)).sell_out
    if sell_out is not None or not 0 < cap.face < minimum:
        return cap
    too_little = f"{cap.reason}; {cap.face:,} is less than its minimum allocation of {minimum:,}"
    return Cap(account.id, "minimum allocation", 0, too_little)


def _legal(block: BlockOrder, account: Account, lattice: Lattice, name: str, face: int, reason: str) -> Cap:
    """The cap of one rule, brought down to a legal face, with what stood in the way of more."""
    held = account.held(block.bond.asset_id)
    legal = room(lattice, block.side, face, held).most
    if legal == 0 and face >= lattice.min_piece:
        # only a sell comes here: there is enough to sell, but not in a face that leaves nothing or a whole piece
        left = "it is not a whole number of units" if held != int(held) else f"{face:,} would leave {held - face:,}"
        name = "minimum piece"
        reason = f"holds {held.normalize():,f}; {left}, and a rest must be at least {lattice.min_piece:,}"
    elif legal == 0 and face > 0:
        reason = f"{reason}, less than the minimum piece of {lattice.min_piece:,}"
    elif name == "holding" and legal < face:
        reason = f"{reason}, and a rest must be at least {lattice.min_piece:,} or nothing"
    return Cap(account.id, name, legal, reason)
