"""The app run in process over a real desk and ledger, with the market and the gate in the test's hands."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

import bootstrap
from access import DemoLogin
from allocation.model import Bond
from orders.checks import Policy
from orders.desk import Desk
from orders.dispatch import Dispatch
from orders.errors import Malformed, OutsideError
from orders.model import Group, Order, PortfolioFound, User
from orders.ports import Dated
from storage import Memory, SqlLedger
from tests.ledgers import open_ledger
from tests.orders.desk import BOOK, PM, FakeBlotter, FakeBroker, FakeCompliance, FakeMarket, TestClock, records
from ui.session import Office, Pulse

APP = Path(__file__).parents[2] / "app.py"
PATIENCE = 30  # seconds a run may take on a busy machine


@dataclass
class FallibleMarket(FakeMarket):
    """A market that can be told to fail."""

    failure: OutsideError | None = None
    unreadable: str = ""  # a group that fails while the others are read
    search_failure: OutsideError | None = None  # of the search for groups
    fresh_failure: OutsideError | None = None  # of reads past the caches

    def group(self, ticker: str, settlement: date, *, fresh: bool = False) -> Dated[Group]:
        self._perhaps_fail()
        if fresh and self.fresh_failure is not None:
            raise self.fresh_failure
        if ticker == self.unreadable:
            raise Malformed(f"The positions of {ticker} cannot be read.", "req-5")
        return super().group(ticker, settlement, fresh=fresh)

    def find_groups(self, text: str, limit: int = 20) -> Dated[tuple[PortfolioFound, ...]]:
        if self.search_failure is not None:
            raise self.search_failure
        return super().find_groups(text, limit)

    def bond(self, asset_id: str, *, fresh: bool = False) -> Dated[Bond]:
        self._perhaps_fail()
        return super().bond(asset_id, fresh=fresh)

    def find(self, text: str, groups: Collection[str], limit: int = 50) -> Dated[tuple[Bond, ...]]:
        self._perhaps_fail()
        return super().find(text, groups, limit)

    def _perhaps_fail(self) -> None:
        if self.failure is not None:
            raise self.failure


@dataclass
class OpenGate:
    """A gate that lets `user` in, or whoever types the one password; it counts what is called."""

    user: User | None = PM
    known: User = PM
    password: str = "right"
    demo_logins: tuple[DemoLogin, ...] = (DemoLogin("pm", "right", "portfolio manager"),)
    said: str | None = None
    touched: int = 0
    stay_days: float = 7
    elsewhere: str = ""
    one_time: bool = False
    doubted: str | None = None
    changed: list[tuple[str, str, str]] = field(default_factory=list)

    def arrive(self) -> User | None:
        return self.current_user()

    def go(self) -> None:
        """There is nowhere to go."""

    def doubt(self) -> str | None:
        return self.doubted

    def must_choose(self) -> bool:
        return self.one_time

    def news(self) -> str | None:
        return None

    def change_password(self, old: str, new: str, again: str) -> str:
        self.changed.append((old, new, again))
        self.one_time = self.one_time and old != self.password
        return "" if old == self.password else "The old password is not right."

    def current_user(self) -> User | None:
        return self.user

    def people(self) -> dict[str, str]:
        return {each.username: each.name for each in (self.known, self.user or self.known)}

    def submit(self, username: str, password: str, stay: bool = False) -> None:
        right = (username, password) == (self.known.username, self.password)
        self.user, self.said = (self.known, None) if right else (None, "The username or the password is not right.")

    def mount(self) -> None:
        """No cookie to write."""

    def sign_out(self) -> None:
        self.user, self.said = None, "You are signed out."

    def message(self) -> str | None:
        return self.said

    def touch(self) -> None:
        self.touched += 1


@dataclass
class Front:
    """The app, and what is behind it within reach."""

    desk: Desk
    market: FallibleMarket
    ledger: SqlLedger
    broker: FakeBroker
    worker: Dispatch
    gate: OpenGate
    compliance: FakeCompliance
    clock: TestClock
    memory: Memory
    pulses: list[Pulse] = field(default_factory=lambda: [Pulse("Aladdin", True, "answers")])

    def visit(self, page: str = "groups", **query: str | list[str]) -> AppTest:
        """A browser session of the current user that has come to this page."""
        browser = AppTest.from_file(APP, default_timeout=PATIENCE)
        browser.run()
        browser.query_params.update(query)
        return browser.switch_page(f"pages/{page}.py").run()

    def at_allocate(self, face: str = "", asset_id: str = "B") -> AppTest:
        """A session at the allocation of a bond for BIG6, with this face typed."""
        browser = self.visit("allocate")
        trip = browser.session_state["trip"]
        trip.group, trip.asset_id = "BIG6", asset_id
        browser.run()
        return browser.text_input("allocate.face").set_value(face).run() if face else browser

    def work(self) -> None:
        """One round of the worker."""
        lease = self.ledger.acquire("worker", "w1", 20)
        assert lease is not None
        self.worker.wake()  # so that it looks at the live orders now, whatever its pace
        self.worker.work(lease)

    def orders(self) -> tuple[Order, ...]:
        return self.ledger.orders()


def opened(directory: Path, policy: Policy | None = None) -> Front:
    """A front over a new ledger, under these house rules."""
    clock, compliance, gate, broker = TestClock(), FakeCompliance(), OpenGate(), FakeBroker()
    engine = open_ledger(directory / "ledger.db")
    ledger, market = SqlLedger(engine, BOOK.id, clock), FallibleMarket(clock)
    desk = Desk(market, compliance, records(ledger, engine), clock, BOOK, policy, blotter=FakeBlotter(broker))
    worker, memory = Dispatch(ledger, broker, clock, "w1"), Memory(directory / "memory.db", clock)
    return Front(desk, market, ledger, broker, worker, gate, compliance, clock, memory)


def serve(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the app opens is this front."""
    office = Office(front.desk, front.gate, BOOK, lambda: tuple(front.pulses), front.memory)
    house = cast(bootstrap.House, SimpleNamespace(office=office))  # a screen asks for no more of it
    monkeypatch.setattr(bootstrap, "house", lambda: house)
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)
    monkeypatch.setattr("streamlit.testing.v1.app_test.PagesManager", ClosedPages)


class ClosedPages(PagesManager):
    """AppTest opens the pages folder anew before each run, on this class; the front door had closed it."""


def words(browser: AppTest) -> str:
    """Everything the page says outside tables and charts."""
    assert not browser.exception, browser.exception[0].message
    kinds = ("title", "header", "subheader", "markdown", "caption", "info", "warning", "error", "success", "code")
    said = [str(element.value) for kind in kinds for element in getattr(browser, kind)]
    return "\n".join([*said, *(f"{figure.label}: {figure.value}" for figure in browser.metric)])


def told(sentence: str) -> str:
    """What an error says, with `…` for the reference it ends with."""
    return re.sub(r"Reference [0-9a-f]{12}\.", "Reference ….", sentence)


def buttons(browser: AppTest) -> list[str]:
    """The labels of the buttons that can be pressed."""
    return [button.label for button in browser.button if not button.disabled]


def press(browser: AppTest, label: str) -> AppTest:
    """Press the one button with this label."""
    (button,) = [button for button in browser.button if button.label == label and not button.disabled]
    return button.click().run()
