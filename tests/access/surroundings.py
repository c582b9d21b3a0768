"""What surrounds the gate in these tests: the store's sign-ins in a SQLite file, and clocks a test can move."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from orders.ports import Clock
from storage import SqlSignIns
from tests.ledgers import open_ledger

LEDGER = "ledger.db"


def open_sign_ins(folder: Path, clock: Clock) -> SqlSignIns:
    """The sign-ins kept in this folder; opening them again is what a restart does."""
    return SqlSignIns(open_ledger(folder / LEDGER), clock)


def written(folder: Path) -> str:
    """Every failure the file holds, as text."""
    with closing(sqlite3.connect(folder / LEDGER)) as connection:
        return "\n".join(map(str, connection.execute("select * from sign_in_failures")))


class FileClock:
    """The machine's time plus the seconds written in a file, so that a test can move a running server's clock."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        shift = float(self._path.read_text()) if self._path.exists() else 0.0
        return datetime.now(UTC) + timedelta(seconds=shift)

    def today(self) -> date:
        return self.now().date()

    def shift(self, by: timedelta) -> None:
        self._path.write_text(str(by.total_seconds()))


class SetClock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def today(self) -> date:
        return self.at.date()

    def move(self, by: timedelta) -> None:
        self.at += by
