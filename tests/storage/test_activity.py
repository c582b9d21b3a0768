"""What users do is written in batches, whatever the store is doing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import Engine, event, text
from structlog.testing import capture_logs

from orders.errors import SettingsError, Unavailable
from orders.ports import Activity
from storage import activity as module
from storage.activity import BATCH, SqlActivity
from storage.history import SqlHistory
from storage.unit import write
from tests.storage.samples import NOON, SetClock

NEVER = 3600.0


@pytest.fixture
def activity(engine: Engine, clock: SetClock) -> Iterator[SqlActivity]:
    """It writes when told."""
    opened = SqlActivity(engine, clock, every=NEVER)
    yield opened
    opened.close()


def test_what_was_noted_is_read_back_newest_first(engine: Engine, activity: SqlActivity, clock: SetClock) -> None:
    port: Activity = activity
    for number in range(5):
        port.note(("maria", "paul")[number % 2], "preview", f"block {number}", "min_dispersion")
        clock.forward(60)
    history = SqlHistory(engine)
    assert history.activity().rows == ()
    activity.flush()
    first = history.activity(size=3)
    rest = history.activity(size=3, cursor=first.cursor)
    assert [deed.about for deed in (*first.rows, *rest.rows)] == [f"block {number}" for number in (4, 3, 2, 1, 0)]
    assert (first.rows[0].at, first.rows[0].username, first.rows[0].detail) == (
        NOON + timedelta(minutes=4),
        "maria",
        "min_dispersion",
    )
    assert rest.cursor == ""
    late = history.activity("maria", since=NOON + timedelta(minutes=1), until=NOON + timedelta(minutes=4))
    assert [deed.about for deed in late.rows] == ["block 2"]


def test_a_batch_is_one_insert_and_threads_lose_none(engine: Engine, activity: SqlActivity) -> None:
    inserts: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT"):
            inserts.append(statement)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: activity.note("maria", "look", str(number)), range(BATCH + 1)))
    event.listen(engine, "before_cursor_execute", note)
    activity.flush()
    event.remove(engine, "before_cursor_execute", note)
    assert len(inserts) == 2
    assert activity.waiting() == 0
    with engine.connect() as conn:
        assert conn.scalar(text("SELECT COUNT(DISTINCT about) FROM activity")) == BATCH + 1


def test_a_store_that_is_away_gets_it_later_and_only_once(
    engine: Engine, activity: SqlActivity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(engine: Engine, work: object) -> None:
        raise Unavailable("The ledger does not answer.", sent=False)

    activity.note("maria", "preview", "BIG6")
    monkeypatch.setattr(module, "write", away)
    with pytest.raises(Unavailable):
        activity.flush()
    assert activity.waiting() == 1
    monkeypatch.setattr(module, "write", write)
    activity.flush()
    activity.flush()
    assert len(SqlHistory(engine).activity().rows) == 1


@pytest.mark.parametrize("error", [SettingsError("No warehouse is in use."), ZeroDivisionError("a defect")])
def test_whatever_keeps_it_from_writing_it_writes_once_that_has_passed(
    engine: Engine, clock: SetClock, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tried, mended = Event(), Event()

    def fail_until_mended(engine: Engine, work: object) -> None:
        if not mended.is_set():
            tried.set()
            raise error
        write(engine, work)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "write", fail_until_mended)
    with capture_logs() as logs:
        opened = SqlActivity(engine, clock, every=0.01)
        opened.note("maria", "preview", "BIG6")
        assert tried.wait(10)
        mended.set()
        until = time.monotonic() + 10
        while opened.waiting() and time.monotonic() < until:
            time.sleep(0.01)
        assert opened.waiting() == 0, "though nobody closed it"
        opened.close()
    assert len(SqlHistory(engine).activity().rows) == 1
    assert "activity.delayed" in {entry["event"] for entry in logs}


def test_a_batch_whose_answer_was_lost_is_not_written_twice(
    engine: Engine, activity: SqlActivity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(engine: Engine, work: object) -> None:
        write(engine, work)  # type: ignore[arg-type]
        raise Unavailable("The answer was lost.")

    activity.note("maria", "preview", "BIG6")
    monkeypatch.setattr(module, "write", lost)
    with pytest.raises(Unavailable):
        activity.flush()
    monkeypatch.setattr(module, "write", write)
    activity.flush()
    assert len(SqlHistory(engine).activity().rows) == 1


def test_closing_writes_what_waits(engine: Engine, clock: SetClock) -> None:
    opened = SqlActivity(engine, clock, every=NEVER)
    opened.note("maria", "sign in", "")
    opened.close()
    assert len(SqlHistory(engine).activity().rows) == 1


def test_what_no_longer_fits_is_lost_aloud_oldest_first(engine: Engine, clock: SetClock) -> None:
    opened = SqlActivity(engine, clock, every=NEVER, most=2)
    for number in range(5):
        opened.note("maria", "look", str(number))
    with capture_logs() as logs:
        opened.flush()
    opened.close()
    assert [entry["deeds"] for entry in logs if entry["event"] == "activity.lost"] == [3]
    assert {deed.about for deed in SqlHistory(engine).activity().rows} == {"3", "4"}
