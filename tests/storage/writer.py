"""A process that confirms and advances orders until it is killed, saying each one aloud once it is acknowledged.
Arguments: the ledger's address, prefix of the order names, number of orders (0: no end)."""

from __future__ import annotations

import itertools
import sys
from decimal import Decimal

import structlog
from sqlalchemy import Engine

from orders.model import OrderState
from storage import SqlLedger, migrate, open_engine
from tests.storage.samples import BOOK, SetClock, block, change


def run(address: str, prefix: str, count: int) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout is for what is acknowledged
    engine = _open(address)
    migrate(engine)
    ledger = SqlLedger(engine, BOOK, SetClock())
    for number in itertools.count() if count == 0 else range(count):
        name = f"{prefix}{number}"
        order = ledger.confirm(f"confirm-{name}", *block(name, group=f"G{number % 2}"))
        print("confirmed", order.id, flush=True)  # noqa: T201
        booked = {"P1": Decimal("1000.5"), "P2": Decimal(7)}
        step = change(order, OrderState.ACTIVE, "fill", booked=booked, closes_intent=f"{order.id}:send")
        ledger.advance(f"fill-{name}", step)
        print("filled", order.id, flush=True)  # noqa: T201


def _open(address: str) -> Engine:
    if address.startswith("sqlite:"):
        return open_engine(address)
    from tests.storage.emulated import open_store  # takes seconds to import

    return open_store(address)


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], int(sys.argv[3]))
