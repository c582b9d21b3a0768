"""A backup is one moment of a ledger that others go on writing, and is proved before it has its name."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from orders.errors import Rejected, SettingsError, Unavailable
from storage import backup, open_engine
from storage.backup import back_up, opened
from storage.seals import newest
from storage.unit import read
from storage.verification import verify
from tests.storage.on_disk import change_by_hand, ledger_in, url_in
from tests.storage.samples import block


def test_a_backup_has_what_the_ledger_has_and_vouches_for_it(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        ledger.confirm("c", *block())
        engine = open_engine(url_in(tmp_path))
        made = back_up(engine, tmp_path / "kept" / "one.db")
        assert made.newest == read(engine, newest)
        engine.dispose()
        ledger.confirm("d", *block("B"))
    assert made.path == tmp_path / "kept" / "one.db"
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert [file.name for file in made.path.parent.iterdir()] == ["one.db"]
    with opened(made.path) as conn:
        assert verify(conn) == ()
        assert conn.exec_driver_sql("SELECT id FROM orders").scalars().all() == ["or-A"]


def test_a_backup_taken_while_others_write_is_one_moment(tmp_path: Path) -> None:
    stop = threading.Event()
    with ledger_in(tmp_path) as ledger:

        def write() -> None:
            number = 0
            while not stop.is_set():
                ledger.confirm(f"c{number}", *block(str(number), group=f"G{number % 3}"))
                number += 1

        ledger.confirm("first", *block("first"))
        writer = threading.Thread(target=write)
        writer.start()
        engine = open_engine(url_in(tmp_path))
        try:
            sizes = []
            for number in range(4):
                made = back_up(engine, tmp_path / f"{number}.db")  # proves the chains
                with opened(made.path) as conn:
                    counts = {
                        conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
                        for table in ("orders", "statements", "intents", "order_events")
                    }
                assert len(counts) == 1  # no order is there by half
                sizes.append(counts.pop())
        finally:
            stop.set()
            writer.join()
            engine.dispose()
        assert sizes == sorted(sizes)
        assert ledger.verify() == ()


def test_a_ledger_that_was_tampered_with_gets_no_backup(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        ledger.confirm("c", *block())
    change_by_hand(tmp_path / "ledger.db", "UPDATE audit_log SET actor = 'x' WHERE stream = 'group:CORE'")
    engine = open_engine(url_in(tmp_path))
    with pytest.raises(Rejected, match="Entry 1 of group:CORE was edited"):
        back_up(engine, tmp_path / "one.db")
    engine.dispose()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["ledger.db"]


def test_a_backup_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "one.db").write_text("something dear")
    with ledger_in(tmp_path):
        engine = open_engine(url_in(tmp_path))
        with pytest.raises(SettingsError, match="overwrites nothing"):
            back_up(engine, tmp_path / "one.db")
        engine.dispose()
    assert (tmp_path / "one.db").read_text() == "something dear"


def test_a_disk_too_full_for_the_backup_leaves_none_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sqlite3.connect

    def small(*args: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = real(*args, **options)  # type: ignore[call-overload]
        connection.execute("PRAGMA max_page_count = 3")
        return connection

    with ledger_in(tmp_path) as ledger:
        ledger.confirm("c", *block())
        engine = open_engine(url_in(tmp_path))
        engine.connect().close()
        # the copy's own connection has room for three pages; the ledger's is open already
        monkeypatch.setattr(backup, "sqlite3", SimpleNamespace(connect=small, Error=sqlite3.Error))
        with pytest.raises(Unavailable, match=r"so there is none\. The disk .* is full"):
            back_up(engine, tmp_path / "kept" / "one.db")
        engine.dispose()
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_ledger_of_an_earlier_revision_is_copied_and_said_to_be_unproved(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        ledger.confirm("c", *block())
    change_by_hand(tmp_path / "ledger.db", "UPDATE alembic_version SET version_num = '0001'")
    engine = open_engine(url_in(tmp_path))
    assert back_up(engine, tmp_path / "one.db").newest is None
    engine.dispose()


def test_a_database_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    engine = open_engine(url_in(tmp_path))
    with pytest.raises(Rejected, match="is not a ledger"):
        back_up(engine, tmp_path / "one.db")
    engine.dispose()


def test_drafts_of_backups_that_were_killed_go_with_a_later_one_and_no_others(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    dead, alive, mine = (kept / name for name in (".a.db-1.evenlot-draft-wal", ".b.db-2.evenlot-draft", "notes.txt"))
    for file, age in ((dead, 25), (alive, 1), (mine, 100)):
        file.write_text("x")
        then = time.time() - age * 3600
        os.utime(file, (then, then))
    with ledger_in(tmp_path) as ledger:
        ledger.confirm("c", *block())
        engine = open_engine(url_in(tmp_path))
        back_up(engine, kept / "one.db")
        engine.dispose()
    assert sorted(file.name for file in kept.iterdir()) == [alive.name, "notes.txt", "one.db"]


def test_on_snowflake_it_says_what_to_use_instead() -> None:
    snowflake = SimpleNamespace(dialect=SimpleNamespace(name="snowflake"))
    with pytest.raises(SettingsError, match=r"CLONE.*export --to parquet"):
        back_up(snowflake, Path("one.db"))  # type: ignore[arg-type]


def test_a_reader_of_a_backup_cannot_change_it(tmp_path: Path) -> None:
    with ledger_in(tmp_path):
        pass
    with opened(tmp_path / "ledger.db") as conn, pytest.raises(Exception, match="readonly"):
        conn.exec_driver_sql("DELETE FROM stamp")
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection:
        assert connection.execute("SELECT count(*) FROM stamp").fetchone() == (1,)
