"""Every row of an order is what the audit log says, or is named."""

from __future__ import annotations

import tracemalloc
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, event, text

from orders.canonical import canonical, digest
from orders.model import Order, OrderLine, OrderState
from storage import SqlLedger, replay
from storage.unit import read
from tests.storage.emulated import Filling
from tests.storage.samples import NOON, block, change


def _follow(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block("A"))
    ledger.confirm("d", *block("B", created_at=NOON + timedelta(minutes=1)))
    sent = ledger.advance("s", change(order, closes_intent="or-A:send"))
    half = {"P1": Decimal("250000.5")}
    first = ledger.advance("f", change(sent, OrderState.ACTIVE, "active", filled=Decimal("250000.5"), booked=half))
    rest = {"P1": Decimal(500_000), "P9": Decimal(3)}
    ledger.advance("g", change(first, OrderState.BOOKED, "booked", filled=Decimal(500_003), booked=rest))
    assert ledger.verify() == ()


@pytest.fixture
def followed(filled: Filling, ledger: SqlLedger) -> SqlLedger:
    """Two orders; the first is sent and filled twice, the second time for an account without a line as well."""
    filled(_follow)
    return ledger


def _run(engine: Engine, *statements: str) -> None:
    with engine.begin() as conn:
        for statement in statements:
            conn.execute(text(statement))


LOST = "Order or-A: a step of it is missing from the audit log (entry 3 of group:CORE), so its rows are not compared "


@pytest.mark.parametrize("edited", [False, True])
def test_a_lost_step_is_named_once_and_only_what_was_before_it_is_compared(
    engine: Engine, followed: SqlLedger, edited: bool
) -> None:
    """Entry 3 is the sending of A; what B's rows say is compared as ever."""
    _run(engine, "DELETE FROM audit_log WHERE stream = 'group:CORE' AND seq = 3")
    if edited:
        _run(engine, "UPDATE order_events SET actor = 'paul' WHERE order_id = 'or-A' AND version = 1")
        _run(engine, "UPDATE orders SET placed_by = 'paul' WHERE id = 'or-B'")
    expected = [
        f"{LOST}from there on.",
        "Order or-A: its event 1 was edited: actor is paul, and the audit log says maria.",
        "Order or-B: its row was edited: placed_by is paul, and the audit log says maria.",
    ]
    assert [fault for fault in followed.verify() if "or-" in fault and "Order" in fault] == expected[
        : 3 if edited else 1
    ]


@pytest.mark.parametrize("head", ["", "UPDATE streams SET seq = 3 WHERE stream = 'group:CORE'"])
def test_the_last_steps_of_an_order_may_be_lost_with_the_tail(engine: Engine, followed: SqlLedger, head: str) -> None:
    _run(engine, "DELETE FROM audit_log WHERE stream = 'group:CORE' AND seq > 3", *filter(None, [head]))
    assert [fault for fault in followed.verify() if fault.startswith("Order")] == [
        "Order or-A: a step of it is missing from the audit log (among entries 4 to 5 of group:CORE), so its rows are "
        "not compared from there on."
    ]


def test_orders_of_a_stream_that_vanished_are_not_said_to_be_added(engine: Engine, followed: SqlLedger) -> None:
    _run(engine, "DELETE FROM audit_log WHERE stream = 'group:CORE'")
    assert [fault for fault in followed.verify() if fault.startswith("Order")] == [
        f"Order or-{name}: its confirmation is missing from the audit log (among entries 1 to 5 of group:CORE), so its "
        "rows are not compared."
        for name in "AB"
    ]


