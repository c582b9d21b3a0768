"""Migrations lead to the schema, once, whoever runs them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Connection, Engine, String, Table, inspect, make_url, text

from orders.errors import SettingsError
from orders.history import Wanted
from storage import SqlLedger, migrate, migrations, open_engine, replay
from storage.dialects import Rows
from storage.history import SqlHistory
from storage.schema import fills, metadata
from storage.unit import read, write
from tests.storage.samples import BOOK, SetClock


@pytest.fixture
def store() -> str:
    """A file of its own: what a test does to a ledger's revision must not meet the next one."""
    return "sqlite"


def test_the_migrated_tables_are_those_of_the_schema(engine: Engine) -> None:
    with engine.connect() as conn:
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []
    keys = {table.name: [column.name for column in table.primary_key] for table in metadata.sorted_tables}
    inspector = inspect(engine)
    assert keys == {name: inspector.get_pk_constraint(name)["constrained_columns"] for name in keys}


def test_migrating_again_changes_nothing(engine: Engine) -> None:
    migrate(engine)
    with engine.connect() as conn:
        assert conn.execute(text("SELECT stream, seq FROM streams")).one()._tuple() == ("registry", 0)


def test_several_at_once_make_one_schema(url: str) -> None:
    engines = [open_engine(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, engines))
    with engines[0].connect() as conn:
        assert conn.scalars(text("SELECT version_num FROM alembic_version")).all() == [migrations.newest_revision()]
    for engine in engines:
        engine.dispose()


def _ledger_from_before(url: str, *changes: str) -> Engine:
    """A ledger as revision 0002 left it, with one order booked after three fills, one of them by an account that had no
    line, and one order never sent; `changes` make it older still."""
    path = Path(make_url(url).database or "")
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as conn:
        conn.executescript(Path(__file__).with_name("ledger_at_0002.sql").read_text(encoding="utf-8"))
        for change in changes:
            conn.execute(change)
        conn.commit()
    return open_engine(url)


BEFORE_LIMITS = (  # what makes a ledger of revision 0001 of one of 0002
    "DELETE FROM audit_log WHERE stream = 'limits' OR subject = 'limits'",
    "DELETE FROM streams WHERE stream = 'limits'",
    "DROP TABLE limit_rows",
    "DROP TABLE limit_versions",
    "UPDATE alembic_version SET version_num = '0001'",
)


@pytest.mark.parametrize("older", [(), BEFORE_LIMITS], ids=["0002", "0001"])
def test_orders_from_before_get_their_memorandum_their_fills_and_their_figures(
    url: str, older: tuple[str, ...]
) -> None:
    engine = _ledger_from_before(url, *older)
    migrate(engine)
    ledger, history = SqlLedger(engine, BOOK, SetClock()), SqlHistory(engine)
    if not older:  # an older one was cut out of it, which the registry tells
        assert ledger.verify() == ()
    assert [fault for fault in ledger.verify() if fault.startswith(("Order", "The statement"))] == []
    waiting, booked = ledger.orders()
    assert (booked.recommended_by, booked.placed_by, booked.discretionary) == ("pm", "pm", True)
    assert booked.entered_at == datetime(2026, 11, 20, 15, 0, 30, 13, tzinfo=UTC)
    assert waiting.entered_at is None
    fills = [(fill.version, fill.account_id, int(fill.booked), int(fill.delta)) for fill in history.fills(booked.id)]
    assert fills == [
        (4, "A", 100_000, 100_000),
        (5, "A", 150_000, 50_000),
        (5, "B", 50_000, 50_000),
        (5, "Z", 7, 7),
        (6, "A", 200_000, 50_000),
        (6, "B", 200_000, 150_000),
    ]
    assert [line.account_id for line in history.statement_lines(booked.id)] == ["A", "B"]
    assert [decision.order_id for decision in history.statements().rows] == [waiting.id, booked.id]
    assert list(history.participation().seconds) == pytest.approx([60.0, 90.0], abs=0.01)
    engine.dispose()


def test_columns_that_come_later_do_not_keep_an_old_ledger_from_being_migrated(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The past is told in today's columns, and revision 0004 made its own."""
    told = replay.records

    def wider(conn: Connection) -> Iterator[dict[Table, Rows]]:
        for record in told(conn):
            yield {table: [{**row, "later": "x"} for row in rows] for table, rows in record.items()}

    monkeypatch.setattr(replay, "records", wider)
    later = Column("later", String)
    fills.append_column(later)
    engine = _ledger_from_before(url)
    try:
        migrate(engine)
    finally:
        vars(fills)["_columns"].remove(later)
    assert SqlLedger(engine, BOOK, SetClock()).verify() == ()
    engine.dispose()


@pytest.mark.parametrize("stop", [f"{number:04}" for number in range(3, 13)])
def test_a_ledger_of_any_revision_in_between_comes_to_this_one_with_its_orders(url: str, stop: str) -> None:
    engine = _ledger_from_before(url)
    write(engine, lambda conn: upgrade_to(conn, stop))
    assert read(engine, migrations.revision_of) == stop
    migrate(engine)
    ledger = SqlLedger(engine, BOOK, SetClock())
    assert ledger.verify() == ()
    assert [(order.placed_by, order.release_at, order.batch) for order in ledger.orders()] == [("pm", None, "")] * 2
    assert len(SqlHistory(engine).orders(Wanted(batch="")).rows) == 2
    engine.dispose()


def upgrade_to(conn: Connection, revision: str) -> None:
    config = migrations.config_of()
    config.attributes["connection"] = conn
    command.upgrade(config, revision)


def test_migrating_what_was_cut_short_writes_nothing_twice(url: str) -> None:
    engine = _ledger_from_before(url)
    write(engine, lambda conn: upgrade_to(conn, "0006"))
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '0004'"))
    migrate(engine)
    assert SqlLedger(engine, BOOK, SetClock()).verify() == ()
    engine.dispose()


def test_an_old_order_that_cannot_be_followed_keeps_nobody_from_their_ledger(url: str) -> None:
    spoiled = "UPDATE audit_log SET body = '{}' WHERE action = 'confirm' AND seq = 1"
    engine = _ledger_from_before(url, spoiled)
    migrate(engine)
    ledger = SqlLedger(engine, BOOK, SetClock())
    assert len(ledger.orders()) == 2
    assert any("cannot be followed through the audit log" in fault for fault in ledger.verify())
    engine.dispose()


def test_a_ledger_of_a_newer_program_is_refused_in_words(engine: Engine) -> None:
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match=r"does not know .*9999.*newer version"):
        migrate(engine)
