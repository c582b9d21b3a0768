"""Positions and cash of the book as the orders have moved them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from aladdin.simulator.catalog import Catalog
from aladdin.simulator.errors import WrongWorld
from aladdin.simulator.protocol import known, number
from aladdin.simulator.state import Blotter, PlacedOrder, Status
from books.csv_book import next_weekday
from books.model import Book, Portfolio, Security

LADDER_DAYS = 5
_CENT = Decimal("0.01")
_PRO_FORMA = frozenset({Status.AUTHORIZED, Status.ACTIVE})


@dataclass(frozen=True, slots=True)
class View:
    """Which part of the orders' effect is counted."""

    trades: bool = True  # what is booked
    open_orders: bool = True  # the rest of orders not yet authorized
    authorized_orders: bool = True  # the rest of orders authorized or active

    def counts_rest(self, order: PlacedOrder) -> bool:
        """Whether the unfilled rest of this order is counted."""
        return order.live and (self.authorized_orders if order.status in _PRO_FORMA else self.open_orders)


VIEWS = {
    "EOD": View(trades=False, open_orders=False, authorized_orders=False),
    "SOD": View(trades=False, open_orders=False, authorized_orders=False),
    "SOD+Trades": View(open_orders=False, authorized_orders=False),
    "SOD+Trades+Orders": View(),
}


@dataclass(frozen=True, slots=True)
class Move:
    """What one order does to one account: face of the asset, and cash in base currency on the settlement date."""

    asset_id: str
    face: Decimal
    cash: Decimal
    settle: date


