"""A round's steps fail alone, a stop ends it after the step in hand, and another worker takes over."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from orders import dispatch
from orders.dispatch import LEASE, LEASE_SECONDS, Dispatch
from orders.errors import LeaseLost, Unavailable
from orders.model import BrokerOrder, Intent, Lease, OrderState, Ticket
from storage import SqlLedger
from tests.aladdin.loopback import until
from tests.orders.desk import BOOK
from tests.orders.watch import Watch, confirmed


@pytest.fixture
def live(watch: Watch) -> Watch:
    """One order at Aladdin that has just moved, and one that is to be sent."""
    watch.round()
    watch.broker.fill("Active", A=100_000)
    confirmed(watch.at, "c2")
    return watch


def states(watch: Watch) -> list[OrderState]:
    return sorted(order.state for order in watch.at.ledger.orders())


def broken(*_: object) -> Any:
    raise RuntimeError("a defect")


def silent(*_: object) -> Any:
    raise Unavailable("The ledger does not answer.")


@pytest.mark.parametrize(
    ("fault", "trouble"), [(broken, "defect: RuntimeError"), (silent, "It could not finish its last round.")]
)
def test_an_outbox_that_cannot_be_read_does_not_keep_live_orders_from_being_followed(
    live: Watch, fault: Any, trouble: str
) -> None:
    at = live.worker.pulse.at
    live.at.ledger.intents = fault  # type: ignore[method-assign]
    live.round()
    assert states(live) == [OrderState.CONFIRMED, OrderState.PART_FILLED]
    assert (live.worker.pulse.trouble, live.worker.pulse.at) == (trouble, at)
    del live.at.ledger.intents
    live.round()
    assert (live.worker.pulse.trouble, states(live)) == ("", [OrderState.OPEN, OrderState.PART_FILLED])


@pytest.mark.parametrize("fault", [broken, silent])
def test_live_orders_that_cannot_be_followed_do_not_keep_others_from_being_sent(live: Watch, fault: Any) -> None:
    live.broker.orders = fault  # type: ignore[method-assign]
    live.round()
    assert states(live) == [OrderState.OPEN, OrderState.OPEN]
    assert live.worker.pulse.trouble


def test_a_defect_with_one_order_is_told_on_it_and_holds_up_no_other(live: Watch) -> None:
    lost = confirmed(live.at, "c3")
    post = live.broker.post

    def defect(ticket: Ticket, not_after: datetime) -> BrokerOrder:
        if ticket.reference == lost.id:
            raise KeyError(ticket.reference)
        return post(ticket, not_after)

    live.broker.post = defect  # type: ignore[method-assign]
    live.broker.find_order = broken  # type: ignore[method-assign,assignment]
    live.round()
    assert states(live) == [OrderState.OPEN, OrderState.PART_FILLED, OrderState.SENDING]
    live.rounds(20, step=5)
    assert states(live) == [OrderState.OPEN, OrderState.PART_FILLED, OrderState.UNKNOWN]
    order = live.at.ledger.order(lost.id)
    assert order.message == (
        "A defect of Evenlot (RuntimeError) holds this order up. The log has it whole: tell support."
    )
    assert (live.worker.pulse.trouble, live.worker.pulse.held_up) == ("", 1)


def test_a_defect_with_one_live_order_keeps_no_other_from_being_followed(live: Watch) -> None:
    live.round()
    first, second = (live.broker.book[name] for name in ("1", "2"))
    live.broker.fill("Active", A=500_000)
    live.broker.book["1"] = replace(first, status=None)  # type: ignore[arg-type]
    live.round()
    moved = next(order for order in live.at.ledger.orders() if order.broker_id == second.id)
    assert moved.filled == 500_000
    assert live.worker.pulse.held_up == 1


def test_a_stop_lets_the_order_in_hand_be_answered_and_begins_no_other(watch: Watch) -> None:
    confirmed(watch.at, "c2")
    post = watch.broker.post

    def stopped(ticket: Ticket, not_after: datetime) -> BrokerOrder:
        watch.worker.stop()
        return post(ticket, not_after)

    watch.broker.post = stopped  # type: ignore[method-assign]
    watch.worker.run()
    assert states(watch) == [OrderState.CONFIRMED, OrderState.OPEN]
    assert watch.at.ledger.lease(LEASE) is None


def test_a_lease_that_cannot_be_given_back_is_no_fault(watch: Watch) -> None:
    def silent_too(lease: Lease) -> None:
        raise Unavailable("The ledger does not answer.")

    def stopping() -> tuple[Intent, ...]:
        watch.worker.stop()
        return ()

    watch.at.ledger.release = silent_too  # type: ignore[method-assign]
    watch.at.ledger.intents = stopping  # type: ignore[method-assign]
    watch.worker.run()


def test_a_worker_that_died_is_followed_by_another_once_its_lease_has_run_out(watch: Watch) -> None:
    class Dies(BaseException):
        """The process is no more."""

    watch.broker.fails = [(Dies(), True)]  # type: ignore[list-item]
    with pytest.raises(Dies):
        watch.tick()
    second = Dispatch(watch.at.ledger, watch.broker, watch.at.clock, "w2")
    thread = threading.Thread(target=second.run)
    thread.start()
    try:
        second.wake()
        until(lambda: not second._wake.is_set())
        assert watch.order().state is OrderState.SENDING  # the lease of the first still stands
        watch.at.clock.pass_(LEASE_SECONDS + 1)

        def taken_over() -> bool:
            second.wake()
            return watch.order().state is OrderState.OPEN

        until(taken_over)
    finally:
        second.stop()
        thread.join()
    assert len(watch.broker.posted) == 1
    assert watch.history() == ["confirm", "send", "answer lost", "opened"]


def test_a_worker_whose_rounds_all_fail_leaves_the_work_to_one_that_does_better(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "IDLE_SECONDS", 0.02)
    monkeypatch.setattr(dispatch, "STEP_BACK_SECONDS", 30.0)
    sick = SqlLedger(watch.at.ledger._engine, BOOK.id, watch.at.clock)
    sick.intents = broken  # type: ignore[method-assign]
    ledgers = {"sick": sick, "well": watch.at.ledger}
    workers = [Dispatch(ledger, watch.broker, watch.at.clock, name) for name, ledger in ledgers.items()]
    threads = [threading.Thread(target=worker.run) for worker in workers]
    threads[0].start()
    try:
        until(lambda: (held := sick.lease(LEASE)) is not None and held.pulse.trouble == "defect: RuntimeError")
        threads[1].start()
        until(lambda: watch.order().state is OrderState.OPEN)
        held = sick.lease(LEASE)
        assert held is not None
        assert held.holder == "well"
    finally:
        for worker, thread in zip(workers, threads, strict=True):
            worker.stop()
            thread.join()


def test_a_worker_that_is_alone_goes_on_after_it_stepped_back(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "IDLE_SECONDS", 0.02)
    monkeypatch.setattr(dispatch, "STEP_BACK_SECONDS", 0.02)
    rounds, intents = [0], watch.at.ledger.intents

    def failing_at_first() -> tuple[Intent, ...]:
        rounds[0] += 1
        return intents() if rounds[0] > 4 else broken()

    watch.at.ledger.intents = failing_at_first  # type: ignore[method-assign]
    thread = threading.Thread(target=watch.worker.run)
    thread.start()
    try:
        until(lambda: watch.order().state is OrderState.OPEN)
        until(lambda: watch.worker.pulse.trouble == "")
    finally:
        watch.worker.stop()
        thread.join()


def test_the_worst_case_of_a_take_over_is_within_thirty_seconds() -> None:
    assert LEASE_SECONDS + dispatch.IDLE_SECONDS < 30, "of one that died"
    assert (dispatch.MOST_UNFINISHED + 1) * dispatch.IDLE_SECONDS < 30, "of one that only fails"
    assert dispatch.STEP_BACK_SECONDS > dispatch.IDLE_SECONDS, "or the one that failed would be there first"


def test_an_order_that_is_asked_for_while_a_round_begins_is_looked_at_in_the_next(watch: Watch) -> None:
    """Nothing that another thread says is lost, however the two threads take turns."""
    said = [f"EL-{number}" for number in range(20_000)]

    def speak() -> None:
        for name in said:
            watch.worker.wake(name)

    speaker = threading.Thread(target=speak)
    heard = set[str]()
    speaker.start()
    while speaker.is_alive():
        heard |= watch.worker._just_woken()
    heard |= watch.worker._just_woken()
    assert heard == set(said)


def test_a_worker_that_comes_back_after_another_took_over_writes_nothing_and_posts_nothing_twice(
    watch: Watch,
) -> None:
    second = Dispatch(watch.at.ledger, watch.broker, watch.at.clock, "w2")
    post = watch.broker.post

    def slow(ticket: Ticket, not_after: datetime) -> BrokerOrder:
        answer = post(ticket, not_after)
        watch.at.clock.pass_(LEASE_SECONDS + 1)
        lease = watch.at.ledger.acquire(LEASE, "w2", LEASE_SECONDS)
        assert lease is not None
        for _ in range(3):
            second.work(lease)
        return answer

    watch.broker.post = slow  # type: ignore[method-assign]
    with pytest.raises(LeaseLost):
        watch.tick()
    assert watch.history() == ["confirm", "send", "answer lost", "opened"]
    assert len(watch.broker.posted) == 1


def test_two_workers_over_one_ledger_post_each_order_once(watch: Watch) -> None:
    for number in range(4):
        confirmed(watch.at, f"more{number}")
    workers: Sequence[Dispatch] = [
        Dispatch(watch.at.ledger, watch.broker, watch.at.clock, f"w{number}") for number in (1, 2)
    ]
    threads = [threading.Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        until(lambda: states(watch) == [OrderState.OPEN] * 5)
    finally:
        for worker in workers:
            worker.stop()
        for thread in threads:
            thread.join()
    assert sorted(ticket.reference for ticket in watch.broker.posted) == sorted(
        order.id for order in watch.at.ledger.orders()
    )
