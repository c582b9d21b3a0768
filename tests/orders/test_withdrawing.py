"""Taking back an order that a person said is not at Aladdin."""

from __future__ import annotations

import pytest

from orders.errors import Rejected, Unavailable
from orders.model import BrokerOrder, OrderState
from tests.orders.desk import PM, FakeBlotter
from tests.orders.watch import Watch

LOST = Unavailable("No answer in time.", sent=True)


def vouched(watch: Watch, *, arrived: bool) -> None:
    """The answer to the post was lost, and a person said that there is no such order."""
    watch.broker.fails = [(LOST, arrived)]
    watch.round()
    watch.at.desk.orders.not_there(PM, watch.order().id, "looked with the dealer", "n1")
    assert watch.order().state is OrderState.SEND_FAILED


def test_an_order_that_is_at_aladdin_after_all_is_not_withdrawn_and_is_taken_over(watch: Watch) -> None:
    vouched(watch, arrived=True)
    order = watch.order()
    with pytest.raises(Rejected, match=rf"Aladdin shows its order 1 \(Open, 0 filled\), although .* {order.id} is not"):
        watch.at.desk.orders.withdraw(PM, order.id, "not wanted", "w1")
    assert watch.order() == order
    watch.worker.wake(order.id)
    assert watch.tick().state is OrderState.OPEN
    assert len(watch.broker.posted) == 1


def test_an_order_that_is_not_there_is_withdrawn(watch: Watch) -> None:
    vouched(watch, arrived=False)
    order = watch.at.desk.orders.withdraw(PM, watch.order().id, "not wanted", "w1")
    assert order.state is OrderState.CANCELED
    assert watch.at.desk.orders.withdraw(PM, order.id, "not wanted", "w1") == order
    assert watch.at.ledger.intents() == ()


def test_while_aladdin_cannot_be_asked_it_is_not_withdrawn(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    vouched(watch, arrived=True)

    def silent(self: FakeBlotter, references: object) -> tuple[BrokerOrder, ...]:
        raise Unavailable("Aladdin does not answer.")

    monkeypatch.setattr(FakeBlotter, "find_orders", silent)
    with pytest.raises(Unavailable, match="does not answer"):
        watch.at.desk.orders.withdraw(PM, watch.order().id, "not wanted", "w1")
    assert watch.order().state is OrderState.SEND_FAILED


def test_an_order_that_certainly_never_left_is_withdrawn_without_asking_aladdin(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch.broker.fails = [(Unavailable("Aladdin cannot be reached.", sent=False), False)]
    assert watch.round().state is OrderState.SEND_FAILED
    monkeypatch.setattr(FakeBlotter, "find_orders", None)
    order = watch.at.desk.orders.withdraw(PM, watch.order().id, "not wanted", "w1")
    assert order.state is OrderState.CANCELED
