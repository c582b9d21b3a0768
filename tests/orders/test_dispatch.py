from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from orders.dispatch import GRACE, LEASE, LEASE_SECONDS, MISSES, POST_WINDOW, Dispatch, _ticket
from orders.errors import LeaseLost, Malformed, OutsideError, Rejected, Unavailable
from orders.lifecycle import Event
from orders.model import BrokerOrder, Change, Order, OrderState
from tests.orders.desk import PM, FakeBroker, Outfit, outfit
from tests.orders.test_desk import preview


@dataclass
class Watch:
    """A worker at its desk, driven a round at a time."""

    at: Outfit
    broker: FakeBroker
    worker: Dispatch

    def order(self) -> Order:
        return self.at.ledger.orders()[0]

    def round(self) -> Order:
        lease = self.at.ledger.acquire(LEASE, "w1", LEASE_SECONDS)
        assert lease is not None
        self.worker.work(lease)
        return self.order()

    def history(self) -> list[str]:
        return [event.event for event in self.at.ledger.events(self.order().id)]


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    at, broker = outfit(tmp_path), FakeBroker()
    at.desk.confirm(PM, preview(at), "", "c1")
    return Watch(at, broker, Dispatch(at.ledger, broker, at.clock, "w1"))


def test_a_confirmed_order_is_posted_once_with_a_detail_per_account(watch: Watch) -> None:
    order = watch.round()
    assert order.state is OrderState.OPEN
    assert order.broker_id == "1"
    watch.round()
    assert [[line.face for line in ticket.lines] for ticket in watch.broker.posted] == [[1_000_000, 1_000_000]]
    assert watch.broker.posted[0].reference == order.id
    assert watch.at.ledger.intents() == ()


def test_fills_come_in_until_the_order_is_booked(watch: Watch) -> None:
    watch.round()
    watch.broker.fill("Active", A=300_000, B=300_000)
    partly = watch.round()
    assert (partly.state, partly.filled, partly.average_price) == (OrderState.ACTIVE, Decimal(600_000), Decimal("98.5"))
    assert [line.booked for line in partly.lines] == [300_000, 300_000]
    watch.broker.fill("Booked", A=1_000_000, B=1_000_000)
    assert watch.round().state is OrderState.BOOKED
    assert watch.history() == ["confirm", "send", "opened", "active", "booked"]


def test_a_fill_in_the_same_state_is_an_event_and_no_news_is_none(watch: Watch) -> None:
    watch.round()
    watch.broker.fill("Active", A=100_000, B=100_000)
    watch.round()
    watch.broker.fill("Active", A=200_000, B=200_000)
    watch.round()
    watch.round()
    assert watch.history()[-2:] == ["active", "filled"]


def test_an_unknown_status_is_kept_visible_and_live(watch: Watch) -> None:
    watch.round()
    watch.broker.fill("Pending Wizardry", A=0, B=0)
    order = watch.round()
    assert order.state is OrderState.FOREIGN
    assert order.broker_status == "Pending Wizardry"
    watch.broker.fill("Booked", A=1_000_000, B=1_000_000)
    assert watch.round().state is OrderState.BOOKED


def test_a_refused_order_is_rejected_with_aladdins_words(watch: Watch) -> None:
    watch.broker.fails = [(Rejected("Aladdin refused the order: RESTRICTED.", code="RESTRICTED"), False)]
    order = watch.round()
    assert order.state is OrderState.REJECTED
    assert "RESTRICTED" in order.message
    assert watch.at.ledger.intents() == ()


def test_a_post_that_never_left_is_tried_again_later(watch: Watch) -> None:
    watch.broker.fails = [(Unavailable("Aladdin cannot be reached.", sent=False), False)]
    assert watch.round().state is OrderState.CONFIRMED
    assert watch.round().state is OrderState.CONFIRMED
    assert watch.broker.posted == []
    watch.at.clock.pass_(3)
    order = watch.round()
    assert order.state is OrderState.OPEN
    assert order.message == ""


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
    assert "a person must decide" in watch.order().message
    assert watch.history().count("send") == 2


