"""What users do that changes no order, written in batches outside every lock."""

from __future__ import annotations

import threading
from collections import deque
from functools import partial
from itertools import islice
from uuid import uuid4

import structlog
from sqlalchemy import Connection, Engine, insert, select

from orders.errors import DeskError
from orders.ports import Clock
from storage.schema import activity
from storage.unit import write

EVERY_SECONDS = 5.0
BATCH = 500  # deeds a statement
MOST_WAITING = 50_000  # while the store is away; the oldest give way, and the log says how many
CLOSING_SECONDS = 5.0

log = structlog.get_logger(__name__)


class SqlActivity:
    """`orders.ports.Activity` over a migrated store. `note` never waits for the store and never fails; what a crash
    loses is at most what was noted in the last few seconds. Safe to share between threads; `close` it in the end."""

    def __init__(self, engine: Engine, clock: Clock, every: float = EVERY_SECONDS, most: int = MOST_WAITING) -> None:
        self._engine = engine
        self._clock = clock
        self._every = every
        self._most = most
        self._waiting: deque[dict[str, object]] = deque()
        self._guard = threading.Lock()
        self._one_flush = threading.Lock()
        self._lost = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="activity", daemon=True)
        self._thread.start()

    def note(self, username: str, action: str, about: str, detail: str = "") -> None:
        """Remember that the user did this, now."""
        row = {
            "id": uuid4().hex,
            "done_at": self._clock.now(),
            "username": username,
            "action": action,
            "about": about,
            "detail": detail,
        }
        with self._guard:
            self._waiting.append(row)
            if len(self._waiting) > self._most:
                self._waiting.popleft()
                self._lost += 1

    def flush(self) -> None:
        """Write all that waits; what cannot be written stays. Raises any `OutsideError`, and
        `SettingsError` where a setting is at fault."""
        with self._one_flush:
            while True:
                with self._guard:
                    batch = list(islice(self._waiting, BATCH))
                    lost, self._lost = self._lost, 0
                if lost:
                    log.error("activity.lost", deeds=lost, reason="the store was away for too long")
                if not batch:
                    return
                write(self._engine, partial(_write, rows=batch))
                written = {row["id"] for row in batch}
                with self._guard:
                    while self._waiting and self._waiting[0]["id"] in written:
                        self._waiting.popleft()

    def waiting(self) -> int:
        """How many deeds are not written yet."""
        with self._guard:
            return len(self._waiting)

    def close(self) -> None:
        """Write what waits and stop. What cannot be written within a few seconds is given up, and the log says so."""
        self._stop.set()
        self._thread.join(CLOSING_SECONDS)
        if left := self.waiting():
            log.error("activity.lost", deeds=left, reason="the app stopped while the store was away")

    def _run(self) -> None:
        stopping = False
        while not stopping:
            stopping = self._stop.wait(self._every)
            try:
                self.flush()
            except DeskError as error:  # what a setting is to mend, too, may be mended while the app runs
                log.warning("activity.delayed", deeds=self.waiting(), error=str(error))
            except Exception:  # it must outlive a defect, or no deed would be written from then on
                log.exception("activity.delayed", deeds=self.waiting())


def _write(conn: Connection, rows: list[dict[str, object]]) -> None:
    """A batch whose answer was lost is sent again: what it left behind is not written twice."""
    ids = [str(row["id"]) for row in rows]
    there = set(conn.scalars(select(activity.c.id).where(activity.c.id.in_(ids))))
    new = [row for row in rows if row["id"] not in there]
    if new:
        conn.execute(insert(activity), new)
