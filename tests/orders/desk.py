"""Small written fakes of the outside, and a desk over a real ledger."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from allocation.model import Account, Bond
from orders.checks import Policy
from orders.desk import Desk
from orders.errors import DeskError, NotFound, Rejected
from orders.lifecycle import FINAL, reported, step
from orders.model import (
    Book,
    BrokerOrder,
    BrokerOrderIds,
    BrokerOrders,
    Cancellation,
    Group,
    GroupTree,
    OrderState,
    PortfolioFound,
    Role,
    Ticket,
    User,
    Violation,
)
from orders.ports import Dated, Records
from orders.records import Marks
from orders.searching import MOST_SUGGESTED, BondFound, Suggested
from storage import SqlHistory, SqlLedger, SqlMarks
from tests.allocation.desk import account, bond
from tests.ledgers import open_ledger
from tests.orders.noted import Noted

TODAY = date(2026, 11, 20)
BOOK = Book("demo:7", "demo", "demo book", TODAY, ("BIG6", "OPNIC"))
PM = User("pm", "Paula", frozenset({Role.PORTFOLIO_MANAGER}), frozenset({"BIG6"}))
ANALYST = User("ana", "Anders", frozenset({Role.ANALYST}), frozenset({"*"}))
APPROVER = User("app", "Arthur", frozenset({Role.APPROVER}), frozenset({"BIG6"}))
COMPLIANCE = User("con", "Connie", frozenset({Role.COMPLIANCE}), frozenset({"*"}))

EMEA = GroupTree("EMEA", (), ("A", "B"))
TREES = (
    GroupTree("BIG6", (), ("A", "B")),
    GroupTree("OPNIC", (), ("A", "B")),
    EMEA,
    GroupTree("GLOBAL", (EMEA, GroupTree("APAC", (), ("B", "C"))), ("D",)),
    GroupTree("SINGLE"),  # an account
)


@dataclass
class TestClock:
    """A clock that moves when told, and a little with every look, as a real one does."""

    __test__ = False

    at: datetime = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
    today_: date = TODAY

    def now(self) -> datetime:
        self.at += timedelta(microseconds=1)
        return self.at

    def today(self) -> date:
        return self.today_

    def pass_(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def dated(of: Bond, price: date = TODAY, measures: date = TODAY) -> Bond:
    """The bond with the dates of its figures."""
    return replace(of, price_date=price, measures_date=measures)


@dataclass
class FakeMarket:
    """A market that says what it was given."""

    clock: TestClock
    bonds: dict[str, Bond] = field(default_factory=lambda: {"B": dated(bond())})
    accounts: tuple[Account, ...] = (account("A"), account("B"))
    trees: dict[str, GroupTree] = field(default_factory=lambda: {tree.ticker: tree for tree in TREES})
    fresh_reads: int = 0
    notes: tuple[str, ...] = ()  # what it says of bonds

    def group(self, ticker: str, settlement: date, *, fresh: bool = False) -> Dated[Group]:
        self.fresh_reads += fresh
        self.tree(ticker)
        return Dated(Group(ticker, self.accounts), self.clock.now(), "fake")

    def tree(self, ticker: str, *, fresh: bool = False) -> Dated[GroupTree]:
        if ticker not in self.trees:
            raise NotFound(f"Aladdin has no portfolio group {ticker}.")
        return Dated(self.trees[ticker], self.clock.now(), "fake")

    def find_groups(self, text: str, limit: int = 20) -> Dated[tuple[PortfolioFound, ...]]:
        found = (PortfolioFound(t, f"{t} mandates") for t in self.trees if text.lower() in t.lower())
        return Dated(tuple(found)[:limit], self.clock.now(), "fake")

    def bond(self, asset_id: str, *, fresh: bool = False) -> Dated[Bond]:
        if asset_id not in self.bonds:
            raise NotFound(f"There is no bond {asset_id}.")
        return Dated(self.bonds[asset_id], self.clock.now(), "fake", self.notes)

    def find(self, text: str, groups: Collection[str], limit: int = 50) -> Dated[tuple[Bond, ...]]:
        found = tuple(b for b in self.bonds.values() if text.lower() in f"{b.description} {b.cusip}".lower())
        return Dated(found[:limit], self.clock.now(), "fake", self.notes)

    def searchable(self, groups: Collection[str]) -> Dated[int]:
        return Dated(len(groups), self.clock.now(), "fake", self.notes)

    def suggest(self, text: str, groups: Collection[str], limit: int = MOST_SUGGESTED) -> Suggested:
        found = [b for b in self.bonds.values() if text.lower() in f"{b.description} {b.cusip}".lower()]
        exact = [b for b in self.bonds.values() if text and text in (b.asset_id, b.cusip)]
        return Suggested(tuple(self.at_hand([b.asset_id for b in exact or found]).values())[:limit], len(exact) == 1)

    def at_hand(self, asset_ids: Collection[str]) -> dict[str, BondFound]:
        known = [self.bonds[asset_id] for asset_id in asset_ids if asset_id in self.bonds]
        return {b.asset_id: BondFound(b.asset_id, b.label, b.issuer, b.cusip, b.isin, b.price) for b in known}


@dataclass
class FakeBroker:
    """A broker that keeps what is posted. `fails` is raised by what it is asked next, and says whether it acted
    first."""

    posted: list[Ticket] = field(default_factory=list)
    book: dict[str, BrokerOrder] = field(default_factory=dict)
    fails: list[tuple[Exception, bool]] = field(default_factory=list)
    deadlines: list[datetime] = field(default_factory=list)
    asked: list[tuple[str, datetime]] = field(default_factory=list)  # of an order that is there, and until when
    cancels_to: str = "Canceled"  # the status a canceled order has

    def post(self, ticket: Ticket, not_after: datetime) -> BrokerOrder:
        self.deadlines.append(not_after)
        failure = self.fails.pop(0) if self.fails else None
        if failure is None or failure[1]:
            self.posted.append(ticket)
            face = Decimal(sum(line.face for line in ticket.lines))
            order = BrokerOrder(str(len(self.book) + 1), ticket.reference, "Open", face, Decimal(0), None, {})
            order = replace(order, **terms(ticket))
            self.book[order.id] = order
        if failure is not None:
            raise failure[0]
        return order

    def modify(self, broker_id: str, ticket: Ticket, not_after: datetime) -> BrokerOrder:
        self.asked.append(("modify", not_after))
        return self._changed(self._live(broker_id), **terms(ticket))

    def cancel(self, cancellation: Cancellation, not_after: datetime) -> BrokerOrder:
        self.asked.append(("cancel", not_after))
        return self._changed(self._live(cancellation.broker_id), status=self.cancels_to)

    def _live(self, broker_id: str) -> BrokerOrder:
        order = self.book.get(broker_id)
        if order is None or order.status in ("Booked", "Canceled", "Expired", "Rejected"):
            raise Rejected(f"Aladdin refused: order {broker_id} is {order.status if order else 'unknown'}.")
        return order

    def _changed(self, order: BrokerOrder, **change: Any) -> BrokerOrder:
        failure = self.fails.pop(0) if self.fails else None
        if failure is None or failure[1]:
            self.book[order.id] = replace(order, **change)
        if failure is not None:
            raise failure[0]
        return self.book[order.id]

    def find_order(self, reference: str) -> BrokerOrder | None:
        return next((order for order in self.book.values() if order.reference == reference), None)

    def orders(self, broker_ids: Sequence[str]) -> tuple[BrokerOrder, ...]:
        return tuple(self.book[i] for i in broker_ids if i in self.book)

    def fill(self, status: str, **booked: int) -> None:
        """The newest order moves."""
        order = list(self.book.values())[-1]
        total = Decimal(sum(booked.values()))
        self.book[order.id] = replace(
            order,
            status=status,
            filled=total,
            average_price=Decimal("98.5") if total else None,
            booked={name: Decimal(face) for name, face in booked.items()},
        )


@dataclass
class FakeBlotter:
    """What the broker has, as its blotter shows it."""

    broker: FakeBroker
    remarks: tuple[str, ...] = ()

    def _live(self) -> tuple[BrokerOrder, ...]:
        return tuple(o for o in self.broker.book.values() if step(OrderState.OPEN, reported(o)) not in FINAL)

    def find_orders(self, references: Any) -> tuple[BrokerOrder, ...]:
        return tuple(order for order in self.broker.book.values() if order.reference in references)

    def orders(self, broker_ids: Any) -> tuple[BrokerOrder, ...]:
        return self.broker.orders(broker_ids)

    def live_orders(self, group: str) -> BrokerOrders:
        return BrokerOrders(self._live(), self.remarks)

    def live_order_ids(self, group: str) -> BrokerOrderIds:
        return BrokerOrderIds(tuple(order.id for order in self._live()))

    def modified_since(self, group: str, since: datetime, until: datetime) -> BrokerOrders:
        return BrokerOrders(tuple(o for o in self.broker.book.values() if o.modified_at is not None), self.remarks)

    def in_basket(self, basket: str, on: date) -> BrokerOrders:
        return BrokerOrders(())

    def ids_in_basket(self, basket: str, on: date) -> BrokerOrderIds:
        return BrokerOrderIds(())


@dataclass
class FakeCompliance:
    """Finds what it was told to find, or fails; it remembers what it was asked, and of which order."""

    found: tuple[Violation, ...] = ()
    failure: DeskError | None = None
    asked: list[tuple[Ticket, str]] = field(default_factory=list)

    def check(self, ticket: Ticket, broker_id: str = "") -> tuple[Violation, ...]:
        self.asked.append((ticket, broker_id))
        if self.failure is not None:
            raise self.failure
        return self.found


def terms(ticket: Ticket) -> dict[str, Any]:
    """A ticket's terms, as Aladdin shows them."""
    return {
        "face": Decimal(sum(line.face for line in ticket.lines)),
        "asked": {line.account_id: Decimal(line.face) for line in ticket.lines},
        "limit": ticket.limit,
        "limit_type": "Price" if ticket.limit is not None else "",
        "settlement": ticket.settlement,
        "asset_id": ticket.asset_id,
        "side": ticket.side,
    }


def records(ledger: SqlLedger, engine: Engine) -> Records:
    """All sides of a store, of which the activity is only noted."""
    return Records(ledger, SqlHistory(engine), Noted(), SqlMarks(engine))


@dataclass
class Outfit:
    """A desk with its outside at hand."""

    desk: Desk
    market: FakeMarket
    ledger: SqlLedger
    clock: TestClock
    compliance: FakeCompliance
    activity: Noted
    broker: FakeBroker
    engine: Engine
    marks: Marks


def outfit(directory: Path, policy: Policy | None = None, book: Book = BOOK) -> Outfit:
    clock = TestClock()
    engine = open_ledger(directory / "ledger.db")
    ledger = SqlLedger(engine, book.id, clock)
    market, compliance, noted, broker = FakeMarket(clock), FakeCompliance(), Noted(), FakeBroker()
    sides = replace(records(ledger, engine), activity=noted)
    desk = Desk(market, compliance, sides, clock, book, policy, blotter=FakeBlotter(broker))
    return Outfit(desk, market, ledger, clock, compliance, noted, broker, engine, sides.marks)