@pytest.mark.parametrize("sent_before", [True, False])
def test_an_order_of_a_restored_ledger_is_looked_up_and_only_posted_where_aladdin_lacks_it(
    watch: Watch, sent_before: bool
) -> None:
    order = watch.order()
    if sent_before:
        watch.broker.post(_ticket(order), watch.at.clock.at)
    restored = Change(order.id, order.version, OrderState.UNKNOWN, Event.RESTORED.value, "ops", watch.at.clock.at)
    watch.at.ledger.advance("restored", restored)
    watch.round()
    assert len(watch.broker.posted) == sent_before
    for _ in range(MISSES + 2):
        watch.at.clock.pass_(GRACE.total_seconds())
        watch.round()
    assert watch.order().state is OrderState.OPEN
    assert len(watch.broker.posted) == 1


def test_an_order_from_before_the_worker_that_aladdin_has_is_not_posted_again(watch: Watch) -> None:
    """As in a ledger whose file was copied back by hand."""
    order = watch.order()
    watch.broker.post(_ticket(order), watch.at.clock.at)
    watch.at.clock.pass_(60)
    watch.worker = Dispatch(watch.at.ledger, watch.broker, watch.at.clock, "w1")
    assert watch.round().state is OrderState.OPEN
    assert len(watch.broker.posted) == 1
    assert watch.history() == ["confirm", "restored", "opened"]


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


def test_a_worker_whose_lease_has_passed_on_writes_nothing(watch: Watch) -> None:
    lease = watch.at.ledger.acquire(LEASE, "w1", LEASE_SECONDS)
    assert lease is not None
    watch.at.clock.pass_(LEASE_SECONDS + 1)
    assert watch.at.ledger.acquire(LEASE, "w2", LEASE_SECONDS) is not None
    with pytest.raises(LeaseLost):
        watch.worker.work(lease)
    assert watch.broker.posted == []
    assert watch.order().state is OrderState.CONFIRMED


def test_one_order_that_cannot_be_handled_does_not_hold_up_the_others(watch: Watch) -> None:
    watch.at.desk.confirm(PM, preview(watch.at), "", "c2")
    watch.broker.fails = [(Unavailable("Aladdin cannot be reached.", sent=False), False)]
    watch.round()
    assert sorted(order.state for order in watch.at.ledger.orders()) == [OrderState.CONFIRMED, OrderState.OPEN]


def test_an_order_that_missed_its_trade_date_lapses_and_is_never_posted(watch: Watch) -> None:
    watch.broker.fails = [(Unavailable("Aladdin cannot be reached.", sent=False), False)]
    watch.round()
    watch.at.clock.today_ = date(2026, 11, 23)
    watch.at.clock.pass_(60)
    order = watch.round()
    assert order.state is OrderState.EXPIRED
    assert "Not sent on its trade date, 20 Nov 2026" in order.message
    assert watch.broker.posted == []
    assert watch.at.ledger.intents() == ()


def test_an_order_whose_rows_no_longer_match_its_statement_is_not_sent(watch: Watch, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "ledger.db") as ledger:
        ledger.execute("UPDATE order_lines SET face = 5 * face WHERE account_id = 'A'")
    order = watch.round()
    assert order.state is OrderState.REJECTED
    assert "no longer what its statement froze" in order.message
    assert watch.broker.posted == []


def test_an_order_that_cannot_be_looked_up_does_not_stop_the_others(watch: Watch) -> None:
    watch.broker.fails = [(Unavailable("No answer in time.", sent=True), False)]
    watch.round()

    def twice(reference: str) -> BrokerOrder | None:
        raise Malformed(f"Aladdin has 2 orders under reference {reference}.")

    watch.broker.find_order = twice  # type: ignore[method-assign]
    watch.at.desk.confirm(PM, preview(watch.at), "", "c2")
    watch.round()
    assert sorted(order.state for order in watch.at.ledger.orders()) == [OrderState.OPEN, OrderState.UNKNOWN]
    assert "Aladdin has 2 orders" in watch.worker.pulse.trouble


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


def test_a_post_is_told_when_it_must_have_left(watch: Watch) -> None:
    started = watch.at.clock.at
    watch.round()
    (not_after,) = watch.broker.deadlines
    assert started < not_after <= started + POST_WINDOW + timedelta(seconds=1)