def test_an_edited_statement_is_told_from_one_that_is_gone(engine: Engine, followed: SqlLedger) -> None:
    _run(engine, "UPDATE statements SET body = '{}' WHERE order_id = 'or-A'")
    assert (
        "Order or-A: a statement it was made with was edited (see above), so nothing vouches for its figures."
        in followed.verify()
    )


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        ("UPDATE orders SET limit_price = NULL WHERE id = 'or-A'", "its row was edited: limit_price is none"),
        ("UPDATE orders SET placed_by = 'paul' WHERE id = 'or-A'", "its row was edited: placed_by is paul"),
        ("UPDATE orders SET batch = 'b9' WHERE id = 'or-A'", "its row was edited: batch is b9"),
        (
            "UPDATE orders SET release_at = entered_at WHERE id = 'or-A'",
            "its row was edited: release_at is 15 Sep 2025",
        ),
        ("UPDATE orders SET entered_at = NULL WHERE id = 'or-A'", "its row was edited: entered_at is none"),
        (
            "UPDATE order_lines SET face = 500001 WHERE order_id = 'or-A' AND account_id = 'P1'",
            "its line P1 was edited: face is 500,001, and the audit log says 500,000",
        ),
        (
            "UPDATE order_lines SET booked = 0 WHERE order_id = 'or-A' AND account_id = 'P9'",
            "its line P9 was edited: booked is 0, and the audit log says 3",
        ),
        (
            "UPDATE order_lines SET first_filled_at = NULL WHERE order_id = 'or-A' AND account_id = 'P1'",
            "its line P1 was edited: first_filled_at is none",
        ),
        ("DELETE FROM order_lines WHERE order_id = 'or-A' AND account_id = 'P2'", "its line P2 was removed"),
        (
            "INSERT INTO order_lines SELECT order_id, 'P8', 9, face, booked, ordered_at, first_filled_at "
            "FROM order_lines WHERE order_id = 'or-A' AND account_id = 'P2'",
            "its line P8 was added: the audit log has none",
        ),
        ("UPDATE order_events SET actor = 'paul' WHERE order_id = 'or-A' AND version = 2", "its event 2 was edited"),
        ("DELETE FROM order_events WHERE order_id = 'or-A' AND version = 3", "its event 3 was removed"),
        (
            "UPDATE fills SET delta = 0 WHERE order_id = 'or-A' AND version = 3",
            "its fill 3 P1 was edited: delta is 0, and the audit log says 250,000.5",
        ),
        ("DELETE FROM fills WHERE order_id = 'or-A' AND account_id = 'P9'", "its fill 4 P9 was removed"),
        ("UPDATE intents SET done = FALSE WHERE order_id = 'or-A'", "its intent or-A:send was edited: done is False"),
        (
            "UPDATE statement_figures SET improvement = 0.9 WHERE order_id = 'or-A'",
            "its statement's figures 1 was edited: improvement is 0.9, and the audit log says 0.6",
        ),
        (
            "UPDATE statement_lines SET reason = 'x' WHERE order_id = 'or-A' AND account_id = 'P1'",
            "its statement's line 1 P1 was edited: reason is x",
        ),
    ],
)
def test_a_row_of_an_order_that_is_not_as_recorded_is_named(
    engine: Engine, followed: SqlLedger, tampering: str, told: str
) -> None:
    _run(engine, tampering)
    (fault,) = followed.verify()
    assert fault.startswith(f"Order or-A: {told}")


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # Snowflake has a type for it, which takes nothing else
@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE orders SET discretionary = 5 WHERE id = 'or-A'",
        "UPDATE intents SET done = 5 WHERE order_id = 'or-A'",
        "UPDATE orders SET discretionary = 'x' WHERE id = 'or-A'",
    ],
)
def test_a_truth_value_that_sql_would_not_find_is_named(engine: Engine, followed: SqlLedger, tampering: str) -> None:
    _run(engine, tampering)
    (fault,) = followed.verify()
    assert fault.endswith("and the audit log says True.")


def test_an_order_nobody_confirmed_is_named(engine: Engine, followed: SqlLedger) -> None:
    columns = "version, state, group_ticker, asset_id, label, currency, side, ordered, face, settlement, trade_date"
    columns += ", engine, statement_id, statement_sha256, remark, created_by, created_at, updated_at, broker_id"
    columns += ", broker_status, filled, message, recommended_by, placed_by, discretionary"
    _run(engine, f"INSERT INTO orders (id, {columns}) SELECT 'or-AA', {columns} FROM orders WHERE id = 'or-A'")
    assert followed.verify() == ("Order or-AA is not in the audit log: it was added.",)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # Snowflake's driver holds the rows of its answers itself
