"""The ledger held against a simulated Aladdin in which people enter orders of their own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from allocation.model import Choices, Metric, Side
from orders.desk import Desk, Request
from orders.differing import Difference, Finding
from orders.dispatch import LEASE, LEASE_SECONDS, Dispatch
from orders.errors import Rejected
from orders.model import Book, Order, OrderState, Role, User
from storage import SqlLedger
from tests.aladdin.simulator.program import Served
from tests.aladdin.simulator.samples import AWAY
from tests.aladdin.stand import AS_OF, SETTLEMENT, Stand, simulated, standing
from tests.ledgers import open_ledger
from tests.orders.desk import records

PM = User("pm", "Paula", frozenset({Role.PORTFOLIO_MANAGER}), frozenset({"CORE", "WIDE"}))
BOOK = Book("csv:small:2025-09-12", "csv", "small", AS_OF, ("CORE",))


@dataclass
class Room:
    """A desk and a worker at a simulated Aladdin."""

    stand: Stand
    desk: Desk
    ledger: SqlLedger
    worker: Dispatch

    def round(self) -> None:
        self.worker.wake()
        lease = self.ledger.acquire(LEASE, "w1", LEASE_SECONDS)
        assert lease is not None
        self.worker.work(lease)

    def sent(self) -> Order:
        """A block that waits below the market."""
        choices = Choices(metric=Metric.DURATION, excluded=frozenset({"ALPHA"}))  # some of it has no duration
        request = Request("CORE", "BOND1", Side.BUY, 2_000_000, SETTLEMENT, Decimal(97), choices)
        self.desk.group(PM, "CORE")  # a bond's price and factor come with the positions
        seen = self.desk.checked(PM, self.desk.preview(PM, request))
        order = self.desk.confirm(PM, seen, "", uuid.uuid4().hex, accepted=dict.fromkeys(seen.warnings, "meant"))
        self.round()
        return self.ledger.order(order.id)

    def differences(self) -> tuple[Difference, ...]:
        """But for how far an order has come at Aladdin, which moves by itself."""
        found = self.desk.reconciling.compare(PM, "CORE").differences
        return tuple(difference for difference in found if difference.finding is not Finding.STATE)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with simulated(tmp_path_factory.mktemp("small")) as one:
        yield one


@pytest.fixture
def room(served: Served, tmp_path: Path) -> Iterator[Room]:
    with standing(served, tmp_path, read_timeout=10.0) as stand:
        yield furnished(stand, tmp_path)
        for number in stand.caller.found({"portfolioGroupCriterion": {"portfolioGroupTicker": "WIDE"}}):
            stand.caller.cancel(orderId=number)


def furnished(stand: Stand, directory: Path) -> Room:
    """A desk and a worker over the ledger in this directory."""
    engine = open_ledger(directory / "ledger.db")
    ledger, client = SqlLedger(engine, BOOK.id, stand.clock), stand.client
    worker = Dispatch(ledger, client, stand.clock, "w1")
    desk = Desk(client, client, records(ledger, engine), stand.clock, BOOK, asked=worker.wake, blotter=client)
    return Room(stand, desk, ledger, worker)


def test_an_order_entered_in_aladdin_is_found_and_taken_over_and_followed_to_its_end(room: Room) -> None:
    ours = room.sent()
    entered = room.stand.caller.placed({"ALPHA": 400_000, "BRAVO": 301_000}, **AWAY)
    (found,) = room.differences()
    assert (found.finding, found.broker_id) == (Finding.ELSEWHERE, entered["id"])
    order = room.desk.reconciling.adopt(PM, "CORE", entered["id"], "entered by phone", "a1")
    assert (order.engine, order.face, order.limit) == ("elsewhere", 701_000, Decimal(90))
    room.round()
    assert room.differences() == ()
    room.stand.caller.cancel(orderId=entered["id"])
    room.round()
    assert room.ledger.order(order.id).state is OrderState.CANCELED
    assert room.ledger.order(ours.id).state in (OrderState.AUTHORIZED, OrderState.OPEN, OrderState.ACTIVE)
    assert room.ledger.verify() == ()


def test_terms_that_somebody_changed_in_aladdin_are_told_and_taken_over(room: Room) -> None:
    ours = room.sent()
    faces = {line.account_id: line.face - 100_000 for line in ours.lines}
    room.stand.caller.placed(
        faces, id=ours.broker_id, orderType="Limit", tradingLimitType="Price", tradingLimitValue=96,
        externalOrderReference={"externalId1": ours.id},
    )  # fmt: skip
    (found,) = room.differences()
    assert found.finding is Finding.TERMS
    assert f"its face is {sum(faces.values()):,}, not {ours.face:,}" in found.sentence
    after = room.desk.reconciling.adopt(PM, "CORE", ours.broker_id, "agreed with the trader", "a1")
    assert ({line.account_id: line.face for line in after.lines}, after.limit) == (faces, Decimal(96))
    room.round()
    assert room.differences() == ()
    assert room.ledger.verify() == ()


def test_an_order_that_aladdin_lost_is_closed_and_told_of_where_it_shows_up_after_all(
    room: Room, tmp_path: Path
) -> None:
    ours = room.sent()
    with pytest.raises(Rejected, match=rf"Aladdin shows its order {ours.broker_id} .* is not closed"):
        room.desk.closing.close(PM, ours.id, "gone", "x0")
    with simulated(tmp_path / "forgetful") as other, standing(other, tmp_path / "forgetful") as stand:
        forgetful = furnished(stand, tmp_path)
        forgetful.round()
        assert forgetful.ledger.order(ours.id).message.startswith("Aladdin does not show this order any more")
        assert [found.finding for found in forgetful.differences()] == [Finding.MISSING]
        closed = forgetful.desk.closing.close(PM, ours.id, "purged there, says support", "x1")
        assert closed.state is OrderState.CANCELED
        assert forgetful.differences() == ()
    (found,) = room.desk.reconciling.compare(PM, "CORE").differences
    assert (found.finding, found.order_id) == (Finding.STATE, ours.id)
    assert f"{ours.id} (BUY" in found.sentence
    assert "is canceled, 0 filled here; Aladdin says" in found.sentence
    assert room.ledger.verify() == ()
