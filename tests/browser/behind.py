"""What is behind the screens of a running app: the rows of its ledger, and what the simulated Aladdin was sent and has,
asked with the production client."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from aladdin.client import Aladdin
from aladdin.config import AladdinConfig
from aladdin.reading.cache import AnswerCache
from aladdin.simulator.console import main
from aladdin.simulator.process import ensure_running
from bootstrap import BookClock
from orders.model import BrokerOrder
from tests.browser.server import AppServer

SEED = "demo:7"
SENT_WITHIN = 20  # seconds


def rows(server: AppServer, query: str, *given: Any) -> list[tuple[Any, ...]]:
    """What the ledger answers."""
    with closing(sqlite3.connect(server.data_dir / "ledger.db")) as ledger:
        return ledger.execute(query, given).fetchall()


def orders(server: AppServer) -> set[str]:
    """The ids of all orders."""
    return {order for (order,) in rows(server, "SELECT id FROM orders")}


def history(server: AppServer, order: str) -> list[str]:
    """The events of an order, oldest first."""
    query = "SELECT event FROM order_events WHERE order_id = ? ORDER BY version"
    return [event for (event,) in rows(server, query, order)]


def state(server: AppServer, order: str) -> str:
    ((found,),) = rows(server, "SELECT state FROM orders WHERE id = ?", order)
    return str(found)


def frozen(server: AppServer, order: str) -> dict[str, Any]:
    """What the newest statement of an order says."""
    (body,) = rows(server, "SELECT body FROM statements WHERE order_id = ? ORDER BY version", order)[-1]
    found: dict[str, Any] = json.loads(body)
    return found


def faces(server: AppServer, order: str) -> dict[str, int]:
    """What each account gets by the newest statement, where it gets any."""
    return {line["account_id"]: line["face"] for line in frozen(server, order)["lines"] if line["face"]}


@contextmanager
def aladdin(server: AppServer) -> Iterator[Aladdin]:
    """The simulated Aladdin that the app runs."""
    running = ensure_running(SEED, server.data_dir)
    assert not running.owned, "the app runs it"
    config = AladdinConfig(running.url, running.client_id, SecretStr(running.client_secret))
    asked = Aladdin(config, AnswerCache(server.data_dir / "cache-of-test"), BookClock(running.book.as_of), "test")
    try:
        yield asked
    finally:
        asked.close()


def at_aladdin(server: AppServer, order: str) -> BrokerOrder | None:
    """An order as Aladdin has it, by our reference; None where it has none."""
    with aladdin(server) as asked:
        return asked.find_order(order)


def placed(server: AppServer, order: str, anew: Mapping[str, int] | None = None) -> dict[str, Decimal]:
    """What Aladdin was asked for, by account, as soon as the worker has sent it; with `anew`, as soon as it is that."""
    with aladdin(server) as asked:
        deadline = time.monotonic() + SENT_WITHIN
        while True:
            found = asked.find_order(order)
            faces = {account: face for account, face in found.asked.items() if face} if found is not None else {}
            if found is not None and anew in (None, faces):
                return faces
            assert time.monotonic() < deadline, f"Aladdin has {faces} of {order}, which is {state(server, order)}"
            time.sleep(0.2)


def trouble(data: Path, *action: str) -> None:
    """Change what goes wrong at the simulated Aladdin."""
    assert main(["--data", str(data), *action]) == 0
