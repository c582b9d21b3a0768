"""What is written to a ledger with a long past: confirmations and fills, one after the other and eight at once; and
how fast an audit log is verified."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count, islice
from time import perf_counter

from bench.storing.past import LINES, WRITING_GROUPS, block
from bench.storing.stores import Store
from bench.storing.timing import Clock, Row, timed
from orders.model import Change, Order, OrderState
from storage import SqlLedger

BOOK = "bench"
WRITERS = 8


def commits(store: Store) -> tuple[list[Row], float]:
    """Commits one at a time, and how many confirmations a second eight writers bring in."""
    ledger = SqlLedger(store.past, BOOK, Clock())
    numbers = count()
    for _ in range(WRITING_GROUPS):
        _confirm(ledger, next(numbers))  # opens a group's audit stream, which is done once
    orders: list[Order] = []
    rows = [
        Row(
            f"commit: a confirmation of {LINES} lines",
            timed(lambda: orders.append(_confirm(ledger, next(numbers))), store.commits),
        ),
        Row(
            f"commit: a fill of {LINES} lines",
            timed(lambda: ledger.advance(f"f{orders[-1].id}", filled(orders.pop())), store.commits),
        ),
    ]
    return rows, _crowd(ledger, islice(numbers, store.commits), store.commits)


def verified(store: Store) -> float:
    """Order lines that `verify` goes through in a second, with all that belongs to them."""
    ledger = SqlLedger(store.empty, BOOK, Clock())
    for number in range(store.commits):
        _confirm(ledger, number)
    start = perf_counter()
    faults = ledger.verify()
    spent = perf_counter() - start
    if faults:
        raise RuntimeError(f"the ledger just written does not verify: {faults[0]}")
    return store.commits * LINES / spent


def filled(order: Order) -> Change:
    """The step that books half of each line."""
    booked = {line.account_id: Decimal(line.face) / 2 for line in order.lines}
    at, half = datetime.now(UTC), sum(booked.values(), Decimal(0))
    return Change(order.id, order.version, OrderState.ACTIVE, "active", "worker", at, filled=half, booked=booked)


def _confirm(ledger: SqlLedger, number: int) -> Order:
    return ledger.confirm(f"c{number}", *block(number))


def _crowd(ledger: SqlLedger, numbers: Iterator[int], commits: int) -> float:
    start = perf_counter()
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda number: _confirm(ledger, number), numbers))
    return commits / (perf_counter() - start)
