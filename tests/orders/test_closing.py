"""An order at Aladdin that Aladdin does not show any more, closed by a person, and by two where it is large."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from orders.checks import Policy
from orders.differing import Finding
from orders.errors import DeskError, IllegalTransition, Malformed, NotPermitted, Rejected, Unavailable
from orders.lifecycle import Event
from orders.model import BrokerOrder, BrokerOrderIds, OrderState, Role, User
from orders.statement import reserved
from tests.orders.both import Both, both_sides
from tests.orders.desk import ANALYST, COMPLIANCE, PM, FakeBlotter
from tests.orders.watch import Watch, watching

APPROVER = User("ann", "Ann", frozenset({Role.APPROVER}), frozenset({"BIG6"}))
OTHER = replace(PM, username="pete")
EVERYTHING = frozenset({Role.PORTFOLIO_MANAGER, Role.APPROVER})


@pytest.fixture
def gone(live: Watch) -> Watch:
    """The live order, of which a little is filled, is not at Aladdin any more."""
    live.broker.book.clear()
    assert live.round().message.startswith("Aladdin does not show this order any more")
    return live


@pytest.fixture
def large(tmp_path: Path) -> Watch:
    """The same of an order that needs a second person."""
    watch = watching(tmp_path, Policy(approval_from=2_000_000))
    watch.decide(Event.APPROVE)
    watch.round()
    watch.broker.book.clear()
    assert watch.round().state is OrderState.OPEN
    return watch


def test_an_order_that_is_gone_ends_with_what_it_has_booked(gone: Watch) -> None:
    desk, before = gone.at.desk, gone.order()
    assert desk.closing.may(PM, before) == (Event.CLOSE,)
    after = desk.closing.close(PM, before.id, "purged there, says support", "x1")
    assert (after.state, after.filled) == (OrderState.CANCELED, Decimal(300_000))
    assert after.message == "Closed here, as Aladdin does not show it. pm: purged there, says support"
    event = gone.at.ledger.events(after.id)[-1]
    assert (event.event, event.actor, event.reason) == ("close", "pm", "purged there, says support")
    assert desk.closing.close(PM, before.id, "purged there, says support", "x1") == after
    assert desk.closing.may(PM, after) == ()
    assert gone.rounds(60) == after
    assert gone.at.ledger.verify() == ()


def test_an_order_that_aladdin_shows_is_not_closed_whatever_was_seen_before(gone: Watch) -> None:
    order, closing = gone.order(), gone.at.desk.closing
    shown = BrokerOrder(order.broker_id, order.id, "Active", Decimal(2_000_000), Decimal(0), None, {})
    gone.broker.book[order.broker_id] = shown
    with pytest.raises(Rejected, match=rf"Aladdin shows its order 1 \(Active, 0 filled\), so {order.id} is not closed"):
        closing.close(PM, order.id, "gone", "x1")
    gone.broker.book[order.broker_id] = replace(shown, reference="")  # found by its number
    with pytest.raises(Rejected, match="is not closed"):
        closing.close(PM, order.id, "gone", "x2")
    assert gone.order() == order


def test_an_order_whose_number_is_another_ones_at_aladdin_is_gone(live: Watch) -> None:
    closing = live.at.desk.closing
    live.shown(reference="EL-SOMEBODY")
    order = live.round()
    assert "it carries the reference EL-SOMEBODY" in order.message
    assert closing.may(PM, order) == (Event.CLOSE,)
    assert closing.close(PM, order.id, "entered anew there", "x1").state is OrderState.CANCELED
    assert live.at.ledger.promised() == ()


def test_an_order_that_is_another_bonds_under_its_reference_is_not_gone(live: Watch) -> None:
    live.shown(asset_id="OTHER")
    order = live.round()
    with pytest.raises(Rejected, match="is not closed"):
        live.at.desk.closing.close(PM, order.id, "gone", "x1")


def test_an_order_that_cannot_be_read_there_is_not_gone(gone: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    order = gone.order()
    listed = BrokerOrderIds((order.broker_id,))
    monkeypatch.setattr(FakeBlotter, "live_order_ids", lambda self, group: listed)
    with pytest.raises(Rejected, match="Aladdin shows its order 1 among the live ones"):
        gone.at.desk.closing.close(PM, order.id, "gone", "x1")


@pytest.mark.parametrize("error", [Unavailable("No answer."), Malformed("2 orders are hidden."), NotPermitted("No.")])
def test_where_aladdin_cannot_be_asked_nothing_is_closed(
    gone: Watch, monkeypatch: pytest.MonkeyPatch, error: DeskError
) -> None:
    def fails(self: FakeBlotter, references: object) -> tuple[BrokerOrder, ...]:
        raise error

    monkeypatch.setattr(FakeBlotter, "find_orders", fails)
    with pytest.raises(type(error), match=str(error)):
        gone.at.desk.closing.close(PM, gone.order().id, "gone", "x1")
    assert gone.order().state is OrderState.PART_FILLED


def test_what_was_asked_of_it_is_asked_no_more(live: Watch) -> None:
    live.ask_to_cancel()
    live.broker.book.clear()
    assert live.round().message.startswith("Aladdin does not show this order any more")
    live.at.desk.closing.close(PM, live.order().id, "gone", "x1")
    assert live.at.ledger.intents() == ()
    assert live.rounds(60).state is OrderState.CANCELED


@pytest.mark.parametrize("status", ["Active", "Compl Pending"])
def test_its_money_is_set_aside_while_it_is_missing_and_free_once_it_is_closed(live: Watch, status: str) -> None:
    """An order that Aladdin does not show may still be worked on: its cash must not be promised twice."""

    def cash() -> Decimal:
        spendable = live.at.desk.group(PM, "BIG6").value.accounts[0].cash
        assert spendable is not None
        return spendable

    live.shown(status=status)
    live.round()
    live.broker.book.clear()
    live.round()
    held = cash()
    live.rounds(600)
    assert cash() == held
    live.at.desk.closing.close(PM, live.order().id, "gone", "x1")
    promised = reserved(live.at.ledger.statement(live.order().id))["A"]
    assert cash() - held == promised * 4 / 5  # of 1,000,000 there 200,000 are filled, and traded


def test_an_order_that_is_shown_again_is_counted_by_aladdin_again(gone: Watch) -> None:
    order = gone.order()
    assert [missing.id for missing in gone.at.ledger.promised()] == [order.id]
    shown = BrokerOrder(order.broker_id, order.id, "Active", Decimal(2_000_000), Decimal(0), None, {})
    gone.broker.book[order.broker_id] = shown
    gone.round()
    assert gone.at.ledger.promised() == ()


def test_only_a_manager_closes_with_a_reason_what_was_at_aladdin(gone: Watch) -> None:
    closing, order = gone.at.desk.closing, gone.order()
    for user in (ANALYST, COMPLIANCE, APPROVER):
        assert closing.may(user, order) == ()
        with pytest.raises(NotPermitted, match="portfolio manager can"):
            closing.close(user, order.id, "gone", "x1")
    with pytest.raises(NotPermitted, match="Say why"):
        closing.close(PM, order.id, " ", "x2")
    assert gone.order() == order


def test_an_order_that_is_not_at_aladdin_yet_is_withdrawn_and_not_closed(watch: Watch) -> None:
    order = watch.order()
    assert watch.at.desk.closing.may(PM, order) == ()
    with pytest.raises(IllegalTransition, match="confirmed cannot be close"):
        watch.at.desk.closing.close(PM, order.id, "gone", "x1")


# -- by two ------------------------------------------------------------------------------------------------------------


def test_a_large_order_is_closed_when_somebody_else_agrees(large: Watch) -> None:
    closing, order = large.at.desk.closing, large.order()
    assert closing.may(PM, order) == (Event.CLOSE_ASKED,)
    asked = closing.close(PM, order.id, "purged there", "x1")
    assert (asked.state, asked.message.split(": ", 1)[1]) == (
        OrderState.OPEN, "look for it there. pm asks to close it: somebody else must agree.",
    )  # fmt: skip
    assert large.rounds(60) == asked  # the worker has nothing new to say of it
    assert closing.may(PM, asked) == ()
    assert closing.may(APPROVER, asked) == (Event.CLOSE_AGREED,)
    after = closing.agree(APPROVER, order.id, "x2")
    assert after.state is OrderState.CANCELED
    assert after.message.endswith("pm, ann agreed: purged there")
    event = large.at.ledger.events(order.id)[-1]
    assert (event.event, event.actor, event.reason) == ("close agreed", "ann", "purged there")
    assert closing.agree(APPROVER, order.id, "x2") == after


def test_a_request_to_close_waits_for_approvers_until_one_agrees(large: Watch) -> None:
    closing, order = large.at.desk.closing, large.order()
    assert closing.awaiting(APPROVER) == ()
    closing.close(PM, order.id, "purged there", "x1")
    ((waiting, asked),) = closing.awaiting(APPROVER)
    assert (waiting.id, asked.actor, asked.reason) == (order.id, "pm", "purged there")
    assert closing.awaiting(replace(APPROVER, groups=frozenset({"OPNIC"}))) == ()
    with pytest.raises(NotPermitted):
        closing.awaiting(PM)
    closing.agree(APPROVER, order.id, "x2")
    assert closing.awaiting(APPROVER) == ()


def test_nobody_agrees_to_their_own_word_or_to_the_end_of_what_they_confirmed(large: Watch) -> None:
    closing, order = large.at.desk.closing, large.order()
    with pytest.raises(Rejected, match="Nobody asks to close"):
        closing.agree(APPROVER, order.id, "x0")
    closing.close(OTHER, order.id, "purged there", "x1")
    for user in (replace(OTHER, roles=EVERYTHING), replace(PM, roles=EVERYTHING)):
        assert closing.may(user, large.order()) == ()
        with pytest.raises(NotPermitted, match="cannot agree to that"):
            closing.agree(user, order.id, f"x.{user.username}")
    with pytest.raises(NotPermitted, match="approver can"):
        closing.agree(PM, order.id, "x2")
    assert large.order().state is OrderState.OPEN


def test_an_order_that_is_shown_again_is_not_closed_by_agreeing_and_the_request_is_void(large: Watch) -> None:
    closing, order = large.at.desk.closing, large.order()
    closing.close(PM, order.id, "purged there", "x1")
    back = BrokerOrder(order.broker_id, order.id, "Active", Decimal(2_000_000), Decimal(0), None, {})
    large.broker.book[order.broker_id] = back
    with pytest.raises(Rejected, match="is not closed"):
        closing.agree(APPROVER, order.id, "x2")
    assert (large.round().state, large.order().message) == (OrderState.ACTIVE, "")
    large.broker.book.clear()
    large.round()
    with pytest.raises(Rejected, match="Nobody asks to close"):
        closing.agree(APPROVER, order.id, "x3")


def test_what_two_had_to_confirm_is_not_closed_by_one_who_asks_for_less_of_it_first(tmp_path: Path) -> None:
    """As it is lost, less of it never gets anywhere: Aladdin may still have all."""
    watch = watching(tmp_path, Policy(approval_from=2_000_000))
    watch.decide(Event.APPROVE)
    watch.round()
    watch.broker.book.clear()
    watch.round()
    closing = watch.at.desk.closing
    watch.ask_to_modify(1_000_000)
    order = watch.round()
    assert (order.state, order.face) == (OrderState.MODIFY_PENDING, 1_000_000)
    assert closing.may(PM, order) == (Event.CLOSE_ASKED,)
    order = watch.ask_to_cancel()
    assert closing.may(PM, order) == (Event.CLOSE_ASKED,)
    assert closing.close(PM, order.id, "gone", "x1").state is OrderState.CANCEL_PENDING
    after = closing.agree(APPROVER, order.id, "x2")
    assert (after.state, after.face, watch.at.ledger.intents()) == (OrderState.CANCELED, 2_000_000, ())
    newest = watch.at.ledger.statement(order.id)
    assert (newest.version, newest.created_by) == (3, "ann")
    assert watch.at.ledger.verify() == ()


def test_a_request_to_close_an_order_that_another_one_is_shown_for_stands_until_somebody_agrees(large: Watch) -> None:
    closing, order = large.at.desk.closing, large.order()
    other = BrokerOrder(order.broker_id, "EL-SOMEBODY", "Active", Decimal(2_000_000), Decimal(0), None, {})
    large.broker.book[order.broker_id] = other
    assert "shows another order" in large.round().message
    asked = closing.close(PM, order.id, "entered anew there", "x1")
    assert large.rounds(60) == asked
    assert closing.agree(APPROVER, order.id, "x2").state is OrderState.CANCELED


# -- later -------------------------------------------------------------------------------------------------------------


def test_a_closed_order_that_shows_up_after_all_is_found_by_reconcile(tmp_path: Path) -> None:
    both: Both = both_sides(tmp_path)
    order, kept = both.watch.order(), dict(both.watch.broker.book)
    both.watch.broker.book.clear()
    missing = both.only()
    assert (missing.finding, missing.advice.endswith("close it on its page.")) == (Finding.MISSING, True)
    both.watch.round()
    both.watch.at.desk.closing.close(PM, order.id, "gone", "x1")
    assert both.differences() == ()
    both.watch.broker.book.update(kept)
    found = both.only()
    assert (found.finding, found.order_id) == (Finding.STATE, order.id)
    assert f"{order.id} (BUY 2,000,000 A bond) is canceled, 0 filled here; Aladdin says Open" in found.sentence
    assert "It has ended here, so it is not followed any more" in found.advice
    assert both.watch.round().state is OrderState.CANCELED
