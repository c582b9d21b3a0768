"""Limit tables and holdings to try caps with."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from allocation.limits import Limit, LimitTable, Rule
from allocation.model import Account, Holding


def table(*rows: tuple[str, Rule, str, str]) -> LimitTable:
    """A table of (account, rule, of, value)."""
    return LimitTable(1, tuple(Limit(*row) for row in rows))


def holding(asset_id: str, value: str, accrued: str | None = "0", issuer: str = "", sector: str = "") -> Holding:
    """A holding worth `value` clean; its face is a million."""
    money = None if accrued is None else Decimal(accrued)
    return Holding(asset_id, Decimal(1_000_000), Decimal(value), money, issuer_id=issuer, sector=sector)


def holding_all(account: Account, *holdings: Holding) -> Account:
    return replace(account, holdings={h.asset_id: h for h in holdings})
