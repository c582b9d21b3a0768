"""What the command line works with: the ledger that the settings or `--data` name, who asks, and the time."""

from __future__ import annotations

import argparse
import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Engine

from orders.errors import SettingsError
from settings import read_part, read_settings
from storage.engine import LEDGER_FILE, open_store, open_to_read


@dataclass(frozen=True, slots=True)
class WallClock:
    """The time of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self) -> date:
        return datetime.now().astimezone().date()


def user() -> str:
    """Whoever runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in many containers
        return f"user {os.getuid()}"


def folder_of(options: argparse.Namespace) -> Path:
    """The data folder."""
    folder: Path = options.data or read_settings().data
    return folder


@contextmanager
def store_of(options: argparse.Namespace, make: bool = False, read_only: bool = False) -> Iterator[Engine]:
    """The ledger's engine. `SettingsError` where there is no ledger in the folder, unless it may be made."""
    snowflake = None if options.data else read_part().snowflake
    folder = Path() if snowflake is not None else folder_of(options)
    file = folder / LEDGER_FILE
    if snowflake is None and not make and not file.is_file():
        raise SettingsError(
            f"There is no ledger {file}. Name the app's data folder with --data, or in the settings with DATA_DIR."
        )
    engine = open_to_read(file) if read_only and snowflake is None else open_store(folder, snowflake)
    try:
        yield engine
    finally:
        engine.dispose()
