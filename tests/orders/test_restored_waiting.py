"""What was waited for in a ledger that was put back is waited for still."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from orders.checks import Policy
from orders.confirmation import ticket_of
from orders.dispatch import GRACE, Dispatch
from orders.lifecycle import Event
from orders.model import Kind, OrderState
from orders.sending import RELEASE_WITHIN
from tests.orders.desk import TestClock
from tests.orders.watch import Watch, watching

AT = TestClock().at + timedelta(hours=1)
FOUR_EYES = Policy(approval_from=0)


@pytest.fixture
def scheduled(tmp_path: Path) -> Watch:
    return watching(tmp_path, release_at=AT)


@pytest.fixture
def awaiting(tmp_path: Path) -> Watch:
    return watching(tmp_path, FOUR_EYES)


def restored(watch: Watch) -> None:
    opens = None if watch.at.ledger.intents() else Kind.SEND
    watch.happens(Event.RESTORED, "ops", opens_intent=opens)
    watch.at.clock.pass_(60)
    watch.worker = Dispatch(watch.at.ledger, watch.broker, watch.at.clock, "w1")  # the process begins anew


def test_an_order_that_awaited_its_approval_in_a_restored_ledger_does_so_again(awaiting: Watch) -> None:
    restored(awaiting)
    order = awaiting.rounds(3 * GRACE.total_seconds())
    assert (order.state, awaiting.broker.posted, awaiting.at.ledger.intents()) == (OrderState.AWAITING, [], ())
    awaiting.decide(Event.APPROVE)
    assert awaiting.tick().state is OrderState.OPEN


def test_an_order_that_was_approved_and_sent_before_the_ledger_was_put_back_is_taken_over(awaiting: Watch) -> None:
    awaiting.broker.post(ticket_of(awaiting.order()), AT)
    restored(awaiting)
    assert awaiting.rounds(60).state is OrderState.OPEN
    assert len(awaiting.broker.posted) == 1


def test_nobody_can_send_again_what_was_never_approved(awaiting: Watch) -> None:
    restored(awaiting)
    awaiting.rounds(60)
    awaiting.decide(Event.NOT_THERE)
    awaiting.decide(Event.SEND_AGAIN)
    order = awaiting.rounds(300)
    assert (order.state, awaiting.broker.posted) == (OrderState.SEND_FAILED, [])
    assert order.message == "It was never approved, so it is not sent. Withdraw it, and confirm it again."


def test_a_scheduled_order_of_a_restored_ledger_still_goes_out_at_its_time(scheduled: Watch) -> None:
    restored(scheduled)
    assert scheduled.rounds(3 * GRACE.total_seconds()).state is OrderState.SCHEDULED
    assert scheduled.broker.posted == []
    scheduled.at.clock.at = AT
    assert scheduled.tick().state is OrderState.OPEN


def test_an_order_that_was_held_in_a_restored_ledger_is_not_sent_by_itself(scheduled: Watch) -> None:
    scheduled.at.clock.at = AT + 2 * RELEASE_WITHIN
    scheduled.tick()
    restored(scheduled)
    order = scheduled.rounds(3 * GRACE.total_seconds())
    assert (order.state, scheduled.broker.posted) == (OrderState.UNKNOWN, [])
    assert "It was held when the ledger was put back" in order.message


def test_an_approved_order_of_a_restored_ledger_still_waits_for_its_time(tmp_path: Path) -> None:
    watch = watching(tmp_path, FOUR_EYES, release_at=AT)
    watch.decide(Event.APPROVE)
    restored(watch)
    assert watch.rounds(3 * GRACE.total_seconds()).state is OrderState.SCHEDULED
    assert watch.broker.posted == []
    watch.at.clock.at = AT
    assert watch.rounds(90).state is OrderState.OPEN
