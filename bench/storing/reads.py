"""What is read of a long past: pages, and what it adds up to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from bench.storing.past import LINES, START
from bench.storing.stores import Store
from bench.storing.timing import Row, timed
from orders.history import Wanted
from orders.model import OrderState
from storage import SqlHistory

GROUP = frozenset({"G07"})


def readings(store: Store, lines: int) -> list[Row]:
    """Pages of a ledger with so many lines, and its aggregates."""
    history = SqlHistory(store.past)
    rows = [Row(what, timed(partial(history.orders, wanted), store.pages)) for what, wanted in _pages(lines).items()]
    of_group = partial(history.statements, Wanted(groups=GROUP))
    rows.append(Row("page of 50 statements: a group", timed(of_group, store.pages)))
    return rows + [Row(what, timed(total, store.sums)) for what, total in aggregates(history).items()]


def _pages(lines: int) -> dict[str, Wanted]:
    deep = Wanted(until=START + timedelta(minutes=15 * (lines // LINES // 2)))
    live = frozenset({OrderState.ACTIVE, OrderState.CANCELED})
    asked = {
        "everything, newest page": Wanted(),
        "everything, from the middle": deep,
        "a group": Wanted(groups=GROUP),
        "three groups, two states": Wanted(groups=frozenset({"G06", "G08", "G16"}), states=live),
        "a state that no order is in": Wanted(states=frozenset({OrderState.REJECTED})),
        "a bond": Wanted(assets=frozenset({"B123"})),
        "a bond in a group": Wanted(assets=frozenset({"B123"}), groups=GROUP),
        "a user": Wanted(username="user03"),
        "an account": Wanted(account_id="A150"),
        "an account in a state, from the middle": replace(deep, account_id="A150", states=live),
    }
    return {f"page of 50 orders with lines: {name}": wanted for name, wanted in asked.items()}


def aggregates(history: SqlHistory) -> dict[str, Callable[[], object]]:
    """Each by what it is called."""
    return {
        "aggregate: engines": history.by_engine,
        "aggregate: improvement by month": history.improvement,
        "aggregate: participation, all accounts": history.participation,
        "aggregate: participation, a group": partial(history.participation, Wanted(groups=GROUP)),
    }
