"""The store's file: private, durable, and open to readers while somebody writes."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from orders.errors import SettingsError
from storage import SqlLedger, migrate, open_engine
from storage.engine import WRITES, open_store
from tests.storage.samples import block


@pytest.fixture
def store() -> str:
    return "sqlite"


def test_the_file_and_its_directory_are_for_the_owner_only(engine: Engine, ledger: SqlLedger) -> None:
    ledger.confirm("c", *block())
    path = Path(engine.url.database or "")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert files == {"ledger.db": 0o600, "ledger.db-wal": 0o600, "ledger.db-shm": 0o600}


def test_every_connection_is_durable(engine: Engine) -> None:
    with engine.connect() as one, engine.connect() as two:
        for conn in (one, two):
            assert conn.scalar(text("PRAGMA journal_mode")) == "wal"
            assert conn.scalar(text("PRAGMA synchronous")) == 2
            assert conn.scalar(text("PRAGMA foreign_keys")) == 1
            assert conn.scalar(text("PRAGMA busy_timeout")) == 10_000


def test_readers_go_on_while_a_writer_holds_the_store(engine: Engine, ledger: SqlLedger) -> None:
    ledger.confirm("c", *block())
    with engine.connect() as conn:
        conn.execution_options(**{WRITES: True})
        with conn.begin() as transaction:
            conn.execute(text("UPDATE orders SET message = 'half way'"))
            assert ledger.order("or-A").message == ""
            transaction.rollback()


def test_a_transaction_sees_one_moment_of_the_store(engine: Engine, ledger: SqlLedger) -> None:
    with engine.connect() as conn, conn.begin():
        assert conn.scalar(text("SELECT count(*) FROM orders")) == 0
        ledger.confirm("c", *block())
        assert conn.scalar(text("SELECT count(*) FROM orders")) == 0


def test_a_statement_that_changes_tables_is_rolled_back_too(engine: Engine) -> None:
    with engine.connect() as conn:
        with conn.begin() as transaction:
            conn.execute(text("CREATE TABLE half (a INTEGER)"))
            transaction.rollback()
        assert conn.scalar(text("SELECT count(*) FROM sqlite_master WHERE name = 'half'")) == 0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "not a database URL"),
        ("postgresql://user:hush@host/db", "cannot be kept in 'postgresql'"),
        ("sqlite://", "needs a file of its own"),
        ("sqlite:///:memory:", "needs a file of its own"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_telling_its_password(url: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        open_engine(url)
    assert "hush" not in str(caught.value)


def test_a_place_that_cannot_hold_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a directory")
    with pytest.raises(SettingsError, match=r"taken/ledger\.db cannot be opened"):
        open_engine(f"sqlite:///{tmp_path / 'taken' / 'ledger.db'}")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("accounts, but in prose. " * 100)
    with pytest.raises(SettingsError, match="is damaged"):
        open_engine(f"sqlite:///{tmp_path / 'ledger.db'}")


def test_an_existing_file_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    sqlite3.connect(path).close()
    os.close(os.open(path, os.O_CREAT))
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "a?b=c#d%20e"
    engine = open_store(folder)
    migrate(engine)
    engine.dispose()
    assert (folder / "ledger.db").stat().st_size
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
