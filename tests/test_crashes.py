"""The worker is killed again and again; no order is posted twice, and none is lost."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from allocation.model import Choices, Metric, Side
from bootstrap import open_house
from orders.desk import Request
from orders.lifecycle import FINAL
from orders.model import OrderState, Role, User
from settings import Settings
from tests.browser.server import ROOT, own_environment

PM = User("pm", "Paula", frozenset({Role.PORTFOLIO_MANAGER}), frozenset({"*"}))
ORDERS = 6


@pytest.mark.soak
def test_a_worker_killed_at_any_moment_neither_repeats_nor_loses_an_order(tmp_path: Path) -> None:
    rng = random.Random(11)
    house = open_house(Settings(demo=True, data_dir=tmp_path, demo_fill_seconds=2, worker_embedded=False))
    worker = None
    try:
        desk = house.office.desk
        bond = next(b for b in desk.find(PM, "T 4.25").value if b.price)
        for number in range(ORDERS):
            request = Request(
                "BIG6", bond.asset_id, Side.BUY, 600_000, desk.settlement(bond), choices=Choices(metric=Metric.DURATION)
            )
            preview = desk.preview(PM, request)
            accepted = dict.fromkeys(preview.warnings, "as meant")
            desk.confirm(PM, preview, f"order {number}", f"command-{number}", accepted=accepted)
            worker = _start_worker(tmp_path)
            _wait_until(partial(_works, tmp_path, worker.pid))
            time.sleep(rng.uniform(0.0, 0.12))  # a post and its two writes take about as long
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        struck = Counter(order.state for order in desk.past.orders(PM).rows)
        worker = _start_worker(tmp_path)
        _wait_until(lambda: all(order.state in FINAL for order in desk.past.orders(PM).rows))
        assert struck[OrderState.BOOKED] < ORDERS, "no kill came in time"
        assert Counter(order.state for order in desk.past.orders(PM).rows) == {OrderState.BOOKED: ORDERS}
        assert all(order.filled == Decimal(600_000) for order in desk.past.orders(PM).rows)
        assert _posted(tmp_path) == Counter({order.id: 1 for order in desk.past.orders(PM).rows})
    finally:
        if worker is not None and worker.poll() is None:
            worker.kill()
            worker.wait()
        house.close()


def _wait_until(done: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)


def _start_worker(data: Path) -> subprocess.Popen[bytes]:
    with (data / "worker.log").open("ab") as log:
        environment = own_environment({"DATA_DIR": str(data), "DEMO_FILL_SECONDS": "2"})
        return subprocess.Popen([sys.executable, "worker.py"], cwd=ROOT, env=environment, stdout=log, stderr=log)


def _works(data: Path, pid: int) -> bool:
    """Whether this process holds the worker's lease."""
    with sqlite3.connect(data / "ledger.db") as ledger:
        (holder,) = ledger.execute("SELECT holder FROM leases").fetchone() or ("",)
    return f":{pid}:" in holder


def _posted(data: Path) -> Counter[str]:
    """How often each of our references stands in the simulated Aladdin's own file."""
    with sqlite3.connect(data / "simulator.sqlite") as blotter:
        references = blotter.execute("SELECT reference FROM orders")
        return Counter(reference for (reference,) in references)
