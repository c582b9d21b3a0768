"""How many requests each use case sends to Snowflake, where most of what it takes is their way there and back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from allocation.limits import Limit, Rule
from bench.storing.past import LINES, WRITING_GROUPS, block
from bench.storing.reads import GROUP, aggregates
from bench.storing.stores import Store
from bench.storing.timing import Clock
from bench.storing.writes import BOOK, filled
from orders.history import Wanted
from orders.model import Change, OrderState
from storage import SqlHistory, SqlLedger
from tests.storage.emulated import EmulatedSnowflake

CONFIRMATION = f"a confirmation of {LINES} lines"
AIM = 8  # requests of a confirmation
FIRST = 1_000_000  # the numbers from here on are of orders that nothing else confirms

T = TypeVar("T")


class _Counting:
    """Uses, each with the requests that the server counted while it ran."""

    def __init__(self, server: EmulatedSnowflake) -> None:
        self._server = server
        self.found: dict[str, int] = {}

    def __call__(self, what: str, use: Callable[[], T]) -> T:
        before = self._server.requests()
        done = use()
        self.found[what] = self._server.requests() - before
        return done


def requests(store: Store, server: EmulatedSnowflake) -> dict[str, int]:
    """The requests of each use case, in sessions that are open already."""
    ledger, counting = SqlLedger(store.past, BOOK, Clock()), _Counting(server)
    _write(ledger, counting)
    _read(ledger, SqlHistory(store.past), counting)
    return counting.found


def _write(ledger: SqlLedger, counting: _Counting) -> None:
    lease = ledger.acquire("worker", "bench", 600)
    if lease is None:
        raise RuntimeError("somebody else holds the worker's lease of the ledger just made")
    known = ledger.set_limits("l1", [], 0, "user01", Clock().now(), "").version
    counting("the first confirmation in a group", lambda: ledger.confirm("first", *block(FIRST)))
    so_far = ledger.confirmed()
    confirm = partial(
        ledger.confirm, "c", *block(FIRST + WRITING_GROUPS), after=so_far, limits=known
    )  # in the same group
    order = counting(CONFIRMATION, confirm)
    counting("the same command repeated", confirm)
    sent = Change(order.id, order.version, OrderState.SENDING, "send", "worker", Clock().now())
    order = counting("a step of an order, under a lease", lambda: ledger.advance("s", sent, lease.fence))
    counting(f"a fill of {LINES} lines, under a lease", lambda: ledger.advance("f", filled(order), lease.fence))
    rows = [Limit("*", Rule.CASH_RESERVE, "", "2%"), Limit("A001", Rule.ISSUER, "", "5%")]
    counting("limits set", lambda: ledger.set_limits("l2", rows, known, "user01", Clock().now(), "stricter"))
    counting("a lease renewed", lambda: ledger.acquire("worker", "bench", 600))


def _read(ledger: SqlLedger, history: SqlHistory, counting: _Counting) -> None:
    counting("an order", lambda: ledger.order(f"W{FIRST}"))
    counting("the outbox", ledger.intents)
    counting("page of 50 orders with lines", history.orders)
    counting("page of 50 orders with lines: a group", lambda: history.orders(Wanted(groups=GROUP)))
    counting("page of 50 statements", history.statements)
    for what, total in aggregates(history).items():
        counting(what, total)
