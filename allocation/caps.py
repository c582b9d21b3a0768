"""What holds an account back: one small class per cap, each giving a face and a reason with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR
from typing import ClassVar, Protocol

from allocation.lots import Lattice, room
from allocation.model import Account, BlockOrder, Cap, Side
from allocation.money import largest_face


class CapRule(Protocol):
    """A rule that limits what one account may trade of a block."""

    name: ClassVar[str]

    def limit(self, block: BlockOrder, account: Account) -> tuple[int, str] | None:
        """The most face (whole units, not yet on the lattice) and the sentence that explains it; None: no limit."""
        ...


class CashCap:
    """face * factor * (price + accrued)/100 * fx <= cash on the settlement date. Buys only."""

    name: ClassVar[str] = "cash"

    def limit(self, block: BlockOrder, account: Account) -> tuple[int, str] | None:
        if block.side is Side.SELL:
            return None
        price, rate = block.trade_price, account.rate(block.bond.currency)
        assert price is not None, "a block without a price is refused before caps are asked"
        if account.cash is None:
            return 0, f"cash on {block.settlement:%d %b %Y} is not known"
        if rate is None:
            return None  # the rate's own cap stops it
        face = largest_face(account.cash, block.bond, price, rate)
        accrued = " plus accrued" if block.bond.accrued else ""
        return face, f"cash of {account.currency} {account.cash:,.0f} buys {face:,} at {price:f}{accrued}"


class RateCap:
    """Nothing for an account whose base currency the bond's cannot be turned into: a missing rate is never 1."""

    name: ClassVar[str] = "exchange rate"

    def limit(self, block: BlockOrder, account: Account) -> tuple[int, str] | None:
        if account.rate(block.bond.currency) is not None:
            return None
        return 0, f"no exchange rate from {block.bond.currency} to {account.currency}"


class HoldingCap:
    """face <= what the account holds. Sells only: nobody goes short."""

    name: ClassVar[str] = "holding"

    def limit(self, block: BlockOrder, account: Account) -> tuple[int, str] | None:
        if block.side is Side.BUY:
            return None
        held = account.held(block.bond.asset_id)
        if held <= 0:
            return 0, "holds none of it"
        return int(held.to_integral_value(ROUND_FLOOR)), f"holds {held.normalize():,f}"


HARD: tuple[CapRule, ...] = (RateCap(), HoldingCap())
CASH: tuple[CapRule, ...] = (CashCap(),)


def bind(block: BlockOrder, accounts: Sequence[Account], rules: Sequence[CapRule], lattice: Lattice) -> list[Cap]:
    """The binding cap of each account, in the order given: the smallest limit, the first rule among equals.

    `Cap.face` is the largest legal face under it. An account no rule limits is capped by the block itself.
    """
    return [_binding(block, account, rules, lattice) for account in accounts]


def _binding(block: BlockOrder, account: Account, rules: Sequence[CapRule], lattice: Lattice) -> Cap:
    face, name, reason = block.face, "order", "the whole order"
    for rule in rules:
        limit = rule.limit(block, account)
        if limit is not None and limit[0] < face:
            face, name, reason = limit[0], rule.name, limit[1]
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
