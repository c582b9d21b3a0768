"""What leaves the process, counted where it leaves: requests by the HTTP client, statements and transactions by
SQLAlchemy. None is counted by hand."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import TypeVar

import httpx
from sqlalchemy import Connection, Engine, event

from storage.engine import READER

T = TypeVar("T")

WORKER = "worker"  # the name of the thread it runs in, as in the app


@dataclass(frozen=True, slots=True)
class Used:
    """Requests to Aladdin, and SQL statements and transactions of the ledger. Beginning and ending a transaction is no
    statement."""

    requests: int = 0
    statements: int = 0
    transactions: int = 0

    def __add__(self, other: Used) -> Used:
        return Used(
            self.requests + other.requests,
            self.statements + other.statements,
            self.transactions + other.transactions,
        )

    def __sub__(self, other: Used) -> Used:
        return Used(
            self.requests - other.requests,
            self.statements - other.statements,
            self.transactions - other.transactions,
        )


@dataclass(frozen=True, slots=True)
class Phase:
    """How long something took, in seconds by the clock and on a processor, all threads together; what was used
    meanwhile by the worker, and by everybody else; and how many requests the store's server counted, where it has
    one."""

    seconds: float
    processor: float
    desk: Used
    worker: Used
    store: int = 0

    @property
    def all(self) -> Used:
        return self.desk + self.worker


class Meter:
    """Counts from `watch` on, the worker's thread apart from all others. `sent` says how many requests the store's
    server has counted."""

    def __init__(self, sent: Callable[[], int] = lambda: 0) -> None:
        self._sent = sent
        self._counts: Counter[tuple[str, bool]] = Counter()
        self._lock = threading.Lock()

    def network(self) -> httpx.BaseTransport:
        """A network whose requests are counted."""
        return _Network(self)

    def watch(self, engine: Engine) -> None:
        """Count what is sent through this engine, and through the one it reads with."""
        for listened in {engine, engine.get_execution_options().get(READER, engine)}:
            event.listen(listened, "before_cursor_execute", self._statement)
            event.listen(listened, "begin", self._transaction)

    def note(self, what: str) -> None:
        with self._lock:
            self._counts[what, threading.current_thread().name == WORKER] += 1

    def used(self, worker: bool) -> Used:
        """All so far."""
        with self._lock:
            return Used(*(self._counts[what, worker] for what in ("request", "statement", "transaction")))

    def phase(self, work: Callable[[], T]) -> tuple[T, Phase]:
        """Do it, timed and counted."""
        desk, worker, sent = self.used(False), self.used(True), self._sent()
        start, processor = perf_counter(), process_time()
        done = work()
        spent = perf_counter() - start, process_time() - processor
        return done, Phase(*spent, self.used(False) - desk, self.used(True) - worker, self._sent() - sent)

    def _statement(self, _conn: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            self.note("statement")

    def _transaction(self, _conn: Connection) -> None:
        self.note("transaction")


class _Network(httpx.HTTPTransport):
    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self._meter = meter

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._meter.note("request")
        return super().handle_request(request)
