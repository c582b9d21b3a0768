"""The ledger keeps the promises of its port."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, select

from orders.errors import NotFound, WrongBook
from orders.model import OrderLine, OrderState
from orders.ports import Ledger
from storage import SqlLedger, migrate
from storage.schema import order_lines, orders
from tests.storage.counted import statements_sent
from tests.storage.emulated import open_store, stores
from tests.storage.samples import BOOK, NOON, SetClock, block, change


@pytest.fixture(params=stores())
def store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_it_is_the_ledger_the_use_cases_ask_for(ledger: SqlLedger) -> None:
    asked_for: Ledger = ledger
    assert asked_for.orders() == ()


def test_unknown_orders_are_not_found(ledger: SqlLedger) -> None:
    with pytest.raises(NotFound, match="no order or-A"):
        ledger.order("or-A")
    with pytest.raises(NotFound, match="no statement for order or-A"):
        ledger.statement("or-A")
    with pytest.raises(NotFound, match="no order or-A"):
        ledger.advance("s", change(block()[1]))
    assert ledger.events("or-A") == ()


def test_orders_are_read_by_their_ids_in_that_order(ledger: SqlLedger) -> None:
    a, b = (ledger.confirm(f"c{name}", *block(name)) for name in "AB")
    assert ledger.orders_of([b.id, "or-Z", a.id]) == (b, a)
    assert ledger.orders_of([]) == ()


def test_the_statements_of_many_orders_are_one_query(engine: Engine, ledger: SqlLedger) -> None:
    made = [ledger.confirm(f"c{name}", *block(name)) for name in "ABC"]
    with statements_sent(engine) as sent:
        found = ledger.statements_of(made[::-1])
    assert found == tuple(ledger.statement(order.id) for order in made[::-1])
    assert sum("statements" in statement for statement in sent) == 1
    assert ledger.statements_of([]) == ()


def test_a_statement_that_is_not_there_is_told_of_its_order(ledger: SqlLedger) -> None:
    made = ledger.confirm("c", *block())
    with pytest.raises(NotFound, match="no statement for order or-Z"):
        ledger.statements_of([made, replace(made, id="or-Z", statement_id="st-Z")])


def test_orders_come_newest_first_by_group_and_state(ledger: SqlLedger) -> None:
    confirmed = [
        ledger.confirm(f"c{i}", *block(str(i), "CORE" if i % 2 else "PLUS", NOON + timedelta(minutes=i)))
        for i in range(6)
    ]
    active = ledger.advance("f", change(confirmed[3], OrderState.ACTIVE, "fill"))
    assert [order.id for order in ledger.orders()] == [f"or-{i}" for i in (5, 4, 3, 2, 1, 0)]
    assert [order.id for order in ledger.orders(groups=["PLUS"])] == ["or-4", "or-2", "or-0"]
    assert ledger.orders(groups=("CORE", "PLUS"), states={OrderState.ACTIVE}) == (active,)
    assert ledger.orders(groups=()) == ()
    assert ledger.orders(limit=1) == (confirmed[5],)
    assert ledger.last_allocations() == {"CORE": confirmed[5].created_at, "PLUS": confirmed[4].created_at}


def test_reading_orders_takes_two_queries_however_many_they_are(engine: Engine, ledger: SqlLedger) -> None:
    for i in range(5):
        ledger.confirm(f"c{i}", *block(str(i)))
    with statements_sent(engine) as sent:
        assert len(ledger.orders()) == 5
    assert len([sql for sql in sent if sql.startswith("SELECT")]) == 2


def test_writing_takes_as_many_statements_for_many_lines_as_for_few(engine: Engine, ledger: SqlLedger) -> None:
    statement, order = block("warm")
    ledger.confirm("warm", statement, order)
    counts = []
    for number in (2, 300):
        lines = tuple(OrderLine(f"A{i}", 10) for i in range(number))
        statement, order = block(f"n{number}", lines=lines, face=10 * number)
        with statements_sent(engine) as sent:
            ledger.confirm(f"c{number}", statement, order)
            booked = {line.account_id: Decimal(i) for i, line in enumerate(lines, start=1)}
            ledger.advance(f"f{number}", change(order, booked=booked))
        counts.append(len(sent))
        assert {line.account_id: line.booked for line in ledger.order(order.id).lines} == booked
    assert counts[0] == counts[1]


def test_faces_and_bookings_sum_exactly_in_sql(engine: Engine, ledger: SqlLedger) -> None:
    for i in range(3):
        order = ledger.confirm(f"c{i}", *block(str(i)))
        ledger.advance(f"f{i}", change(order, filled=Decimal("0.1"), booked={"P1": Decimal("0.1")}))
    with engine.connect() as conn:
        assert conn.scalar(select(func.sum(order_lines.c.booked))) == Decimal("0.3")
        assert conn.scalar(select(func.sum(orders.c.filled))) == Decimal("0.3")
        assert conn.scalar(select(func.sum(order_lines.c.face))) == 3_000_000


def test_the_worker_and_the_desk_find_the_orders_they_look_after(ledger: SqlLedger) -> None:
    pending, live, gone, ended = (ledger.confirm(f"c{name}", *block(name)) for name in "ABCD")
    for number, order in enumerate((live, gone, ended), 7):
        state = OrderState.BOOKED if order is ended else OrderState.ACTIVE
        told = "Aladdin does not show this order any more (its 8)." if order is gone else ""
        step = change(order, state=state, broker_id=str(number), broker_status="Active", message=told)
        ledger.advance(f"s{number}", step)
    assert {order.id for order in ledger.promised()} == {pending.id, gone.id}
    assert [order.id for order in ledger.orders_of([gone.id, "nothing", live.id])] == [gone.id, live.id]
    assert [order.id for order in ledger.orders_at(["7", "9"])] == [live.id, ended.id]
    assert [order.id for order in ledger.ended(NOON - timedelta(days=1), NOON)] == [ended.id]
    assert ledger.unsettled("explained", "explanation approved") == ()


def test_reopening_keeps_everything(engine: Engine, ledger: SqlLedger, address: str, clock: SetClock) -> None:
    order = ledger.confirm("c", *block())
    sent = ledger.advance("s", change(order))
    before = (ledger.orders(), ledger.events(order.id), ledger.intents(), ledger.audit(), ledger.audit("registry"))
    engine.dispose()
    again = open_store(address)
    migrate(again)
    reopened = SqlLedger(again, BOOK, clock)
    after = (
        reopened.orders(),
        reopened.events(order.id),
        reopened.intents(),
        reopened.audit(),
        reopened.audit("registry"),
    )
    assert after == before
    assert reopened.confirm("c", *block()) == order
    assert reopened.advance("f", change(sent)).version == 3
    assert reopened.verify() == ()
    again.dispose()


def test_another_book_is_refused_in_words(ledger: SqlLedger, engine: Engine, clock: SetClock) -> None:
    ledger.confirm("c", *block())
    sentence = r"belongs to the book demo:7, and csv:core:2025-09-15 was asked for\. Set (DATA_DIR|SNOWFLAKE_SCHEMA)"
    with pytest.raises(WrongBook, match=sentence):
        SqlLedger(engine, "csv:core:2025-09-15", clock)
    assert ledger.verify() == ()
