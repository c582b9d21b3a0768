"""The production client in front of a simulated Aladdin of a made-up book, with the requests that went out counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
from pydantic import SecretStr

from aladdin.client import Aladdin
from aladdin.config import AladdinConfig
from aladdin.http.oauth import TOKEN_PATH
from aladdin.reading.cache import AnswerCache
from aladdin.simulator.process import Running, ensure_running
from bench.reading.book import AS_OF, write_book


class Counted(httpx.HTTPTransport):
    """The network, and what went over it: every request, and when it left, in seconds of the clock that never jumps."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[httpx.Request] = []
        self.left: list[float] = []
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.requests.append(request)
            self.left.append(time.monotonic())
        return super().handle_request(request)

    @property
    def tokens(self) -> int:
        """How many of the requests were for an access token."""
        return sum(request.url.path == TOKEN_PATH for request in self.requests)


class BookClock:
    """The time that it is, on the book's date."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self) -> date:
        return AS_OF


@dataclass(frozen=True)
class ReadingDesk:
    """A server, and clients of it on one cache directory."""

    running: Running
    directory: Path
    network: Counted = field(default_factory=Counted)

    def config(self, calls_a_minute: int = 3000) -> AladdinConfig:
        """As many calls a minute as Aladdin gives anybody, so that what is measured is not the wait for a turn."""
        return AladdinConfig(
            self.running.url,
            self.running.client_id,
            SecretStr(self.running.client_secret),
            calls_a_minute=calls_a_minute,
            default_quota=calls_a_minute,
            quotas={},
        )

    @contextmanager
    def client(self, cache: str = "cache") -> Iterator[Aladdin]:
        """A client that has nothing in memory, as after a start, on the cache directory of this name; closed at the
        end."""
        kept, network = AnswerCache(self.directory / cache), self.network
        made = Aladdin(self.config(), kept, BookClock(), self.running.book.id, wire_transport=network)
        try:
            yield made
        finally:
            made.close()


@contextmanager
def reading_desk(directory: Path, accounts: int, positions: int) -> Iterator[ReadingDesk]:
    """A desk on a book of this size, in a process of its own, until the end of the block."""
    book = write_book(directory / "book", accounts, positions)
    running = ensure_running(str(book), directory / "world", fill_seconds=60)
    try:
        yield ReadingDesk(running, directory)
    finally:
        running.stop()
