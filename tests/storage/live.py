"""A live Snowflake account, where SNOWFLAKE_TEST_URL names one: tests make a schema of their own there, and drop it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine, make_url, text

from storage.migrations.on_snowflake import migrate_snowflake
from storage.snowflake import open_snowflake
from storage.snowflake_config import SnowflakeConfig

VARIABLE = "SNOWFLAKE_TEST_URL"
LIVE = os.environ.get(VARIABLE, "")
WHY_NOT = (
    f"nothing was run on a live Snowflake: {VARIABLE} is not set. Write it as snowflake://user:password@account/database"
    "?warehouse=NAME&role=NAME, with &private_key_file=PATH instead of the password for a key."
)


def config_of(url: str, schema: str) -> SnowflakeConfig:
    """The settings that a URL of that form names."""
    parsed = make_url(url)
    asked = {name: str(value) for name, value in parsed.query.items()}
    key = asked.get("private_key_file")
    return SnowflakeConfig(
        account=parsed.host or "",
        user=parsed.username or "",
        password=parsed.password or "",
        private_key=Path(key).read_text(encoding="ascii") if key else "",
        warehouse=asked.get("warehouse", ""),
        database=parsed.database or "",
        role=asked.get("role", ""),
        schema=schema,
        query_tag="evenlot-tests",
        host=asked.get("host", ""),
    )


@contextmanager
def scratch(url: str, schema: str) -> Iterator[Engine]:
    """A migrated ledger in a schema of its own, which is dropped in the end."""
    config = config_of(url, schema)
    engine = open_snowflake(config)
    try:
        migrate_snowflake(engine, config)
        yield engine
    finally:
        with engine.begin() as conn:
            conn.execute(text(f"DROP SCHEMA IF EXISTS {config.database}.{config.schema} CASCADE"))
        engine.dispose()


def a_schema() -> str:
    """A name that is not taken."""
    return f"EVENLOT_TEST_{uuid4().hex[:12].upper()}"
