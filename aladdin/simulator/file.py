"""The SQLite file of a simulated world: one connection for all threads of the one process that owns it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aladdin.simulator.errors import WrongWorld

_SCHEMA = """
CREATE TABLE IF NOT EXISTS world (book_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, reference TEXT UNIQUE, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS bookings (
    order_id INTEGER NOT NULL REFERENCES orders (id), step INTEGER NOT NULL, at TEXT NOT NULL,
    account TEXT NOT NULL, quantity TEXT NOT NULL, price TEXT NOT NULL, PRIMARY KEY (order_id, step, account)
);
CREATE TABLE IF NOT EXISTS operations (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, request TEXT NOT NULL, due TEXT NOT NULL, response TEXT
);
"""


class StateFile:
    """What is written is on disk when `transaction` ends: a killed process loses nothing it has answered for."""

    def __init__(self, path: Path, book_id: str) -> None:
        """Opens or creates the file. Raises WrongWorld when it is another book's or is no such file."""
        self.lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_SCHEMA)
            self._stamp(path, book_id)
        except sqlite3.DatabaseError as error:
            self.close()
            raise unreadable(path) from error

    def _stamp(self, path: Path, book_id: str) -> None:
        stamped = self._connection.execute("SELECT book_id FROM world").fetchone()
        if stamped is None:
            self._connection.execute("INSERT INTO world VALUES (?)", (book_id,))
        elif stamped[0] != book_id:
            self.close()
            raise WrongWorld(
                f"{path} holds the orders of the book {stamped[0]}, not of {book_id}. Use another data directory for "
                f"{book_id}, or remove that file to start afresh."
            )

    def rows(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self.lock:
            return self._connection.execute(sql, values).fetchall()

    def write(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Runs one statement for each row; to be called inside a `transaction`."""
        self._connection.executemany(sql, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is kept, or none of it. Transactions inside a transaction are part of it."""
        with self.lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
                if self._depth == 1:
                    self._connection.execute("COMMIT")
            except BaseException:
                if self._depth == 1 and self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1

    def close(self) -> None:
        """Flushes and closes the file."""
        with self.lock:
            self._connection.close()


def unreadable(path: Path) -> WrongWorld:
    """The error for a file whose content makes no sense."""
    return WrongWorld(f"{path} cannot be read as a file of orders. Remove it to start afresh.")
