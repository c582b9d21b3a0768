"""What the desk's own trades came to: profit and loss by account and bond, realised and at today's marks; of each trade
how long it waited for its first fill, and what it had earned by the end of its first day."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from allocation.errors import EvenlotError
from allocation.model import Account, Bond
from orders.entitlement import require
from orders.model import Group, Order, Permission, Statement, User
from orders.ports import Clock, Dated, Records
from orders.profit import DayMark, Deal, Mark, Marks, Profit, first_day, profits
from orders.statement import frozen_block


class Reading(Protocol):
    """What of the desk is read for marks."""

    def group(
        self, user: User, ticker: str, settlement: date | None = None, *, fresh: bool = False
    ) -> Dated[Group]: ...

    def bond(self, user: User, asset_id: str, *, fresh: bool = False) -> Dated[Bond]: ...


@dataclass(frozen=True, slots=True)
class Trade:
    """What one account was booked of one order, and how it began. `waited` is from the statement to the first fill.

    `first_day` is what it had earned by its trade date's last mark, in the account's base currency; `unknown` says why
    that is not known, or what of it is not. Where it was traded in a group that the user does not see, group and order
    are not named."""

    deal: Deal
    group: str
    label: str  # the bond as traders say it
    currency: str  # the account's base currency
    waited: timedelta
    restated: bool  # whether its statement was changed after its first fill
    first_day: Decimal | None
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Earned:
    """Profit and loss of one account in one bond, with their names."""

    profit: Profit
    label: str
    currency: str


@dataclass(frozen=True, slots=True)
class Report:
    """The profit and loss of a group's accounts, and the trades behind it, newest first. `notes` says in a sentence
    each what is not known, or was assumed."""

    earned: tuple[Earned, ...]
    trades: tuple[Trade, ...]
    as_of: datetime  # of the oldest mark
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Terms:
    """What a statement froze that the money of a trade follows from."""

    accrued: Decimal | None
    factor: Decimal
    rates: Mapping[str, Decimal | None]  # by account id: base currency per unit of the bond's
    created_at: datetime


class Positions:
    """The use case. A trade is valued with the accrued, factor and rates of exchange that its statement froze."""

    def __init__(self, reading: Reading, records: Records, clock: Clock) -> None:
        self._reading = reading
        self._ledger = records.ledger
        self._history = records.history
        self._kept = records.marks
        self._clock = clock
        # a statement never changes
        self._known: dict[str, _Terms] = {}  # by statement id
        self._before_it: dict[str, Mapping[str, Decimal]] = {}  # by order id

    def of_group(self, user: User, ticker: str, asset_id: str | None = None) -> Report:
        """Of the group's accounts, in one bond or in all that the desk traded. Lots and trades are those of
        all groups an account is in. May raise any `OutsideError`."""
        require(user, Permission.VIEW, ticker)
        read = self._reading.group(user, ticker)
        accounts = {account.id: account for account in read.value.accounts}
        assets = None if asset_id is None else (asset_id,)
        orders, notes = self._history.orders_of(accounts, assets), dict[str, None]()
        first = self._history.first_fills(accounts, assets)
        filled = [order for order in orders if order.filled and order.average_price is not None and order.id in first]
        deals = [(order, deal) for order in filled for deal in self._deals(user, order, accounts, first, notes)]
        bonds, as_of = self._bonds(user, deals, notes)
        marks = dict(_marks(deals, accounts, bonds, notes))
        labels = {order.asset_id: order.label for order, _ in deals}
        earned = tuple(
            Earned(one, labels[one.asset_id], accounts[one.account_id].currency)
            for one in profits((deal for _, deal in deals), marks, self._before(deals))
        )
        kept = {(mark.asset_id, mark.on): mark for mark in self._kept.of(labels)}
        trades = tuple(
            _as_seen(
                user,
                self._trade(order, deal, marks, kept.get((deal.asset_id, deal.traded)), accounts[deal.account_id]),
            )
            for order, deal in deals
        )
        return Report(earned, trades, min(read.as_of, *as_of) if as_of else read.as_of, tuple(notes))

    def _before(self, deals: Sequence[tuple[Order, Deal]]) -> Mapping[tuple[str, str], Decimal]:
        """What each account held of each bond before the desk traded it: as the first statement of the first order that
        came to a trade froze it, less what came of trades that it counts already. An order that came to nothing says
        nothing: the account may have traded elsewhere since."""
        made = defaultdict[tuple[str, str], list[Deal]](list)
        first = dict[tuple[str, str], Order]()
        for order, deal in sorted(deals, key=lambda pair: (pair[0].created_at, pair[0].id)):
            made[deal.account_id, deal.asset_id].append(deal)
            first.setdefault((deal.account_id, deal.asset_id), order)
        before = dict[tuple[str, str], Decimal]()
        for pair, its in made.items():
            held = self._held(first[pair]).get(pair[0], Decimal(0))
            counted = sum((deal.side.sign * deal.face for deal in its if _earlier(deal, first[pair])), Decimal(0))
            before[pair] = max(held - counted, Decimal(0))
        return before

    def _held(self, order: Order) -> Mapping[str, Decimal]:
        """What each account held of an order's bond when it was first stated."""
        if order.id not in self._before_it:
            body = json.loads(self._ledger.statement(order.id, 1).body)
            self._before_it[order.id] = {account["id"]: Decimal(account["held"]) for account in body["accounts"]}
        return self._before_it[order.id]

    def _terms(self, order: Order) -> _Terms:
        if order.statement_id not in self._known:
            self._known[order.statement_id] = _read(self._ledger.statement(order.id))
        return self._known[order.statement_id]

    def _deals(
        self,
        user: User,
        order: Order,
        accounts: Mapping[str, Account],
        first: Mapping[str, datetime],
        notes: dict[str, None],
    ) -> Iterable[Deal]:
        booked = [line for line in order.lines if line.booked and line.account_id in accounts]
        if not booked or order.average_price is None:
            return
        terms = self._terms(order)
        named = order.id if user.sees(order.group) else "an order of another group"
        if terms.accrued is None:
            notes[f"The accrued interest of {order.label} was not known in {named}: its price stands without."] = None
        for line in booked:
            rate = terms.rates.get(line.account_id)
            if rate is None:
                told = f"{line.account_id} had no rate of exchange to {order.currency} in {named}: not counted."
                notes[told] = None
                continue
            yield Deal(
                order.id, line.account_id, order.asset_id, order.side, line.booked, order.average_price,
                terms.accrued or Decimal(0), order.trade_date, first[order.id], terms.factor, rate,
            )  # fmt: skip

    def _bonds(
        self, user: User, deals: Sequence[tuple[Order, Deal]], notes: dict[str, None]
    ) -> tuple[dict[str, Bond], list[datetime]]:
        """The bonds as they are now, and when each was read. One that cannot be read is left out, and told."""
        found, as_of = dict[str, Bond](), list[datetime]()
        for asset_id in sorted({deal.asset_id for _, deal in deals}):
            try:
                read = self._reading.bond(user, asset_id)
            except EvenlotError as error:
                notes[f"{asset_id} has no mark: {error}"] = None
            else:
                found[asset_id] = read.value
                as_of.append(read.as_of)
        return found, as_of

    def _trade(self, order: Order, deal: Deal, marks: Marks, kept: DayMark | None, account: Account) -> Trade:
        now_, terms = marks.get((deal.account_id, deal.asset_id)), self._terms(order)
        mark = now_ if now_ is not None and now_.on == deal.traded else _as_kept(kept, deal, terms)
        return Trade(
            deal,
            order.group,
            order.label,
            account.currency,
            deal.at - order.created_at,
            terms.created_at > deal.at,
            first_day(deal, mark),
            _unknown(deal, mark, self._clock.today()),
        )


