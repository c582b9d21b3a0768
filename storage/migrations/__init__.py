"""Brings a store's tables to this program's schema, with alembic and no configuration file."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine

from orders.errors import LedgerUnusable
from storage.unit import write

ONE_AT_A_TIME = Lock()  # alembic keeps its context in module globals


def migrate(engine: Engine) -> None:
    """Create or upgrade every table; does nothing to a store that is up to date. Several processes may call it at
    once. Raises `LedgerUnusable` for a ledger written by a newer version of the program, and `Unavailable`."""
    try:
        with ONE_AT_A_TIME:
            write(engine, upgrade)
    except CommandError as error:
        raise unknown_revision(f"at {engine.url.render_as_string(hide_password=True)}", error) from error


def unknown_revision(where: str, error: CommandError) -> LedgerUnusable:
    """The error for a ledger that a newer version of the program has migrated."""
    return LedgerUnusable(
        f"The ledger {where} has a schema this version of Evenlot does not know ({error}). Run the newer version it "
        "was written by."
    )


def revision_of(conn: Connection) -> str | None:
    """The revision a store's tables are of; None for an empty store."""
    return MigrationContext.configure(conn).get_current_revision()


@cache
def newest_revision() -> str | None:
    """The revision this program works with."""
    return ScriptDirectory.from_config(config_of()).get_current_head()


def revisions() -> tuple[str, ...]:
    """Every revision, oldest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(config_of()).walk_revisions())[::-1]


def require_current(conn: Connection) -> None:
    """Raise `LedgerUnusable` unless the store's tables are those this program works with."""
    found, wanted = revision_of(conn), newest_revision()
    if found != wanted:
        raise LedgerUnusable(
            f"The ledger's tables are of revision {found or 'none'}, and this program works with {wanted}. Run "
            "`python -m storage migrate` first; if the ledger was written by a newer version of Evenlot, run that one."
        )


def upgrade(conn: Connection) -> None:
    """Run what is missing over a connection; under `ONE_AT_A_TIME`."""
    config = config_of()
    config.attributes["connection"] = conn
    command.upgrade(config, "head")


def config_of(**options: Any) -> Config:
    """Alembic's configuration, with `options` of its `Config`."""
    config = Config(**options)
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
