from __future__ import annotations

import sqlite3
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.attempts import MISSES
from orders.dispatch import GRACE, POST_WINDOW, Dispatch
from orders.errors import Malformed, NotPermitted, OutsideError, RateLimited, Rejected, Unavailable
from orders.model import BrokerOrder, OrderState, Ticket
from tests.orders.desk import FakeBroker, TestClock
from tests.orders.watch import Watch, watching

LOST = Unavailable("No answer in time.", sent=True)
UNREACHED = Unavailable("Aladdin cannot be reached.", sent=False)


@pytest.mark.parametrize("failure", [Unavailable("No answer in time.", sent=True), Malformed("Cannot be read.")])
def test_a_lost_answer_is_looked_up_and_never_posted_again(watch: Watch, failure: OutsideError) -> None:
    watch.broker.fails = [(failure, True)]
    assert watch.round().state is OrderState.UNKNOWN
    assert watch.round().state is OrderState.OPEN
    assert len(watch.broker.posted) == 1


def test_a_lost_post_goes_out_again_only_after_the_grace_and_the_misses(watch: Watch) -> None:
    watch.broker.fails = [(Unavailable("No answer in time.", sent=True), False)]
    watch.round()
    for _ in range(MISSES + 2):
        watch.at.clock.pass_(GRACE.total_seconds() / (MISSES + 3))
        assert watch.round().state is OrderState.UNKNOWN
    assert watch.broker.posted == []
    watch.at.clock.pass_(GRACE.total_seconds())
    assert watch.round().state is OrderState.OPEN
    assert len(watch.broker.posted) == 1
    assert watch.history().count("not found") == MISSES


def test_after_two_lost_posts_a_person_decides(watch: Watch) -> None:
    lost = (Unavailable("No answer in time.", sent=True), False)
    watch.broker.fails = [lost, lost, lost]
    for _ in range(20):
        watch.round()
        watch.at.clock.pass_(GRACE.total_seconds())
    assert watch.order().state is OrderState.UNKNOWN
    assert "A person must decide" in watch.order().message
    assert watch.history().count("send") == 2


def test_an_order_left_sending_by_a_crash_is_looked_up_first(watch: Watch) -> None:
    class Crash(BaseException):
        """The process dies after Aladdin has the order."""

    watch.broker.fails = [(Crash(), True)]  # type: ignore[list-item]
    with pytest.raises(Crash):
        watch.round()
    assert watch.order().state is OrderState.SENDING
    watch.round()
    assert watch.round().state is OrderState.OPEN
    assert len(watch.broker.posted) == 1


def test_a_lost_order_is_looked_up_less_and_less_often(watch: Watch) -> None:
    looks = []
    watch.broker.fails = [(Unavailable("No answer in time.", sent=True), False)] * 2
    watch.broker.find_order = lambda reference: looks.append(reference)  # type: ignore[method-assign]
    for _ in range(600):
        watch.round()
        watch.at.clock.pass_(1)
    assert len(looks) < 20


def test_posts_that_never_left_do_not_count_as_lost(watch: Watch) -> None:
    never = (Unavailable("Aladdin cannot be reached.", sent=False), False)
    watch.broker.fails = [never, never, (Unavailable("No answer in time.", sent=True), False)]
    for _ in range(40):
        watch.round()
        watch.at.clock.pass_(30)
    assert watch.order().state is OrderState.OPEN
    assert len(watch.broker.posted) == 1


def test_a_second_post_that_is_refused_says_nothing_of_the_first(watch: Watch) -> None:
    refused = Rejected("Aladdin refused the order: externalId1 is already used by order 1.")
    watch.broker.fails = [(LOST, True), (refused, False)]
    watch.hide()
    order = watch.rounds(3600)
    assert order.state is OrderState.UNKNOWN
    assert len(watch.at.ledger.intents()) == 1
    assert "already used by order 1. A person must decide" in order.message
    assert watch.history().count("send") == 2
    watch.show()
    assert watch.rounds(120).state is OrderState.OPEN
    assert len(watch.broker.posted) == 1


def test_a_second_post_that_no_longer_is_its_statement_leaves_the_first_one_in_doubt(
    watch: Watch, tmp_path: Path
) -> None:
    watch.broker.fails = [(LOST, True)]
    watch.hide()
    watch.round()
    with sqlite3.connect(tmp_path / "ledger.db") as ledger:
        ledger.execute("UPDATE order_lines SET face = 5 * face WHERE account_id = 'A'")
    order = watch.rounds(1200)
    assert order.state is OrderState.UNKNOWN
    assert "no longer what its statement froze" in order.message
    assert (watch.history().count("send"), len(watch.broker.posted)) == (1, 1)