def _as_seen(user: User, trade: Trade) -> Trade:
    return trade if user.sees(trade.group) else replace(trade, group="", deal=replace(trade.deal, order_id=""))


def _as_kept(kept: DayMark | None, deal: Deal, terms: _Terms) -> Mark | None:
    """The mark that was kept of the day of the trade; None where accrued interest is known of only one of them."""
    if kept is None or (kept.accrued is None) != (terms.accrued is None):
        return None
    return Mark(kept.on, kept.price, kept.accrued or Decimal(0), kept.factor, deal.rate)


def _earlier(deal: Deal, order: Order) -> bool:
    """Whether a trade was made before an order was stated, though it may have been seen later."""
    stated_on = order.trade_date if order.release_at is None else date.min  # else it is the day of the release
    return deal.traded < stated_on or deal.at < order.created_at


def _read(statement: Statement) -> _Terms:
    block, _ = frozen_block(statement)
    bond = block.bond
    rates = {
        account["id"]: Decimal(1)
        if account["currency"] == bond.currency
        else _decimal(account["fx"].get(bond.currency))
        for account in json.loads(statement.body)["accounts"]
    }
    return _Terms(bond.accrued, bond.factor, rates, statement.created_at)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _marks(
    deals: Iterable[tuple[Order, Deal]],
    accounts: Mapping[str, Account],
    bonds: Mapping[str, Bond],
    notes: dict[str, None],
) -> Iterator[tuple[tuple[str, str], Mark]]:
    """What each account's bond is worth; one without a price, a date of it, or a rate of exchange has no mark."""
    for account_id, asset_id in dict.fromkeys((deal.account_id, deal.asset_id) for _, deal in deals):
        bond = bonds.get(asset_id)
        if bond is None:
            continue  # told already
        rate = accounts[account_id].rate(bond.currency)
        if bond.price is None or bond.price_date is None:
            missing = "price" if bond.price is None else "date to its price"
            notes[f"{bond.label} has no {missing}: what is held of it is not valued."] = None
        elif rate is None:
            notes[f"{account_id} has no rate of exchange to {bond.currency}: {bond.label} is not valued there."] = None
        else:
            if bond.accrued is None:
                notes[f"The accrued interest of {bond.label} is not known: its mark stands without."] = None
            accrued = bond.accrued or Decimal(0)
            yield (account_id, asset_id), Mark(bond.price_date, bond.price, accrued, bond.factor, rate)


def _unknown(deal: Deal, mark: Mark | None, today: date) -> str:
    """What is not known of a trade's first day."""
    if mark is None:
        return f"No mark of {deal.traded:%d %b %Y} is known."
    return "The day is not over: so far." if today == deal.traded else ""
