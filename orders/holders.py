"""Who in a group holds a bond, and which bonds most of a group hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from heapq import nsmallest

from allocation.model import Account


@dataclass(frozen=True, slots=True)
class Holder:
    """An account and what it holds of one bond."""

    account_id: str
    name: str
    face: Decimal
    share: float | None  # of NAV
    of_group: float | None = None  # of what the whole group holds of it; None where some are short of it


@dataclass(frozen=True, slots=True)
class Held:
    """A bond as a group holds it."""

    asset_id: str
    accounts: int
    face: Decimal
    share: float | None  # of the group's NAV; None where its accounts are in several currencies


def holders_of(asset_id: str, accounts: Sequence[Account]) -> tuple[Holder, ...]:
    """The accounts that hold the bond, largest first."""
    faces = [account.held(asset_id) for account in accounts]
    whole = sum(faces, Decimal(0)) if min(faces, default=Decimal(0)) >= 0 else None
    rows = [_holder(account, asset_id, whole) for account in accounts if account.held(asset_id)]
    return tuple(sorted(rows, key=lambda row: (-row.face, row.account_id)))


def most_held(accounts: Sequence[Account], most: int) -> tuple[Held, ...]:
    """The bonds that most accounts of a group are long of, of equals those with most of it."""
    counts, faces = Counter[str](), defaultdict[str, Decimal](Decimal)
    values = defaultdict[str, Decimal](Decimal)
    for account in accounts:
        for asset_id, holding in account.holdings.items():
            if holding.face > 0:
                counts[asset_id] += 1
                faces[asset_id] += holding.face
                values[asset_id] += holding.market_value
    alike = len({account.currency for account in accounts}) == 1
    nav = sum((account.nav for account in accounts if account.nav), Decimal(0)) if alike else None
    weight = values if alike else faces  # money of several currencies is never added up
    best = nsmallest(most, counts, key=lambda asset_id: (-counts[asset_id], -weight[asset_id], asset_id))
    return tuple(Held(a, counts[a], faces[a], float(values[a] / nav) if nav else None) for a in best)


def _holder(account: Account, asset_id: str, whole: Decimal | None) -> Holder:
    value, face = account.holdings[asset_id].market_value, account.held(asset_id)
    share = float(value / account.nav) if account.nav else None
    return Holder(account.id, account.name, face, share, float(face / whole) if whole else None)