class World:
    """The book, plus what was traded since. Money is in an account's base currency unless it says otherwise."""

    def __init__(self, catalog: Catalog, blotter: Blotter) -> None:
        """Raises WrongWorld when an order is for an account or a security that the book does not have."""
        self.catalog = catalog
        self.book: Book = catalog.book
        self._blotter = blotter
        for order in blotter.orders():
            missing = [detail.account for detail in order.details if detail.account not in self.book.portfolios]
            if missing or order.asset_id not in self.book.securities:
                what = f"the account {missing[0]}" if missing else f"the security {order.asset_id}"
                raise WrongWorld(f"order {order.id} of this data directory is for {what}, which {self.book.id} lacks")
        self._terms = {asset_id: self._security_fields(security) for asset_id, security in self.book.securities.items()}

    def money(self, security: Security, account: str, face: Decimal, price: Decimal) -> Decimal | None:
        """face x factor x (price + accrued)/100 x fx, to the cent; None when no exchange rate is known."""
        rate = self.catalog.rate(security.currency, self.book.portfolios[account].currency)
        if rate is None:
            return None
        dirty = price + (security.accrued or 0)
        return (face * security.factor * dirty / 100 * rate).quantize(_CENT)

    def moves(self, accounts: Collection[str], view: View) -> dict[str, list[Move]]:
        """What the orders do to these accounts, by account."""
        moves: dict[str, list[Move]] = defaultdict(list)
        for order in self._blotter.orders():
            security = self.book.securities[order.asset_id]
            bound = rest_price(order, security)
            for detail in order.details:
                if detail.account not in accounts:
                    continue
                rest = detail.quantity - detail.booked if view.counts_rest(order) else Decimal(0)
                parts = [(rest, bound)]
                if view.trades:
                    parts.append((detail.booked, order.average_price))
                for face, price in parts:
                    money = None if price is None else self.money(security, detail.account, face, price)
                    if face and money is not None:
                        move = Move(order.asset_id, order.sign * face, -order.sign * money, order.settle)
                        moves[detail.account].append(move)
        return moves

    def positions(self, accounts: Collection[str], view: View) -> list[dict[str, Any]]:
        """The rows of the positions call: one per holding, and one of cash per account."""
        moves = self.moves(frozenset(accounts), view)
        return [row for account in accounts for row in self._account_rows(account, moves.get(account, []))]

    def _account_rows(self, account: str, moves: Iterable[Move]) -> list[dict[str, Any]]:
        portfolio = self.book.portfolios[account]
        cash = portfolio.cash + sum((move.cash for move in moves), Decimal(0))
        shared: dict[str, Any] = {
            "portfolioTicker": account,
            "baseCcy": portfolio.currency,
            "portfolioNAV": number(portfolio.nav),
            "cashComputed": number(cash),
        }
        rows = [
            shared | self._terms[asset_id] | self._figures(portfolio, asset_id, face, value)
            for asset_id, face, value in self._holdings(account, moves)
        ]
        rows.append(shared | _cash_figures(portfolio, cash))
        computed = sum((row["mktValue"] for row in rows if "mktValue" in row), Decimal(0))
        shown = number(computed)
        for row in rows:
            row["portfolioNAVComputed"] = shown
        return rows

    def _holdings(self, account: str, moves: Iterable[Move]) -> Iterator[tuple[str, Decimal, Decimal | None]]:
        """Asset, face and clean value of each holding. A moved holding keeps the book's valuation per unit of face; a
        new one is valued at the mark, and has no value when there is none."""
        moved: dict[str, Decimal] = defaultdict(Decimal)
        for move in moves:
            moved[move.asset_id] += move.face
        for position in self.catalog.held.get(account, []):
            delta = moved.pop(position.asset_id, None)
            if delta is None:
                yield position.asset_id, position.face, position.market_value
            elif position.face + delta:
                face = position.face + delta
                value = self._clean_value(account, position.asset_id, face)
                if position.face:
                    value = (position.market_value * face / position.face).quantize(_CENT)
                yield position.asset_id, face, value
        for asset_id, face in moved.items():
            if face:
                yield asset_id, face, self._clean_value(account, asset_id, face)

    def _clean_value(self, account: str, asset_id: str, face: Decimal) -> Decimal | None:
        security = self.book.securities[asset_id]
        rate = self.catalog.rate(security.currency, self.book.portfolios[account].currency)
        if rate is None or security.price is None:
            return None
        return (face * security.factor * security.price / 100 * rate).quantize(_CENT)

    def _figures(self, portfolio: Portfolio, asset_id: str, face: Decimal, clean: Decimal | None) -> dict[str, Any]:
        """A holding's own numbers. Market value includes accrued where accrued is known, and is clean where not."""
        security = self.book.securities[asset_id]
        rate = self.catalog.rate(security.currency, portfolio.currency)
        accrued = None
        if security.accrued is not None and rate is not None:
            accrued = (face * security.factor * security.accrued / 100).quantize(_CENT)
        value = clean
        if clean is not None and accrued is not None and rate is not None:
            value = clean + (accrued * rate).quantize(_CENT)
        return known(
            posQuantity=face,
            curPar=face * security.factor,
            localBaseFxRate=rate,
            accruedInterest=accrued,
            mktValue=value,
            notionalMktValue=value,
        )

    def _security_fields(self, security: Security) -> dict[str, Any]:
        """What a security's rows have in common."""
        issuer_id = self.catalog.issuer_ids[security.issuer] if security.issuer else None
        dts = None
        if security.spread_duration is not None and security.oas is not None:
            dts = security.spread_duration * security.oas
        return known(
            assetId=security.asset_id,
            isin=security.isin,
            sedol=security.sedol,
            secDesc1=security.description,
            secTicker=security.ticker,
            secGroup=security.sector,
            secType=security.asset_class,
            issuerId=issuer_id,
            issuerTicker=security.ticker,
            issuerLongName=security.issuer,
            ultimateIssuerTicker=security.ticker,
            ccy=security.currency,
            factor=number(security.factor),
            price=None if security.price is None else number(security.price),
            priceAsPct=True,
            oad=security.duration,
            modDur=security.duration,
            spreadDur=security.spread_duration,
            oas=security.oas,
            dts=dts,
            cpn=None if security.coupon is None else number(security.coupon),
            maturity=None if security.maturity is None else security.maturity.isoformat(),
            minTradeSize=security.min_piece,
            minTradeIncrement=security.increment,
        )

    def balances(self, account: str, moves: Iterable[Move]) -> list[dict[str, Any]]:
        """An account's cash by settlement date: the business date, the five weekdays after it, and any later date on
        which one of its orders settles."""
        moves = list(moves)
        days = sorted({*ladder_dates(self.book.as_of), *(max(move.settle, self.book.as_of) for move in moves)})
        cash = self.book.portfolios[account].cash
        return [
            {
                "settlementDate": day,
                "cashBalance": cash + sum((move.cash for move in moves if move.settle <= day), Decimal(0)),
            }
            for day in days
        ]


def _cash_figures(portfolio: Portfolio, cash: Decimal) -> dict[str, Any]:
    return {
        "assetId": f"CASH_{portfolio.currency}",
        "secDesc1": f"{portfolio.currency} cash",
        "secGroup": "CASH",
        "secType": "CASH",
        "ccy": portfolio.currency,
        "localBaseFxRate": 1,
        "posQuantity": cash,
        "curPar": cash,
        "factor": 1,
        "mktValue": cash,
        "notionalMktValue": cash,
    }


def rest_price(order: PlacedOrder, security: Security) -> Decimal | None:
    """What the unfilled rest is reserved at, clean: the most a buy may cost, the least a sell should bring."""
    prices = [price for price in (security.price, order.limit) if price is not None]
    if not prices:
        return None
    return max(prices) if order.sign > 0 else min(prices)


def ladder_dates(as_of: date) -> list[date]:
    """The business date and the five weekdays after it."""
    days = [as_of]
    for _ in range(LADDER_DAYS):
        days.append(next_weekday(days[-1]))
    return days
