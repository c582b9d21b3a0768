"""A step that is not in the table raises, and is logged once with who wanted it and of which order."""

from __future__ import annotations

from typing import Any

import pytest
import structlog

from orders.dispatch import LEASE, LEASE_SECONDS
from orders.errors import IllegalTransition
from orders.lifecycle import Event
from orders.model import Order, OrderState
from tests.orders.desk import APPROVER, PM
from tests.orders.watch import Watch


def logged(lines: list[Any]) -> list[tuple[str, ...]]:
    told = [line for line in lines if line["event"] == "impossible event"]
    return [(line["log_level"], line["order"], line["state"], line["wanted"], line["actor"]) for line in told]


@pytest.mark.parametrize(
    ("event", "who", "done"),
    [
        (Event.WITHDRAW, PM, "withdrawn"),
        (Event.SEND_AGAIN, PM, "sent again"),
        (Event.NOT_THERE, PM, "said not to be at Aladdin"),
        (Event.APPROVE, APPROVER, "approved"),
    ],
)
def test_what_a_person_cannot_do_to_an_order_is_said_in_words_and_logged(
    live: Watch, event: Event, who: Any, done: str
) -> None:
    order = live.order()
    with structlog.testing.capture_logs() as lines, pytest.raises(IllegalTransition) as refused:
        live.decide(event)
    assert str(refused.value).startswith(f"An order that is part filled cannot be {done}.")
    assert logged(lines) == [("warning", order.id, "part filled", event.value, who.username)]


def ended(live: Watch) -> Order:
    live.broker.fill("Booked", A=1_000_000, B=1_000_000)
    order = live.round()
    assert order.state is OrderState.BOOKED
    return order


def test_an_order_that_has_ended_can_neither_be_canceled_nor_modified(live: Watch) -> None:
    order = ended(live)
    with structlog.testing.capture_logs() as lines:
        with pytest.raises(IllegalTransition, match=r"cannot be canceled\. Nothing of it is left to cancel\."):
            live.ask_to_cancel()
        with pytest.raises(IllegalTransition, match="cannot be modified"):
            live.ask_to_modify(1_200_000)
    assert logged(lines) == [("warning", order.id, "booked", what, "pm") for what in ("cancel", "modify")]


def test_a_step_that_the_worker_cannot_write_is_logged_under_its_name(live: Watch) -> None:
    order = ended(live)
    lease = live.at.ledger.acquire(LEASE, live.worker.holder, LEASE_SECONDS)
    assert lease is not None
    with (
        structlog.testing.capture_logs() as lines,
        pytest.raises(IllegalTransition, match="cannot have the event “send”"),
    ):
        live.worker._journal.record(order, Event.SEND, lease)
    assert logged(lines) == [("warning", order.id, "booked", "send", "worker")]


def test_what_a_screen_asks_to_offer_a_decision_is_no_event(live: Watch) -> None:
    with structlog.testing.capture_logs() as lines:
        live.at.desk.orders.may(PM, ended(live))
    assert logged(lines) == []
