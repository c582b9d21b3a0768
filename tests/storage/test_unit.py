"""The unit of work: at most once, all or nothing, patient within bounds."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, func, insert, select, text
from structlog.testing import capture_logs

from orders.errors import Rejected, Unavailable
from storage import open_engine
from storage.engine import WRITES
from storage.schema import audit_log, commands, sign_in_revocations, streams
from storage.unit import Command, Outcome, UnitOfWork, read, write
from tests.storage.samples import NOON, SetClock


@pytest.fixture
def unit(engine: Engine) -> UnitOfWork:
    return UnitOfWork(engine, SetClock(), patience=0.5)


def _command(name: str = "one", content: object = "same", stream: str = "access") -> Command:
    return Command(name, stream, "maria", "note", "subject", content)


def _count(engine: Engine) -> int:
    with engine.connect() as conn:
        return conn.scalar(select(func.count()).select_from(sign_in_revocations)) or 0


def _note(username: str) -> Callable[[Connection], Outcome]:
    def work(conn: Connection) -> Outcome:
        conn.execute(insert(sign_in_revocations).values(username=username, not_before=NOON))
        return Outcome(json.dumps(username), body={"username": username})

    return work


def test_a_repeated_command_returns_its_first_result_and_does_nothing(engine: Engine, unit: UnitOfWork) -> None:
    assert unit.run(_command(), _note("maria")) == '"maria"'
    assert unit.run(_command(), _note("paul")) == '"maria"'
    assert _count(engine) == 1


def test_an_id_used_for_something_else_is_refused(engine: Engine, unit: UnitOfWork) -> None:
    unit.run(_command(), _note("maria"))
    with pytest.raises(Rejected, match="carried out before with another content") as caught:
        unit.run(_command(content="other"), _note("paul"))
    assert caught.value.code == "command_reused"
    assert _count(engine) == 1


def test_what_fails_leaves_nothing_behind(engine: Engine, unit: UnitOfWork) -> None:
    def fail(conn: Connection) -> Outcome:
        _note("maria")(conn)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        unit.run(_command(), fail)
    with engine.connect() as conn:
        assert _count(engine) == 0
        assert conn.scalar(select(func.count()).select_from(commands)) == 0
        assert conn.scalar(select(func.count()).select_from(audit_log)) == 0
        assert set(conn.scalars(select(streams.c.seq))) == {0}
    assert unit.run(_command(), _note("maria")) == '"maria"'


def test_each_commit_says_its_newest_hashes_outside_the_store(engine: Engine, unit: UnitOfWork) -> None:
    with capture_logs() as logs:
        unit.run(_command(), _note("maria"))
        unit.run(_command(), _note("maria"))
    with engine.connect() as conn:
        heads = set(conn.execute(select(streams.c.stream, streams.c.seq, streams.c.sha256)).tuples())
    said = {(entry["stream"], entry["seq"], entry["sha256"]) for entry in logs if entry["event"] == "ledger.committed"}
    assert said == heads
    assert len(logs) == 2


def test_streams_are_opened_once_under_threads(engine: Engine) -> None:
    def begin(number: int) -> str:
        return UnitOfWork(engine, SetClock()).run(_command(f"n{number}"), _note(f"user{number}"))

    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(begin, range(8)))) == 8
    with engine.connect() as conn:
        assert dict(conn.execute(select(streams.c.stream, streams.c.seq)).tuples().all()) == {
            "access": 8,
            "registry": 8,
        }


def test_a_store_that_stays_locked_is_unavailable_and_nothing_was_sent(engine: Engine, url: str) -> None:
    hasty = open_engine(url, busy_seconds=0.01)
    unit = UnitOfWork(hasty, SetClock(), patience=0.2)
    with engine.connect() as conn:
        conn.execution_options(**{WRITES: True})
        with conn.begin(), pytest.raises(Unavailable, match="busy") as caught:
            unit.run(_command(), _note("maria"))
    assert caught.value.sent is False
    assert unit.run(_command(), _note("maria")) == '"maria"'
    hasty.dispose()


def test_a_head_lost_under_way_is_not_begun_anew(engine: Engine, unit: UnitOfWork) -> None:
    unit.run(_command(), _note("maria"))
    with engine.begin() as conn:
        conn.execute(text("DELETE FROM streams WHERE stream = 'access'"))
    with pytest.raises(Rejected, match="access has vanished"):
        unit.run(_command("two"), _note("paul"))


def test_a_taken_key_is_refused_in_words(engine: Engine, unit: UnitOfWork) -> None:
    unit.run(_command(), _note("maria"))
    with pytest.raises(Rejected, match="refused the write, and nothing was changed"):
        unit.run(_command("two"), _note("maria"))


def test_a_store_without_tables_is_unavailable(url: str) -> None:
    engine = open_engine(url)
    with pytest.raises(Unavailable, match="no such table"):
        read(engine, lambda conn: conn.scalar(select(func.count()).select_from(streams)))
    with pytest.raises(Unavailable, match="no such table"):
        write(engine, lambda conn: conn.execute(insert(streams).values(stream="x", seq=0, sha256="")))
    engine.dispose()
