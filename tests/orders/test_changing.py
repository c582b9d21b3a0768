"""What modifications and cancellations have in common."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orders.dispatch import POST_WINDOW, Dispatch
from orders.errors import (
    DeskError,
    Unavailable,
)
from orders.lifecycle import Event
from orders.model import BrokerOrder, Kind
from tests.orders.watch import Watch

LOST = Unavailable("No answer in time.", sent=True)


@pytest.mark.parametrize("ask", [Kind.MODIFY, Kind.CANCEL])
def test_a_request_is_told_when_it_must_have_left(live: Watch, ask: Kind) -> None:
    live.ask_to_cancel() if ask is Kind.CANCEL else live.ask_to_modify(1_200_000)
    started = live.at.clock.at
    live.round()
    ((_, not_after),) = live.broker.asked
    assert started < not_after <= started + POST_WINDOW + timedelta(seconds=1)


@pytest.mark.parametrize("ask", [Kind.MODIFY, Kind.CANCEL])
def test_a_worker_that_lost_its_lease_while_it_looked_asks_nothing_of_aladdin(live: Watch, ask: Kind) -> None:
    live.ask_to_cancel() if ask is Kind.CANCEL else live.ask_to_modify(1_200_000)
    shown = live.broker.orders

    def slow(broker_ids: Any) -> tuple[BrokerOrder, ...]:
        live.at.clock.pass_(3600 if live.at.ledger.lease("worker") else 0)
        live.at.ledger.acquire("worker", "w2", 20)
        return shown(broker_ids)

    live.broker.orders = slow  # type: ignore[method-assign]
    with pytest.raises(DeskError, match=r"taken over|passed to another worker"):
        live.round()
    assert live.broker.asked == []


def test_an_intent_that_its_order_is_past_is_told_on_the_order(live: Watch) -> None:
    """As when the ledger was changed by hand."""
    live.ask_to_cancel()
    live.happens(Event.CANCEL_REFUSED, "worker")
    live.round()
    order = live.rounds(30)
    assert "yet its intent to be canceled is still open" in order.message


def test_another_worker_takes_a_request_up_where_the_first_left_it(live: Watch) -> None:
    live.ask_to_modify(1_200_000)
    live.broker.fails = [(LOST, True)]
    live.round()
    live.worker = Dispatch(live.at.ledger, live.broker, live.at.clock, "w1")
    live.round()
    live.agrees()
    assert len(live.broker.asked) == 1


@pytest.mark.parametrize("ask", [Kind.MODIFY, Kind.CANCEL])
def test_another_order_is_never_taken_for_the_one_that_something_was_asked_of(live: Watch, ask: Kind) -> None:
    (before,) = live.broker.book.values()
    live.ask_to_cancel() if ask is Kind.CANCEL else live.ask_to_modify(1_200_000)
    live.shown(asset_id="OTHER")
    order = live.rounds(120)
    assert "its security is OTHER, not B" in order.message
    assert (order.filled, live.broker.asked) == (Decimal(300_000), [])
    assert live.history()[-1] == "another order"
    live.broker.book["1"] = before
    live.rounds(120)
    live.agrees()


@pytest.mark.parametrize("ask", [Kind.MODIFY, Kind.CANCEL])
def test_another_order_in_the_answer_is_not_taken_over(live: Watch, ask: Kind) -> None:
    live.ask_to_cancel() if ask is Kind.CANCEL else live.ask_to_modify(1_200_000)
    act = getattr(live.broker, ask.value)
    setattr(live.broker, ask.value, lambda *given: replace(act(*given), asset_id="OTHER", filled=Decimal(5)))
    order = live.round()
    told = [event.detail for event in live.at.ledger.events(order.id) if event.event == Event.MISTAKEN]
    assert ["its security is OTHER, not B" in said for said in told] == [True]
    assert order.filled == 300_000
    live.rounds(120)
    live.agrees()
