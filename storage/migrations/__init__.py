"""Brings a store's tables to this program's schema, with alembic and no configuration file."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine

from orders.errors import SettingsError
from storage.unit import write

_one_at_a_time = Lock()  # alembic keeps its context in module globals


def migrate(engine: Engine) -> None:
    """Create or upgrade every table; does nothing to a store that is up to date. Several processes may call it at
    once. Raises `SettingsError` for a ledger written by a newer version of the program, and `Unavailable`."""
    try:
        with _one_at_a_time:
            write(engine, _upgrade)
    except CommandError as error:
        raise SettingsError(
            f"The ledger at {engine.url.render_as_string(hide_password=True)} has a schema this version of Evenlot "
            f"does not know ({error}). Run the newer version it was written by."
        ) from error


def _upgrade(conn: Connection) -> None:
    config = Config(attributes={"connection": conn})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    command.upgrade(config, "head")
