"""Orders of one batch go out in one call, and each is answered by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orders.dispatch import GRACE, POST_WINDOW, Dispatch
from orders.errors import DeskError, RateLimited, Rejected, Unavailable
from orders.lifecycle import Event
from orders.model import BrokerOrder, Cancellation, Change, Order, OrderState, Ticket
from orders.sending import GRACE_IN_BATCH
from tests.orders.desk import FakeBroker, TestClock
from tests.orders.watch import Watch, confirmed, watching

LOST = Unavailable("No answer in time.", sent=True)
UNREACHED = Unavailable("Aladdin cannot be reached.", sent=False)
AT = TestClock().at + timedelta(hours=1)


@dataclass
class Batching:
    """The broker's other door: each order of a batch is posted by it, `fails` as for single posts."""

    broker: FakeBroker
    watch: Watch
    calls: list[list[str]] = field(default_factory=list)
    until: list[datetime] = field(default_factory=list)
    seen: list[list[OrderState]] = field(default_factory=list)  # of its orders in the ledger, at each call

    def post_all(self, tickets: Sequence[Ticket], not_after: datetime) -> tuple[BrokerOrder | DeskError, ...]:
        self.calls.append([ticket.reference for ticket in tickets])
        self.seen.append([self.watch.at.ledger.order(ticket.reference).state for ticket in tickets])
        self.until.append(not_after)
        return tuple(self._fate(ticket, not_after) for ticket in tickets)

    def _fate(self, ticket: Ticket, not_after: datetime) -> BrokerOrder | DeskError:
        try:
            return self.broker.post(ticket, not_after)
        except DeskError as error:
            return error

    def cancel_all(self, asked: Sequence[Cancellation], not_after: datetime) -> tuple[BrokerOrder | DeskError, ...]:
        raise NotImplementedError


def batching(directory: Path, count: int = 3, release_at: datetime | None = None) -> tuple[Watch, Batching]:
    watch = watching(directory, batch="b1", release_at=release_at)
    for number in range(2, count + 1):
        confirmed(watch.at, f"c{number}", batch="b1", release_at=release_at)
    return watch, begun(watch)


def begun(watch: Watch) -> Batching:
    batches = Batching(watch.broker, watch)
    watch.worker = Dispatch(watch.at.ledger, watch.broker, watch.at.clock, "w1", batches)
    return batches


def orders(watch: Watch) -> list[Order]:
    """Oldest first, as they go out."""
    return sorted(watch.at.ledger.orders(), key=lambda order: order.created_at)


def states(watch: Watch) -> list[OrderState]:
    return [order.state for order in orders(watch)]


def test_the_orders_of_a_batch_go_out_in_one_call_and_each_is_sending_before_it(tmp_path: Path) -> None:
    watch, batches = batching(tmp_path)
    started = watch.at.clock.at
    watch.round()
    assert states(watch) == [OrderState.OPEN] * 3
    assert batches.calls == [[order.id for order in orders(watch)]]
    assert batches.seen == [[OrderState.SENDING] * 3]
    assert started < batches.until[0] < started + POST_WINDOW + timedelta(seconds=1)
    assert watch.at.ledger.intents() == ()
    watch.round()
    assert len(watch.broker.posted) == 3
    assert watch.at.ledger.verify() == ()


def test_an_order_by_itself_and_orders_of_no_batch_are_posted_one_by_one(tmp_path: Path) -> None:
    watch, batches = batching(tmp_path, count=1)
    confirmed(watch.at, "n1")
    confirmed(watch.at, "n2")
    confirmed(watch.at, "other", batch="b2")
    watch.round()
    assert (states(watch), batches.calls) == ([OrderState.OPEN] * 4, [])


def test_each_batch_is_a_call_of_its_own(tmp_path: Path) -> None:
    watch, batches = batching(tmp_path, count=2)
    confirmed(watch.at, "d1", batch="b2")
    confirmed(watch.at, "d2", batch="b2")
    watch.round()
    assert [len(call) for call in batches.calls] == [2, 2]
    assert states(watch) == [OrderState.OPEN] * 4


def test_without_batches_they_are_posted_one_by_one(tmp_path: Path) -> None:
    watch, _ = batching(tmp_path)
    watch.worker = Dispatch(watch.at.ledger, watch.broker, watch.at.clock, "w1")
    watch.round()
    assert states(watch) == [OrderState.OPEN] * 3


@pytest.mark.parametrize(
    ("failure", "acted", "at_once", "in_the_end"),
    [
        (Rejected("Aladdin refused the order."), False, OrderState.REJECTED, OrderState.REJECTED),
        (UNREACHED, False, OrderState.SEND_FAILED, OrderState.OPEN),
        (RateLimited("Too many."), False, OrderState.SEND_FAILED, OrderState.OPEN),
        (LOST, True, OrderState.UNKNOWN, OrderState.OPEN),
        (LOST, False, OrderState.UNKNOWN, OrderState.OPEN),
    ],
)
def test_each_answer_is_taken_as_that_of_a_single_post(
    tmp_path: Path, failure: DeskError, acted: bool, at_once: OrderState, in_the_end: OrderState
) -> None:
    watch, batches = batching(tmp_path)
    watch.broker.fails = [(failure, acted)]
    watch.tick()
    assert states(watch) == [at_once, OrderState.OPEN, OrderState.OPEN]
    watch.rounds(1.2 * GRACE_IN_BATCH.total_seconds())
    assert states(watch) == [in_the_end, OrderState.OPEN, OrderState.OPEN]
    references = [ticket.reference for ticket in watch.broker.posted]
    assert len(references) == len(set(references)) == 3 - (in_the_end is OrderState.REJECTED)
    assert len(batches.calls) == 1


