from __future__ import annotations

import itertools
import sqlite3
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from orders.attempts import RETRIES, SEND_WITHIN
from orders.dispatch import LEASE, LEASE_SECONDS, POST_WINDOW
from orders.errors import (
    LeaseLost,
    Malformed,
    NotPermitted,
    OutsideError,
    RateLimited,
    Rejected,
    Unavailable,
    VersionConflict,
)
from orders.lease import Pulse
from orders.model import BrokerOrder, Intent, OrderState
from tests.orders.desk import PM
from tests.orders.test_desk import preview
from tests.orders.watch import Watch


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
    assert (partly.state, partly.filled, partly.average_price) == (
        OrderState.PART_FILLED,
        Decimal(600_000),
        Decimal("98.5"),
    )
    assert [line.booked for line in partly.lines] == [300_000, 300_000]
    watch.broker.fill("Booked", A=1_000_000, B=1_000_000)
    assert watch.round().state is OrderState.BOOKED
    assert watch.history() == ["confirm", "send", "opened", "part filled", "booked"]


def test_a_fill_in_the_same_state_is_an_event_and_no_news_is_none(watch: Watch) -> None:
    watch.round()
    watch.broker.fill("Active", A=100_000, B=100_000)
    watch.round()
    watch.broker.fill("Active", A=200_000, B=200_000)
    watch.round()
    watch.round()
    assert watch.history() == ["confirm", "send", "opened", "part filled", "part filled"]
    watch.broker.fill("Active", A=1_000_000, B=1_000_000)
    assert watch.round().state is OrderState.FILLED


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
    failed = watch.round()
    assert (failed.state, failed.message) == (OrderState.SEND_FAILED, "Aladdin cannot be reached.")
    assert failed.entered_at is None
    assert watch.round() == failed
    assert watch.broker.posted == []
    watch.at.clock.pass_(RETRIES[0].total_seconds())
    order = watch.round()
    assert order.state is OrderState.OPEN
    assert order.message == ""


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
    assert sorted(order.state for order in watch.at.ledger.orders()) == [OrderState.OPEN, OrderState.SEND_FAILED]


def test_an_order_that_missed_its_trade_date_lapses_and_is_never_posted(watch: Watch) -> None:
    watch.broker.fails = [(Unavailable("Aladdin cannot be reached.", sent=False), False)]
    watch.round()
    watch.at.clock.today_ = date(2026, 11, 23)
    watch.at.clock.pass_(60)
    order = watch.round()
    assert order.state is OrderState.EXPIRED
    assert "Not sent on its day, 20 Nov 2026" in order.message
    assert watch.broker.posted == []
    assert watch.at.ledger.intents() == ()


def test_an_order_whose_rows_no_longer_match_its_statement_is_not_sent(watch: Watch, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "ledger.db") as ledger:
        ledger.execute("UPDATE order_lines SET face = 5 * face WHERE account_id = 'A'")
    order = watch.round()
    assert order.state is OrderState.REJECTED
    assert "no longer what its statement froze" in order.message
    assert watch.broker.posted == []
    assert (order.entered_at, watch.history()) == (None, ["confirm", "refused"])
    assert watch.at.ledger.intents() == ()


def test_an_order_that_cannot_be_looked_up_does_not_stop_the_others(watch: Watch) -> None:
    watch.broker.fails = [(Unavailable("No answer in time.", sent=True), False)]
    watch.round()

    def twice(reference: str) -> BrokerOrder | None:
        raise Malformed(f"Aladdin has 2 orders under reference {reference}.")

    watch.broker.find_order = twice  # type: ignore[method-assign]
    watch.at.desk.confirm(PM, preview(watch.at), "", "c2")
    watch.round()
    assert sorted(order.state for order in watch.at.ledger.orders()) == [OrderState.OPEN, OrderState.UNKNOWN]
    for _ in range(2):  # the second of them while the order waits for its next attempt
        assert watch.worker.pulse == Pulse(watch.worker.pulse.at, held_up=1)
        watch.round()
    (lost,) = watch.at.ledger.orders(states=[OrderState.UNKNOWN])
    assert lost.message == f"Aladdin has 2 orders under reference {lost.id}."


def test_a_post_is_told_when_it_must_have_left(watch: Watch) -> None:
    started = watch.at.clock.at
    watch.round()
    (not_after,) = watch.broker.deadlines
    assert started < not_after <= started + POST_WINDOW + timedelta(seconds=1)


UNREACHED = Unavailable("Aladdin cannot be reached.", sent=False)


@pytest.mark.parametrize("failure", [UNREACHED, RateLimited("Too many."), NotPermitted("Not allowed.")])
def test_an_order_that_never_leaves_is_tried_less_and_less_often_and_then_a_person_decides(
    watch: Watch, failure: OutsideError
) -> None:
    watch.broker.fails = [(failure, False)] * 50
    watch.rounds(SEND_WITHIN.total_seconds())
    order = watch.rounds(4 * 3600, step=120)  # nothing more is tried
    tried = [event.at for event in watch.at.ledger.events(order.id) if event.event == "send"]
    waits = [later - sooner for sooner, later in itertools.pairwise(tried)]
    assert [round(wait / timedelta(seconds=30)) * 30 for wait in waits] == [w.total_seconds() for w in RETRIES]
    assert order.state is OrderState.SEND_FAILED
    assert order.message.startswith(
        f"Not sent in 5 attempts. The last attempt: {failure} A person must decide: send it"
    )
    assert watch.history() == ["confirm", *["send", "never left"] * 5, "given up"]
    assert watch.worker.pulse.held_up == 1


def test_an_order_that_lay_in_the_outbox_for_hours_is_not_sent_at_another_price(watch: Watch) -> None:
    watch.at.clock.pass_(SEND_WITHIN.total_seconds() + 1)
    order = watch.round()
    assert (order.state, watch.broker.posted) == (OrderState.SEND_FAILED, [])
    assert order.message == (
        "Not sent within 25 minutes: its price may be another now. A person must decide: send it again, or withdraw "
        "it. Its cash stays set aside until then, or until it lapses after 20 Nov 2026."
    )
    watch.at.clock.today_ = date(2026, 11, 23)
    watch.at.clock.pass_(60)
    assert watch.round().state is OrderState.EXPIRED


def test_the_last_attempt_is_still_in_time() -> None:
    assert sum(RETRIES, timedelta()) + len(RETRIES) * POST_WINDOW < SEND_WITHIN


def test_a_round_that_fails_says_so_and_names_no_order_to_everybody(watch: Watch) -> None:
    def broken() -> tuple[Intent, ...]:
        watch.worker.stop()
        raise VersionConflict("Order EL-1 was changed by somebody else.")

    watch.at.ledger.intents = broken  # type: ignore[method-assign]
    watch.worker.run()
    assert watch.worker.pulse.trouble == "It could not finish its last round."
