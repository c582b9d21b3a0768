"""Brings a ledger on Snowflake up to date, or writes the script by which its administrator does."""

from __future__ import annotations

from io import StringIO

from alembic import command
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from orders.errors import SettingsError
from storage.grants import grants
from storage.migrations import ONE_AT_A_TIME, config_of, unknown_revision, upgrade
from storage.snowflake_config import SnowflakeConfig, require_name
from storage.unit import write


def migrate_snowflake(engine: Engine, config: SnowflakeConfig, grant_to: str = "") -> None:
    """Make the schema where it is missing, create or upgrade every table, and grant the application's role `grant_to`
    what it needs. What was cut short can be run again; run one at a time. Raises `SettingsError` and `Unavailable`."""
    require_name("the role to grant to", grant_to, may_lack=True)

    def work(conn: Connection) -> None:
        schema = f"{config.database}.{config.schema}"
        for statement in (f"CREATE SCHEMA IF NOT EXISTS {schema}", f"USE SCHEMA {schema}"):
            conn.execute(text(statement))
        upgrade(conn)
        for statement in grants(config, grant_to) if grant_to else ():
            conn.execute(text(statement))

    try:
        with ONE_AT_A_TIME:
            write(engine, work)
    except CommandError as error:
        raise unknown_revision("on Snowflake", error) from error


def script(config: SnowflakeConfig, grant_to: str, since: str = "") -> str:
    """The SQL that does what `migrate_snowflake` does, from nothing or from the revision `since`, for whoever may
    create and grant. `SettingsError` for a revision there is not, or one that only a connected program can leave."""
    require_name("the role to grant to", grant_to)
    written = StringIO()
    schema = f"{config.database}.{config.schema}"
    written.write(f"USE WAREHOUSE {config.warehouse};\n\nCREATE SCHEMA IF NOT EXISTS {schema};\n\n")
    written.write(f"USE SCHEMA {schema};\n\n")
    alembic = config_of(output_buffer=written)
    alembic.attributes["dialect"] = "snowflake"
    try:
        with ONE_AT_A_TIME:
            command.upgrade(alembic, f"{since}:head" if since else "head", sql=True)
    except CommandError as error:
        raise SettingsError(f"There is no revision {since} to start from ({error}).") from error
    written.writelines(f"{grant};\n" for grant in grants(config, grant_to))
    return written.getvalue()
