"""Small accounts, bonds and blocks to allocate with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from allocation.model import Account, BlockOrder, Bond, Exposure, Holding, Measures, Metric, Side

SETTLEMENT = date(2026, 11, 23)


def bond(
    min_piece: int = 1000,
    increment: int = 1000,
    price: str | None = "98.5",
    accrued: str | None = "0",
    measures: Measures | None = None,
    **also: object,
) -> Bond:
    return Bond(
        asset_id="B",
        description="A bond",
        currency="USD",
        min_piece=min_piece,
        increment=increment,
        price=None if price is None else Decimal(price),
        accrued=None if accrued is None else Decimal(accrued),
        measures=measures or Measures(spread_duration=3.8, duration=4.1, oas=95.0),
        **also,  # type: ignore[arg-type]
    )


def account(
    name: str,
    nav: str | None = "100000000",
    cash: str | None = "5000000",
    held: str = "0",
    level: float | None = 5.0,
    currency: str = "USD",
    fx: Mapping[str, Decimal] | None = None,
) -> Account:
    """An account whose metrics all stand at `level` (None: unavailable), holding `held` face of the bond."""
    face = Decimal(held)
    holdings = {"B": Holding("B", face, face * Decimal("0.985"), Decimal(0))} if face else {}
    exposure = Exposure(level, 1.0) if level is not None else Exposure(None, 0.5, "half of it has no figure")
    return Account(
        id=name,
        name=f"{name} fund",
        currency=currency,
        nav=None if nav is None else Decimal(nav),
        cash=None if cash is None else Decimal(cash),
        holdings=holdings,
        exposures=dict.fromkeys(Metric, exposure),
        fx=fx or {},
    )


def block(face: int, side: Side = Side.BUY, of: Bond | None = None, limit: str | None = None) -> BlockOrder:
    return BlockOrder(of or bond(), side, face, SETTLEMENT, None if limit is None else Decimal(limit))
