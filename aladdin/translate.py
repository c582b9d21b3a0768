"""From Aladdin's reads to the desk's nouns: accounts with their holdings, cash and exposures, and bonds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from aladdin import wire
from allocation.metrics import exposures
from allocation.model import Account, Benchmark, Bond, Exposure, Holding, Measures, Metric
from orders.errors import Malformed

_CASH = "CASH"
_AGENCIES = ("SP", "S&P", "MOODYS", "MOODY", "FITCH")  # which rating to show, first found


@dataclass(frozen=True, slots=True)
class Book:
    """What was read of a group: the parts its accounts are made of."""

    portfolios: Collection[wire.Portfolio]
    positions: Collection[wire.Position]
    ladders: Collection[wire.Ladder]
    benchmarks: Mapping[str, Benchmark]  # by account id


def member_accounts(nodes: Iterable[wire.Node]) -> dict[str, wire.Node]:
    """The accounts below a group, each once, by portfolio number: the nodes without children."""
    return {node.portfolio_id: node for node in nodes if not node.child_portfolio_ids}


def benchmark_id(portfolio: wire.Portfolio, today: date) -> str:
    """The asset id of the index in force on `today`, the first in order; empty when none is assigned."""
    in_force = [
        assigned
        for assigned in portfolio.benchmark_assignments
        if assigned.benchmark_portfolio_id
        and (assigned.start_date is None or assigned.start_date <= today)
        and (assigned.end_date is None or today <= assigned.end_date)
    ]
    first = min(in_force, key=lambda assigned: assigned.benchmark_order or 0, default=None)
    return first.benchmark_portfolio_id if first else ""


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


def accounts(book: Book, settlement: date, minimum_coverage: float) -> tuple[Account, ...]:
    """The group's accounts, sorted by id. `Malformed` when figures contradict each other or cannot be placed."""
    rows: dict[str, list[wire.Position]] = defaultdict(list)
    for row in book.positions:
        rows[row.portfolio_ticker].append(row)
    ladders: dict[str, list[wire.Ladder]] = defaultdict(list)
    for ladder in book.ladders:
        ladders[ladder.portfolio_ticker].append(ladder)
    shared = _group_rates(book.positions)
    return tuple(
        _account(p, rows[p.portfolio_ticker], ladders[p.portfolio_ticker], shared, book, settlement, minimum_coverage)
        for p in sorted(book.portfolios, key=lambda portfolio: portfolio.portfolio_ticker)
    )


def _account(
    portfolio: wire.Portfolio,
    rows: Sequence[wire.Position],
    ladders: Sequence[wire.Ladder],
    rates: Mapping[str, Mapping[str, Decimal]],
    book: Book,
    settlement: date,
    minimum_coverage: float,
) -> Account:
    ticker, currency = portfolio.portfolio_ticker, portfolio.currency_code
    for base in {row.base_ccy for row in rows if row.base_ccy} - {currency}:
        raise Malformed(
            f"Account {ticker} has {currency} as its base currency, but Aladdin values its positions in {base}."
        )
    held, unvalued = holdings(rows)
    value = nav(ticker, rows, ladders)
    benchmark = book.benchmarks.get(ticker)
    figures = exposures(held.values(), value, benchmark, minimum_coverage)
    if unvalued:
        why = f"no market value for {', '.join(sorted(unvalued))}"
        figures = {metric: Exposure(None, figures[metric].coverage, why) for metric in Metric}
    return Account(
        id=ticker,
        name=portfolio.portfolio_name or ticker,
        currency=currency,
        nav=value,
        cash=cash_on(settlement, currency, ladders),
        holdings=held,
        benchmark=benchmark,
        exposures=figures,
        fx={**rates.get(currency, {}), **_rates(rows)},
    )


def holdings(rows: Iterable[wire.Position]) -> tuple[dict[str, Holding], frozenset[str]]:
    """One account's holdings by asset id, rows of one asset summed, cash left out; and the assets without a market
    value, which stand in at zero and without measures: the caller must not build a metric on them."""
    held: dict[str, Holding] = {}
    unvalued: set[str] = set()
    for row in rows:
        if row.sec_group == _CASH:
            continue
        if row.mkt_value is None:
            unvalued.add(row.asset_id)
        found = _holding(row)
        held[row.asset_id] = _sum(held[row.asset_id], found) if row.asset_id in held else found
    for asset_id in unvalued:
        held[asset_id] = replace(held[asset_id], measures=Measures())
    # What live orders will have sold out is no longer a holding.
    return {a: h for a, h in held.items() if h.face or h.market_value or a in unvalued}, frozenset(unvalued)


