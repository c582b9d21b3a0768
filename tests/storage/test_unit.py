"""The unit of work: at most once, all or nothing, patient within bounds."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from orders.errors import Rejected, SettingsError, Unavailable
from storage import open_engine
from storage.engine import WRITES
from storage.failures import Contention
from storage.schema import audit_log, commands, sign_in_revocations, streams
from storage.unit import Command, Outcome, UnitOfWork, Work, _patiently, read, write
from tests.storage.emulated import EmulatedSnowflake, open_store, stores
from tests.storage.samples import NOON, SetClock


@pytest.fixture(params=stores())
def store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def unit(engine: Engine) -> UnitOfWork:
    return UnitOfWork(engine, SetClock(), patience=0.5)


def _command(name: str = "one", content: object = "same", stream: str = "access") -> Command:
    return Command(name, stream, "maria", "note", "subject", content)


def _count(engine: Engine) -> int:
    with engine.connect() as conn:
        return conn.scalar(select(func.count()).select_from(sign_in_revocations)) or 0


def _note(username: str | None) -> Work:
    def work(_conn: Connection, _known: Mapping[str, Any]) -> Outcome:
        row = {"username": username, "not_before": NOON}
        return Outcome(json.dumps(username), body={"username": username}, rows=((sign_in_revocations, [row]),))

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
    def fail(conn: Connection, _known: Mapping[str, Any]) -> Outcome:
        conn.execute(insert(sign_in_revocations).values(username="maria", not_before=NOON))
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
    assert len(logs) == 4, "the answer of the first may have been lost"


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


def test_a_store_that_stays_locked_is_unavailable_and_nothing_was_sent(
    engine: Engine, store: str, address: str, unit: UnitOfWork
) -> None:
    unit.run(_command("zero"), _note("paul"))
    hasty = open_engine(address, busy_seconds=0.01) if store == "sqlite" else open_store(address)
    late = UnitOfWork(hasty, SetClock(), patience=0.2)
    with engine.connect() as conn:
        conn.execution_options(**{WRITES: True})
        with conn.begin() as transaction:
            conn.execute(update(streams).values(seq=streams.c.seq))
            with pytest.raises(Unavailable, match="busy") as caught:
                late.run(_command(), _note("maria"))
            transaction.rollback()
    assert caught.value.sent is False
    assert late.run(_command(), _note("maria")) == '"maria"'
    hasty.dispose()


def test_a_wait_as_long_as_the_patience_is_tried_again() -> None:
    waits = iter((True, False))

    def attempt() -> str:
        if next(waits):
            time.sleep(0.05)
            raise Contention
        return "written"

    assert _patiently(attempt, patience=0.02) == "written"


def test_a_registry_that_lost_its_head_is_told_and_not_taken_for_a_busy_ledger(
    engine: Engine, unit: UnitOfWork
) -> None:
    unit.run(_command(), _note("maria"))
    with engine.begin() as conn:
        conn.execute(text("DELETE FROM streams WHERE stream = 'registry'"))
    with pytest.raises(Rejected, match="audit registry has no head"):
        unit.run(_command("two"), _note("paul"))


def test_a_head_lost_under_way_is_not_begun_anew(engine: Engine, unit: UnitOfWork) -> None:
    unit.run(_command(), _note("maria"))
    with engine.begin() as conn:
        conn.execute(text("DELETE FROM streams WHERE stream = 'access'"))
    with pytest.raises(Rejected, match="access has vanished"):
        unit.run(_command("two"), _note("paul"))


def test_a_row_the_store_refuses_is_told_in_words(engine: Engine, unit: UnitOfWork) -> None:
    with pytest.raises(Rejected, match="refused the write, and nothing was changed"):
        unit.run(_command(), _note(None))
    assert _count(engine) == 0
    assert unit.run(_command(content="whole"), _note("maria")) == '"maria"'


def test_what_a_command_asks_is_answered_with_the_lock_held(unit: UnitOfWork) -> None:
    told: list[int] = []

    def work(_conn: Connection, known: Mapping[str, Any]) -> Outcome:
        told.append(known["noted"])
        return _note(f"user{len(told)}")(_conn, known)

    noted = select(func.count()).select_from(sign_in_revocations).scalar_subquery()
    for name in ("one", "two"):
        unit.run(replace(_command(name), asks={"noted": noted}), work)
    assert told == [0, 1]


def test_a_store_without_tables_says_so(tmp_path: Path, snowflake: EmulatedSnowflake) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(Unavailable, match="no such table"):
        read(engine, lambda conn: conn.scalar(select(func.count()).select_from(streams)))
    with pytest.raises(Unavailable, match="no such table"):
        write(engine, lambda conn: conn.execute(insert(streams).values(stream="x", seq=0, sha256="")))
    engine.dispose()
    engine = open_store(f"{snowflake.url}#BARE")
    with pytest.raises(SettingsError, match=r"A table of the ledger is missing.*python -m storage migrate"):
        read(engine, lambda conn: conn.scalar(select(func.count()).select_from(streams)))
    engine.dispose()


@pytest.mark.parametrize(
    "then", [Contention(), Unavailable("Snowflake does not answer.", sent=False), SettingsError("Refused to sign in.")]
)
def test_a_commit_without_an_answer_is_in_doubt_whatever_the_tries_after_it_meet(then: Exception) -> None:
    met = iter([DBAPIError(None, None, Exception("reset"), connection_invalidated=True)])

    def attempt() -> None:
        raise next(met, then)

    with pytest.raises(Unavailable, match="not known whether this was written: look before you repeat it") as told:
        _patiently(attempt, 0.1)
    assert told.value.sent


def test_a_session_lost_before_its_commit_wrote_nothing() -> None:
    met = iter([DBAPIError("UPDATE streams", None, Exception("reset"), connection_invalidated=True)])

    def attempt() -> None:
        raise next(met, Contention())

    with pytest.raises(Unavailable, match="Nothing was written") as told:
        _patiently(attempt, 0.1)
    assert not told.value.sent


@pytest.mark.parametrize("use", [read, write])
def test_more_users_at_once_than_sessions_are_told_so(tmp_path: Path, use: Callable[..., object]) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}", pool_size=1, max_overflow=0, pool_timeout=0.05)
    with engine.connect(), pytest.raises(Unavailable, match="Too many are using the ledger at once") as told:
        use(engine, lambda conn: conn.execute(text("SELECT 1")))
    assert not told.value.sent
    engine.dispose()
