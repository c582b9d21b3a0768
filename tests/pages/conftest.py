"""The front, for every test of a page."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager

import bootstrap
from orders.desk import Desk
from orders.dispatch import Dispatch
from storage import SqlLedger, migrate, open_engine
from tests.orders.desk import BOOK, FakeBroker, FakeCompliance, TestClock, records
from tests.pages.front import ClosedPages, FallibleMarket, Front, OpenGate
from ui.session import Office


@pytest.fixture
def front(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Front:
    clock = TestClock()
    engine = open_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(engine)
    ledger, market, broker, gate = SqlLedger(engine, BOOK.id, clock), FallibleMarket(clock), FakeBroker(), OpenGate()
    desk, worker = (
        Desk(market, FakeCompliance(), records(ledger, engine), clock, BOOK),
        Dispatch(ledger, broker, clock, "w1"),
    )
    front = Front(desk, market, ledger, broker, worker, gate)
    office = Office(front.desk, gate, BOOK, lambda: tuple(front.pulses))
    opened = bootstrap.House(office, front.worker, BOOK, embedded_worker=False, greet=lambda: None, close=lambda: None)
    monkeypatch.setattr(bootstrap, "house", lambda: opened)
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)
    monkeypatch.setattr("streamlit.testing.v1.app_test.PagesManager", ClosedPages)
    return front