def _holding(row: wire.Position) -> Holding:
    """A row as a holding. Its market value includes accrued, which is taken off where it is known in base currency.
    Where it is not, the value stands as it is and `accrued_value` is None. Quantity and price could give a clean value
    there, but a price is rounded once for all accounts, and a source that knows no accrued has added none: in a real
    book of that kind, values made from prices move exposures by up to 0.02%."""
    if row.pos_quantity is None:
        raise Malformed(
            f"Aladdin gives no quantity (posQuantity) for {row.asset_id} in account {row.portfolio_ticker}."
        )
    rate = _rate(row)
    accrued: Decimal | None = None
    if row.mkt_value is not None and row.accrued_interest is not None and rate is not None:
        accrued = row.accrued_interest * rate
    return Holding(
        asset_id=row.asset_id,
        face=row.pos_quantity,
        market_value=(row.mkt_value or Decimal(0)) - (accrued or Decimal(0)),
        accrued_value=accrued,
        measures=Measures(row.spread_dur, row.oad, row.oas),
        issuer_id=row.issuer_id,
        sector=row.sec_group,
    )


def _sum(one: Holding, other: Holding) -> Holding:
    """Two rows of the same bond as one. Accrued is known only when both know it; a row that lacks the measures (that of
    a live order) takes them from the other, for they are the bond's."""
    accrued: Decimal | None = None
    if one.accrued_value is not None and other.accrued_value is not None:
        accrued = one.accrued_value + other.accrued_value
    return replace(
        one,
        face=one.face + other.face,
        market_value=one.market_value + other.market_value,
        accrued_value=accrued,
        measures=one.measures if one.measures != Measures() else other.measures,
        issuer_id=one.issuer_id or other.issuer_id,
        sector=one.sector or other.sector,
    )


def nav(account: str, rows: Sequence[wire.Position], ladders: Iterable[wire.Ladder]) -> Decimal | None:
    """The published NAV, in base currency: repeated on each position row; of an account without rows, the start-of-day
    NAV of the cash ladder. None when it is missing; `Malformed` when the rows disagree."""
    figures = {row.portfolio_nav for row in rows} if rows else {ladder.sod_nav for ladder in ladders}
    known = sorted(figure for figure in figures if figure is not None)
    if len(known) > 1:
        raise Malformed(f"Aladdin gives account {account} more than one NAV: {known[0]:,} and {known[-1]:,}.")
    return known[0] if known else None


def cash_on(settlement: date, currency: str, ladders: Iterable[wire.Ladder]) -> Decimal | None:
    """Cash in base currency that may be spent on `settlement`: the balance at the latest date not after it, or a later
    one that is lower, for it is promised to what settles then. None when there is no such date, or when a balance that
    counts is missing."""
    balances = [
        (balance.settlement_date, balance.cash_balance)
        for ladder in ladders
        if ladder.cash_balance_security_currency_code == currency
        for balance in ladder.settle_date_balances
    ]
    start = max((day for day, _ in balances if day <= settlement), default=None)
    if start is None:
        return None
    counted = [balance for day, balance in balances if day >= start]
    known = [balance for balance in counted if balance is not None]
    return min(known) if len(known) == len(counted) else None


def _rate(row: wire.Position) -> Decimal | None:
    """Base currency per unit of the row's: 1 for the base currency itself, None when unknown."""
    if row.local_base_fx_rate is not None:
        return row.local_base_fx_rate
    return Decimal(1) if row.ccy and row.ccy == row.base_ccy else None


def _rates(rows: Iterable[wire.Position]) -> dict[str, Decimal]:
    """The rates these rows carry, by currency."""
    return {row.ccy: rate for row in rows if row.ccy and (rate := _rate(row)) is not None}


def _group_rates(rows: Iterable[wire.Position]) -> dict[str, dict[str, Decimal]]:
    """Rates by base currency: an account that holds nothing in a currency shares the rate of one that does."""
    by_base: dict[str, list[wire.Position]] = defaultdict(list)
    for row in rows:
        by_base[row.base_ccy].append(row)
    return {base: _rates(group) for base, group in by_base.items()}


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
