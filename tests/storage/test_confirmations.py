"""A confirmation is stored whole, once, and on the figures it was made from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from allocation.limits import Limit, Rule
from orders.canonical import digest
from orders.errors import Rejected, VersionConflict
from orders.model import Event, Intent, Kind, Order, OrderLine, OrderState, Statement
from storage import SqlLedger
from tests.storage.emulated import stores
from tests.storage.samples import NOON, block, modification


@pytest.fixture(params=stores())
def store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


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
    later = NOON + timedelta(seconds=1)
    again = block("A", created_at=later, id="or-again", statement_id="st-again", updated_at=later)
    assert ledger.confirm("c", *again) == first
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


def _other_terms(statement: Statement, order: Order) -> tuple[Statement, Order]:
    return statement, replace(order, settlement=order.settlement + timedelta(days=1))


def _other_engine(statement: Statement, order: Order) -> tuple[Statement, Order]:
    return statement, replace(order, engine="pro_rata")


def _other_split(statement: Statement, order: Order) -> tuple[Statement, Order]:
    (third, first, second) = order.lines
    return statement, replace(order, lines=(third, replace(first, face=second.face), replace(second, face=first.face)))


def _told_twice(statement: Statement, order: Order) -> tuple[Statement, Order]:
    """The statement names P1 twice, the second time without a face."""
    body = statement.body.replace('"P4"', '"P1"')
    again = replace(statement, body=body, sha256=digest(body))
    return again, replace(order, statement_sha256=again.sha256)


def _no_text(statement: Statement, order: Order) -> tuple[Statement, Order]:
    again = replace(statement, body="{}", sha256=digest("{}"))
    return again, replace(order, statement_sha256=again.sha256)


def _by_another(statement: Statement, order: Order) -> tuple[Statement, Order]:
    return replace(statement, created_by="paul"), order


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_wrong_hash, "the statement's hash is not its text's"),
        (_other_statement, "do not name each other"),
        (_lost_unit, "its lines add up to 1,000,000 and the order to 1,000,001"),
        (_no_lines, "it has no lines"),
        (_account_twice, "an account has more than one line"),
        (_by_another, "not made at once by the same person"),
        (_other_terms, "not those of its statement"),
        (_other_engine, "not those of its statement"),
        (_other_split, "not those of its statement"),
        (_told_twice, "not those of its statement"),
        (_no_text, "does not have the text of a statement"),
    ],
)
def test_what_does_not_agree_with_itself_is_not_confirmed(ledger: SqlLedger, spoil: object, words: str) -> None:
    assert callable(spoil)
    with pytest.raises(Rejected, match=words):
        ledger.confirm("c", *spoil(*block()))
    assert ledger.orders() == ()
    assert ledger.audit() == ()


def test_a_confirmation_made_too_late_tells_what_came_in_between(ledger: SqlLedger) -> None:
    ledger.confirm("c", *block("A"), after=0)
    ledger.set_limits("l", (Limit("P1", Rule.ISSUER, "", "5%"),), 0, "connie", NOON, "first")
    with pytest.raises(VersionConflict) as caught:
        ledger.confirm("d", *block("B"), after=0)
    assert [str(change) for change in caught.value.changes] == [
        "confirmed allocations: 0 -> 1",
        "order or-A: none -> BUY 1,000,000 ABC 5.25 06/15/31 for CORE",
    ]
    with pytest.raises(VersionConflict) as caught:
        ledger.confirm("d", *block("B"), after=1, limits=0)
    assert [str(change) for change in caught.value.changes] == ["Issuer concentration for P1: none -> 5%"]


def test_a_modification_takes_its_turn_with_confirmations_and_limits(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block("A"), after=0)
    step, statement = modification(order)
    ledger.confirm("d", *block("B"), after=1)
    with pytest.raises(VersionConflict, match="confirmed or modified another allocation"):
        ledger.advance("m", step, statement=statement, after=1, limits=0)
    ledger.set_limits("l", (Limit("P1", Rule.ISSUER, "", "5%"),), 0, "connie", NOON, "first")
    with pytest.raises(VersionConflict, match="changed the limits"):
        ledger.advance("m", step, statement=statement, after=2, limits=0)
    assert ledger.order(order.id) == order
    ledger.advance("m", step, statement=statement, after=2, limits=1)
    with pytest.raises(VersionConflict) as caught:
        ledger.confirm("e", *block("C"), after=2)
    told = [str(change) for change in caught.value.changes]
    assert told[0] == "confirmed allocations: 2 -> 3"
    assert told[1].startswith(f"order {order.id}: other terms -> BUY")
    assert ledger.confirmed() == 3
