"""A ledger is opened once: its tables are those this program works with, and it is of the book that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock

from sqlalchemy import Engine, select

from orders.errors import WrongBook
from orders.ports import Clock
from storage import audit
from storage.migrations import newest_revision, require_current
from storage.schema import stamp
from storage.unit import Command, Outcome, UnitOfWork, read


class Opening:
    """The opening of one ledger, tried again at each use for as long as the store is away. Thread-safe."""

    def __init__(self, engine: Engine, book_id: str, clock: Clock, upon_opening: Callable[[], object] | None) -> None:
        self.commands = UnitOfWork(engine, clock, revision=newest_revision())
        self._store = engine
        self._book_id = book_id
        self._clock = clock
        self._upon_opening = upon_opening
        self._lock = RLock()
        self._done = self._under_way = False

    def ensure(self) -> None:
        """Open the ledger unless it is. `WrongBook`, `SettingsError`, `Unavailable`."""
        if self._done:
            return
        with self._lock:
            if self._done or self._under_way:  # under way on this very thread: the others wait for the lock
                return
            self._under_way = True
            try:
                read(self._store, require_current)
                self._require_book()
                if self._upon_opening is not None:
                    self._upon_opening()
                self._done = True
            finally:
                self._under_way = False

    def _require_book(self) -> None:
        stamped = read(self._store, lambda conn: conn.scalar(select(stamp.c.book_id))) or self._stamp()
        if stamped != self._book_id:
            elsewhere = (
                "SNOWFLAKE_SCHEMA" if self._store.dialect.name == "snowflake" else "DATA_DIR to another directory"
            )
            raise WrongBook(
                f"This ledger belongs to the book {stamped}, and {self._book_id} was asked for. Set {elsewhere} "
                f"for {self._book_id}, or open {stamped}."
            )

    def _stamp(self) -> str:
        row = {"book_id": self._book_id, "created_at": self._clock.now()}
        said = {"book": self._book_id, "at": row["created_at"]}
        stamped = Outcome(result=self._book_id, body=said, rows=((stamp, [row]),))
        command = Command("stamp", audit.REGISTRY, "ledger", "stamp", "ledger", content=None)
        return self.commands.run(command, lambda _conn, _known: stamped)
