"""What the worker does with an order of a ledger that was put back to before the order was sent."""

from __future__ import annotations

import pytest

from orders.confirmation import ticket_of
from orders.dispatch import GRACE, Dispatch
from orders.lifecycle import Event
from orders.model import Change, OrderState
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
