"""The simulated Aladdin's fault plan through every use case that changes or follows an order, over a real ledger: in
the end each has come to pass once, and the ledger has what Aladdin has. Sending is in `test_lost_answers`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from orders.desk import Desk
from orders.dispatch import Dispatch
from orders.errors import OutsideError
from orders.model import Order, OrderState
from storage import SqlLedger
from tests.aladdin.simulator.program import Served
from tests.aladdin.simulator.samples import AWAY
from tests.aladdin.stand import counting, simulated, standing
from tests.aladdin.test_reconciled import BOOK, PM, Room
from tests.ledgers import open_ledger
from tests.orders.desk import records

SHORT = ["timeout when=after", "connection-reset when=before"]
LONG = [
    "timeout when=before",
    "server-error when=before",
    "server-error when=after",
    "malformed-json",
    "truncated-body",
    "connection-reset when=after",
    "too-many-requests retry-after=2",
    "expired-token",
]
FAULTS = [*SHORT, *(pytest.param(fault, marks=pytest.mark.soak) for fault in LONG)]
TIMES = [1, pytest.param(3, marks=pytest.mark.soak)]  # the third of them is what opens no circuit yet
LIVE = {OrderState.OPEN, OrderState.AUTHORIZED, OrderState.ACTIVE}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    # a server that refused a second order under one reference would keep a second post from ever being seen
    with simulated(tmp_path_factory.mktemp("faults"), "--accept-duplicate-references") as one:
        yield one


@pytest.fixture
def room(served: Served, tmp_path: Path) -> Iterator[Room]:
    with standing(served, tmp_path, read_timeout=1.0) as stand:
        engine = open_ledger(tmp_path / "ledger.db")
        ledger = SqlLedger(engine, BOOK.id, stand.clock)
        worker = Dispatch(ledger, stand.client, stand.clock, "w1")
        client, kept = stand.client, records(ledger, engine)
        desk = Desk(client, client, kept, stand.clock, BOOK, asked=worker.wake, blotter=client)
        yield Room(stand, desk, ledger, worker)
        stand.trouble.clear()
        for number in stand.caller.found({"portfolioGroupCriterion": {"portfolioGroupTicker": "WIDE"}}):
            stand.caller.cancel(orderId=number)
        engine.dispose()


def live(room: Room) -> Order:
    """An order at Aladdin that waits there."""
    sent = room.sent()
    return until(room, sent.id, lambda order: order.state in LIVE)


def until(room: Room, order_id: str, come: Callable[[Order], bool]) -> Order:
    """Rounds, with the time between them that passes, until the order is so and nothing is asked any more."""
    for _ in range(150):
        room.round()
        order = room.ledger.order(order_id)
        if come(order) and not room.ledger.intents():
            return order
        room.stand.clock.pass_(15)
    raise AssertionError(f"still {order.state}: {order.message}")


def agree(room: Room, order: Order) -> None:
    """The ledger has what Aladdin has, and Aladdin has the order once. Aladdin moves on by itself, so the worker looks
    until both are of one moment."""
    for _ in range(20):
        room.round()
        order = room.ledger.order(order.id)
        (shown,) = room.stand.client.orders([order.broker_id])
        if (shown.status, shown.filled) == (order.broker_status, order.filled):
            break
    asked = {line.account_id: Decimal(line.face) for line in order.lines if line.face}
    assert (Decimal(order.face), asked) == (shown.face, {name: face for name, face in shown.asked.items() if face})
    assert (order.limit, order.filled, order.broker_status) == (shown.limit, shown.filled, shown.status)
    if shown.reference:
        assert room.stand.placed(order.id) == 1
    assert room.ledger.verify() == ()


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_modification_comes_to_pass_once_or_not_at_all(room: Room, fault: str, times: int) -> None:
    order, modifying = live(room), room.desk.modifying
    asked = replace(modifying.request(PM, order.id), face=1_000_000)
    seen = room.desk.preview(PM, asked)
    modifying.modify(PM, seen, "half of it", uuid.uuid4().hex, dict.fromkeys(seen.warnings, "meant"))
    room.stand.trouble.set(f"{fault} path=*/order:post next={times}")
    after = until(room, order.id, lambda order: order.state in LIVE)
    assert after.face in (seen.proposal.placed, order.face)
    if after.face == order.face:
        assert "not modified" in after.message
    agree(room, after)


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_cancel_comes_to_pass_or_says_that_it_did_not(room: Room, fault: str, times: int) -> None:
    order = live(room)
    room.desk.orders.cancel(PM, order.id, "the client called", uuid.uuid4().hex)
    room.stand.trouble.set(f"{fault} path=*/order:cancel next={times}")
    after = until(room, order.id, lambda order: order.state in {*LIVE, OrderState.CANCELED})
    if after.state is not OrderState.CANCELED:
        assert "not canceled" in after.message
    agree(room, after)


@pytest.mark.parametrize("path", ["*/orders:filter", pytest.param("*", marks=pytest.mark.soak)])
@pytest.mark.parametrize("fault", FAULTS)
def test_an_order_entered_elsewhere_is_taken_over_once(room: Room, fault: str, path: str) -> None:
    live(room)
    entered = room.stand.caller.placed({"ALPHA": 400_000, "BRAVO": 301_000}, **AWAY)
    room.stand.trouble.set(f"{fault} path={path} next=4")
    for _ in range(20):  # a person who tries again
        try:
            order = room.desk.reconciling.adopt(PM, "CORE", entered["id"], "entered by phone", "one command")
            break
        except OutsideError:
            room.stand.clock.pass_(31)
    after = until(room, order.id, lambda order: order.state in LIVE)
    assert [one.broker_id for one in room.ledger.orders()].count(entered["id"]) == 1
    agree(room, after)


@pytest.mark.parametrize("times", [1, pytest.param(8, marks=pytest.mark.soak)])
@pytest.mark.parametrize("fault", FAULTS)
def test_what_became_of_an_order_is_seen_once_the_trouble_is_over(room: Room, fault: str, times: int) -> None:
    order = live(room)
    room.stand.caller.cancel(orderId=order.broker_id)
    room.stand.trouble.set(f"{fault} path=*/orders:filter next={times}", counting("*/orders:filter"))
    room.round()
    if times > 3:
        assert room.ledger.order(order.id) == order, "nothing is made up of what was not read"
    after = until(room, order.id, lambda order: order.state is OrderState.CANCELED)
    assert room.worker.pulse.trouble == ""
    agree(room, after)
