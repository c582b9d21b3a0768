"""A SQLite ledger in a folder, for tests of its file."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from storage import SqlLedger
from storage.engine import LEDGER_FILE
from tests.ledgers import open_ledger
from tests.storage.samples import BOOK, SetClock

ROOT = Path(__file__).parents[2]


def url_in(folder: Path) -> str:
    return f"sqlite:///{folder / LEDGER_FILE}"


@contextmanager
def ledger_in(folder: Path, book: str = BOOK, clock: SetClock | None = None) -> Iterator[SqlLedger]:
    """The ledger of a folder, made where there is none, and closed in the end."""
    engine = open_ledger(url_in(folder), busy_seconds=1)
    try:
        yield SqlLedger(engine, book, clock or SetClock())
    finally:
        engine.dispose()


def change_by_hand(file: Path, *statements: str) -> None:
    """Rewrite a ledger's rows behind its back."""
    with closing(sqlite3.connect(file)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def python(source: str, *arguments: str, **options: object) -> subprocess.Popen[str]:
    """Another process, its standard output to be read."""
    command = [sys.executable, "-c", source, *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload, no-any-return]
