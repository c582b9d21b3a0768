"""A ledger that was put back: whatever may have been sent since is looked up first, on either store."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from sqlalchemy import Engine

from orders.lifecycle import LIVE, READY, WAITING
from orders.model import Kind, Order, OrderState
from storage import SqlLedger
from storage.restoring import mark_restored
from tests.storage.samples import NOON, SetClock, block, change

S = OrderState


def _in(ledger: SqlLedger, state: OrderState, **step: object) -> Order:
    """An order in this state, under its name."""
    name = state.name
    statement, order = block(name)
    if state in (S.CONFIRMED, S.SCHEDULED, S.AWAITING):
        return ledger.confirm(name, statement, replace(order, state=state, release_at=NOON, batch="b1"))
    begun = replace(order, state=S.AWAITING) if state is S.APPROVED else order
    return ledger.advance(f"{name}:in", change(ledger.confirm(name, statement, begun), state, "made so", **step))


def test_each_order_that_may_have_been_sent_since_is_looked_up_by_one_open_intent(
    engine: Engine, ledger: SqlLedger, clock: SetClock
) -> None:
    for state in (S.AWAITING, S.SCHEDULED, S.CONFIRMED):
        _in(ledger, state)
    _in(ledger, S.APPROVED, opens_intent=Kind.SEND)
    _in(ledger, S.SEND_FAILED, closes_intent="or-SEND_FAILED:send")  # given up
    _in(ledger, S.ACTIVE, closes_intent="or-ACTIVE:send")
    _in(ledger, S.CANCELED, closes_intent="or-CANCELED:send")
    not_sent = {f"or-{state.name}" for state in (*WAITING, *READY)}
    clock.forward(60)
    assert set(mark_restored(engine, clock, "ops", "kept.db")) == not_sent
    for order in ledger.orders():
        if order.id in not_sent:
            assert (order.state, ledger.events(order.id)[-1].event) == (S.UNKNOWN, "restored")
    assert Counter((intent.order_id, intent.kind) for intent in ledger.intents()) == Counter(
        (name, Kind.SEND) for name in not_sent
    )
    assert {intent.id for intent in ledger.intents()} >= {"or-AWAITING:2:send", "or-SEND_FAILED:3:send"}
    assert ledger.verify() == ()


def test_what_aladdin_has_already_is_left_to_be_followed(engine: Engine, ledger: SqlLedger, clock: SetClock) -> None:
    for state in LIVE:
        _in(ledger, state, closes_intent=f"or-{state.name}:send")
    before = ledger.orders()
    assert mark_restored(engine, clock, "ops", "kept.db") == ()
    assert ledger.orders() == before
