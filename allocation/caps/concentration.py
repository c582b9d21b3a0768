"""The caps of concentration: how much of an account's NAV one security, issuer or sector may be. Buys only: a sell
only reduces."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from allocation.caps.wording import buys, have_no, issuer_names, nav_fault, rate_fault, security_names
from allocation.limits import Limit, LimitTable, Rule
from allocation.model import Account, BlockOrder, Bond, Holding, Side
from allocation.money import exact, market_value_per_face


@dataclass(frozen=True, slots=True)
class SecurityCap:
    """(market value held of the bond + face * value per face) / NAV <= the limit."""

    name: ClassVar[str] = "security concentration"
    limits: LimitTable
    basis: str  # "dirty" or "clean"

    def limit(self, block: BlockOrder, account: Account) -> tuple[int, str] | None:
        if block.side is Side.SELL:
            return None
        bond = block.bond
        row = self.limits.of_account(account.id, Rule.SECURITY, security_names(bond))
        if row is None:
            return None
        own = account.holdings.get(bond.asset_id)
        return _up_to(block, account, row, self.basis, _Alike(bond.label, (own,) if own else ()))


@dataclass(frozen=True, slots=True)
class IssuerCap:
    """(market value held of the bond's issuer + face * value per face) / NAV <= the limit. Issuers are told apart by
    their id."""

    name: ClassVar[str] = "issuer concentration"
    limits: LimitTable
    basis: str  # "dirty" or "clean"

    def limit(self, block: BlockOrder, account: Account) -> tuple[int, str] | None:
        if block.side is Side.SELL or not self.limits.stands(account.id, Rule.ISSUER):
            return None
        bond = block.bond
        if not bond.issuer_id:  # a row that names another issuer might be about this one
            return 0, f"the issuer of {bond.label} is not known, so its issuer limits cannot be checked"
        row = self.limits.of_account(account.id, Rule.ISSUER, issuer_names(bond))
        if row is None:
            return None
        what = bond.issuer or bond.ticker or f"issuer {bond.issuer_id}"
        alike = _alike(account, bond, what, "issuer", bond.issuer_id, lambda holding: holding.issuer_id)
        return _up_to(block, account, row, self.basis, alike)


@dataclass(frozen=True, slots=True)
class SectorCap:
    """(market value held of the bond's sector + face * value per face) / NAV <= the limit."""

    name: ClassVar[str] = "sector"
    limits: LimitTable
    basis: str  # "dirty" or "clean"

    def limit(self, block: BlockOrder, account: Account) -> tuple[int, str] | None:
        if block.side is Side.SELL or not self.limits.stands(account.id, Rule.SECTOR):
            return None
        bond = block.bond
        if not bond.sector:  # a row that names a sector might be about this one
            return 0, f"the sector of {bond.label} is not known, so its sector limits cannot be checked"
        row = self.limits.of_account(account.id, Rule.SECTOR, (bond.sector,))
        if row is None:
            return None
        alike = _alike(account, bond, f"sector {bond.sector}", "sector", bond.sector, lambda holding: holding.sector)
        return _up_to(block, account, row, self.basis, alike)


@dataclass(frozen=True, slots=True)
class _Alike:
    """The holdings that count together with the bond, what they are called, and a note on those that cannot count."""

    what: str
    holdings: Collection[Holding]
    note: str = ""


def _alike(account: Account, bond: Bond, what: str, figure: str, wanted: str, of: Callable[[Holding], str]) -> _Alike:
    """The holdings whose `figure` is the bond's. One in the bond itself counts whatever its row says of the figure."""
    wanted, counted, unknown = wanted.casefold(), list[Holding](), 0
    for holding in account.holdings.values():
        found = of(holding)
        if holding.asset_id == bond.asset_id or found.casefold() == wanted:
            counted.append(holding)
        elif not found:
            unknown += 1
    if not unknown:
        return _Alike(what, counted)
    return _Alike(what, counted, f" ({have_no(unknown, figure)} and {'is' if unknown == 1 else 'are'} not counted)")


def _up_to(block: BlockOrder, account: Account, row: Limit, basis: str, alike: _Alike) -> tuple[int, str]:
    """The whole units of face that bring the share of NAV up to the limit, exactly; 0 where a figure is missing."""
    nav, rate, mark = account.nav, account.rate(block.bond.currency), block.mark
    missing = nav_fault(account) or rate_fault(account, block.bond) or _unvalued(block.bond, alike.holdings, basis)
    if missing or nav is None or rate is None:
        return 0, f"{missing}, so the {row.rule.label.lower()} limit of {row.value} cannot be checked"
    assert mark is not None, "a block without a price is refused before caps are asked"
    unit = market_value_per_face(block, basis, rate)
    with exact():
        held = sum((_value(holding, basis) for holding in alike.holdings), Decimal(0))
        left = row.number * nav - held
        face = int(left // unit)
        share = held / nav
    stand = f"{alike.what} is {share:.2%} of NAV of {account.currency} {nav:,.0f}{alike.note} and may be {row.value}"
    if left <= 0:
        return 0, f"{stand}: nothing is left"
    with_accrued = basis == "dirty" and bool(block.bond.accrued)
    return face, f"{stand}: the {account.currency} {left:,.0f} left {buys(face, mark, with_accrued)}"


def _value(holding: Holding, basis: str) -> Decimal:
    accrued = holding.accrued_value if basis == "dirty" else None
    return holding.market_value if accrued is None else holding.market_value + accrued


def _unvalued(bond: Bond, holdings: Collection[Holding], basis: str) -> str:
    """What is missing to value the bond and these holdings on `basis`; empty when nothing is."""
    # a position that came without a market value stands at zero: zero here is a missing figure, not a worthless bond
    unvalued = sum(1 for holding in holdings if holding.face and not holding.market_value)
    if unvalued:
        return have_no(unvalued, "market value")
    if basis == "clean":
        return ""
    if bond.accrued is None:
        return f"the accrued interest of {bond.label} is not known"
    unknown = sum(1 for holding in holdings if holding.accrued_value is None)
    return have_no(unknown, "accrued interest") if unknown else ""
