"""What becomes of a cancellation."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from orders.errors import (
    DeskError,
    Malformed,
    RateLimited,
    Rejected,
    Unavailable,
)
from orders.lifecycle import Event
from orders.model import BrokerOrder, Cancellation, OrderState
from tests.orders.watch import Watch

LOST = Unavailable("No answer in time.", sent=True)
UNREACHED = Unavailable("Aladdin cannot be reached.", sent=False)
REFUSED = Rejected("Aladdin refused: not now.")


def test_a_canceled_order_keeps_what_was_filled(live: Watch) -> None:
    live.ask_to_cancel()
    order = live.round()
    assert (order.state, order.filled, live.at.ledger.intents()) == (OrderState.CANCELED, Decimal(300_000), ())
    assert live.since(Event.CANCEL) == ["canceled"]
    live.agrees()


def test_aladdin_is_told_why_an_order_is_canceled(live: Watch) -> None:
    told: list[Cancellation] = []
    cancel = live.broker.cancel

    def heard(cancellation: Cancellation, not_after: datetime) -> BrokerOrder:
        told.append(cancellation)
        return cancel(cancellation, not_after)

    live.broker.cancel = heard  # type: ignore[method-assign]
    live.ask_to_cancel("the client called")
    live.round()
    assert told == [Cancellation("the client called", broker_id="1")]


def test_a_refused_cancel_says_so_until_the_order_moves(live: Watch) -> None:
    live.ask_to_cancel()
    live.broker.fails = [(REFUSED, False)]
    order = live.round()
    assert (order.state, live.at.ledger.intents()) == (OrderState.PART_FILLED, ())
    assert order.message == "It could not be canceled: Aladdin refused: not now."
    assert live.rounds(60).message == order.message
    live.agrees()
    live.ask_to_cancel()
    assert live.round().state is OrderState.CANCELED


@pytest.mark.parametrize("acted", [True, False])
@pytest.mark.parametrize("failure", [LOST, UNREACHED, RateLimited("Too many."), Malformed("Cannot be read.")])
def test_a_cancel_that_fails_is_made_again_unless_it_happened(live: Watch, failure: DeskError, acted: bool) -> None:
    live.ask_to_cancel()
    live.broker.fails = [(failure, acted)]
    live.round()
    assert live.rounds(30, step=2).state is OrderState.CANCELED
    assert len(live.broker.asked) == 2 - acted
    live.agrees()


def test_a_cancel_outlives_an_outage(live: Watch) -> None:
    live.ask_to_cancel()
    live.broker.fails = [(UNREACHED, False)] * 500
    version = live.order().version
    live.rounds(3600)
    assert live.order().version == version
    live.broker.fails = []
    assert live.rounds(120).state is OrderState.CANCELED


def test_a_cancel_without_effect_is_asked_for_again_after_a_minute(live: Watch) -> None:
    live.broker.cancels_to = "Cancel Pending"
    live.ask_to_cancel()
    assert live.rounds(50, step=5).state is OrderState.CANCEL_PENDING
    assert (len(live.broker.asked), live.worker.pulse.held_up) == (1, 0)
    live.rounds(30, step=5)
    assert len(live.broker.asked) == 2
    live.shown(status="Canceled")
    assert live.rounds(20, step=5).state is OrderState.CANCELED
    live.agrees()


@pytest.mark.parametrize("first_seen_by", ["the cancel", "the look at all live orders"])
def test_a_cancel_that_loses_to_a_fill_says_so(live: Watch, first_seen_by: str) -> None:
    if first_seen_by != "the cancel":
        live.broker.cancels_to = "Cancel Pending"
    live.ask_to_cancel()
    if first_seen_by != "the cancel":
        live.round()
    live.broker.fill("Booked", A=1_000_000, B=1_000_000)
    order = live.round()
    assert (order.state, order.filled, live.at.ledger.intents()) == (OrderState.BOOKED, Decimal(2_000_000), ())
    assert order.message == "The cancellation came too late: 2,000,000 is filled."
    live.agrees()


def test_a_cancel_refused_because_the_order_was_quicker_is_no_fault(live: Watch) -> None:
    live.ask_to_cancel()
    cancel = live.broker.cancel

    def quicker(*given: Any) -> BrokerOrder:
        live.broker.fill("Booked", A=1_000_000, B=1_000_000)
        return cancel(*given)

    live.broker.cancel = quicker  # type: ignore[method-assign,assignment]
    order = live.round()
    assert order.message == "The cancellation came too late: 2,000,000 is filled."
    live.agrees()
