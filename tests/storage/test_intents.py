"""What the worker is asked to do: from the confirmation on, and by each step that opens or closes an intent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from orders.errors import Rejected, VersionConflict
from orders.model import Intent, Kind, Order, OrderState, Statement
from storage import SqlLedger
from tests.storage.samples import NOON, block, change

LATER = NOON + timedelta(hours=1)


def _begun(state: OrderState, name: str = "A", **more: object) -> tuple[Statement, Order]:
    statement, order = block(name)
    return statement, replace(order, state=state, **more)  # type: ignore[arg-type]


def test_nothing_is_asked_of_the_worker_before_an_order_is_approved(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *_begun(OrderState.AWAITING))
    assert ledger.order(order.id) == order
    assert ledger.intents() == ()
    assert ledger.verify() == ()
    step = change(order, OrderState.APPROVED, "approve", actor="paul", opens_intent=Kind.SEND)
    approved = ledger.advance("a", step)
    assert ledger.intents() == (Intent("or-A:2:send", order.id, Kind.SEND, step.at),)
    assert ledger.advance("a", step) == approved  # as a window that repeats it
    ledger.advance("s", change(approved, closes_intent="or-A:2:send"))
    assert ledger.intents() == ()
    assert ledger.verify() == ()


def test_a_scheduled_order_is_in_the_outbox_with_its_time_and_its_batch(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *_begun(OrderState.SCHEDULED, release_at=LATER, batch="b1"))
    assert ledger.intents() == (Intent("or-A:send", order.id, Kind.SEND, NOON),)
    found = ledger.order(order.id)
    assert (found.state, found.release_at, found.batch) == (OrderState.SCHEDULED, LATER, "b1")
    released = ledger.advance("r", change(order, OrderState.CONFIRMED, "release"))
    assert (released.release_at, released.batch) == (LATER, "b1")
    assert ledger.verify() == ()


@pytest.mark.parametrize(
    ("begun", "words"),
    [
        (lambda: _begun(OrderState.OPEN), "it is open, which no order begins as"),
        (lambda: _begun(OrderState.APPROVED), "it is approved, which no order begins as"),
        (lambda: _begun(OrderState.SCHEDULED), "it is scheduled, and nothing says for when"),
    ],
)
def test_an_order_begins_in_a_state_that_orders_begin_in(
    ledger: SqlLedger, begun: Callable[[], tuple[Statement, Order]], words: str
) -> None:
    with pytest.raises(Rejected, match=words):
        ledger.confirm("c", *begun())
    assert ledger.orders() == ()


def test_nothing_is_asked_of_the_worker_for_an_order_that_was_entered_in_aladdin(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *_begun(OrderState.OPEN, broker_id="77"))
    assert (order.state, order.broker_id) == (OrderState.OPEN, "77")
    assert ledger.intents() == ()
    assert ledger.verify() == ()


def test_a_confirmation_repeated_when_its_time_has_come_gets_the_first_order(ledger: SqlLedger) -> None:
    """What follows from the clock, from who must approve and from how the batch is named is judged anew each time."""
    first = ledger.confirm("c", *_begun(OrderState.SCHEDULED, release_at=LATER, batch="b1"))
    assert ledger.confirm("c", *_begun(OrderState.CONFIRMED, release_at=LATER, batch="b2")) == first
    with pytest.raises(Rejected, match="carried out before"):
        ledger.confirm("c", *_begun(OrderState.SCHEDULED, release_at=LATER + timedelta(hours=1)))
    assert len(ledger.intents()) == 1


def test_a_step_may_close_one_intent_and_open_another(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    kinds = {intent.id: intent.kind for intent in ledger.intents()}
    assert kinds == {"or-A:send": Kind.SEND}
    asked = change(order, OrderState.MODIFY_PENDING, "modify", closes_intent="or-A:send", opens_intent=Kind.MODIFY)
    after = ledger.advance("m", asked)
    assert ledger.intents() == (Intent("or-A:2:modify", order.id, Kind.MODIFY, asked.at),)
    more = {"closes_intent": "or-A:2:modify", "opens_intent": Kind.CANCEL}
    ledger.advance("x", change(after, OrderState.CANCEL_PENDING, "cancel", **more))
    assert [(intent.id, intent.kind) for intent in ledger.intents()] == [("or-A:3:cancel", Kind.CANCEL)]
    assert ledger.verify() == ()


def test_a_step_that_fails_opens_nothing(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    sent = ledger.advance("s", change(order, closes_intent="or-A:send"))
    with pytest.raises(VersionConflict):
        ledger.advance("late", change(order, OrderState.CANCEL_PENDING, "cancel", opens_intent=Kind.CANCEL))
    with pytest.raises(Rejected, match="or-A:send of order or-A is not open"):
        ledger.advance("t", change(sent, closes_intent="or-A:send", opens_intent=Kind.CANCEL))
    assert ledger.intents() == ()
    assert ledger.verify() == ()


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        ("UPDATE intents SET kind = 'send'", "its intent or-A:2:cancel was edited: kind is send"),
        ("UPDATE intents SET done = TRUE", "its intent or-A:2:cancel was edited: done is True"),
        ("DELETE FROM intents", "its intent or-A:2:cancel was removed"),
    ],
)
def test_an_opened_intent_that_is_not_as_recorded_is_named(
    engine: Engine, ledger: SqlLedger, tampering: str, told: str
) -> None:
    order = ledger.confirm("c", *_begun(OrderState.AWAITING))
    ledger.advance("x", change(order, OrderState.CANCEL_PENDING, "cancel", opens_intent=Kind.CANCEL))
    with engine.begin() as conn:
        conn.execute(text(tampering))
    (fault,) = ledger.verify()
    assert fault.startswith(f"Order or-A: {told}")


def test_an_intent_of_an_order_that_awaits_approval_was_added(engine: Engine, ledger: SqlLedger) -> None:
    ledger.confirm("c", *_begun(OrderState.AWAITING))
    with engine.begin() as conn:
        row = "'or-A:send', 'or-A', 'send', '2025-09-15 12:00:00.123456', FALSE"
        conn.execute(text(f"INSERT INTO intents (id, order_id, kind, created_at, done) VALUES ({row})"))
    assert ledger.verify() == ("Order or-A: its intent or-A:send was added: the audit log has none.",)