def test_rows_are_compared_one_order_at_a_time(engine: Engine, ledger: SqlLedger) -> None:
    def orders(first: int, count: int) -> None:
        for number in range(first, first + count):
            lines = tuple(OrderLine(f"A{i}", 10) for i in range(200))
            ledger.confirm(f"c{number}", *block(f"{number:04}", lines=lines, face=2_000))

    def most() -> int:
        tracemalloc.start()
        assert list(read(engine, lambda conn: list(replay.faults(conn, {})))) == []
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    orders(0, 10)
    most()
    few = most()
    orders(10, 50)
    assert most() < 3 * few


def test_an_order_that_moves_between_two_queries_is_looked_at_again(engine: Engine, followed: SqlLedger) -> None:
    """As on a store that shows each query its own moment: the first look sees lines from before the others."""
    with engine.connect() as conn:
        seen = iter((True,))

        def shift(_conn: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> object:
            old = "FROM order_lines" in statement and next(seen, False)
            return (statement.replace("order_lines.booked", "0 AS booked", 1) if old else statement), parameters

        event.listen(conn, "before_cursor_execute", shift, retval=True)
        assert list(replay.faults(conn, {})) == []


def test_a_person_reason_is_kept_with_the_step_and_in_the_log(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block("A"))
    ledger.advance("x", change(order, OrderState.CANCELED, "canceled", reason="the client called it off"))
    assert ledger.events(order.id)[-1].reason == "the client called it off"
    assert "the client called it off" in ledger.audit("group:CORE", limit=1)[0].body
    assert ledger.verify() == ()


def test_an_order_is_entered_when_it_is_sent_and_not_when_it_never_left(ledger: SqlLedger) -> None:
    order: Order = ledger.confirm("c", *block("A"))
    assert order.entered_at is None
    sent = ledger.advance("s", change(order))
    assert sent.entered_at == sent.updated_at
    failed = ledger.advance("n", change(sent, OrderState.SEND_FAILED, "never left"))
    assert failed.entered_at is None
    once_more = ledger.advance("a", change(failed, OrderState.CONFIRMED, "send again"))
    back = ledger.advance("b", change(once_more))
    assert back.entered_at == back.updated_at
    back = ledger.advance("m", change(back, OrderState.SEND_FAILED, "never left"))
    again = ledger.advance("t", change(back))
    taken = ledger.advance("o", change(again, OrderState.OPEN, "opened"))
    assert taken.entered_at == again.updated_at < taken.updated_at
    assert digest(canonical(taken)) == digest(canonical(ledger.order(order.id)))


@pytest.mark.parametrize(
    ("restored", "second", "entered"),
    [
        (False, "repeat never left", "first"),
        (False, "repeat refused", "first"),
        (False, "answer lost", "first"),
        (True, "repeat never left", None),
        (True, "answer lost", "second"),
    ],
)
def test_a_repeated_post_does_not_move_the_time_of_entry(
    ledger: SqlLedger, restored: bool, second: str, entered: str | None
) -> None:
    order = ledger.confirm("c", *block())
    times = {}
    if restored:
        order = ledger.advance("r", change(order, OrderState.UNKNOWN, "restored"))
    else:
        order = ledger.advance("s1", change(order))
        times["first"] = order.updated_at
        order = ledger.advance("l1", change(order, OrderState.UNKNOWN, "answer lost"))
    order = ledger.advance("s2", change(order))
    times["second"] = order.updated_at
    order = ledger.advance("l2", change(order, OrderState.UNKNOWN, second))
    order = ledger.advance("o", change(order, OrderState.OPEN, "opened"))
    assert order.entered_at == (None if entered is None else times[entered])
    assert ledger.verify() == ()
