"""The cap of cash: what the account's cash on the settlement date pays for, less what it must keep."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from allocation.caps.wording import buys, nav_fault
from allocation.limits import NO_LIMITS, Limit, LimitTable, Rule
from allocation.model import Account, BlockOrder, Side
from allocation.money import exact, largest_face


@dataclass(frozen=True, slots=True)
class CashCap:
    """face * factor * (price + accrued)/100 * fx <= cash on the settlement date less the reserve. Buys only."""

    name: ClassVar[str] = "cash"
    limits: LimitTable = NO_LIMITS

    def limit(self, block: BlockOrder, account: Account) -> tuple[int, str] | None:
        if block.side is Side.SELL:
            return None
        price, rate = block.trade_price, account.rate(block.bond.currency)
        assert price is not None, "a block without a price is refused before caps are asked"
        if account.cash is None:
            return 0, f"cash on {block.settlement:%d %b %Y} is not known"
        if rate is None:
            return None  # the rate's own cap stops it
        row = self.limits.of_account(account.id, Rule.CASH_RESERVE)
        spendable, said = account.cash, f"cash of {account.currency} {account.cash:,.0f}"
        if row is not None:
            reserve = _reserve(row, account.nav)
            if reserve is None:
                return 0, f"{nav_fault(account)}, so the cash reserve of {row.value} of NAV cannot be set aside"
            if reserve:
                with exact():
                    spendable = account.cash - reserve
                share = f" ({row.value} of NAV)" if row.is_share else ""
                kept = f"a reserve of {account.currency} {reserve:,.0f}{share}"
                said = f"{said} less {kept} leaves {account.currency} {spendable:,.0f}, which"
        face = largest_face(spendable, block.bond, price, rate)
        return face, f"{said} {buys(face, price, bool(block.bond.accrued))}"


def _reserve(row: Limit, nav: Decimal | None) -> Decimal | None:
    """Money to keep, in base currency; None for a share of a NAV that is missing or not above zero."""
    if not row.is_share:
        return row.number
    if nav is None or nav <= 0:
        return None
    with exact():
        return row.number * nav