def test_after_a_second_post_that_never_left_the_first_is_looked_up_again_before_another(watch: Watch) -> None:
    watch.broker.fails = [(LOST, True), (RateLimited("Too many requests."), False)]
    watch.hide()
    while watch.history().count("send") < 2:
        watch.tick()
        watch.at.clock.pass_(5)
    assert (watch.order().state, watch.history()[-1]) == (OrderState.UNKNOWN, "repeat never left")
    assert watch.order().message.startswith("The first post may have arrived, and is looked up.")
    watch.show()
    assert watch.rounds(120).state is OrderState.OPEN
    assert len(watch.broker.posted) == 1


@pytest.mark.parametrize("after", [30, 900])
def test_what_may_be_at_aladdin_never_lapses_nor_goes_out_after_its_day(watch: Watch, after: float) -> None:
    watch.broker.fails = [(LOST, True), *[(RateLimited("Too many requests."), False)] * 50]
    watch.hide()
    watch.rounds(after)
    sent = watch.history().count("send")
    watch.at.clock.today_ = date(2026, 11, 23)
    order = watch.rounds(3600)
    assert order.state is OrderState.UNKNOWN
    assert "its day has passed. A person must decide" in order.message
    assert watch.history().count("send") == sent
    watch.show()
    assert watch.rounds(120).state is OrderState.OPEN


def test_a_lost_order_is_not_posted_again_long_after_it_was_confirmed(watch: Watch) -> None:
    watch.broker.fails = [(LOST, False)]
    watch.round()
    watch.broker.find_order = cut_off  # type: ignore[method-assign]
    watch.rounds(1800)
    watch.hide()
    order = watch.rounds(1200)
    assert (order.state, watch.broker.posted) == (OrderState.UNKNOWN, [])
    assert "Its second post: Not sent within 25 minutes: its price may be another now. A person must" in order.message


def test_a_look_up_that_fails_the_same_way_is_told_once_and_an_outage_not_at_all(watch: Watch) -> None:
    watch.broker.fails = [(LOST, True)]
    watch.round()
    watch.broker.find_order = cut_off  # type: ignore[method-assign]
    assert watch.rounds(600).message == str(LOST)

    def hidden(reference: str) -> BrokerOrder | None:
        raise NotPermitted(f"Aladdin hides orders from us. Request id {uuid.uuid4()}.")

    watch.broker.find_order = hidden  # type: ignore[method-assign]
    assert watch.rounds(1200).message.startswith("Aladdin hides orders from us.")
    assert watch.history() == ["confirm", "send", "answer lost", "noted"]


def cut_off(reference: str) -> BrokerOrder | None:
    raise Unavailable("Aladdin does not answer.")


@dataclass
class Murky(FakeBroker):
    """A broker whose posts come to what was drawn, and which shows them late. It keeps every order it was given."""

    clock: TestClock = field(default_factory=TestClock)
    fates: list[str] = field(default_factory=list)
    lag: float = 0
    placed: list[datetime] = field(default_factory=list)

    def post(self, ticket: Ticket, not_after: datetime) -> BrokerOrder:
        fate = self.fates.pop(0) if self.fates else "placed"
        if fate == "never left":
            raise UNREACHED
        if fate == "refused":
            raise Rejected("Aladdin refused the order.")
        if fate == "lost":
            raise LOST
        self.placed.append(self.clock.now())
        order = super().post(ticket, not_after)
        if fate == "answer lost":
            raise LOST
        return order

    def find_order(self, reference: str) -> BrokerOrder | None:
        visible = self.placed and (self.clock.now() - self.placed[0]).total_seconds() > self.lag
        return super().find_order(reference) if visible else None


@pytest.mark.parametrize("examples", [15, pytest.param(300, marks=pytest.mark.soak)])
def test_whatever_becomes_of_its_posts_an_order_is_never_twice_at_aladdin_nor_given_up_while_it_is(
    examples: int,
) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(
        fates=st.lists(st.sampled_from(["placed", "answer lost", "lost", "never left", "refused"]), max_size=8),
        lag=st.floats(0, GRACE.total_seconds() - POST_WINDOW.total_seconds()),
        steps=st.lists(st.floats(1, 200), min_size=30, max_size=30),
        midnight=st.integers(0, 60),
    )
    def holds(fates: list[str], lag: float, steps: list[float], midnight: int) -> None:
        with TemporaryDirectory() as directory:
            watch = watching(Path(directory))
            broker = Murky(clock=watch.at.clock, fates=fates, lag=lag)
            watch.worker = Dispatch(watch.at.ledger, broker, watch.at.clock, "w1")
            for number, step in enumerate(steps):
                if number == midnight:
                    watch.at.clock.today_ = date(2026, 11, 23)
                order = watch.tick()
                assert len(broker.placed) <= 1
                given_up = order.state in (OrderState.REJECTED, OrderState.EXPIRED)
                assert not (given_up and broker.placed), watch.history()
                watch.at.clock.pass_(step)

    holds()
