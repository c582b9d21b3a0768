"""The ledger keeps the promises of its port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, event, func, select

from allocation.limits import Limit, Rule
from orders.canonical import digest
from orders.errors import LeaseLost, NotFound, Rejected, VersionConflict, WrongBook
from orders.model import Event, Intent, Kind, Order, OrderLine, OrderState, Statement
from orders.ports import Ledger
from storage import SqlLedger, migrate
from storage.engine import READER
from storage.schema import order_lines, orders
from tests.storage.emulated import open_store
from tests.storage.samples import BOOK, NOON, SetClock, block, change


@contextmanager
def _statements(engine: Engine) -> Iterator[list[str]]:
    """The SQL sent meanwhile."""
    sent: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    both = {engine, engine.get_execution_options().get(READER, engine)}
    for listened in both:
        event.listen(listened, "before_cursor_execute", note)
    yield sent
    for listened in both:
        event.remove(listened, "before_cursor_execute", note)


def test_it_is_the_ledger_the_use_cases_ask_for(ledger: SqlLedger) -> None:
    asked_for: Ledger = ledger
    assert asked_for.orders() == ()


def test_a_confirmation_stores_statement_order_event_and_intent(ledger: SqlLedger) -> None:
    statement, order = block()
    assert ledger.confirm("c", statement, order) == order
    assert ledger.order(order.id) == order
    assert ledger.orders() == (order,)
    assert ledger.statement(order.id) == statement
    assert ledger.events(order.id) == (Event(order.id, NOON, "maria", "confirm", OrderState.CONFIRMED, ""),)
    assert ledger.intents() == (Intent(f"{order.id}:send", order.id, Kind.SEND, NOON),)
    assert ledger.last_allocations() == {"CORE": NOON}
    assert ledger.verify() == ()


def test_a_screen_that_confirms_twice_gets_the_first_order(ledger: SqlLedger) -> None:
    first = ledger.confirm("c", *block("A"))
    statement, order = block("A", created_at=NOON + timedelta(seconds=1))
    again_statement = replace(statement, id="st-again", order_id="or-again", body="{}", sha256=digest("{}"))
    again = replace(order, id="or-again", statement_id="st-again", statement_sha256=digest("{}"))
    assert ledger.confirm("c", again_statement, again) == first
    assert ledger.orders() == (first,)
    assert len(ledger.audit()) == 1


def test_a_command_used_again_for_another_block_is_refused(ledger: SqlLedger) -> None:
    ledger.confirm("c", *block("A"))
    with pytest.raises(Rejected, match="command c was carried out before"):
        ledger.confirm("c", *block("B"))
    assert len(ledger.orders()) == 1


def test_an_order_confirmed_under_two_commands_is_refused(ledger: SqlLedger) -> None:
    ledger.confirm("c", *block())
    with pytest.raises(Rejected, match="or-A is in the ledger already"):
        ledger.confirm("d", *block())


def _wrong_hash(statement: Statement, order: Order) -> tuple[Statement, Order]:
    return replace(statement, body=statement.body + " "), order


def _other_statement(statement: Statement, order: Order) -> tuple[Statement, Order]:
    return statement, replace(order, statement_sha256="0" * 64)


def _lost_unit(statement: Statement, order: Order) -> tuple[Statement, Order]:
    return statement, replace(order, face=order.face + 1)


def _no_lines(statement: Statement, order: Order) -> tuple[Statement, Order]:
    return statement, replace(order, lines=(), face=0)


def _account_twice(statement: Statement, order: Order) -> tuple[Statement, Order]:
    return statement, replace(order, lines=(*order.lines[:2], OrderLine("P1", 200_000)))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_wrong_hash, "the statement's hash is not its text's"),
        (_other_statement, "do not name each other"),
        (_lost_unit, "its lines add up to 1,000,000 and the order to 1,000,001"),
        (_no_lines, "it has no lines"),
        (_account_twice, "an account has more than one line"),
    ],
)
def test_what_does_not_agree_with_itself_is_not_confirmed(ledger: SqlLedger, spoil: object, words: str) -> None:
    assert callable(spoil)
    with pytest.raises(Rejected, match=words):
        ledger.confirm("c", *spoil(*block()))
    assert ledger.orders() == ()
    assert ledger.audit() == ()


def test_a_step_moves_the_order_its_lines_its_history_and_its_intent(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    sent = ledger.advance("s", change(order, broker_id="77", broker_status="Open", closes_intent="or-A:send"))
    assert (sent.version, sent.state, sent.broker_id, sent.lines) == (2, OrderState.SENDING, "77", order.lines)
    assert ledger.intents() == ()
    step = change(
        sent,
        OrderState.ACTIVE,
        "fill",
        detail="first fill",
        filled=Decimal("400000.25"),
        average_price=Decimal("99.123456789012"),
        booked={"P1": Decimal("400000.25")},
        message="under way",
    )
    filled = ledger.advance("f", step)
    assert filled == ledger.order(order.id)
    assert [(line.account_id, line.booked) for line in filled.lines] == [
        ("P3", Decimal(0)),
        ("P1", Decimal("400000.25")),
        ("P2", Decimal(0)),
    ]
    assert (filled.filled, filled.average_price) == (Decimal("400000.25"), Decimal("99.123456789012"))
    assert (filled.broker_id, filled.broker_status, filled.message) == ("77", "Open", "under way")
    assert filled.updated_at == step.at
    assert [(e.event, e.state, e.detail) for e in ledger.events(order.id)] == [
        ("confirm", OrderState.CONFIRMED, ""),
        ("send", OrderState.SENDING, ""),
        ("fill", OrderState.ACTIVE, "first fill"),
    ]
    assert ledger.verify() == ()


def test_a_booking_for_an_account_without_a_line_is_kept_beside_the_lines(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    after = ledger.advance("f", change(order, booked={"P9": Decimal(5), "P1": Decimal(1)}))
    assert after.lines[-1] == OrderLine("P9", 0, Decimal(5))
    assert ledger.order(order.id) == after
    assert sum(line.face for line in after.lines) == after.face


def test_a_repeated_step_returns_what_it_returned_even_after_later_ones(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    first = ledger.advance("s", change(order))
    ledger.advance("f", change(first, OrderState.ACTIVE, "fill"))
    assert ledger.advance("s", change(order)) == first
    assert ledger.order(order.id).version == 3


def test_a_step_from_an_old_version_is_a_conflict_and_changes_nothing(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    sent = ledger.advance("s", change(order))
    with pytest.raises(VersionConflict, match=r"at version 2 by worker at .*, and this step was made from version 1"):
        ledger.advance("late", change(order, booked={"P1": Decimal(9)}, closes_intent="or-A:send"))
    assert ledger.order(order.id) == sent
    assert len(ledger.events(order.id)) == 2
    assert len(ledger.intents()) == 1


def test_a_conflict_tells_what_changed_since_the_order_was_opened(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    sent = ledger.advance("s", change(order))
    booked = {"P1": Decimal("1000.5"), "P9": Decimal(7)}
    price = Decimal("99.5")
    step = change(sent, OrderState.ACTIVE, "active", filled=Decimal("1007.5"), booked=booked, average_price=price)
    ledger.advance("f", step)
    with pytest.raises(VersionConflict, match=r"Someone changed order or-A since you opened it") as caught:
        ledger.advance("late", change(order))
    assert [str(change) for change in caught.value.changes] == [
        "state: confirmed -> active",
        "filled: 0 -> 1,007.5",
        "average price: none -> 99.5",
        "booked for P1: 0 -> 1,000.5",
        "booked for P9: 0 -> 7",
    ]
    assert all(str(change) in str(caught.value) for change in caught.value.changes)


def test_a_confirmation_made_too_late_tells_what_came_in_between(ledger: SqlLedger) -> None:
    ledger.confirm("c", *block("A"), after=0)
    ledger.set_limits("l", (Limit("P1", Rule.ISSUER, "", "5%"),), 0, "connie", NOON, "first")
    with pytest.raises(VersionConflict) as caught:
        ledger.confirm("d", *block("B"), after=0)
    assert [str(change) for change in caught.value.changes] == [
        "confirmed orders: 0 -> 1",
        "order or-A: none -> BUY 1,000,000 ABC 5.25 06/15/31 for CORE",
    ]
    with pytest.raises(VersionConflict) as caught:
        ledger.confirm("d", *block("B"), after=1, limits=0)
    assert [str(change) for change in caught.value.changes] == ["Issuer concentration for P1: none -> 5%"]


def test_an_intent_is_closed_once(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    sent = ledger.advance("s", change(order, closes_intent="or-A:send"))
    with pytest.raises(Rejected, match="or-A:send of order or-A is not open"):
        ledger.advance("t", change(sent, closes_intent="or-A:send"))
    assert ledger.order(order.id) == sent


def test_a_figure_the_ledger_cannot_hold_is_refused_by_name(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    with pytest.raises(Rejected, match="average_price keeps 12 decimals"):
        ledger.advance("f", change(order, average_price=Decimal(1) / Decimal(3)))
    assert ledger.order(order.id) == order


def test_only_the_newest_fence_may_write(ledger: SqlLedger, clock: SetClock) -> None:
    order = ledger.confirm("c", *block())
    old = ledger.acquire("worker", "one", 10)
    assert old is not None
    sent = ledger.advance("s", change(order), fence=old.fence)
    clock.forward(11)
    new = ledger.acquire("worker", "two", 10)
    assert new is not None
    with pytest.raises(LeaseLost, match="has passed to another worker"):
        ledger.advance("f", change(sent), fence=old.fence)
    assert ledger.order(order.id) == sent
    assert ledger.advance("f", change(sent), fence=new.fence).version == 3


def test_a_former_holder_is_not_answered_with_the_new_holders_step(ledger: SqlLedger, clock: SetClock) -> None:
    order = ledger.confirm("c", *block())
    old = ledger.acquire("worker", "one", 10)
    assert old is not None
    clock.forward(11)
    new = ledger.acquire("worker", "two", 10)
    assert new is not None
    sent = ledger.advance("or-A:1:send", change(order), fence=new.fence)
    assert ledger.advance("or-A:1:send", change(order), fence=new.fence) == sent
    with pytest.raises(LeaseLost):
        ledger.advance("or-A:1:send", change(order), fence=old.fence)


def test_unknown_orders_are_not_found(ledger: SqlLedger) -> None:
    with pytest.raises(NotFound, match="no order or-A"):
        ledger.order("or-A")
    with pytest.raises(NotFound, match="no statement for order or-A"):
        ledger.statement("or-A")
    with pytest.raises(NotFound, match="no order or-A"):
        ledger.advance("s", change(block()[1]))
    assert ledger.events("or-A") == ()


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
    with _statements(engine) as sent:
        assert len(ledger.orders()) == 5
    assert len([sql for sql in sent if sql.startswith("SELECT")]) == 2


def test_writing_takes_as_many_statements_for_many_lines_as_for_few(engine: Engine, ledger: SqlLedger) -> None:
    statement, order = block("warm")
    ledger.confirm("warm", statement, order)
    counts = []
    for number in (2, 300):
        statement, order = block(f"n{number}")
        lines = tuple(OrderLine(f"P{i}", 10) for i in range(number))
        order = replace(order, lines=lines, face=10 * number)
        with _statements(engine) as sent:
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
