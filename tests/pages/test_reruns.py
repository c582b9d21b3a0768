"""Nothing is fetched or computed twice: a page that runs again asks Aladdin for nothing and no engine for anything, and
a parameter that changes takes one engine run and no request. Counted by the simulated Aladdin itself, and where engines
solve."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

import bootstrap
from aladdin.simulator.control import FAULTS_PATH
from aladdin.simulator.directory import read_notice
from allocation.model import Choices
from app import PAGES
from bootstrap import House
from orders.history import Wanted
from tests.house import PM, confirmed, house_on
from tests.pages.front import APP, PATIENCE, ClosedPages, OpenGate

EVERY = tuple(name for pages in PAGES.values() for name, *_ in pages)
UNSEEN = {"faults": [{"kind": "latency", "seconds": 0.001, "path": "*"}]}  # which counts every call it meets


@dataclass
class Counts:
    """What happened since the last look: requests that came to Aladdin, and engines that were run."""

    data: Path
    engines: list[str] = field(default_factory=list)
    _seen: int = 0

    def begin(self) -> None:
        self._ask("PUT", UNSEEN)

    def taken(self) -> tuple[int, list[str]]:
        met = self._ask("GET")[0]["met"]
        requests, self._seen = met - self._seen, met
        engines = list(self.engines)
        self.engines.clear()
        return requests, engines

    def _ask(self, method: str, plan: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        notice = read_notice(self.data)
        assert notice is not None
        owner = (notice.credentials.client_id, notice.credentials.client_secret)
        answer = httpx.request(method, f"{notice.url}{FAULTS_PATH}", auth=owner, json=plan, trust_env=False)
        found: list[dict[str, Any]] = answer.raise_for_status().json()["faults"]
        return found


@pytest.fixture
def counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counts]:
    """The demo's house behind the pages, with an order that was sent, and what happens in it."""
    with house_on(tmp_path) as house:
        _send(house)
        shown = replace(house, office=replace(house.office, gate=OpenGate(PM)))
        monkeypatch.setattr(bootstrap, "house", lambda: shown)
        monkeypatch.setattr(PagesManager, "uses_pages_directory", False)
        monkeypatch.setattr("streamlit.testing.v1.app_test.PagesManager", ClosedPages)
        counted = Counts(tmp_path)
        for module in (sys.modules["allocation.propose"], sys.modules["allocation.size_curve"]):
            monkeypatch.setattr(module, "drafted", _noting(counted.engines, module.drafted))
        counted.begin()
        yield counted


def _noting(engines: list[str], drafted: Callable[..., Any]) -> Callable[..., Any]:
    def noted(problem: Any, choices: Choices, limits: Any) -> Any:
        engines.append(choices.engine)
        return drafted(problem, choices, limits)

    return noted


def _send(house: House) -> None:
    order = confirmed(house)
    worker = threading.Thread(target=house.dispatch.run)
    worker.start()
    try:
        for _ in range(300):
            if house.office.desk.past.order(PM, order.id).broker_id:
                return
            threading.Event().wait(0.1)
        raise AssertionError("the order was not sent")
    finally:
        house.dispatch.stop()
        worker.join()


def test_a_rerun_fetches_and_computes_nothing_and_a_change_computes_once(counts: Counts) -> None:
    browser = AppTest.from_file(APP, default_timeout=PATIENCE).run()
    trip = browser.session_state["trip"]
    desk = bootstrap.house().office.desk
    trip.group = "BIG6"
    (bond,) = desk.find(PM, "FFCB 3.5 05/15/36").value
    trip.asset_id = browser.session_state["securities.text"] = bond.asset_id
    browser.switch_page("pages/allocate.py").run()
    browser.text_input("allocate.face").set_value("25mm").run()

    again = {}
    for page in EVERY:
        browser.switch_page(f"pages/{page}.py").run()
        if page == "orders":
            browser.query_params["order"] = desk.past.orders(PM, Wanted()).rows[0].id
            browser.run()
        counts.taken()
        browser.run()
        assert not browser.exception
        again[page] = counts.taken()
    assert again == dict.fromkeys(EVERY, (0, []))

    browser.switch_page("pages/allocate.py").run()
    counts.taken()
    browser.text_input("allocate.face").set_value("26mm").run()
    assert counts.taken() == (0, ["pro_rata"])
    browser.segmented_control("allocate.engine").set_value("min_dispersion").run()
    assert counts.taken() == (0, ["min_dispersion"])
