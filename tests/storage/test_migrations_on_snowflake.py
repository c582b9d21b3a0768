"""A ledger on Snowflake is made and brought up to date by command, or by a script that does the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, literal_column, select, text
from sqlalchemy.pool import StaticPool

from orders.errors import SettingsError
from storage import SqlLedger
from storage.grants import grants
from storage.history import SqlHistory
from storage.migrations import config_of, newest_revision, revision_of
from storage.migrations.on_snowflake import migrate_snowflake, script
from storage.schema import metadata
from storage.snowflake import open_snowflake
from storage.snowflake_config import SnowflakeConfig
from storage.unit import read, write
from tests.storage.emulated import EmulatedSnowflake
from tests.storage.samples import BOOK, SetClock, block

Opened = tuple[SnowflakeConfig, Engine]


@pytest.fixture
def fresh(snowflake: EmulatedSnowflake) -> Iterator[Callable[[str], Opened]]:
    """Opens a schema of its own, which goes in the end."""
    opened: list[Opened] = []

    def open_schema(name: str) -> Opened:
        config = snowflake.config(schema=name)
        opened.append((config, open_snowflake(config)))
        return opened[-1]

    yield open_schema
    for config, engine in opened:
        with engine.begin() as conn:
            conn.execute(text(f"DROP SCHEMA IF EXISTS {config.schema} CASCADE"))
        engine.dispose()


def _sent(engine: Engine) -> list[str]:
    sent: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _conn, _cursor, statement, *_: sent.append(statement))
    return sent


def test_the_command_makes_the_schema_and_its_tables_and_grants_them(fresh: Callable[[str], Opened]) -> None:
    config, engine = fresh("MADE")
    sent = _sent(engine)
    migrate_snowflake(engine, config, "EVENLOT_ROLE")
    assert sent[:2] == ["CREATE SCHEMA IF NOT EXISTS EVENLOT.MADE", "USE SCHEMA EVENLOT.MADE"]
    assert sent[-len(list(grants(config, "EVENLOT_ROLE"))) :] == list(grants(config, "EVENLOT_ROLE"))
    ledger = SqlLedger(engine, BOOK, SetClock())
    order = ledger.confirm("c", *block())
    migrate_snowflake(engine, config)  # again: nothing is made anew, nothing is lost
    assert ledger.orders() == (order,)
    assert ledger.verify() == ()


def test_the_script_does_what_the_command_does(fresh: Callable[[str], Opened]) -> None:
    config, engine = fresh("SCRIPTED")
    _, other = fresh("COMMANDED")
    written = script(config, "EVENLOT_ROLE")
    views = [line for line in written.splitlines() if " VIEW " in line and not line.startswith("GRANT")]
    assert views  # replaced in place, or an upgrade that is run again would take other roles' grants on them
    assert all(re.match(r"CREATE OR REPLACE VIEW \w+ COPY GRANTS AS", line) for line in views)
    _run(engine, written)
    migrate_snowflake(other, SnowflakeConfig("a", "u", "EVENLOT_WH", "EVENLOT", "COMMANDED", password="x"))
    assert _columns(engine) == _columns(other)
    assert read(engine, revision_of) == newest_revision()
    ledger = SqlLedger(engine, BOOK, SetClock())
    ledger.confirm("c", *block())
    assert ledger.verify() == ()


def _run(engine: Engine, written: str) -> None:
    """A script, as the administrator does."""
    lines = (line for line in written.splitlines() if not line.startswith("--"))
    with engine.begin() as conn:
        for statement in re.split(r";\n", "\n".join(lines)):
            if statement.strip() and not statement.strip().startswith("USE"):
                conn.exec_driver_sql(statement)


def _columns(engine: Engine) -> dict[str, list[tuple[str, str, bool]]]:
    found = inspect(engine)
    return {
        table: [(column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(table)]
        for table in metadata.tables
    }


def test_the_script_lets_the_role_add_to_the_audit_log_and_read_it_and_no_more(snowflake: EmulatedSnowflake) -> None:
    written = script(snowflake.config(), "APP")
    assert re.findall(r"GRANT (.*) ON TABLE EVENLOT\.LEDGER\.audit_log TO ROLE APP;", written) == ["INSERT, SELECT"]
    assert "hush" not in written


@pytest.mark.parametrize(
    ("role", "since", "words"),
    [
        ("", "", "the role to grant to is ''"),
        ("APP; DROP", "", "letters, digits and underscores"),
        ("APP", "4711", "There is no revision 4711"),
        ("APP", "0002", "cannot bring the orders of a ledger that is in use"),
    ],
)
def test_a_script_that_could_not_work_is_not_written(
    snowflake: EmulatedSnowflake, role: str, since: str, words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        script(snowflake.config(), role, since)


def test_a_ledger_of_a_newer_program_is_refused_in_words(fresh: Callable[[str], Opened]) -> None:
    config, engine = fresh("NEWER")
    migrate_snowflake(engine, config)
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match=r"on Snowflake has a schema .*does not know .*9999.*newer version"):
        migrate_snowflake(engine, config)


def test_orders_from_before_get_what_their_audit_log_tells(fresh: Callable[[str], Opened]) -> None:
    config, engine = fresh("OLDER")
    write(engine, lambda conn: _fill_as_of_0002(conn, Path(__file__).with_name("ledger_at_0002.sql")))
    assert read(engine, revision_of) == "0002"
    migrate_snowflake(engine, config)
    ledger, history = SqlLedger(engine, BOOK, SetClock()), SqlHistory(engine)
    assert ledger.verify() == ()
    waiting, booked = ledger.orders()
    assert booked.entered_at == datetime(2026, 11, 20, 15, 0, 30, 13, tzinfo=UTC)
    assert (waiting.entered_at, waiting.placed_by) == (None, "pm")
    assert [int(fill.delta) for fill in history.fills(booked.id)] == [100_000, 50_000, 50_000, 7, 50_000, 150_000]
    for cut_short in (
        "0003",
        "0004",
        "0005",
        "0006",
    ):  # its tables were changed, which Snowflake commits, and not its revision
        write(engine, partial(_say_revision, revision=cut_short))
        migrate_snowflake(engine, config)
        assert read(engine, revision_of) == newest_revision()
        assert ledger.verify() == ()


@pytest.mark.parametrize("stop", ["0003", "0004", "0005", "0006"])
def test_a_ledger_of_any_revision_in_between_comes_to_this_one_with_its_orders(
    fresh: Callable[[str], Opened], stop: str
) -> None:
    config, engine = fresh(f"FROM_{stop}")
    write(engine, lambda conn: _fill_as_of_0002(conn, Path(__file__).with_name("ledger_at_0002.sql"), stop))
    assert read(engine, revision_of) == stop
    migrate_snowflake(engine, config)
    ledger = SqlLedger(engine, BOOK, SetClock())
    assert ledger.verify() == ()
    assert [(order.placed_by, order.release_at, order.batch) for order in ledger.orders()] == [("pm", None, "")] * 2


def test_a_ledger_with_orders_comes_from_the_revision_before_by_script(fresh: Callable[[str], Opened]) -> None:
    config, engine = fresh("BY_SCRIPT")
    write(engine, lambda conn: _fill_as_of_0002(conn, Path(__file__).with_name("ledger_at_0002.sql"), "0006"))
    _run(engine, script(config, "EVENLOT_ROLE", "0006"))
    ledger = SqlLedger(engine, BOOK, SetClock())
    assert ledger.verify() == ()
    assert [order.batch for order in ledger.orders()] == ["", ""]


def _say_revision(conn: Connection, revision: str) -> None:
    conn.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def _fill_as_of_0002(conn: Connection, dump: Path, then_to: str = "0002") -> None:
    """The tables of revision 0002 with the rows of a SQLite ledger of then; brought to another revision after that."""
    config = config_of()
    config.attributes["connection"] = conn
    command.upgrade(config, "0002")
    was = create_engine("sqlite://", poolclass=StaticPool)
    with was.connect() as old:
        old.connection.executescript(dump.read_text(encoding="utf-8"))
        there = inspect(old)
        for table in metadata.sorted_tables:
            if not there.has_table(table.name):
                continue
            names = [column["name"] for column in there.get_columns(table.name)]
            rows = old.execute(select(*(table.c[name] for name in names))).mappings().all()
            conn.execute(table.delete().where(literal_column("true")))
            if rows:
                conn.execute(insert(table), [dict(row) for row in rows])
    was.dispose()
    command.upgrade(config, then_to)
