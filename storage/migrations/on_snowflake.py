"""Brings a ledger on Snowflake up to date, or writes the script by which its administrator does."""

from __future__ import annotations

from io import StringIO

from alembic import command
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from orders.errors import SettingsError
from storage.grants import grants
from storage.migrations import ONE_AT_A_TIME, config_of, newest_revision, revisions, unknown_revision, upgrade
from storage.snowflake_config import SnowflakeConfig, require_name
from storage.unit import write


def migrate_snowflake(engine: Engine, config: SnowflakeConfig, grant_to: str = "") -> None:
    """Make the schema where it is missing, create or upgrade every table, and grant the application's role `grant_to`
    what it needs. What was cut short can be run again; run one at a time. Raises `SettingsError` and `Unavailable`."""
    require_name("--grant-to", grant_to, may_lack=True)

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
    if not grant_to:
        raise SettingsError("Say which role the app runs with: --grant-to ROLE, or SNOWFLAKE_ROLE.")
    require_name("--grant-to", grant_to)
    written = StringIO()
    schema = f"{config.database}.{config.schema}"
    written.write(_header(config, grant_to, since))
    written.write(f"USE WAREHOUSE {config.warehouse};\n\nCREATE SCHEMA IF NOT EXISTS {schema};\n\n")
    written.write(f"USE SCHEMA {schema};\n\n")
    alembic = config_of(output_buffer=written)
    alembic.attributes["dialect"] = "snowflake"
    try:
        with ONE_AT_A_TIME:
            command.upgrade(alembic, f"{since}:head" if since else "head", sql=True)
    except CommandError as error:
        known = revisions()
        raise SettingsError(
            f"There is no revision {since} to start from; known are {known[0]} to {known[-1]}."
        ) from error
    written.writelines(f"{grant};\n" for grant in grants(config, grant_to))
    return written.getvalue()


def _header(config: SnowflakeConfig, grant_to: str, since: str) -> str:
    """What the script is, for whoever has to run it."""
    newest = newest_revision()
    makes = f"the tables and views of revision {newest} in {config.database}.{config.schema}"
    if since:
        makes = f"revision {newest} of revision {since} in {config.database}.{config.schema}"
    if since == newest:
        makes = f"no tables, since revision {since} is the newest: only the grants"
    return (
        f"-- Evenlot's ledger. Makes {makes}, and lets the role {grant_to} use it.\n"
        f"-- The database {config.database}, the warehouse {config.warehouse} and the role {grant_to} must exist.\n"
        "-- To be run whole, once, by a role that may create a schema there and grant on what it owns.\n\n"
    )
