"""From Aladdin's terms, analytics and a position row to a bond: no figure is made up. Analytics carry their date.
A price comes without one: it gets the day its row was read, which says nothing of how old the price itself is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from aladdin import wire
from aladdin.reading import rows
from allocation.model import Bond, Measures, short_name
from orders.errors import Malformed
from orders.searching import BondFound

_AGENCIES = {
    "SP": "S&P",
    "S&P": "S&P",
    "MOODYS": "Moody's",
    "MOODY": "Moody's",
    "FITCH": "Fitch",
}  # as a desk says them


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
    """A position row, where a bond's price comes from, and the business date it was read on."""

    row: wire.Position
    on: date


def bond(terms: wire.Security, asset: wire.AssetRisk | None, seen: Seen | None) -> Bond:
    """One bond: terms from the master, measures from the analytics, price and factor from a position row. A price that
    its own row contradicts is left out (`doubts` says why). `Malformed` when nobody says in which pieces it trades."""
    risk = risk_in(asset, terms.currency)
    row = seen.row if seen is not None else None
    price = rows.sound_price(row) if row is not None else None
    factor = rows.factor(row) if row is not None else None
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
        factor=Decimal(1) if factor is None else factor,
        price=price,
        price_date=seen.on if seen is not None and price is not None else None,
        accrued=risk.accrued_interest if risk else None,
        measures=measures(risk),
        measures_date=risk.risk_date if risk else None,
    )


def found(asset_id: str, terms: wire.Security | None, row: wire.Position | None) -> BondFound:
    """A bond as far as its terms and a position row tell, whichever of them is there."""
    ticker = (terms.ticker if terms else "") or (row.sec_ticker if row else "")
    coupon, maturity = (terms.coupon, terms.maturity) if terms else (row.cpn, row.maturity) if row else (None, None)
    described = (terms.desc_instmt if terms else "") or (row.sec_desc1 if row else "")
    aliases = {alias.code: alias.identifier for alias in terms.cusip_alias_set} if terms else {}
    return BondFound(
        asset_id=asset_id,
        label=short_name(ticker, coupon, maturity) or described or asset_id,
        issuer=(terms.issuer_long_name if terms else "") or (row.issuer_long_name if row else ""),
        cusip=terms.cusip if terms else "",
        isin=aliases.get("I", "") or (row.isin if row else ""),
        price=rows.sound_price(row) if row else None,
        spread_duration=row.spread_dur if row else None,
        oas=row.oas if row else None,
    )


def doubts(bond: Bond, seen: Seen | None) -> tuple[str, ...]:
    """A sentence for each figure of the bond that was left out, or assumed, for want of one that can be relied on."""
    found = []
    if seen is not None and (why := rows.contradiction(seen.row)):
        found.append(f"The price of {bond.label} is left out: {why}.")
    if seen is None or rows.factor(seen.row) is None:
        found.append(
            f"Aladdin tells no factor of {bond.label}: it is taken to be 1, as of a bond that is repaid at once."
        )
    return tuple(found)


def rating(given: object) -> str:
    """The ratings of a `ratingSet`, whose shape is not published: a text, or agency -> rating. Several are divided by
    commas, each behind its agency's name."""
    if isinstance(given, str):
        return given
    if not isinstance(given, Mapping):
        return ""
    by_agency = {
        _AGENCIES.get(str(agency).upper(), str(agency)): value
        for agency, value in given.items()
        if isinstance(value, str) and value
    }
    if len(by_agency) == 1:
        return next(iter(by_agency.values()))
    usual = [*dict.fromkeys(_AGENCIES.values())]
    order = sorted(by_agency, key=lambda agency: usual.index(agency) if agency in usual else len(usual))
    return ", ".join(f"{agency} {by_agency[agency]}" for agency in order)


def _pieces(what: str, terms: wire.Security, *figures: Decimal | None) -> int:
    """The first figure that is there, as whole face."""
    figure = next((figure for figure in figures if figure), None)
    if figure is None or figure < 0 or figure != figure.to_integral_value():
        said = "no" if figure is None else f"{figure} as the"
        raise Malformed(
            f"Aladdin gives {said} {what} for {terms.desc_instmt or terms.asset_id}, so it cannot be traded."
        )
    return int(figure)
