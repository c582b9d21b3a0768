"""Who in a group holds a bond."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from allocation.model import Account


@dataclass(frozen=True, slots=True)
class Holder:
    """An account and what it holds of one bond."""

    account_id: str
    name: str
    face: Decimal
    share: float | None  # of NAV


def holders_of(asset_id: str, accounts: Sequence[Account]) -> tuple[Holder, ...]:
    """The accounts that hold the bond, largest first."""
    rows = [_holder(account, asset_id) for account in accounts if account.held(asset_id)]
    return tuple(sorted(rows, key=lambda row: (-row.face, row.account_id)))


def _holder(account: Account, asset_id: str) -> Holder:
    value = account.holdings[asset_id].market_value
    share = float(value / account.nav) if account.nav else None
    return Holder(account.id, account.name, account.held(asset_id), share)
