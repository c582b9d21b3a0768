"""From Aladdin's terms, analytics and a position row to a bond: each figure with its own date, and none made up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from aladdin import wire
from allocation.model import Bond, Measures
from orders.errors import Malformed

_AGENCIES = ("SP", "S&P", "MOODYS", "MOODY", "FITCH")  # which rating to show, first found


def measures(risk: wire.Risk | None) -> Measures:
    """Analytics as measures; all missing when there are none."""
    return Measures() if risk is None else Measures(risk.spread_dur, risk.oad, risk.oas)


def risk_in(asset: wire.AssetRisk | None, currency: str) -> wire.Risk | None:
    """The analytics in `currency`, or in the only currency there is; None when it cannot be told which apply."""
    if asset is None:
        return None
    if currency in asset.risk_by_currency:
        return asset.risk_by_currency[currency]
    return next(iter(asset.risk_by_currency.values())) if len(asset.risk_by_currency) == 1 else None


@dataclass(frozen=True, slots=True)
class Seen:
    """A position row and the business date it was read on: where a bond's price comes from."""

    row: wire.Position
    on: date


def bond(terms: wire.Security, asset: wire.AssetRisk | None, seen: Seen | None) -> Bond:
    """One bond: terms from the master, measures from the analytics, price and factor from a position row. `Malformed`
    when nobody says in which pieces it trades."""
    risk = risk_in(asset, terms.currency)
    row = seen.row if seen is not None else None
    price = clean_price(row) if row is not None else None
    aliases = {alias.code: alias.identifier for alias in terms.cusip_alias_set}
    return Bond(
        asset_id=terms.asset_id,
        description=terms.desc_instmt or (row.sec_desc1 if row else ""),
        currency=terms.currency,
        min_piece=_pieces(
            "smallest trade (minTrdSize)", terms, terms.min_trd_size, row.min_trade_size if row else None
        ),
        increment=_pieces(
            "trade step (minLotSize)", terms, terms.min_lot_size, row.min_trade_increment if row else None
        ),
        cusip=terms.cusip,
        isin=aliases.get("I", "") or (row.isin if row else ""),
        sedol=aliases.get("C", "") or (row.sedol if row else ""),
        ticker=terms.ticker or (row.sec_ticker if row else ""),
        issuer_id=terms.issuer_id or (row.issuer_id if row else ""),
        issuer=terms.issuer_long_name or (row.issuer_long_name if row else ""),
        sector=terms.sm_sec_group or (row.sec_group if row else ""),
        rating=rating(terms.rating_set),
        country=terms.country,
        coupon=terms.coupon,
        coupon_frequency=terms.coup_freq,
        maturity=terms.maturity,
        is_144a=terms.flag144a == "Y",
        factor=row.factor if row is not None and row.factor is not None else Decimal(1),
        price=price,
        price_date=seen.on if seen is not None and price is not None else None,
        accrued=risk.accrued_interest if risk else None,
        measures=measures(risk),
        measures_date=risk.risk_date if risk else None,
    )


def clean_price(row: wire.Position) -> Decimal | None:
    """Price per 100 face; None when there is none, or when the row does not say whether it is a percentage."""
    if row.price is None or row.price_as_pct is None:
        return None
    return row.price if row.price_as_pct else row.price * 100


def rating(given: object) -> str:
    """The rating to show of a `ratingSet`, whose shape is not published: a text, or agency -> rating."""
    if isinstance(given, str):
        return given
    if not isinstance(given, Mapping):
        return ""
    by_agency = {str(agency).upper(): value for agency, value in given.items() if isinstance(value, str) and value}
    preferred = (by_agency[agency] for agency in _AGENCIES if agency in by_agency)
    return next(preferred, next(iter(by_agency.values()), ""))


def _pieces(what: str, terms: wire.Security, *figures: Decimal | None) -> int:
    """The first figure that is there, as whole face."""
    figure = next((figure for figure in figures if figure), None)
    if figure is None or figure < 0 or figure != figure.to_integral_value():
        said = "no" if figure is None else f"{figure} as the"
        raise Malformed(
            f"Aladdin gives {said} {what} for {terms.desc_instmt or terms.asset_id}, so it cannot be traded."
        )
    return int(figure)
