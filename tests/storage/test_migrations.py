"""Migrations lead to the schema, once, whoever runs them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from orders.errors import SettingsError
from storage import migrate, open_engine
from storage.schema import metadata


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
        assert conn.scalars(text("SELECT version_num FROM alembic_version")).all() == ["0001"]
    for engine in engines:
        engine.dispose()


def test_a_ledger_of_a_newer_program_is_refused_in_words(engine: Engine) -> None:
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match=r"does not know .*9999.*newer version"):
        migrate(engine)
