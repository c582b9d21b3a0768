"""A modification whose answer was lost, of an order that is at its end when it is looked at next."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from orders.errors import Unavailable
from orders.lifecycle import Event
from orders.model import OrderState
from tests.orders.changes import at_aladdin, modify
from tests.orders.desk import PM
from tests.orders.watch import Watch

LOST = Unavailable("No answer in time.", sent=True)


def lost(directory: Path, face: int, *, acted: bool) -> Watch:
    watch = at_aladdin(directory)
    modify(watch, face=face)
    watch.broker.fails = [(LOST, acted)]
    assert watch.round().state is OrderState.MODIFY_PENDING
    return watch


@pytest.mark.parametrize(
    ("face", "status", "booked"), [(4_000_000, "Booked", 2_000_000), (1_000_000, "Canceled", 200_000)]
)
def test_new_terms_that_aladdin_has_are_those_of_an_order_that_ended_before_it_was_looked_at(
    tmp_path: Path, face: int, status: str, booked: int
) -> None:
    watch = lost(tmp_path, face, acted=True)
    watch.broker.fill(status, A=booked, B=booked)
    watch.at.clock.pass_(10)
    order = watch.round()
    assert (order.state.value, order.face, order.message) == (status.lower(), face, "")
    assert watch.since(Event.ANSWER_LOST) == ["modified", status.lower()]
    assert watch.at.desk.fills.breaks(PM, order.id) == ()
    assert watch.at.ledger.intents() == ()
    watch.agrees()


def test_terms_that_never_arrived_are_those_of_before(tmp_path: Path) -> None:
    watch = lost(tmp_path, 4_000_000, acted=False)
    watch.broker.fill("Booked", A=1_000_000, B=1_000_000)
    watch.at.clock.pass_(10)
    order = watch.round()
    assert (order.state, order.face) == (OrderState.BOOKED, 2_000_000)
    assert "The new terms came too late: it was booked there by then, 2,000,000 is filled." in order.message
    watch.agrees()


def test_where_aladdin_does_not_tell_its_terms_the_new_ones_stand_and_it_is_said(tmp_path: Path) -> None:
    watch = lost(tmp_path, 4_000_000, acted=True)
    watch.broker.fill("Booked", A=2_000_000, B=2_000_000)
    watch.shown(asked={}, settlement=None)
    watch.at.clock.pass_(10)
    order = watch.round()
    assert (order.state, order.face) == (OrderState.BOOKED, 4_000_000)
    assert order.message.startswith("Whether its modification reached Aladdin is not told")
    assert watch.rounds(60, step=5).message == order.message


def test_what_is_filled_beyond_the_new_terms_tells_that_they_never_arrived(tmp_path: Path) -> None:
    watch = lost(tmp_path, 1_000_000, acted=False)
    watch.broker.fill("Booked", A=1_000_000, B=1_000_000)
    watch.shown(face=Decimal(0), asked={})
    watch.at.clock.pass_(10)
    order = watch.round()
    assert (order.state, order.face) == (OrderState.BOOKED, 2_000_000)
    assert "Nothing was modified" in order.message
