"""The client against the simulated Aladdin in its own process: the road the demo runs on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from aladdin.client import Aladdin
from aladdin.config import AladdinConfig
from aladdin.reading.cache import AnswerCache
from aladdin.simulator.process import Running, ensure_running
from allocation.model import Account, Bond, Side
from books import open_book
from books.model import Book
from orders.errors import AuthenticationFailed, Rejected, Unavailable
from orders.model import OrderLine, Ticket
from orders.ports import Broker, Market
from tests.aladdin.conftest import Desk
from tests.aladdin.loopback import DeskClock

BOOK = "demo:7"
LATER = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)  # an hour after the clock's time


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = ensure_running(BOOK, tmp_path_factory.mktemp("simulated"), fill_seconds=0.2)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def book() -> Book:
    return open_book(BOOK)


@pytest.fixture
def client(simulated: Running, tmp_path: Path) -> Iterator[Aladdin]:
    config = AladdinConfig(simulated.url, simulated.client_id, SecretStr(simulated.client_secret), page_size=25)
    made = Aladdin(config, AnswerCache(tmp_path / "cache"), DeskClock(simulated.book.as_of), simulated.book.id)
    yield made
    made.close()


def test_the_client_is_a_market_and_a_broker(desk: Desk) -> None:
    market: Market = desk.client
    broker: Broker = desk.client
    assert all(port is desk.client for port in (market, broker))


def test_every_group_of_the_book_comes_through_whole(client: Aladdin, book: Book) -> None:
    """Runs first: the orders of the other tests move holdings and cash."""
    for ticker, members in book.groups.items():
        accounts = client.group(ticker, book.as_of + timedelta(days=3)).value.accounts
        assert [account.id for account in accounts] == sorted(members)
        for account in accounts:
            portfolio = book.portfolios[account.id]
            assert (account.nav, account.cash, account.currency) == (portfolio.nav, portfolio.cash, portfolio.currency)
            assert (account.benchmark.id if account.benchmark else "") == portfolio.benchmark
        held = {(a.id, h.asset_id): h for a in accounts for h in a.holdings.values()}
        for position in book.positions:
            if position.account in members and position.face:
                holding = held.pop((position.account, position.asset_id))
                assert holding.face == position.face
                assert abs(holding.market_value - position.market_value) <= Decimal("0.02")  # cents, rounded twice
        assert held == {}


def test_each_bond_of_the_book_comes_through_whole(client: Aladdin, book: Book) -> None:
    for ticker in book.groups:
        client.group(ticker, book.as_of)
    for security in list(book.securities.values())[::25]:
        bond: Bond = client.bond(security.asset_id).value
        assert (bond.min_piece, bond.increment) == (security.min_piece, security.increment)
        assert (bond.coupon, bond.maturity, bond.rating) == (security.coupon, security.maturity, security.rating)
        assert (bond.cusip, bond.isin, bond.sedol) == (security.cusip, security.isin, security.sedol)
        assert (bond.measures.spread_duration, bond.measures.oas) == (security.spread_duration, security.oas)
        assert bond.accrued == security.accrued
        if bond.price is not None:
            assert (bond.price, bond.price_date) == (security.price, book.as_of)
        by_identifier = client.find(security.isin or security.asset_id, list(book.groups)).value
        assert [found.asset_id for found in by_identifier] == [security.asset_id]


def ticket(client: Aladdin, book: Book, reference: str, **changes: Decimal | None) -> Ticket:
    """A buy of the smallest piece for two accounts of the smallest group."""
    group = min(book.groups, key=lambda g: len(book.groups[g]))
    accounts = client.group(group, book.as_of).value.accounts
    bond = client.bond(next(iter(accounts[0].holdings))).value
    lines = tuple(OrderLine(account.id, bond.min_piece) for account in accounts[:2])
    settlement = book.as_of + timedelta(days=4)
    return Ticket(
        reference, bond.asset_id, Side.BUY, settlement, book.as_of, changes.get("limit"), lines, "from the test"
    )


def test_an_order_is_posted_found_and_followed_to_its_last_fill(client: Aladdin, book: Book) -> None:
    sent = ticket(client, book, "EV-follow", limit=Decimal("250.125"))
    order = client.post(sent, LATER)
    assert order.face == sum(line.face for line in sent.lines)
    found = client.find_order("EV-follow")
    assert found is not None
    assert found.id == order.id
    deadline = time.monotonic() + 20
    while (order := client.orders([order.id])[0]).status != "Booked":
        assert time.monotonic() < deadline, order
        time.sleep(0.05)
    assert order.booked == {line.account_id: line.face for line in sent.lines}
    assert order.filled == order.face
    assert order.average_price is not None


def test_a_reference_already_taken_is_in_doubt_and_the_order_can_be_found(client: Aladdin, book: Book) -> None:
    sent = ticket(client, book, "EV-twice")
    order = client.post(sent, LATER)
    with pytest.raises(Unavailable) as raised:
        client.post(sent, LATER)
    assert raised.value.sent
    found = client.find_order("EV-twice")
    assert found is not None
    assert found.id == order.id


def test_an_order_the_server_refuses_is_rejected_in_its_words(client: Aladdin, book: Book) -> None:
    sent = ticket(client, book, "EV-refused", limit=Decimal("-1"))
    with pytest.raises(Rejected) as raised:
        client.post(sent, LATER)
    assert raised.value.message
    assert client.find_order("EV-refused") is None


def test_cash_promised_to_an_order_that_settles_late_is_not_spent_earlier(client: Aladdin, book: Book) -> None:
    first = book.as_of + timedelta(days=1)
    account, bond, cash = dollars(client, book)
    money = bond.factor * ((bond.price or Decimal(0)) + (bond.accrued or Decimal(0))) / 100  # for one face
    steps = (int(cash * Decimal("0.99") / money) - bond.min_piece) // bond.increment
    line = OrderLine(account, bond.min_piece + steps * bond.increment)
    late = book.as_of + timedelta(days=60)
    client.post(Ticket("EV-late", bond.asset_id, Side.BUY, late, book.as_of, None, (line,), ""), LATER)
    for settlement in (first, late, late + timedelta(days=1)):
        left = account_of(client, book, account, settlement).cash
        assert left is not None
        assert abs(cash - left - line.face * money) <= Decimal("0.002") * cash  # fills come near the mark


def account_of(client: Aladdin, book: Book, account: str, settlement: date) -> Account:
    group = next(group for group, members in book.groups.items() if account in members)
    return next(a for a in client.group(group, settlement, fresh=True).value.accounts if a.id == account)


def dollars(client: Aladdin, book: Book) -> tuple[str, Bond, Decimal]:
    """An account in dollars, a bond in dollars that it holds, and its cash, enough for a few pieces."""
    for group in book.groups:
        for account in client.group(group, book.as_of + timedelta(days=1)).value.accounts:
            for asset_id in account.holdings if account.currency == "USD" else ():
                bond = client.bond(asset_id).value
                if bond.currency == "USD" and bond.price and account.cash and account.cash > 3 * bond.min_piece:
                    return account.id, bond, account.cash
    raise AssertionError("the demo book has no account to test with")


def test_a_wrong_secret_is_refused(simulated: Running, tmp_path: Path) -> None:
    config = AladdinConfig(simulated.url, simulated.client_id, SecretStr("not the secret"))
    made = Aladdin(config, AnswerCache(tmp_path / "cache"), DeskClock(simulated.book.as_of), "small")
    with pytest.raises(AuthenticationFailed):
        made.orders(["1"])
    made.close()
