"""What the worker does with an order of a ledger that was put back to before the order was sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from orders.confirmation import ticket_of
from orders.dispatch import GRACE, Dispatch
from orders.lifecycle import Event
from orders.model import Change, OrderState
from storage import open_engine
from storage.restoring import mark_restored
from tests.orders.watch import Watch


@pytest.mark.parametrize("sent_before", [True, False])
def test_an_order_of_a_restored_ledger_is_looked_up_and_only_posted_where_aladdin_lacks_it(
    watch: Watch, sent_before: bool
) -> None:
    order = watch.order()
    if sent_before:
        watch.broker.post(ticket_of(order), watch.at.clock.at)
    restored = Change(order.id, order.version, OrderState.UNKNOWN, Event.RESTORED.value, "ops", watch.at.clock.at)
    watch.at.ledger.advance("restored", restored)
    watch.round()
    assert len(watch.broker.posted) == sent_before
    assert watch.rounds(2 * GRACE.total_seconds()).state is OrderState.OPEN
    assert len(watch.broker.posted) == 1


@pytest.mark.parametrize("backed_up", [OrderState.SENDING, OrderState.UNKNOWN])
def test_an_order_that_was_lost_before_the_backup_is_not_posted_a_third_time(
    watch: Watch, tmp_path: Path, backed_up: OrderState
) -> None:
    """The ledger that was replaced posted it again, and Aladdin shows neither post for a while."""
    order, clock = watch.order(), watch.at.clock
    steps = [(OrderState.SENDING, Event.SEND), (OrderState.UNKNOWN, Event.ANSWER_LOST)]
    for state, event in steps[: 1 if backed_up is OrderState.SENDING else 2]:
        order = watch.at.ledger.advance(
            event.value, Change(order.id, order.version, state, event.value, "w", clock.now())
        )
    clock.pass_(GRACE.total_seconds() + 5)
    watch.broker.post(ticket_of(order), clock.now())  # by the other ledger
    watch.hide()
    clock.pass_(10)
    engine = open_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    assert mark_restored(engine, clock, "ops", "backup.db") == (order.id,)
    engine.dispose()
    watch.worker = Dispatch(watch.at.ledger, watch.broker, clock, "w1")
    assert watch.rounds(3 * GRACE.total_seconds()).state is OrderState.UNKNOWN
    assert len(watch.broker.posted) == 1
    assert "A person must decide" in watch.order().message
    watch.show()
    assert watch.rounds(120).state is OrderState.OPEN


def test_an_order_from_before_the_worker_that_aladdin_has_is_not_posted_again(watch: Watch) -> None:
    """As in a ledger whose file was copied back by hand."""
    watch.broker.post(ticket_of(watch.order()), watch.at.clock.at)
    watch.at.clock.pass_(60)
    watch.worker = Dispatch(watch.at.ledger, watch.broker, watch.at.clock, "w1")
    assert watch.round().state is OrderState.OPEN
    assert len(watch.broker.posted) == 1
    assert watch.history() == ["confirm", "restored", "opened"]


def test_an_order_that_aladdin_has_is_taken_over_though_it_would_be_too_late_to_send_it(watch: Watch) -> None:
    watch.broker.post(ticket_of(watch.order()), watch.at.clock.at)
    watch.at.clock.pass_(24 * 3600)
    watch.worker = Dispatch(watch.at.ledger, watch.broker, watch.at.clock, "w1")
    assert watch.round().state is OrderState.OPEN
