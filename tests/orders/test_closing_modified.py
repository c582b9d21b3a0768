"""An order that Aladdin does not show any more, closed while a modification of it is out."""

from __future__ import annotations

from pathlib import Path

from orders.errors import Unavailable
from orders.model import OrderState
from tests.orders.changes import at_aladdin, modify
from tests.orders.desk import PM


def test_a_modification_that_never_left_does_not_come_to_be_with_the_end_of_its_order(tmp_path: Path) -> None:
    watch = at_aladdin(tmp_path)
    modify(watch, face=1_000_000)
    watch.broker.fails = [(Unavailable("Aladdin cannot be reached.", sent=False), False)]
    watch.round()
    there = dict(watch.broker.book)
    watch.broker.book.clear()
    watch.rounds(60)
    order = watch.at.desk.closing.close(PM, watch.order().id, "gone", "x1")
    assert (order.state, order.face, watch.faces()) == (
        OrderState.CANCELED, 2_000_000, {"A": 1_000_000, "B": 1_000_000},
    )  # fmt: skip
    assert order.message == (
        "Closed here, as Aladdin does not show it. Its last modification never reached Aladdin. It has the terms "
        "of before. pm: gone"
    )
    assert watch.at.desk.closing.close(PM, order.id, "gone", "x1") == order
    watch.broker.book.update(there)
    watch.broker.fill("Booked", A=1_000_000, B=1_000_000)
    order = watch.rounds(1200, step=60)
    assert (order.state, order.message) == (OrderState.BOOKED, "")
    assert watch.at.desk.fills.breaks(PM, order.id) == ()
    watch.agrees()


def test_where_a_modification_may_have_arrived_the_end_says_that_nobody_knows(tmp_path: Path) -> None:
    watch = at_aladdin(tmp_path)
    modify(watch, face=1_000_000)
    watch.broker.fails = [(Unavailable("No answer in time.", sent=True), True)]
    watch.round()
    watch.broker.book.clear()
    watch.rounds(60)
    order = watch.at.desk.closing.close(PM, watch.order().id, "gone", "x1")
    assert (order.face, watch.at.ledger.statement(order.id).version) == (1_000_000, 2)
    assert order.message.endswith("Whether its last modification reached Aladdin is not known. pm: gone")
