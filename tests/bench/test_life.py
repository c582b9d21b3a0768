"""The benchmark of an order's life: what it counts is what leaves, and all that it times succeeds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bench.life.batch import in_a_batch, one_at_a_time
from bench.life.counting import Meter, Used
from bench.life.following import FILL_SECONDS, following
from bench.life.house import open_house
from bench.life.posting import posting
from bench.life.trips import round_trips
from orders.model import Order
from storage import open_engine
from storage.unit import read, write

PROJECT = Path(__file__).parents[2]
BOOK = (5, 500)  # accounts, positions


def test_statements_and_transactions_are_counted_and_their_beginnings_are_not(tmp_path: Path) -> None:
    engine, meter = open_engine(f"sqlite:///{tmp_path / 'l.db'}"), Meter()
    meter.watch(engine)
    _, phase = meter.phase(lambda: write(engine, lambda conn: conn.execute(text("CREATE TABLE t (n INTEGER)"))))
    assert phase.desk == Used(0, 1, 1)
    _, phase = meter.phase(lambda: read(engine, lambda conn: [conn.execute(text("SELECT 1")) for _ in range(3)]))
    assert (phase.desk, phase.worker) == (Used(0, 3, 1), Used())


def test_an_order_is_confirmed_and_posted_by_one_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, list[int]] = {}  # by order, the worker's requests so far at each step from "sending" on
    with open_house(tmp_path, *BOOK) as house:
        advance = house.ledger.advance

        def noted(*given: Any, **also: Any) -> Order:
            order = advance(*given, **also)
            asked.setdefault(order.id, []).append(house.meter.used(True).requests)
            return order

        monkeypatch.setattr(house.ledger, "advance", noted)
        found = posting(house, 3)
        assert len(house.ledger.orders()) == 3
        assert all(order.broker_id for order in house.ledger.orders())
    assert all(min(way.reads, way.confirm, way.bare) > 0 for way in found.ways)
    # a look at live orders may fall due before or after, never between "sending" and the answer
    assert [steps[1] - steps[0] for steps in asked.values()] == [1, 1, 1]
    assert found.sending.requests >= 1
    assert found.confirming.requests > 0


@pytest.mark.soak
def test_a_batch_is_made_and_sent_and_so_is_each_block_alone(tmp_path: Path) -> None:
    with open_house(tmp_path / "batch", *BOOK) as house:
        batch = in_a_batch(house, 3)
        assert {order.batch for order in house.ledger.orders()} != {""}
        assert len(house.ledger.orders()) == batch.blocks == 3
    assert batch.foresee.worker == batch.check.worker == Used()
    assert batch.confirm.desk.requests > 0
    with open_house(tmp_path / "single", *BOOK) as house:
        single = one_at_a_time(house, 3)
        assert all(order.broker_id for order in house.ledger.orders())
    assert single.worker.requests >= 3


@pytest.mark.soak
def test_a_look_at_which_nothing_moved_takes_as_much_however_many_orders_are_live(tmp_path: Path) -> None:
    found = []
    for count in (2, 6):
        with open_house(tmp_path / str(count), *BOOK, FILL_SECONDS) as house:
            found.append(following(house, count))
    few, many = found
    assert (few.quiet.all, few.quiet.all.requests) == (many.quiet.all, 1)
    assert (few.moved.all.requests, many.moved.all.requests) == (1, 1)
    by_order = (many.moved.all.statements - few.moved.all.statements) / 4
    assert 0 < by_order == (few.moved.all.statements - few.quiet.all.statements) / 2


@pytest.mark.soak
def test_the_requests_to_snowflake_are_counted_by_its_server(tmp_path: Path) -> None:
    found = round_trips(tmp_path, 3)
    assert len(found) == 6
    assert min(found.values()) > 0


@pytest.mark.soak
def test_the_part_runs_by_itself_and_writes_its_section(tmp_path: Path) -> None:
    out = tmp_path / "page.md"
    command = [sys.executable, "-m", "bench", "life", "--quick", "--out", str(out)]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    page = out.read_text(encoding="utf-8")
    assert page.startswith("# The life of an order, measured\n")
    assert "| the same one at a time |" in page
    assert "| a confirmation at the desk |" in page
