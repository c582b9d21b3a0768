from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from storage.memory import KEPT_FOR, Memory
from tests.orders.desk import TestClock


def test_what_is_put_is_there_for_its_user_alone_after_a_restart(tmp_path: Path) -> None:
    path, clock = tmp_path / "memory.db", TestClock()
    first = Memory(path, clock)
    first.put("pm", "groups", ["BIG6", "OPNIC"])
    first.put("pm", "groups", ["BIG6"])
    first.close()
    again = Memory(path, clock)
    assert again.get("pm", "groups") == ["BIG6"]
    assert again.get("approver", "groups") is None
    again.put("pm", "groups", None)
    assert again.get("pm", "groups") is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_nobody_came_back_for_is_dropped(tmp_path: Path) -> None:
    path, clock = tmp_path / "memory.db", TestClock()
    Memory(path, clock).put("pm", "metric", "asd")
    clock.at += KEPT_FOR + timedelta(seconds=1)
    assert Memory(path, clock).get("pm", "metric") is None


def test_a_damaged_file_is_set_aside_and_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    path.write_bytes(b"no database at all" * 100)
    begun = Memory(path, TestClock())
    begun.put("pm", "metric", "asd")
    assert begun.get("pm", "metric") == "asd"
    assert (tmp_path / "memory.damaged").exists()


def test_a_file_that_is_locked_costs_the_memory_and_no_work(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    kept = Memory(path, TestClock())
    kept.put("pm", "metric", "asd")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        kept.put("pm", "metric", "oas")
    assert kept.get("pm", "metric") == "asd"


def test_what_nobody_came_back_for_is_missing_in_a_process_that_goes_on_too_and_dropped_there(tmp_path: Path) -> None:
    path, clock = tmp_path / "memory.db", TestClock()
    kept = Memory(path, clock)
    kept.put("gone", "metric", "asd")
    clock.at += KEPT_FOR + timedelta(seconds=1)
    assert kept.get("gone", "metric") is None
    kept.put("pm", "metric", "oas")
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT username FROM memory").fetchall() == [("pm",)]


def test_a_value_that_is_damaged_is_missing_and_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    kept = Memory(path, TestClock())
    kept.put("pm", "metric", "asd")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE memory SET value = '{\"bad'")
        assert kept.get("pm", "metric") is None
        assert other.execute("SELECT count(*) FROM memory").fetchone() == (0,)
