"""An order that waited is looked at again before it is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from orders.checks import Policy
from orders.errors import DeskError, NotPermitted, Unavailable
from orders.lifecycle import Event
from orders.model import Order, OrderState, Severity, Violation
from tests.allocation.desk import bond
from tests.orders.desk import PM, TestClock, dated, outfit
from tests.orders.test_desk import preview, request
from tests.orders.watch import Watch, at_work, watching

AT = TestClock().at + timedelta(hours=1)
RESTRICTED = Violation("R1", "A", Severity.RESTRICTION, "Sanctioned issuer")


@pytest.fixture
def scheduled(tmp_path: Path) -> Watch:
    return watching(tmp_path, release_at=AT)


def price(watch: Watch, of: str | None, day: date | None = None) -> None:
    watch.at.market.bonds["B"] = dated(bond(price=of), day or watch.at.clock.today())


def due(watch: Watch) -> Order:
    watch.at.clock.at = AT
    return watch.tick()


@pytest.mark.parametrize("now_", ["98.5", "98.75", "98.25"])
def test_an_order_whose_price_is_as_good_as_before_goes_out_at_its_time(scheduled: Watch, now_: str) -> None:
    price(scheduled, now_)
    assert due(scheduled).state is OrderState.OPEN


def test_an_order_whose_price_moved_while_it_waited_goes_to_a_person(scheduled: Watch) -> None:
    price(scheduled, "140")
    order = due(scheduled)
    assert (order.state, scheduled.broker.posted) == (OrderState.SEND_FAILED, [])
    told = "Since it was confirmed its price moved from 98.5 to 140. A person must decide: send it again, or withdraw"
    assert order.message.startswith(told)
    assert scheduled.history() == ["confirm", "release", "given up"]
    scheduled.rounds(60)
    assert len(scheduled.history()) == 3


def test_who_sends_it_again_in_spite_of_that_has_said_enough(scheduled: Watch) -> None:
    price(scheduled, "140")
    due(scheduled)
    scheduled.decide(Event.SEND_AGAIN)
    assert scheduled.tick().state is OrderState.OPEN


@pytest.mark.parametrize("what", ["none", "old"])
def test_an_order_without_a_price_that_can_be_traded_on_goes_to_a_person(scheduled: Watch, what: str) -> None:
    price(scheduled, None if what == "none" else "98.5", date(2026, 11, 10))
    order = due(scheduled)
    assert order.state is OrderState.SEND_FAILED
    assert ("moved from 98.5 to none" if what == "none" else "too old to trade on") in order.message


def test_a_limit_order_is_held_to_the_price_its_money_was_set_aside_at(tmp_path: Path) -> None:
    """A mark below the limit of a buy costs nobody more than was meant."""
    watch = at_work(outfit(tmp_path))
    seen = watch.at.desk.preview(PM, request(limit=Decimal("98.5")))
    watch.at.desk.confirm(PM, seen, "", "c1", release_at=AT)
    price(watch, "96")
    assert due(watch).state is OrderState.OPEN


def test_what_compliance_found_meanwhile_goes_to_a_person(scheduled: Watch) -> None:
    scheduled.at.compliance.found = (RESTRICTED,)
    order = due(scheduled)
    assert (order.state, scheduled.broker.posted) == (OrderState.SEND_FAILED, [])
    told = "New since it was confirmed: Aladdin's compliance, restriction: Sanctioned issuer (A). A person must decide"
    assert order.message.startswith(told)


def confirmed_in_spite(directory: Path, found: tuple[Violation, ...], failure: DeskError | None) -> Watch:
    """Scheduled by a person who accepted what compliance said."""
    watch = at_work(outfit(directory))
    watch.at.compliance.found, watch.at.compliance.failure = found, failure
    seen = watch.at.desk.checked(PM, preview(watch.at))
    watch.at.desk.confirm(PM, seen, "", "c1", accepted=dict.fromkeys(seen.warnings, "Cleared"), release_at=AT)
    return watch


@pytest.mark.parametrize(("found", "failure"), [((RESTRICTED,), None), ((), NotPermitted("No right to ask."))])
def test_what_was_accepted_at_the_confirmation_is_not_asked_again(
    tmp_path: Path, found: tuple[Violation, ...], failure: DeskError | None
) -> None:
    assert due(confirmed_in_spite(tmp_path, found, failure)).state is OrderState.OPEN


def test_compliance_that_cannot_be_asked_any_more_is_told_to_a_person(scheduled: Watch) -> None:
    scheduled.at.compliance.failure = NotPermitted("No right to ask.")
    order = due(scheduled)
    assert order.state is OrderState.SEND_FAILED
    assert "Aladdin's compliance could not be asked: No right to ask." in order.message


def test_an_outage_at_its_time_passes_and_the_order_goes_out(scheduled: Watch) -> None:
    scheduled.at.compliance.failure = Unavailable("Aladdin does not answer.")
    assert due(scheduled).state is OrderState.CONFIRMED
    assert (scheduled.broker.posted, scheduled.worker.pulse.held_up) == ([], 1)
    scheduled.at.compliance.failure = None
    assert scheduled.rounds(60).state is OrderState.OPEN


def test_an_outage_that_lasts_is_told_to_a_person(scheduled: Watch) -> None:
    scheduled.at.compliance.failure = Unavailable("Aladdin does not answer.")
    due(scheduled)
    assert "Not sent within 25 minutes: its price may be another now." in scheduled.rounds(1800).message


@pytest.mark.parametrize("late", [False, True])
def test_an_order_is_looked_at_again_after_its_approval_however_it_was_to_go_out(tmp_path: Path, late: bool) -> None:
    watch = watching(tmp_path, Policy(approval_from=0), release_at=AT if late else None)
    watch.at.clock.at = AT + timedelta(hours=2)
    price(watch, "99")
    watch.decide(Event.APPROVE)
    order = watch.tick()
    assert (order.state, watch.broker.posted) == (OrderState.SEND_FAILED, [])
    assert "its price moved from 98.5 to 99" in order.message


def test_an_order_that_did_not_wait_is_not_looked_at_again(watch: Watch) -> None:
    price(watch, "140")
    assert watch.tick().state is OrderState.OPEN


def test_an_order_for_three_weeks_later_is_not_sent_as_if_it_were_today(tmp_path: Path) -> None:
    watch, when = at_work(outfit(tmp_path)), datetime(2026, 12, 14, 15, 0, tzinfo=UTC)
    seen = watch.at.desk.preview(PM, replace(request(), settlement=date(2026, 12, 16)))
    watch.at.desk.confirm(PM, seen, "", "c1", release_at=when)
    watch.at.clock.at, watch.at.clock.today_ = when, when.date()
    order = watch.tick()
    assert order.state is OrderState.SEND_FAILED
    assert "too old to trade on" in order.message
