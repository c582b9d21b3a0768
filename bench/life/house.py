"""A whole house without screens: the desk, the worker and the client as the app has them, before a simulated Aladdin of
a made-up book in a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from aladdin.client import Aladdin
from aladdin.config import AladdinConfig
from aladdin.reading.cache import AnswerCache
from aladdin.simulator.process import Running, ensure_running
from allocation.model import Side
from bench.life.counting import WORKER, Meter
from bench.reading.book import AS_OF, GROUP, bonds, write_book
from bench.reading.desk import BookClock
from orders.calendar import default_settlement
from orders.desk import Desk, Request
from orders.dispatch import LEASE, LEASE_SECONDS, Dispatch
from orders.model import Book, Order, Role, User
from orders.ports import Records
from storage import SqlActivity, SqlHistory, SqlLedger, SqlMarks, migrate, open_engine
from tests.storage.emulated import EmulatedSnowflake, open_store

PM = User("pm", "Paula", frozenset({Role.PORTFOLIO_MANAGER}), frozenset({GROUP}))
PATIENCE = 300.0  # seconds until something is given up
PIECE = 10_000  # an account's part of each block


class NotingLedger(SqlLedger):
    """The ledger, which notes that it says of an order that Aladdin has it."""

    def __init__(self, *given: Any) -> None:
        self._posted: set[str] = set()
        self._news = threading.Condition()
        super().__init__(*given)

    def advance(self, *given: Any, **also: Any) -> Order:
        order = super().advance(*given, **also)
        if order.broker_id:
            with self._news:
                self._posted.add(order.id)
                self._news.notify_all()
        return order

    def wait_until_posted(self, *order_ids: str) -> None:
        """Return when it says so of all of these."""
        with self._news:
            if not self._news.wait_for(lambda: self._posted.issuperset(order_ids), PATIENCE):
                raise RuntimeError(f"not all of {len(order_ids)} orders reached Aladdin in {PATIENCE:.0f} s")


@dataclass(frozen=True)
class House:
    """What was opened. `assets` are the bonds there are, `accounts` how many the group has."""

    desk: Desk
    ledger: NotingLedger
    aladdin: Aladdin
    dispatch: Dispatch
    meter: Meter
    running: Running
    assets: tuple[str, ...]
    accounts: int

    @property
    def settlement(self) -> date:
        return default_settlement(AS_OF, "USD")

    def request(self, number: int) -> Request:
        """A buy of one bond for the whole group, another one for each number as far as there are bonds."""
        asset = self.assets[number % len(self.assets)]
        return Request(GROUP, asset, Side.BUY, PIECE * self.accounts, self.settlement)

    def round(self) -> None:
        """A round of the worker in this thread, which looks at the live orders whatever the pace."""
        self.dispatch.wake()
        lease = self.ledger.acquire(LEASE, self.dispatch.holder, LEASE_SECONDS)
        if lease is None:
            raise RuntimeError("somebody else holds the worker's lease of the ledger just made")
        self.dispatch.work(lease)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """With the worker in a thread of its own, woken by the desk, as the app embeds it; once."""
        thread = threading.Thread(target=self.dispatch.run, name=WORKER)
        thread.start()
        try:
            yield
        finally:
            self.dispatch.stop()
            thread.join()


@contextmanager
def open_house(
    directory: Path, accounts: int, positions: int, fill_seconds: float = 3600, server: EmulatedSnowflake | None = None
) -> Iterator[House]:
    """The ledger is a SQLite file of its own, or on the emulated Snowflake. What users did is noted beside it, and not
    counted."""
    with ExitStack() as opened:
        book = write_book(directory / "book", accounts, positions)
        running = ensure_running(str(book), directory / "world", fill_seconds=fill_seconds)
        opened.callback(running.stop)
        store = open_store(f"sqlite:///{directory / 'ledger.db'}" if server is None else f"{server.url}#LEDGER")
        meter, clock = Meter() if server is None else Meter(server.requests), BookClock()
        beside = open_engine(f"sqlite:///{directory / 'activity.db'}")
        for one in (store, beside):
            opened.callback(one.dispose)
            migrate(one)
        said = running.book
        ledger, activity = NotingLedger(store, said.id, clock), SqlActivity(beside, clock)
        opened.callback(activity.close)
        aladdin = Aladdin(
            _config(running), AnswerCache(directory / "cache"), clock, said.name, wire_transport=meter.network()
        )
        opened.callback(aladdin.close)
        dispatch = Dispatch(ledger, aladdin, clock, "bench", aladdin)
        desk = Desk(
            aladdin, aladdin, Records(ledger, SqlHistory(store), activity, SqlMarks(store)), clock,
            Book(said.id, said.kind, said.name, said.as_of, said.groups, said.currency), asked=dispatch.wake,
        )  # fmt: skip
        assets = tuple(row["asset_id"] for row in bonds(max(positions // 10, positions // accounts)))
        house = House(desk, ledger, aladdin, dispatch, meter, running, assets, accounts)
        desk.group(PM, GROUP, house.settlement)  # signed in, and the prices known that its holdings have
        desk.preview(PM, house.request(0))
        meter.watch(store)
        yield house


def _config(running: Running) -> AladdinConfig:
    """As many calls a minute as anybody could want, so that what is measured is not the wait for a turn."""
    config = AladdinConfig(running.url, running.client_id, SecretStr(running.client_secret))
    return replace(config, calls_a_minute=10**6, default_quota=10**6, quotas={})
