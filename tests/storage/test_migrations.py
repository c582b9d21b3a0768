"""Migrations lead to the schema, once, whoever runs them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, text

from allocation.limits import NO_LIMITS
from orders.errors import SettingsError
from storage import SqlLedger, migrate, migrations, open_engine
from storage.schema import metadata
from storage.unit import write
from tests.storage.samples import BOOK, NOON, SetClock, block


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
        assert conn.scalars(text("SELECT version_num FROM alembic_version")).all() == ["0003"]
    for engine in engines:
        engine.dispose()


def _first_schema(conn: Connection) -> None:
    config = Config(attributes={"connection": conn})
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    command.upgrade(config, "0001")


def test_a_ledger_of_the_first_schema_keeps_what_it_has_and_can_hold_limits_now(url: str) -> None:
    engine = open_engine(url)
    write(engine, _first_schema)
    order = SqlLedger(engine, BOOK, SetClock()).confirm("c", *block())
    migrate(engine)
    ledger = SqlLedger(engine, BOOK, SetClock())
    assert ledger.orders() == (order,)
    assert ledger.limits() == NO_LIMITS
    assert ledger.verify() == ()
    assert ledger.set_limits("l", (), 0, "connie", NOON, "none").version == 1
    engine.dispose()


def test_a_ledger_of_a_newer_program_is_refused_in_words(engine: Engine) -> None:
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match=r"does not know .*9999.*newer version"):
        migrate(engine)
