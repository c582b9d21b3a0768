"""A ledger on Snowflake is made and brought up to date by command, or by a script that does the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, literal_column, select, text
from sqlalchemy.pool import StaticPool

from orders.errors import SettingsError
from storage import SqlLedger
from storage.grants import grants
from storage.history import SqlHistory
from storage.migrations import newest_revision, revision_of
from storage.migrations.on_snowflake import migrate_snowflake, script
from storage.schema import metadata
from storage.snowflake import open_snowflake
from storage.snowflake_config import SnowflakeConfig
from storage.unit import read, write
from tests.storage.emulated import EmulatedSnowflake
from tests.storage.samples import BOOK, SetClock, block
from tests.storage.test_migrations import BEFORE_LIMITS, upgrade_to

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


@pytest.mark.soak
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
        ("", "", "^Say which role the app runs with: --grant-to ROLE, or SNOWFLAKE_ROLE.$"),
        ("APP; DROP", "", "^--grant-to is 'APP; DROP'; write a name of letters, digits and underscores"),
        ("APP", "4711", r"^There is no revision 4711 to start from; known are 0001 to \d{4}\.$"),
        ("APP", "0002", "cannot bring the orders of a ledger that is in use"),
    ],
)
def test_a_script_that_could_not_work_is_not_written(
    snowflake: EmulatedSnowflake, role: str, since: str, words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        script(snowflake.config(), role, since)


def test_a_script_says_what_it_makes_and_what_must_be_there(snowflake: EmulatedSnowflake) -> None:
    config, newest = snowflake.config(), newest_revision() or ""
    first, second, third = script(config, "APP").splitlines()[:3]
    assert first.startswith(
        f"-- Evenlot's ledger. Makes the tables and views of revision {newest} in EVENLOT.LEDGER, and"
    )
    assert "must exist" in second
    assert "by a role that may create a schema" in third
    assert f"Makes no tables, since revision {newest} is the newest: only the grants" in script(config, "APP", newest)


def test_a_ledger_of_a_newer_program_is_refused_in_words(fresh: Callable[[str], Opened]) -> None:
    config, engine = fresh("NEWER")
    migrate_snowflake(engine, config)
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match=r"on Snowflake has a schema .*does not know .*9999.*newer version"):
        migrate_snowflake(engine, config)


@pytest.mark.parametrize(
    "revision", ["0001", *(pytest.param(f"{number:04}", marks=pytest.mark.soak) for number in range(2, 13))]
)
def test_a_ledger_of_any_earlier_revision_comes_to_this_one_with_its_orders(
    fresh: Callable[[str], Opened], revision: str
) -> None:
    config, engine = fresh("OLDER")
    write(engine, partial(_fill_as_of, revision=revision))
    assert read(engine, revision_of) == revision
    migrate_snowflake(engine, config)
    _require_the_past(engine, but_for_the_limits=revision == "0001")


@pytest.mark.soak
def test_a_ledger_with_orders_comes_from_the_revision_before_by_script(fresh: Callable[[str], Opened]) -> None:
    config, engine = fresh("BY_SCRIPT")
    write(engine, partial(_fill_as_of, revision="0006"))
    _run(engine, script(config, "EVENLOT_ROLE", "0006"))
    _require_the_past(engine)


@pytest.mark.soak
def test_an_upgrade_cut_short_after_any_statement_can_be_run_again(fresh: Callable[[str], Opened]) -> None:
    """Snowflake commits each change of a table at once, and what comes after it not."""
    config, engine = fresh("CUT")
    write(engine, partial(_fill_as_of, revision="0002"))
    cuts = 0
    for statements in range(3, 150, 5):
        try:
            with _at_most(statements, engine):
                migrate_snowflake(engine, config)
            break
        except Cut:
            cuts += 1
    assert cuts > 5
    _require_the_past(engine)


class Cut(Exception):
    """The session ended."""


@contextmanager
def _at_most(statements: int, engine: Engine) -> Iterator[None]:
    """After so many statements the session ends."""
    left = iter(range(statements))

    def cut(*_: object) -> None:
        if next(left, None) is None:
            raise Cut

    event.listen(engine, "before_cursor_execute", cut)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", cut)


def _require_the_past(engine: Engine, but_for_the_limits: bool = False) -> None:
    """The orders of the older ledger are here, with what their audit log tells of them."""
    assert read(engine, revision_of) == newest_revision()
    ledger, history = SqlLedger(engine, BOOK, SetClock()), SqlHistory(engine)
    faults = ledger.verify()
    if but_for_the_limits:  # their entries were cut out of the log, which the registry tells
        faults = tuple(fault for fault in faults if fault.startswith(("Order", "The statement")))
    assert faults == ()
    waiting, booked = ledger.orders()
    assert booked.entered_at == datetime(2026, 11, 20, 15, 0, 30, 13, tzinfo=UTC)
    assert (waiting.entered_at, waiting.placed_by) == (None, "pm")
    assert [(order.release_at, order.batch) for order in (waiting, booked)] == [(None, "")] * 2
    assert [int(fill.delta) for fill in history.fills(booked.id)] == [100_000, 50_000, 50_000, 7, 50_000, 150_000]


def _fill_as_of(conn: Connection, revision: str) -> None:
    """The tables of an earlier revision with the rows of a SQLite ledger of then."""
    upgrade_to(conn, min(revision, "0002"))
    was = create_engine("sqlite://", poolclass=StaticPool)
    with was.connect() as old:
        dump = Path(__file__).with_name("ledger_at_0002.sql")
        older = BEFORE_LIMITS if revision == "0001" else ()
        old.connection.executescript(";".join((dump.read_text(encoding="utf-8"), *older)))
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
    upgrade_to(conn, revision)
