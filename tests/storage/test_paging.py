"""Each published query finds its rows in an index, in order: none reads a big table, and none sorts what it finds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text

from orders.history import Wanted
from orders.model import OrderState
from storage import SqlLedger
from storage.history import SqlHistory
from storage.paging import Place
from tests.ledgers import open_ledger
from tests.storage.samples import BOOK, NOON, SetClock

CORE, BOTH = frozenset({"CORE"}), frozenset({"CORE", "PLUS"})
LIVE = frozenset({OrderState.ACTIVE, OrderState.OPEN})
BEFORE = str(Place(NOON, "or-5"))

Ask = Callable[[SqlHistory, SqlLedger], object]


def _page(wanted: Wanted) -> Ask:
    return lambda history, _: (history.orders(wanted, 50, BEFORE), history.statements(wanted, 50, BEFORE))


QUERIES: dict[str, tuple[Ask, str]] = {  # the index each must be found in
    "all": (_page(Wanted()), "ix_orders_created"),
    "all, oldest first": (_page(Wanted(oldest_first=True)), "ix_orders_created"),
    "a state, oldest first": (
        _page(Wanted(states=frozenset({OrderState.AWAITING}), oldest_first=True)),
        "ix_orders_state ",
    ),
    "an account, oldest first": (_page(Wanted(account_id="P1", oldest_first=True)), "ix_order_lines_account "),
    "a group": (_page(Wanted(groups=CORE)), "ix_orders_group "),
    "groups": (_page(Wanted(groups=BOTH)), "ix_orders_group "),
    "many groups": (_page(Wanted(groups=frozenset(map(str, range(101))))), "ix_orders_created"),
    "states": (_page(Wanted(states=LIVE)), "ix_orders_state "),
    "groups and states": (_page(Wanted(groups=BOTH, states=LIVE)), "ix_orders_group_state "),
    "a bond": (_page(Wanted(assets=frozenset({"B1"}))), "ix_orders_asset "),
    "a bond in groups": (_page(Wanted(assets=frozenset({"B1"}), groups=BOTH, states=LIVE)), "ix_orders_asset "),
    "a user": (_page(Wanted(username="maria")), "ix_orders_user "),
    "a user in groups": (_page(Wanted(username="maria", groups=BOTH, states=LIVE)), "ix_orders_user "),
    "a batch": (_page(Wanted(batch="b1")), "ix_orders_batch "),
    "a batch of a bond in groups": (
        _page(Wanted(batch="b1", assets=frozenset({"B1"}), groups=BOTH, states=LIVE, username="maria")),
        "ix_orders_batch ",
    ),
    "an engine": (_page(Wanted(engine="equal")), "ix_orders_created"),
    "an engine of groups": (_page(Wanted(engine="equal", groups=BOTH)), "ix_orders_group "),
    "an account": (_page(Wanted(account_id="P1")), "ix_order_lines_account "),
    "an account of everything": (
        _page(Wanted(BOTH, LIVE, frozenset({"B1"}), "P1", "maria", NOON - timedelta(days=9), NOON, "b1")),
        "ix_statement_lines_account ",
    ),
    "a period": (_page(Wanted(since=NOON - timedelta(days=9), until=NOON)), "ix_orders_created"),
    "a group in a period": (_page(Wanted(groups=CORE, since=NOON - timedelta(days=9))), "ix_orders_group "),
    "the orders page": (lambda _, ledger: ledger.orders(["CORE", "PLUS"], limit=500), "ix_orders_group "),
    "the worker's round": (lambda _, ledger: ledger.orders(states=LIVE), "ix_orders_state "),
    "an order's fills": (lambda history, _: history.fills("or-1"), "sqlite_autoindex_fills"),
    "an order's statement": (lambda history, _: history.statement_lines("or-1"), "sqlite_autoindex_statement_lines"),
    "an order's texts": (lambda _, ledger: ledger.statements("or-1"), "ix_statements_order "),
    "a stream of the log": (lambda _, ledger: ledger.audit("registry", 50), "sqlite_autoindex_audit_log"),
    "activity": (lambda history, _: history.activity(cursor=BEFORE), "ix_activity_done"),
    "activity about some groups": (
        lambda history, _: history.activity(cursor=BEFORE, groups={"CORE", "PLUS"}),
        "ix_activity_done",
    ),
    "a user's activity": (lambda history, _: history.activity("maria", NOON, cursor=BEFORE), "ix_activity_user"),
}


BIG = (
    "orders",
    "order_lines",
    "order_events",
    "fills",
    "statements",
    "statement_figures",
    "statement_lines",
    "activity",
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return open_ledger(tmp_path_factory.mktemp("paging") / "ledger.db")


def _plans(engine: Engine, ask: Ask) -> list[tuple[str, str, str]]:
    """How SQLite means to find what is asked for: each query, and each step of it after the step it is a part of."""
    history, ledger = SqlHistory(engine), SqlLedger(engine, BOOK, SetClock())
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(_conn: object, _cursor: object, statement: str, parameters: tuple[object, ...], *_rest: object) -> None:
        asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    ask(history, ledger)
    event.remove(engine, "before_cursor_execute", note)
    plans = []
    with engine.connect() as conn:
        for statement, parameters in asked:
            if statement.startswith("SELECT"):
                steps = {0: ""}
                for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
                    steps[row.id] = f"{row.detail} "
                    plans.append((statement, steps[row.parent], steps[row.id]))
    return plans


@pytest.mark.parametrize("name", QUERIES)
def test_a_page_is_found_in_its_index(store: Engine, name: str) -> None:
    ask, index = QUERIES[name]
    plans = _plans(store, ask)
    assert any(index in step for _, _, step in plans), plans
    for query, around, step in plans:
        assert not step.startswith(tuple(f"SCAN {table} " for table in BIG)), plans
        # what is cut off at a limit is not sorted first, but where several such cuts are put together
        assert "FOR ORDER BY" not in step or "LIMIT" not in query or around.startswith(("LEFT", "RIGHT")), plans


@pytest.mark.parametrize(("wanted", "index"), [(Wanted(), "state"), (Wanted(groups=BOTH), "group_state")])
def test_states_are_counted_in_an_index_alone(store: Engine, wanted: Wanted, index: str) -> None:
    plans = _plans(store, lambda history, _: history.counts(wanted))
    steps = [step for _, _, step in plans if " orders " in step]
    assert len(steps) == 1
    assert f"USING COVERING INDEX ix_orders_{index} " in steps[0], plans


def test_without_its_index_a_page_would_sort_or_read_the_table(tmp_path: Path) -> None:
    engine = open_ledger(tmp_path / "ledger.db")
    with engine.begin() as conn:
        for name in ("group", "group_state", "created"):
            conn.execute(text(f"DROP INDEX ix_orders_{name}"))
    assert any(step.startswith("SCAN orders ") for _, _, step in _plans(engine, _page(Wanted(groups=CORE))))
    engine.dispose()
