"""What users left on their desks: the groups of last time, a block typed and not confirmed. A convenience of this
machine, never a record: it may be lost without harm."""

from __future__ import annotations

import json
import sqlite3
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from orders.ports import Clock

log = structlog.get_logger(__name__)

KEPT_FOR = timedelta(days=30)
DROPPED_EVERY = timedelta(days=1)
_TABLE = (
    "CREATE TABLE IF NOT EXISTS memory (username TEXT, name TEXT, value TEXT, at REAL, PRIMARY KEY (username, name))"
)
_PUT = "INSERT INTO memory VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, at = excluded.at"
_GET = "SELECT value FROM memory WHERE username = ? AND name = ? AND at >= ?"
_DROP = "DELETE FROM memory WHERE at < ?"


class Memory:
    """JSON values by username and name, shared by threads and processes. A value that cannot be kept or read is logged
    and missing: nobody's work stops for it."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """`path` is the file, made where there is none, `OSError` when it cannot be. What is older than
        `KEPT_FOR` is dropped."""
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: sqlite3.Connection | None = None
        self._dropped = clock.now()  # when the old was last dropped
        try:
            self._kept = self._opened(path)
        except sqlite3.OperationalError as error:
            log.warning("what users leave on their desks cannot be kept", path=str(path), error=str(error))
        except sqlite3.DatabaseError as error:
            log.warning("what users left on their desks is damaged: begun anew", path=str(path), error=str(error))
            path.replace(path.with_suffix(".damaged"))
            self._kept = self._opened(path)

    def _opened(self, path: Path) -> sqlite3.Connection:
        path.touch(mode=0o600)
        kept = sqlite3.connect(path, check_same_thread=False, timeout=2, isolation_level=None)
        kept.execute("PRAGMA journal_mode = WAL")
        kept.execute(_TABLE)
        kept.execute(_DROP, (_oldest(self._clock.now()),))
        return kept

    def get(self, username: str, name: str) -> Any:
        """What is kept under this name for this user, or None."""
        rows = self._do(_GET, username, name, _oldest(self._clock.now()))
        if not rows:
            return None
        try:
            return json.loads(rows[0][0])
        except (ValueError, TypeError) as error:
            log.warning("what a user left is damaged: forgotten", name=name, error=str(error))
            self.put(username, name, None)
            return None

    def put(self, username: str, name: str, value: Any) -> None:
        """Keep a value that JSON can hold, in place of the one before; None forgets it."""
        now = self._clock.now()
        if now - self._dropped > DROPPED_EVERY:
            self._dropped = now
            self._do(_DROP, _oldest(now))
        if value is None:
            self._do("DELETE FROM memory WHERE username = ? AND name = ?", username, name)
        else:
            self._do(_PUT, username, name, json.dumps(value), now.timestamp())

    def _do(self, statement: str, *values: str | float) -> list[tuple[str]]:
        if self._kept is None:
            return []
        try:
            with self._lock:
                return self._kept.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            log.warning("what a user left could not be kept or read", error=str(error))
            return []

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()


def _oldest(now: datetime) -> float:
    """What was put before this is not kept any more."""
    return (now - KEPT_FOR).timestamp()
