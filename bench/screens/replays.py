"""How fast decisions are replayed: statements read from a ledger, through their engines again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from sqlalchemy import select

from bootstrap import BookClock
from orders.frozen import read
from orders.replaying import replay
from storage import SqlLedger, open_store
from storage.schema import stamp


@dataclass(frozen=True, slots=True)
class ReplayReading:
    """So many replays of so many statements, and how many came out otherwise than they were."""

    statements: int
    accounts: int  # the most in one statement
    replayed: int
    seconds: float
    differing: int


def read_replays(data: Path, times: int) -> ReplayReading:
    """Replay each statement of the ledger in this folder so many times."""
    engine = open_store(data)
    try:
        with engine.connect() as conn:
            book = conn.scalars(select(stamp.c.book_id)).one()
        ledger = SqlLedger(engine, book, BookClock(None))
        statements = [ledger.statement(order.id) for order in ledger.orders()]
    finally:
        engine.dispose()
    began, differing = perf_counter(), 0
    for _ in range(times):
        differing += sum(not replay(statement).same for statement in statements)
    seconds = perf_counter() - began
    most = max(len(read(statement).proposal.lines) for statement in statements)
    return ReplayReading(len(statements), most, times * len(statements), seconds, differing)
