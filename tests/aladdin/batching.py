"""Batch calls answered as a test tells, and what their outcomes must look like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aladdin.client import Aladdin
from orders.errors import DeskError, Unavailable
from orders.model import BrokerOrder, Cancellation, Ticket
from tests.aladdin.conftest import Desk
from tests.aladdin.loopback import Asked, Reply
from tests.aladdin.ordering.test_broker import TICKET, placed


def numbered(count: int) -> list[Ticket]:
    return [replace(TICKET, reference=f"EV-{n}") for n in range(1, count + 1)]


def canceling(count: int) -> list[Cancellation]:
    return [Cancellation("the client called", broker_id=str(n)) for n in range(1, count + 1)]


def echoed(order: dict[str, Any], number: int) -> dict[str, Any]:
    return {"output": {"order": order | {"id": str(number), "orderStatus": "Open"}}}


@dataclass
class Operations:
    """Answers both batch calls with an operation that is done at the `turns`-th question after it; `changed` may make
    the results others, `asked_after` answers a question before anything else does."""

    turns: int = 1
    changed: Callable[[list[Any]], list[Any]] = lambda results: results
    asked_after: Callable[[int], Reply | None] = lambda _turn: None
    results: dict[str, list[Any]] = field(default_factory=dict)
    questions: dict[str, int] = field(default_factory=dict)

    def begin(self, asked: Asked) -> Reply:
        body = asked.json()
        name = f"ops/{len(self.results)}"
        if "orders" in body:
            results = [echoed(order, n) for n, order in enumerate(body["orders"], 1)]
        else:
            results = [{"output": placed(one.get("orderId", 9), orderStatus="Canceled")} for one in body["requests"]]
        self.results[name], self.questions[name] = self.changed(results), 0
        return self.told(name)

    def ask(self, asked: Asked) -> Reply:
        name = asked.path.rpartition("/")[2].replace("%2F", "/")
        self.questions[name] += 1
        return self.asked_after(self.questions[name]) or self.told(name)

    def told(self, name: str) -> Reply:
        done = self.questions[name] >= self.turns
        response = {"response": {"@type": "x", "results": self.results[name]}} if done else {}
        return Reply({"id": name, "meta": {}, "done": done} | response)


@dataclass
class Batching:
    """A client whose pauses move the clock, and the operations of its server."""

    desk: Desk
    client: Aladdin
    operations: Operations
    pauses: list[float]

    def begun(self) -> list[Asked]:
        return self.desk.server.calls("orders:batch")

    def answers(self, reply: Reply) -> None:
        self.desk.world.override["orders:batch"] = lambda _asked: reply


def posted(fates: Sequence[BrokerOrder | DeskError]) -> list[str]:
    """The references of the orders that were placed; fails when one was not."""
    assert all(isinstance(fate, BrokerOrder) for fate in fates), fates
    return [fate.reference for fate in fates if isinstance(fate, BrokerOrder)]


def unknown(fates: Sequence[BrokerOrder | DeskError], *names: str) -> None:
    """Every fate is unknown, and says so by name."""
    assert len(fates) == len(names)
    for fate, name in zip(fates, names, strict=True):
        assert isinstance(fate, Unavailable), fate
        assert fate.sent
        assert f"What became of {name} is unknown. The order may have been" in str(fate)
