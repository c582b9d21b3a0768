"""Many writers at once, and processes that are killed: each command happens once and whole, or not at all."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

from orders.model import OrderState
from storage import SqlLedger, migrate, open_engine
from tests.storage.samples import BOOK, SetClock, block

ROOT = Path(__file__).parents[2]


def _writer(url: str, prefix: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.storage.writer", url, prefix, str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def test_eight_threads_confirming_the_same_ten_commands_make_ten_orders(engine: Engine, ledger: SqlLedger) -> None:
    second = SqlLedger(engine, BOOK, SetClock())

    def confirm_all(number: int) -> set[str]:
        mine = (ledger, second)[number % 2]
        return {mine.confirm(f"c{i}", *block(str(i), group=f"G{i % 3}")).id for i in range(10)}

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(confirm_all, range(8)))
    assert answers == [{f"or-{i}" for i in range(10)}] * 8
    assert len(ledger.orders()) == len(ledger.intents()) == len(ledger.audit()) == 10
    assert ledger.verify() == ()


def test_two_processes_with_the_same_commands_make_each_order_once(url: str) -> None:
    writers = [_writer(url, "x", 10), _writer(url, "x", 10)]
    said = [writer.communicate(timeout=120)[0].splitlines() for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert said[0] == said[1]
    engine = open_engine(url)
    ledger = SqlLedger(engine, BOOK, SetClock())
    assert len(ledger.orders()) == 10
    assert all(order.version == 2 for order in ledger.orders())
    assert ledger.verify() == ()
    engine.dispose()


def _kill_and_check(url: str, kills: int, writers: int) -> None:
    acknowledged: set[tuple[str, str]] = set()
    for kill in range(kills):
        running = [_writer(url, f"k{kill}w{number}n", 0) for number in range(writers)]
        for writer in running:
            assert writer.stdout is not None
            for _ in range(5 + 3 * kill % 7):
                acknowledged.add(_said(writer.stdout.readline()))
        for writer in running:
            writer.kill()
        for writer in running:
            rest = writer.communicate(timeout=60)[0]
            acknowledged |= {_said(line) for line in rest.splitlines(keepends=True) if line.endswith("\n")}
    _check(url, acknowledged)


def _said(line: str) -> tuple[str, str]:
    word, order_id = line.split()
    return word, order_id


def _check(url: str, acknowledged: set[tuple[str, str]]) -> None:
    engine = open_engine(url)
    migrate(engine)
    ledger = SqlLedger(engine, BOOK, SetClock())
    found = {order.id: order for order in ledger.orders(limit=1_000_000)}
    for word, order_id in acknowledged:
        assert found[order_id].version == 2 if word == "filled" else order_id in found
    open_intents = {intent.order_id for intent in ledger.intents()}
    for order in found.values():
        filled = order.state is OrderState.ACTIVE
        assert sum(line.face for line in order.lines) == order.face
        assert [line.booked > 0 for line in order.lines] == [False, filled, filled]
        assert len(ledger.events(order.id)) == order.version == (2 if filled else 1)
        assert (order.id in open_intents) is not filled
        assert ledger.statement(order.id).sha256 == order.statement_sha256
    assert ledger.verify() == ()
    engine.dispose()


def test_nothing_acknowledged_is_lost_or_half_written_by_a_kill(url: str) -> None:
    _kill_and_check(url, kills=2, writers=1)


@pytest.mark.soak
def test_nothing_acknowledged_is_lost_or_half_written_by_many_kills_of_two_writers(url: str) -> None:
    _kill_and_check(url, kills=15, writers=2)
