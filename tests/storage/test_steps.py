"""A step moves an order with its lines, history and intent, once, from its version and by whoever may."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from orders.errors import LeaseLost, Rejected, VersionConflict
from orders.model import Order, OrderLine, OrderState
from storage import SqlLedger
from tests.storage.emulated import stores
from tests.storage.samples import SetClock, block, change


@pytest.fixture(params=stores())
def store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_step_moves_the_order_its_lines_its_history_and_its_intent(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    sent = ledger.advance("s", change(order, broker_id="77", broker_status="Open", closes_intent="or-A:send"))
    assert (sent.version, sent.state, sent.broker_id, sent.lines) == (2, OrderState.SENDING, "77", order.lines)
    assert ledger.intents() == ()
    step = change(
        sent,
        OrderState.ACTIVE,
        "fill",
        detail="first fill",
        filled=Decimal("400000.25"),
        average_price=Decimal("99.123456789012"),
        booked={"P1": Decimal("400000.25")},
        message="under way",
    )
    filled = ledger.advance("f", step)
    assert filled == ledger.order(order.id)
    assert [(line.account_id, line.booked) for line in filled.lines] == [
        ("P3", Decimal(0)),
        ("P1", Decimal("400000.25")),
        ("P2", Decimal(0)),
    ]
    assert (filled.filled, filled.average_price) == (Decimal("400000.25"), Decimal("99.123456789012"))
    assert (filled.broker_id, filled.broker_status, filled.message) == ("77", "Open", "under way")
    assert filled.updated_at == step.at
    assert [(e.event, e.state, e.detail) for e in ledger.events(order.id)] == [
        ("confirm", OrderState.CONFIRMED, ""),
        ("send", OrderState.SENDING, ""),
        ("fill", OrderState.ACTIVE, "first fill"),
    ]
    assert ledger.verify() == ()


def test_an_order_of_aladdins_is_one_order_here(ledger: SqlLedger) -> None:
    """Its fills would be counted twice, and Snowflake enforces no key."""
    first, second = ledger.confirm("c", *block()), ledger.confirm("d", *block("B"))
    sent = ledger.advance("s", change(first, OrderState.OPEN, "opened", broker_id="77"))
    with pytest.raises(Rejected, match="Aladdin's order 77 is or-A in this ledger, so it cannot be or-B as well"):
        ledger.advance("t", change(second, OrderState.OPEN, "opened", broker_id="77"))
    statement, taken_over = block("C")
    with pytest.raises(Rejected, match="so it cannot be or-C as well"):
        ledger.confirm("e", statement, replace(taken_over, state=OrderState.OPEN, broker_id="77"))
    ledger.advance("f", change(sent, OrderState.ACTIVE, "active", broker_id="77"))
    assert [order.id for order in ledger.orders_at(["77", "78"])] == ["or-A"]
    assert ledger.orders_at([""]) == ledger.orders_at([]) == ()


def test_what_has_ended_is_found_by_its_last_step_and_by_what_is_nobodys_yet(ledger: SqlLedger) -> None:
    def ended(name: str, **more: object) -> Order:
        order = ledger.confirm(f"c{name}", *block(name))
        return ledger.advance(f"s{name}", change(order, OrderState.BOOKED, "booked", **more))

    shared = ended("A", broker_id="1", filled=Decimal(10), booked={"P1": Decimal(4), "P2": Decimal(6)})
    unshared = ended("B", broker_id="2", filled=Decimal(10), booked={"P1": Decimal(4)})
    ended("C")  # it never was at Aladdin
    ledger.confirm("live", *block("D"))
    moment, later = shared.updated_at, shared.updated_at + timedelta(seconds=1)
    assert ledger.ended(moment, moment) == (shared, unshared)
    assert ledger.ended(later, moment) == (unshared,)
    assert ledger.ended(later, later) == ()


def test_a_booking_for_an_account_without_a_line_is_kept_beside_the_lines(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    after = ledger.advance("f", change(order, booked={"P9": Decimal(5), "P1": Decimal(1)}))
    assert after.lines[-1] == OrderLine("P9", 0, Decimal(5))
    assert ledger.order(order.id) == after
    assert sum(line.face for line in after.lines) == after.face


def test_a_repeated_step_returns_what_it_returned_even_after_later_ones(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    first = ledger.advance("s", change(order))
    ledger.advance("f", change(first, OrderState.ACTIVE, "fill"))
    assert ledger.advance("s", change(order)) == first
    assert ledger.order(order.id).version == 3


def test_a_step_from_an_old_version_is_a_conflict_and_changes_nothing(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    sent = ledger.advance("s", change(order))
    with pytest.raises(VersionConflict, match=r"at version 2 by worker at .*, and this step was made from version 1"):
        ledger.advance("late", change(order, booked={"P1": Decimal(9)}, closes_intent="or-A:send"))
    assert ledger.order(order.id) == sent
    assert len(ledger.events(order.id)) == 2
    assert len(ledger.intents()) == 1


def test_a_conflict_tells_what_changed_since_the_order_was_opened(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    sent = ledger.advance("s", change(order))
    booked = {"P1": Decimal("1000.5"), "P9": Decimal(7)}
    price = Decimal("99.5")
    step = change(sent, OrderState.ACTIVE, "active", filled=Decimal("1007.5"), booked=booked, average_price=price)
    ledger.advance("f", step)
    with pytest.raises(VersionConflict, match=r"Someone changed order or-A since you opened it") as caught:
        ledger.advance("late", change(order))
    assert [str(change) for change in caught.value.changes] == [
        "state: confirmed -> active",
        "filled: 0 -> 1,007.5",
        "average price: none -> 99.5",
        "booked for P1: 0 -> 1,000.5",
        "booked for P9: 0 -> 7",
    ]
    assert all(str(change) in str(caught.value) for change in caught.value.changes)


def test_an_intent_is_closed_once(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    sent = ledger.advance("s", change(order, closes_intent="or-A:send"))
    with pytest.raises(Rejected, match="or-A:send of order or-A is not open"):
        ledger.advance("t", change(sent, closes_intent="or-A:send"))
    assert ledger.order(order.id) == sent


def test_a_figure_the_ledger_cannot_hold_is_refused_by_name(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    with pytest.raises(Rejected, match="average_price keeps 12 decimals"):
        ledger.advance("f", change(order, average_price=Decimal(1) / Decimal(3)))
    assert ledger.order(order.id) == order


def test_only_the_newest_fence_may_write(ledger: SqlLedger, clock: SetClock) -> None:
    order = ledger.confirm("c", *block())
    old = ledger.acquire("worker", "one", 10)
    assert old is not None
    sent = ledger.advance("s", change(order), fence=old.fence)
    clock.forward(11)
    new = ledger.acquire("worker", "two", 10)
    assert new is not None
    with pytest.raises(LeaseLost, match="has passed to another worker"):
        ledger.advance("f", change(sent), fence=old.fence)
    assert ledger.order(order.id) == sent
    assert ledger.advance("f", change(sent), fence=new.fence).version == 3


def test_a_former_holder_is_not_answered_with_the_new_holders_step(ledger: SqlLedger, clock: SetClock) -> None:
    order = ledger.confirm("c", *block())
    old = ledger.acquire("worker", "one", 10)
    assert old is not None
    clock.forward(11)
    new = ledger.acquire("worker", "two", 10)
    assert new is not None
    sent = ledger.advance("or-A:1:send", change(order), fence=new.fence)
    assert ledger.advance("or-A:1:send", change(order), fence=new.fence) == sent
    with pytest.raises(LeaseLost):
        ledger.advance("or-A:1:send", change(order), fence=old.fence)
