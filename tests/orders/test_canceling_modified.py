"""Canceling an order while a modification of it is on its way, and what is said where nothing can be canceled."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orders.dispatch import GRACE
from orders.errors import IllegalTransition, Rejected, Unavailable
from orders.lifecycle import Event
from orders.model import Kind, Order, OrderState
from tests.orders.changes import at_aladdin, at_desk, cash, counts, modify
from tests.orders.desk import PM
from tests.orders.test_desk import request
from tests.orders.watch import Watch

LOST = Unavailable("No answer in time.", sent=True)
UNREACHED = Unavailable("Aladdin cannot be reached.", sent=False)
NOT_NOW = Rejected("Aladdin refused: not now.")


def cancel(watch: Watch) -> Order:
    return watch.at.desk.orders.cancel(PM, watch.order().id, "the client called", "x1")


def modifying(directory: Path, *fates: tuple[Exception, bool], face: int = 4_000_000) -> Watch:
    """An order of 2,000,000, of which a modification did not come through yet."""
    watch = at_aladdin(directory)
    modify(watch, face=face)
    watch.broker.fails = list(fates)
    for _ in fates:
        watch.round()
    assert watch.order().state is OrderState.MODIFY_PENDING
    return watch


@pytest.mark.parametrize(
    ("fates", "face"),
    [([], 2_000_000), ([(UNREACHED, False)], 2_000_000), ([(LOST, False)], 2_000_000), ([(LOST, True)], 4_000_000)],
    ids=["never asked for", "never left", "lost on its way", "arrived"],
)
def test_an_order_is_canceled_at_once_with_the_terms_that_aladdin_has(tmp_path: Path, fates: Any, face: int) -> None:
    watch = modifying(tmp_path, *fates)
    assert Event.CANCEL in watch.at.desk.orders.may(PM, watch.order())
    assert cancel(watch).state is OrderState.CANCEL_PENDING
    assert [intent.kind for intent in watch.at.ledger.intents()] == [Kind.CANCEL]
    order = watch.round()
    assert (order.state, order.face, watch.at.ledger.intents()) == (OrderState.CANCELED, face, ())
    assert [what for what, _ in watch.broker.asked].count("cancel") == 1
    told = [event.detail for event in watch.at.ledger.events(order.id) if event.event == Event.MODIFY_REFUSED]
    asked = "was canceled" if fates and fates[0][0] is LOST else "was to be canceled"  # what may arrive is waited for
    why = f"The new terms came too late: it {asked} by then."
    assert told == ([why] if face == 2_000_000 else [])
    watch.agrees()


def test_a_modification_that_comes_through_late_is_that_of_the_canceled_order(tmp_path: Path) -> None:
    watch = modifying(tmp_path, (LOST, False))
    watch.broker.cancels_to = "Cancel Pending"
    cancel(watch)
    watch.rounds(30, step=5)
    late = {"A": Decimal(2_000_000), "B": Decimal(2_000_000)}
    watch.shown(face=Decimal(4_000_000), asked=late)
    watch.rounds(15, step=5)
    assert watch.history()[-1] == "modified"
    watch.shown(status="Canceled")
    order = watch.rounds(15, step=5)
    assert (order.state, order.face) == (OrderState.CANCELED, 4_000_000)
    watch.agrees()


def test_a_refused_cancel_does_not_let_go_of_terms_that_may_still_arrive(tmp_path: Path) -> None:
    watch = modifying(tmp_path, (LOST, False))
    cancel(watch)
    watch.broker.fails = [(NOT_NOW, False)] * 50
    assert watch.rounds(GRACE.total_seconds() / 2, step=5).state is OrderState.CANCEL_PENDING
    assert len(watch.broker.asked) < 6  # once a minute
    order = watch.rounds(GRACE.total_seconds(), step=5)
    assert (order.state, order.face) == (OrderState.ACTIVE, 2_000_000)
    assert order.message == "It could not be canceled: Aladdin refused: not now."
    assert watch.at.ledger.intents() == ()
    watch.agrees()


def test_what_the_modification_would_add_stays_set_aside_until_the_cancel_is_settled(tmp_path: Path) -> None:
    watch = modifying(tmp_path, (LOST, False))
    counts(watch)
    before = cash(watch)
    cancel(watch)
    assert cash(watch) == before


def test_a_fill_that_is_quicker_than_the_cancel_is_followed_with_the_terms_aladdin_has(tmp_path: Path) -> None:
    watch = modifying(tmp_path, (LOST, True))
    cancel(watch)
    watch.broker.fill("Booked", A=2_000_000, B=2_000_000)
    order = watch.round()
    assert (order.state, order.face) == (OrderState.BOOKED, 4_000_000)
    assert order.message == "The cancellation came too late: 4,000,000 is filled."
    assert watch.at.desk.fills.breaks(PM, order.id) == ()
    watch.agrees()


def test_what_ended_before_its_modification_is_told_by_how_it_ended(tmp_path: Path) -> None:
    watch = modifying(tmp_path, (LOST, False))
    cancel(watch)
    watch.broker.fill("Booked", A=1_000_000, B=1_000_000)
    assert watch.round().message == (
        "Nothing was modified. The new terms came too late: it was booked by then. The cancellation came too late: "
        "2,000,000 is filled."
    )


def test_a_modification_that_is_on_its_way_is_no_difference_to_be_told_while_it_is_canceled(tmp_path: Path) -> None:
    watch = modifying(tmp_path, (LOST, False))
    watch.broker.cancels_to = "Cancel Pending"
    cancel(watch)
    order = watch.round()
    assert (order.state, order.message, order.broker_status) == (OrderState.CANCEL_PENDING, "", "Cancel Pending")
    events = len(watch.history())
    watch.rounds(10, step=5)
    assert (watch.order().message, len(watch.history())) == ("", events)


def test_a_cancel_that_comes_while_the_modification_is_being_asked_for_is_not_lost(tmp_path: Path) -> None:
    watch = at_aladdin(tmp_path)
    modify(watch, face=4_000_000)
    asking = watch.broker.modify

    def meanwhile(*given: Any) -> Any:
        cancel(watch)
        return asking(*given)

    watch.broker.modify = meanwhile  # type: ignore[method-assign,assignment]
    watch.round()
    order = watch.rounds(15, step=5)
    assert (order.state, order.face) == (OrderState.CANCELED, 4_000_000)
    watch.agrees()


def test_where_nothing_can_be_canceled_the_user_is_told_what_to_do(tmp_path: Path) -> None:
    watch = at_desk(tmp_path)
    watch.at.desk.confirm(PM, watch.at.desk.preview(PM, request()), "", "c1")
    with pytest.raises(IllegalTransition, match=r"confirmed cannot be canceled\. It is not at Aladdin: withdraw it\."):
        cancel(watch)
    watch.broker.fails = [(LOST, True)]
    watch.tick()
    for ask in (watch.at.desk.orders.cancel, watch.at.desk.orders.withdraw):
        with pytest.raises(IllegalTransition, match="It may be at Aladdin already"):
            ask(PM, watch.order().id, "the client called", "x1")
    watch.rounds(60)
    with pytest.raises(IllegalTransition, match=r"open cannot be withdrawn\. It is at Aladdin: cancel it\."):
        watch.at.desk.orders.withdraw(PM, watch.order().id, "the client called", "x1")
    watch.broker.fill("Booked", A=1_000_000, B=1_000_000)
    watch.round()
    with pytest.raises(IllegalTransition, match=r"booked cannot be canceled\. Nothing of it is left to cancel\."):
        cancel(watch)