def test_a_batch_that_was_lost_has_longer_to_show_before_its_orders_are_posted_again(tmp_path: Path) -> None:
    watch, _ = batching(tmp_path)
    watch.broker.fails = [(LOST, False)] * 3
    watch.rounds(GRACE_IN_BATCH.total_seconds() - 20)
    assert (states(watch), watch.broker.posted) == ([OrderState.UNKNOWN] * 3, [])
    assert GRACE < GRACE_IN_BATCH


def test_orders_that_never_left_go_out_together_again(tmp_path: Path) -> None:
    watch, batches = batching(tmp_path)
    watch.broker.fails = [(UNREACHED, False)] * 3
    watch.rounds(60)
    assert [len(call) for call in batches.calls] == [3, 3]
    assert states(watch) == [OrderState.OPEN] * 3


def test_a_scheduled_batch_goes_out_together_at_its_time(tmp_path: Path) -> None:
    watch, batches = batching(tmp_path, release_at=AT)
    watch.rounds(3590)
    assert batches.calls == []
    watch.rounds(20, step=1)
    assert [len(call) for call in batches.calls] == [3]
    assert states(watch) == [OrderState.OPEN] * 3


def test_an_order_that_cannot_go_is_left_out_of_its_batch(tmp_path: Path) -> None:
    watch, batches = batching(tmp_path, count=4)
    advance, withdrawn = watch.at.ledger.advance, orders(watch)[1]

    def slower(command: str, change: Change, *rest: Any) -> Order:
        if (change.order_id, change.event) == (withdrawn.id, Event.SEND):
            del watch.at.ledger.advance
            intent = next(i.id for i in watch.at.ledger.intents() if i.order_id == withdrawn.id)
            also = Change(withdrawn.id, 1, OrderState.CANCELED, Event.WITHDRAW, "pm", change.at, closes_intent=intent)
            advance("withdrawn", also)
        return advance(command, change, *rest)

    watch.at.ledger.advance = slower  # type: ignore[method-assign,assignment]
    watch.tick()
    assert states(watch) == [OrderState.OPEN, OrderState.CANCELED, OrderState.OPEN, OrderState.OPEN]
    assert [len(call) for call in batches.calls] == [3]


def test_where_the_ledger_is_slow_no_order_leaves_long_after_it_is_said_to_be_sending(tmp_path: Path) -> None:
    watch, batches = batching(tmp_path, count=5)
    advance = watch.at.ledger.advance

    def slow(command: str, change: Change, *rest: Any) -> Order:
        watch.at.clock.pass_(2.0)
        return advance(command, change, *rest)

    watch.at.ledger.advance = slow  # type: ignore[method-assign,assignment]
    watch.tick()
    assert states(watch) == [OrderState.OPEN] * 5
    assert len(batches.calls) > 1
    sent = {
        event.order_id: event.at
        for o in orders(watch)
        for event in watch.at.ledger.events(o.id)
        if event.event == Event.SEND
    }
    for call, not_after in zip(batches.calls, batches.until, strict=True):
        assert not_after == min(sent[reference] for reference in call) + POST_WINDOW


@pytest.mark.parametrize("fault", ["too few answers", "a defect", "an error that is raised"])
@pytest.mark.parametrize("acted", [True, False])
def test_a_batch_without_an_answer_for_each_order_is_looked_up(tmp_path: Path, fault: str, acted: bool) -> None:
    watch, batches = batching(tmp_path)
    post_all = batches.post_all

    def faulty(tickets: Sequence[Ticket], not_after: datetime) -> tuple[BrokerOrder | DeskError, ...]:
        del batches.post_all
        fates = post_all(tickets, not_after) if acted else ()
        if fault == "a defect":
            raise KeyError("a defect")
        if fault == "an error that is raised":
            raise LOST
        return fates[:1]

    batches.post_all = faulty  # type: ignore[method-assign]
    watch.tick()
    assert states(watch) == [OrderState.UNKNOWN] * 3
    assert watch.worker.pulse.trouble == ""
    watch.rounds(120)
    assert states(watch) == [OrderState.OPEN if acted else OrderState.UNKNOWN] * 3
    watch.rounds(1.2 * GRACE_IN_BATCH.total_seconds())
    assert states(watch) == [OrderState.OPEN] * 3
    references = [ticket.reference for ticket in watch.broker.posted]
    assert len(references) == len(set(references)) == 3


def test_a_process_that_dies_in_a_batch_posts_no_order_twice(tmp_path: Path) -> None:
    class Dies(BaseException):
        """The process is no more."""

    watch, _ = batching(tmp_path)
    watch.broker.fails = [(Dies(), True)]  # type: ignore[list-item]
    with pytest.raises(Dies):
        watch.tick()
    assert states(watch) == [OrderState.SENDING] * 3
    begun(watch)
    watch.rounds(1.2 * GRACE_IN_BATCH.total_seconds())
    assert states(watch) == [OrderState.OPEN] * 3
    assert len(watch.broker.posted) == 3


def test_a_stop_while_a_batch_is_made_ready_sends_what_is_ready(tmp_path: Path) -> None:
    watch, batches = batching(tmp_path)
    advance = watch.at.ledger.advance

    def stopping(command: str, change: Change, *rest: Any) -> Order:
        if change.order_id == orders(watch)[1].id:
            watch.worker.stop()
        return advance(command, change, *rest)

    watch.at.ledger.advance = stopping  # type: ignore[method-assign,assignment]
    watch.tick()
    assert states(watch) == [OrderState.OPEN, OrderState.OPEN, OrderState.CONFIRMED]
    assert [len(call) for call in batches.calls] == [2]
