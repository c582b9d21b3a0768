"""What one row of the positions call says: price, factor and exchange rate, and whether its figures agree."""

from __future__ import annotations

from decimal import Decimal

from aladdin import wire

_APART = Decimal("0.05")  # how far a row's market value may be from what its other figures come to
_ROUNDED = Decimal("0.01")  # by how much rounding may move a price: it is much of a price near zero
_TELLING = 10_000  # money; some sources round a market value to thousands, so less says nothing


def is_cash(row: wire.Position) -> bool:
    """Whether the row is cash. How Aladdin spells it is not published."""
    return row.sec_group.strip().casefold() == "cash"


def clean_price(row: wire.Position) -> Decimal | None:
    """Price per 100 face; None when there is none, or when the row does not say whether it is a percentage."""
    if row.price is None or row.price_as_pct is None:
        return None
    return row.price if row.price_as_pct else row.price * 100


def sound_price(row: wire.Position) -> Decimal | None:
    """The price, unless the row's own market value contradicts it."""
    return None if contradiction(row) else clean_price(row)


def factor(row: wire.Position) -> Decimal | None:
    """What is left of each unit of face: as told, or by current over original face; None when nothing tells."""
    if row.factor is not None:
        return row.factor
    if row.cur_par is None or not row.pos_quantity:
        return None
    return row.cur_par / row.pos_quantity


def rate(row: wire.Position) -> Decimal | None:
    """Base currency per unit of the row's: 1 for the base currency itself, None when unknown."""
    if row.local_base_fx_rate is not None:
        return row.local_base_fx_rate
    return Decimal(1) if row.ccy and row.ccy == row.base_ccy else None


def contradiction(row: wire.Position) -> str:
    """How the row's market value contradicts its other figures; empty when it does not, or when one is missing.

    Which way a rate goes and what a price counts are published in words only, so each row has to prove it: face *
    factor * price/100 * rate is its market value but for accrued, which may be a year's coupon where it is not told.
    """
    price, fx = clean_price(row), rate(row)
    if price is None or fx is None or not row.pos_quantity or row.mkt_value is None or abs(row.mkt_value) < _TELLING:
        return ""
    unit = row.pos_quantity * (1 if (told := factor(row)) is None else told) * fx / 100
    clean, value = abs(unit * price), row.mkt_value * (1 if unit >= 0 else -1)
    if row.accrued_interest is not None:
        accrued = abs(row.accrued_interest * fx)
        value, more = value - accrued, Decimal(0)
    else:
        more = abs(unit) * (row.cpn or 0)
    slack = clean * _APART + abs(unit) * _ROUNDED
    if clean - slack <= value <= clean + slack + more:
        return ""
    return (
        f"in account {row.portfolio_ticker} Aladdin values {row.pos_quantity.normalize():f} face at "
        f"{row.mkt_value:,.0f} {row.base_ccy}, but price, factor and exchange rate make it {unit * price:,.0f}"
    )
