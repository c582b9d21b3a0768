"""From Aladdin's reads to the desk's nouns: accounts with their holdings, cash and exposures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from aladdin import wire
from allocation.metrics import exposures
from allocation.model import Account, Benchmark, Exposure, Holding, Measures, Metric
from orders.errors import Malformed

_CASH = "CASH"


@dataclass(frozen=True, slots=True)
class Book:
    """What was read of a group: the parts its accounts are made of."""

    portfolios: Sequence[wire.Portfolio]
    positions: Sequence[wire.Position]
    ladders: Sequence[wire.Ladder]
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


def accounts(book: Book, settlement: date, minimum_coverage: float) -> tuple[Account, ...]:
    """The group's accounts, sorted by id, with the cash that may be spent on `settlement`. `Malformed` when figures
    contradict each other or cannot be placed."""
    return with_cash(holders(book, minimum_coverage), book.ladders, settlement)


def holders(book: Book, minimum_coverage: float) -> tuple[Account, ...]:
    """The group's accounts without their cash, sorted by id: all that does not hang on a settlement date. Nobody can
    change their mappings, so that many may share them. Raises what `accounts` does."""
    rows: dict[str, list[wire.Position]] = defaultdict(list)
    for row in book.positions:
        rows[row.portfolio_ticker].append(row)
    ladders = _by_account(book.ladders)
    shared = _group_rates(book.positions)
    return tuple(
        _holder(p, rows[p.portfolio_ticker], ladders[p.portfolio_ticker], shared, book, minimum_coverage)
        for p in sorted(book.portfolios, key=lambda portfolio: portfolio.portfolio_ticker)
    )


def with_cash(accounts: Iterable[Account], ladders: Iterable[wire.Ladder], settlement: date) -> tuple[Account, ...]:
    """The accounts with the cash that may be spent on `settlement`."""
    by_account = _by_account(ladders)
    return tuple(replace(a, cash=cash_on(settlement, a.currency, by_account[a.id])) for a in accounts)


def _by_account(ladders: Iterable[wire.Ladder]) -> dict[str, list[wire.Ladder]]:
    by_account: dict[str, list[wire.Ladder]] = defaultdict(list)
    for ladder in ladders:
        by_account[ladder.portfolio_ticker].append(ladder)
    return by_account


def _holder(
    portfolio: wire.Portfolio,
    rows: Sequence[wire.Position],
    ladders: Sequence[wire.Ladder],
    rates: Mapping[str, Mapping[str, Decimal]],
    book: Book,
    minimum_coverage: float,
) -> Account:
    ticker, currency = portfolio.portfolio_ticker, portfolio.currency_code
    _check_base(portfolio, rows, ladders)
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
        cash=None,
        holdings=MappingProxyType(held),
        benchmark=benchmark,
        exposures=MappingProxyType(figures),
        fx=MappingProxyType({**rates.get(currency, {}), **_rates(rows)}),
    )


def _check_base(portfolio: wire.Portfolio, rows: Iterable[wire.Position], ladders: Iterable[wire.Ladder]) -> None:
    """`Malformed` when positions or cash are told in another base currency than the account's own."""
    ticker, currency = portfolio.portfolio_ticker, portfolio.currency_code
    for base in sorted({row.base_ccy for row in rows if row.base_ccy} - {currency}):
        raise Malformed(
            f"Account {ticker} has {currency} as its base currency, but Aladdin values its positions in {base}."
        )
    for base in sorted({ladder.portfolio_base_currency_code for ladder in ladders} - {currency}):
        raise Malformed(
            f"Account {ticker} has {currency} as its base currency, but Aladdin's cash ladder has {base} as that."
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
