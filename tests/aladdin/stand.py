"""The production client in front of a simulated Aladdin in its own process, with its fault plan at hand."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from aladdin.client import Aladdin
from aladdin.config import AladdinConfig, Freshness
from aladdin.reading.cache import AnswerCache
from allocation.model import Side
from orders.model import BrokerOrder, OrderLine, Ticket
from tests.aladdin.loopback import until
from tests.aladdin.simulator.program import Served, serving
from tests.aladdin.simulator.samples import Caller, Ruler, write_book
from tests.orders.desk import TestClock

AS_OF = date(2025, 9, 12)
SETTLEMENT = date(2025, 9, 15)
IMPATIENT = 0.4  # seconds until the client gives up on an answer that never comes
NEVER = Freshness(0, 0, 0, 0, 0, 0, 0, 0)  # nothing kept is used again


def book_clock() -> TestClock:
    """The clock of the small book's day."""
    return TestClock(datetime(2025, 9, 12, 15, 0, tzinfo=UTC), AS_OF)


@contextmanager
def simulated(directory: Path, *options: str) -> Iterator[Served]:
    """A server of the small book, whose orders fill in a moment."""
    with serving(str(write_book(directory / "book")), directory / "world", "--fill-seconds", "0.1", *options) as served:
        yield served


@dataclass
class Stand:
    """One client, and what the server knows of it. The pauses it makes are noted, and take no time: all its clocks are
    moved by hand."""

    served: Served
    cache: Path
    clock: TestClock
    trouble: Ruler
    caller: Caller
    pauses: list[float]
    client: Aladdin

    def another(self, **changes: Any) -> Aladdin:
        """One more client on the same cache directory; the caller closes it."""
        return client_of(self.served, self.cache, self.clock, self.pauses.append, **changes)

    def placed(self, reference: str) -> int:
        """How many orders the server has under our reference."""
        return len(self.caller.found({"externalIdCriterion": {"externalId1": reference}}))

    def count(self, *patterns: str) -> None:
        """Count the requests for these paths from now on, instead of what the plan had."""
        self.trouble.clear()  # a fault that stays in the plan goes on counting
        self.trouble.set(*(counting(pattern) for pattern in patterns))

    def requests(self) -> list[int]:
        """How many requests each fault of the plan met."""
        return [met for met, _ in self.trouble.counts()]

    def comes_to(self, order: BrokerOrder, status: str) -> BrokerOrder:
        """The order once it has this status."""
        until(lambda: self.client.orders([order.id])[0].status == status)
        return self.client.orders([order.id])[0]


def counting(pattern: str) -> str:
    """A fault that harms nobody, for its count."""
    return f"latency seconds=0.001 path={pattern}"


def client_of(served: Served, cache: Path, clock: TestClock, sleep: Callable[[float], None], **changes: Any) -> Aladdin:
    settings: dict[str, Any] = {"read_timeout": IMPATIENT, "calls_a_minute": 3000, "default_quota": 3000}
    settings |= {"freshness": NEVER} | changes
    config = AladdinConfig(served.url, served.client_id, SecretStr(served.client_secret), **settings)
    return Aladdin(config, AnswerCache(cache), clock, "small", sleep=sleep, monotonic=lambda: clock.at.timestamp())


@contextmanager
def standing(served: Served, directory: Path, **changes: Any) -> Iterator[Stand]:
    """A stand at this server; the plan is empty before and after."""
    clock, pauses, trouble = book_clock(), list[float](), Ruler(served)
    trouble.clear()
    client = client_of(served, directory / "cache", clock, pauses.append, **changes)
    try:
        yield Stand(served, directory / "cache", clock, trouble, Caller(served), pauses, client)
    finally:
        trouble.clear()
        client.close()


def ticket(reference: str = "") -> Ticket:
    """A buy for two accounts."""
    lines = (OrderLine("ALPHA", 200_000), OrderLine("BRAVO", 300_000))
    return Ticket(reference or f"EV-{uuid.uuid4()}", "BOND1", Side.BUY, SETTLEMENT, AS_OF, None, lines, "")
