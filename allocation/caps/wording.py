"""What more than one cap says: how a bond and its issuer may be named, what a face costs, what is missing of a NAV."""

from __future__ import annotations

from decimal import Decimal

from allocation.model import Account, Bond


def security_names(bond: Bond) -> tuple[str, ...]:
    """What a limit about this one bond may call it."""
    return bond.asset_id, bond.cusip, bond.isin, bond.sedol


def issuer_names(bond: Bond) -> tuple[str, ...]:
    """What a limit about its issuer may call it."""
    return bond.issuer_id, bond.issuer, bond.ticker


def buys(face: int, price: Decimal, with_accrued: bool) -> str:
    """What money comes to in face at a clean price per 100."""
    return f"buys {face:,} at {price:f}{' plus accrued' if with_accrued else ''}"


def nav_fault(account: Account) -> str:
    """Why no share can be taken of this account's NAV; empty when one can."""
    if account.nav is None:
        return "its NAV is not known"
    return "" if account.nav > 0 else f"its NAV is {account.currency} {account.nav:,.0f}, not above zero"


def rate_fault(account: Account, bond: Bond) -> str:
    """Why the bond has no value in the account's base currency; empty when it has."""
    if account.rate(bond.currency) is not None:
        return ""
    return f"no exchange rate from {bond.currency} to {account.currency}"


def have_no(count: int, what: str) -> str:
    """How many holdings lack a figure."""
    return f"{count} {'holding has' if count == 1 else 'holdings have'} no {what}"
