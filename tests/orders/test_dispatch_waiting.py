"""Orders that wait: for their time, for an approval, for a person's word."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from orders.attempts import RETRIES
from orders.checks import Policy
from orders.dispatch import Dispatch
from orders.errors import Unavailable, VersionConflict
from orders.lifecycle import Event
from orders.model import BrokerOrder, Change, Order, OrderState
from orders.outbox import PutOff
from orders.sending import RELEASE_WITHIN
from tests.orders.desk import TestClock
from tests.orders.watch import Watch, watching

LOST = Unavailable("No answer in time.", sent=True)
UNREACHED = Unavailable("Aladdin cannot be reached.", sent=False)
HOUR = timedelta(hours=1)
AT = TestClock().at + HOUR
MONDAY = date(2026, 11, 23)
FOUR_EYES = Policy(approval_from=0)


@pytest.fixture
def scheduled(tmp_path: Path) -> Watch:
    return watching(tmp_path, release_at=AT)


@pytest.fixture
def awaiting(tmp_path: Path) -> Watch:
    return watching(tmp_path, FOUR_EYES)


def again(watch: Watch) -> None:
    """The process begins anew."""
    watch.at.clock.pass_(60)
    watch.worker = Dispatch(watch.at.ledger, watch.broker, watch.at.clock, "w1")


# -- for their time ----------------------------------------------------------------------------------------------------


def test_a_scheduled_order_goes_out_at_its_time_and_not_before(scheduled: Watch) -> None:
    assert scheduled.rounds(3570).state is OrderState.SCHEDULED
    assert (scheduled.broker.posted, scheduled.worker.pulse.held_up) == ([], 0)
    order = scheduled.rounds(60, step=1)
    assert order.state is OrderState.OPEN
    assert scheduled.history() == ["confirm", "release", "send", "opened"]
    assert order.entered_at is not None
    assert timedelta() <= order.entered_at - AT < timedelta(seconds=2)


def test_a_restart_before_its_time_changes_nothing_for_a_scheduled_order(scheduled: Watch) -> None:
    scheduled.tick()
    again(scheduled)
    assert scheduled.rounds(600).state is OrderState.SCHEDULED
    again(scheduled)
    scheduled.at.clock.at = AT + RELEASE_WITHIN / 2
    assert scheduled.tick().state is OrderState.OPEN
    assert len(scheduled.broker.posted) == 1


def test_a_scheduled_order_is_never_sent_late_in_silence(scheduled: Watch) -> None:
    scheduled.at.clock.at = AT + RELEASE_WITHIN + timedelta(seconds=1)
    order = scheduled.rounds(300)
    assert (order.state, scheduled.broker.posted) == (OrderState.SEND_FAILED, [])
    told = "It was to be sent at 16:00:00 UTC on 20 Nov 2026, and nobody worked. A person must decide"
    assert order.message.startswith(told)
    scheduled.decide(Event.SEND_AGAIN)
    assert scheduled.tick().state is OrderState.OPEN
    assert scheduled.history() == ["confirm", "release missed", "send again", "send", "opened"]


def test_a_scheduled_order_of_a_day_that_is_over_lapses(scheduled: Watch) -> None:
    scheduled.at.clock.at, scheduled.at.clock.today_ = AT + 60 * HOUR, MONDAY
    order = scheduled.rounds(60)
    assert (order.state, scheduled.broker.posted, scheduled.at.ledger.intents()) == (OrderState.EXPIRED, [], ())


def test_a_scheduled_order_that_is_withdrawn_is_not_sent_at_its_time(scheduled: Watch) -> None:
    scheduled.tick()
    scheduled.decide(Event.WITHDRAW)
    scheduled.at.clock.at = AT
    assert scheduled.rounds(60).state is OrderState.CANCELED
    assert scheduled.broker.posted == []


# -- for an approval ---------------------------------------------------------------------------------------------------


def test_an_order_that_awaits_its_approval_is_not_sent_and_lapses_after_its_day(awaiting: Watch) -> None:
    assert awaiting.rounds(600).state is OrderState.AWAITING
    awaiting.at.clock.today_ = MONDAY
    order = awaiting.tick()
    assert (order.state, awaiting.broker.posted) == (OrderState.EXPIRED, [])
    assert order.message == "Not approved on its day, 20 Nov 2026: it lapsed."


def test_an_approved_order_goes_out_however_long_it_waited_for_that(awaiting: Watch) -> None:
    awaiting.at.clock.pass_(7200)
    awaiting.decide(Event.APPROVE)
    assert awaiting.tick().state is OrderState.OPEN
    assert awaiting.history() == ["confirm", "approve", "send", "opened"]


def test_an_approved_order_still_waits_for_its_time(tmp_path: Path) -> None:
    watch = watching(tmp_path, FOUR_EYES, release_at=AT)
    watch.decide(Event.APPROVE)
    assert watch.rounds(3570).state is OrderState.SCHEDULED
    assert watch.rounds(60, step=1).state is OrderState.OPEN
    assert watch.history() == ["confirm", "approve for later", "release", "send", "opened"]
    assert AT <= watch.broker.deadlines[0] < AT + timedelta(seconds=15)


def test_an_approved_order_whose_time_was_missed_waits_for_a_person(tmp_path: Path) -> None:
    watch = watching(tmp_path, FOUR_EYES, release_at=AT)
    watch.decide(Event.APPROVE)
    watch.at.clock.at = AT + 2 * RELEASE_WITHIN
    order = watch.rounds(300)
    assert (order.state, watch.broker.posted) == (OrderState.SEND_FAILED, [])
    assert "and nobody worked. A person must decide" in order.message
    watch.decide(Event.SEND_AGAIN)
    assert watch.tick().state is OrderState.OPEN


def test_an_order_approved_after_its_time_goes_out_at_once(tmp_path: Path) -> None:
    """It is its approval that it waited for, however long the worker was there."""
    watch = watching(tmp_path, FOUR_EYES, release_at=AT)
    watch.at.clock.at = AT + HOUR
    watch.decide(Event.APPROVE)
    assert watch.tick().state is OrderState.OPEN
    assert watch.history() == ["confirm", "approve", "send", "opened"]


# -- for a person's word -----------------------------------------------------------------------------------------------


def test_an_order_that_a_person_vouched_for_is_sent_when_they_say_so_and_not_before(watch: Watch) -> None:
    watch.broker.fails = [(LOST, False)]
    watch.tick()
    watch.decide(Event.NOT_THERE)
    order = watch.rounds(1200)
    assert (order.state, watch.broker.posted, watch.worker.pulse.held_up) == (OrderState.SEND_FAILED, [], 1)
    watch.decide(Event.SEND_AGAIN)
    assert watch.tick().state is OrderState.OPEN
    assert len(watch.broker.posted) == 1


@pytest.mark.parametrize("sent_again", [True, False])
def test_an_order_that_is_at_aladdin_after_all_is_taken_over_and_not_sent_again(watch: Watch, sent_again: bool) -> None:
    watch.broker.fails = [(LOST, True)]
    watch.hide()
    watch.tick()
    watch.decide(Event.NOT_THERE)
    watch.rounds(60)
    watch.show()
    if sent_again:
        watch.decide(Event.SEND_AGAIN)
    order = watch.rounds(120)
    assert (order.state, len(watch.broker.posted), watch.at.ledger.intents()) == (OrderState.OPEN, 1, ())
    assert watch.history()[-2:] == ["restored", "opened"]


def test_the_retries_begin_anew_when_a_person_sends_an_order_again(watch: Watch) -> None:
    watch.broker.fails = [(UNREACHED, False)] * 100
    watch.rounds(3600)
    given_up = watch.history()
    watch.decide(Event.SEND_AGAIN)
    order = watch.rounds(3600)
    assert watch.history() == [*given_up, "send again", *["send", "never left"] * (len(RETRIES) + 1), "given up"]
    assert order.message.startswith("Not sent in 5 attempts.")


def test_another_worker_waits_as_long_before_the_next_attempt(watch: Watch) -> None:
    watch.broker.fails = [(UNREACHED, False)] * 100
    for _ in range(10):
        watch.tick()
        again(watch)  # a minute later
    assert watch.history() == ["confirm", *["send", "never left"] * 4]
    assert watch.worker.pulse.held_up == 0
    watch.tick()
    assert (watch.worker.pulse.held_up, watch.order().message) == (1, str(UNREACHED))
    assert watch.rounds(1800).message.startswith("Not sent in 5 attempts.")


def test_what_a_person_decides_is_carried_out_in_the_next_round_also_where_no_one_wakes_the_worker(
    watch: Watch,
) -> None:
    """As where the app and the worker are two processes."""
    watch.broker.fails = [(UNREACHED, False)] * 4
    watch.rounds(500)
    assert watch.history().count("send") == 4  # and the next is a quarter of an hour off
    watch.decide(Event.SEND_AGAIN)
    assert watch.tick().state is OrderState.OPEN


def test_an_order_may_be_held_for_ever(watch: Watch) -> None:
    watch.broker.fails = [(LOST, False)]
    watch.tick()
    watch.decide(Event.NOT_THERE)
    watch.tick()
    (intent,) = watch.at.ledger.intents()
    watch.worker._outbox._put_offs[intent.id] = PutOff(watch.at.clock.at, 5000, "", watch.order().version)
    watch.tick()
    assert (watch.worker.pulse.trouble, watch.worker.pulse.held_up) == ("", 1)


# -- one wins, and the other is told -----------------------------------------------------------------------------------


def test_an_order_withdrawn_as_the_worker_is_about_to_send_it_is_not_sent(watch: Watch) -> None:
    advance = watch.at.ledger.advance

    def slower(command: str, change: Change, *rest: Any) -> Order:
        if change.event == Event.SEND:
            del watch.at.ledger.advance
            watch.decide(Event.WITHDRAW)
        return advance(command, change, *rest)

    watch.at.ledger.advance = slower  # type: ignore[method-assign,assignment]
    order = watch.tick()
    assert (order.state, order.message, watch.broker.posted) == (OrderState.CANCELED, "", [])
    watch.rounds(60)
    assert (watch.worker.pulse.held_up, watch.worker.pulse.trouble) == (0, "")


def test_whoever_withdraws_an_order_that_was_just_sent_is_told(watch: Watch) -> None:
    before = watch.order()
    watch.tick()
    late = Change(before.id, before.version, OrderState.CANCELED, Event.WITHDRAW, "pm", watch.at.clock.now())
    with pytest.raises(VersionConflict):
        watch.at.ledger.advance("late", late)
    assert watch.order().state is OrderState.OPEN


def test_an_order_that_a_person_changes_meanwhile_says_nothing_of_it(watch: Watch) -> None:
    watch.broker.fails = [(LOST, False)]
    watch.tick()

    def slower(reference: str) -> BrokerOrder | None:
        watch.decide(Event.NOT_THERE)
        return None

    watch.broker.find_order = slower  # type: ignore[method-assign]
    watch.tick()
    watch.show()
    told = "pm says it is not at Aladdin. Send it again, or withdraw it."
    assert (watch.order().state, watch.order().message) == (OrderState.SEND_FAILED, told)
