"""Two apps and two workers on one store: one sign-in, one blotter, one worker at a time, and no end loses anything."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from orders.dispatch import LEASE_SECONDS
from tests.browser import behind, steps
from tests.browser.server import ROOT, AppServer, own_environment

pytestmark = [pytest.mark.browser, pytest.mark.soak]

BOND = "T 4 12/15/27"
SETTINGS = {
    "COOKIE_KEY": "0123456789abcdef" * 4,
    "WORKER_EMBEDDED": "false",
    "DEMO_FILL_SECONDS": "3",
    "ALADDIN_PROCESSES": "4",
}
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Fleet:
    """Two apps, each with an address of its own, and two workers, on one data folder."""

    apps: tuple[AppServer, AppServer]
    workers: tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]

    @property
    def data(self) -> Path:
        return self.apps[0].data_dir

    def holder(self) -> int:
        """The process that holds the worker's lease now; 0 for none."""
        with closing(sqlite3.connect(self.data / "ledger.db")) as ledger:
            (holder,) = ledger.execute("SELECT holder FROM leases WHERE name = 'worker'").fetchone() or ("",)
        return int(holder.split(":")[1]) if holder else 0

    def at_work(self) -> tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]:
        """The worker with the lease, and the one that waits for it."""
        until(lambda: self.holder() in {worker.pid for worker in self.workers})
        first, second = self.workers
        return (first, second) if self.holder() == first.pid else (second, first)


@contextmanager
def fleet(data: Path) -> Iterator[Fleet]:
    with ExitStack() as opened:
        apps = (AppServer(data, SETTINGS), AppServer(data, SETTINGS))
        for number, app in enumerate(apps):  # the first owns the simulated Aladdin of all
            app.log_path = data / f"app-{number}.log"
            opened.enter_context(app)
            assert app.get("/health/ready").json()["worker"] == "failing"
        workers = (opened.enter_context(worker(data, 0)), opened.enter_context(worker(data, 1)))
        until(lambda: all(app.get("/health/ready").json()["worker"] == "ok" for app in apps))
        yield Fleet(apps, workers)


@contextmanager
def worker(data: Path, number: int) -> Iterator[subprocess.Popen[bytes]]:
    with (data / f"worker-{number}.log").open("ab") as log:
        environment = own_environment({"DATA_DIR": str(data), **SETTINGS})
        process = subprocess.Popen([sys.executable, "worker.py"], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(done: Callable[[], bool], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.1)


def an_order(page: Page, app: AppServer, face: str) -> str:
    """An order from the groups to its page, at one app."""
    page.goto(app.url)
    steps.heading(page, "Groups")
    steps.to_allocate(page, "BIG6", BOND)
    steps.face(page, face)
    steps.previewed(page)
    steps.open_confirmation(page)
    return steps.confirm(page)


def posted(data: Path) -> Counter[str]:
    """How often each of our references stands in the simulated Aladdin's own file."""
    with closing(sqlite3.connect(data / "simulator.sqlite")) as blotter:
        return Counter(reference for (reference,) in blotter.execute("SELECT reference FROM orders"))


def booked(app: AppServer, *orders: str) -> bool:
    return all(behind.state(app, order) == "booked" for order in orders)


def test_two_apps_and_two_workers_are_one_desk(tmp_path: Path, browser: Browser) -> None:
    with fleet(tmp_path) as there:
        one, two = there.apps
        page = steps.window(browser, one.url)
        steps.sign_in(page, "pm")
        first = an_order(page, one, "2mm")
        second = an_order(page, two, "3mm")  # the same cookie, and no form
        until(lambda: booked(one, first, second))

        # one app shows what was done at the other, and each process has its part of the quotas
        page.goto(f"{one.url}/orders?order={second}")
        steps.state(page, "booked")
        assert '"calls_left_this_minute"' in one.get("/health").text

        # the worker that works is killed in the middle; the other takes over, and nothing goes out twice
        busy, waiting = there.at_work()
        third = an_order(page, two, "4mm")
        busy.send_signal(signal.SIGKILL)
        busy.wait()
        killed = time.monotonic()
        fourth = an_order(page, one, "5mm")
        until(lambda: there.holder() == waiting.pid)
        assert time.monotonic() - killed < LEASE_SECONDS + 10
        until(lambda: booked(one, third, fourth))
        assert posted(tmp_path) == Counter((first, second, third, fourth))

        # told to stop, it gives its lease back at once
        waiting.send_signal(signal.SIGTERM)
        assert waiting.wait(30) == 0
        assert there.holder() == 0

        # signed out at one, the same cookie is worth nothing at the other
        cookies = page.context.cookies()
        page.goto(one.url)
        steps.heading(page, "Groups")
        steps.sign_out(page)
        copied = browser.new_context()
        copied.add_cookies([{**cookie} for cookie in cookies])  # type: ignore[typeddict-item]
        again = copied.new_page()
        again.goto(two.url)
        expect(again.get_by_role("button", name="Sign in")).to_be_visible()
        copied.close()
        page.context.close()


def test_an_app_that_is_told_to_stop_ends_what_it_does_and_gives_its_lease_back(
    tmp_path: Path, browser: Browser
) -> None:
    settings = SETTINGS | {"WORKER_EMBEDDED": "true"}
    with AppServer(tmp_path, settings) as app:
        page = steps.window(browser, app.url)
        steps.sign_in(page, "pm")
        steps.to_allocate(page, "BIG6", BOND)
        steps.face(page, "2mm")
        steps.previewed(page)
        steps.open_confirmation(page)
        steps.dialog(page).get_by_role("button", name="Confirm and send").click()
        until(lambda: bool(behind.orders(app)))
        began = time.monotonic()
        assert app.stop() in (0, -signal.SIGTERM)  # with the window open
        assert time.monotonic() - began < 15
        assert behind.rows(app, "SELECT holder FROM leases WHERE name = 'worker'") == [("",)]
        assert "Traceback" not in app.log_path.read_text()
        page.context.close()

        app.start()
        (order,) = behind.orders(app)
        until(lambda: booked(app, order))
        assert posted(tmp_path) == Counter((order,))
