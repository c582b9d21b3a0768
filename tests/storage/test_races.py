"""Many at once on any store: each command is carried out once, one of two changes wins, writers take turns and readers
wait for nobody."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, Engine, select

from allocation.limits import Limit, Rule
from orders.errors import VersionConflict
from orders.model import OrderState
from storage import SqlLedger
from storage.schema import audit_log, commands
from storage.unit import Command, Outcome, read
from tests.storage.emulated import stores
from tests.storage.on_disk import ROOT
from tests.storage.samples import BOOK, NOON, SetClock, block, change

T = TypeVar("T")
THREADS = 8


@pytest.fixture(params=stores(snowflake_in_soak=True))
def store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _at_once(*works: Callable[[], T]) -> list[T | Exception]:
    """What each of these returned or raised, all begun at the same moment."""
    gate = threading.Barrier(len(works))

    def begin(work: Callable[[], T]) -> T | Exception:
        gate.wait()
        try:
            return work()
        except VersionConflict as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(begin, works))


def _carried_out(engine: Engine) -> list[str]:
    """The ids of all commands, as many times as each is there: a store may keep no keys."""
    return sorted(read(engine, lambda conn: conn.scalars(select(commands.c.command_id)).all()))


def test_eight_threads_with_the_same_six_commands_carry_each_out_once(engine: Engine, ledger: SqlLedger) -> None:
    ledgers = [ledger, SqlLedger(engine, BOOK, SetClock())]

    def confirm_all(number: int) -> Callable[[], list[str]]:
        mine = ledgers[number % 2]
        return lambda: [mine.confirm(f"c{i}", *block(str(i), group=f"G{i % 3}")).id for i in range(6)]

    answers = _at_once(*(confirm_all(number) for number in range(THREADS)))
    assert answers == [[f"or-{i}" for i in range(6)]] * THREADS
    assert _carried_out(engine) == sorted(["stamp", *(f"c{i}" for i in range(6))])
    assert len(ledger.orders()) == len(ledger.intents()) == len(ledger.audit()) == 6
    assert ledger.verify() == ()


def test_two_processes_with_the_same_commands_carry_each_out_once(
    engine: Engine, address: str, ledger: SqlLedger
) -> None:
    command = [sys.executable, "-m", "tests.storage.writer", address, "x", "4"]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for _ in range(2)
    ]
    said = [writer.communicate(timeout=120)[0].splitlines() for writer in running]
    assert [writer.returncode for writer in running] == [0, 0]
    assert said[0] == said[1]
    assert len(said[0]) == 8
    assert _carried_out(engine) == sorted(
        ["stamp", *(f"{word}-x{i}" for i in range(4) for word in ("confirm", "fill"))]
    )
    assert [order.version for order in ledger.orders()] == [2] * 4
    assert ledger.verify() == ()


def test_of_eight_changes_to_one_order_one_wins_and_the_others_are_told(engine: Engine, ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())

    def step(number: int) -> Callable[[], object]:
        mine = change(order, OrderState.ACTIVE, "fill", filled=Decimal(number + 1))
        return lambda: ledger.advance(f"fill{number}", mine)

    answers = _at_once(*(step(number) for number in range(THREADS)))
    told = [answer for answer in answers if isinstance(answer, VersionConflict)]
    assert len(told) == THREADS - 1
    assert all("changed" in str(error) and "or-A" in str(error) for error in told)
    assert len(ledger.events("or-A")) == ledger.order("or-A").version == 2
    won = next(number for number, answer in enumerate(answers) if not isinstance(answer, VersionConflict))
    assert ledger.order("or-A").filled == won + 1
    assert ledger.verify() == ()


def test_of_eight_versions_of_the_limits_one_is_written(ledger: SqlLedger) -> None:
    def save(number: int) -> Callable[[], object]:
        rows = (Limit("*", Rule.CASH_RESERVE, "", f"{number}%"),)
        return lambda: ledger.set_limits(f"l{number}", rows, 0, f"user{number}", NOON, "mine")

    answers = _at_once(*(save(number) for number in range(THREADS)))
    assert sum(isinstance(answer, VersionConflict) for answer in answers) == THREADS - 1
    (version,) = ledger.limit_versions()
    won = next(number for number, answer in enumerate(answers) if not isinstance(answer, VersionConflict))
    assert version.by == f"user{won}"
    assert ledger.verify() == ()


def test_of_eight_confirmations_on_the_same_figures_one_is_made(ledger: SqlLedger) -> None:
    """Groups share accounts: whoever confirms second has to read the cash again, in another group too."""

    def confirm(number: int) -> Callable[[], object]:
        parts = block(str(number), group=f"G{number}")
        return lambda: ledger.confirm(f"c{number}", *parts, after=0)

    answers = _at_once(*(confirm(number) for number in range(THREADS)))
    assert sum(isinstance(answer, VersionConflict) for answer in answers) == THREADS - 1
    assert ledger.confirmed() == 1
    assert ledger.verify() == ()


def test_chains_have_no_gap_and_no_fork_whatever_the_order_of_writers(engine: Engine, ledger: SqlLedger) -> None:
    def write(number: int) -> Callable[[], object]:
        parts = [block(f"{number}-{i}", group=f"G{i % 2}") for i in range(2)]
        return lambda: [ledger.confirm(f"c{number}-{i}", *part) for i, part in enumerate(parts)]

    _at_once(*(write(number) for number in range(THREADS)))
    found = read(engine, lambda conn: conn.execute(select(audit_log.c.stream, audit_log.c.seq)).tuples().all())
    wanted = [(f"group:G{group}", seq) for group in range(2) for seq in range(1, THREADS + 1)]
    assert sorted(found) == wanted + [("registry", seq) for seq in range(1, 2 * THREADS + 2)]
    assert ledger.verify() == ()


def test_a_ledger_that_others_go_on_writing_is_not_taken_for_a_broken_one(ledger: SqlLedger) -> None:
    stop = threading.Event()

    def write(number: int) -> None:
        count = 0
        while not stop.is_set():
            order = ledger.confirm(f"c{number}-{count}", *block(f"{number}-{count}", group=f"G{number}"))
            ledger.advance(f"f{number}-{count}", change(order, OrderState.ACTIVE, "fill", filled=Decimal(7)))
            count += 1

    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write, number) for number in range(2)]
        try:
            found = [ledger.verify() for _ in range(3)]
        finally:
            stop.set()
        for writer in writers:
            writer.result()
    assert found == [()] * 3
    assert ledger.confirmed() > 0


def test_writers_of_two_streams_take_turns_and_readers_wait_for_neither(engine: Engine, ledger: SqlLedger) -> None:
    ledger.confirm("core", *block("core", group="CORE"))
    within, go_on = threading.Event(), threading.Event()

    def slowly(_conn: Connection, _known: Mapping[str, Any]) -> Outcome:
        within.set()
        assert go_on.wait(30)
        return Outcome("done", body=None)

    slow = Command("slow", "upkeep", "ops", "note", "ledger", content=None)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ledger._unit.run, slow, slowly)
        assert within.wait(30)
        second = pool.submit(ledger.confirm, "plus", *block("plus", group="PLUS"))
        assert [order.id for order in ledger.orders()] == ["or-core"]
        assert not second.done()
        go_on.set()
        assert first.result(30) == "done"
        assert second.result(30).id == "or-plus"
    assert ledger.verify() == ()
