"""What becomes of orders that the simulated Aladdin's plan has in its hand, as the production client reports it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from orders.errors import Rejected
from orders.model import Cancellation
from tests.aladdin.simulator.program import Served
from tests.aladdin.stand import Stand, counting, simulated, standing, ticket

SOON = timedelta(seconds=10)
POSTING = "path=*/order:post"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with simulated(tmp_path_factory.mktemp("fates")) as server:
        yield server


@pytest.fixture
def stand(served: Served, tmp_path: Path) -> Iterator[Stand]:
    with standing(served, tmp_path) as here:
        yield here


def test_an_order_that_compliance_holds_is_posted_with_what_holds_it(stand: Stand) -> None:
    stand.trouble.set(f"compliance-restriction outcome=held {POSTING} next=1")
    order = stand.client.post(ticket(), stand.clock.now() + SOON)
    assert order.status == "Compl Pending"
    assert "BOND1 is restricted for ALPHA" in order.message
    assert stand.client.orders([order.id])[0].status == "Compl Pending"
    stand.trouble.clear()
    stand.comes_to(order, "Booked")


def test_an_order_that_compliance_rejects_is_placed_and_rejected_afterwards(stand: Stand) -> None:
    stand.trouble.set(f"compliance-restriction outcome=rejected {POSTING} next=1")
    order = stand.client.post(ticket(), stand.clock.now() + SOON)
    assert "is restricted" in order.message
    assert stand.comes_to(order, "Rejected").filled == 0


def test_an_order_that_compliance_refuses_is_not_placed(stand: Stand) -> None:
    sent = ticket()
    stand.trouble.set(f"compliance-restriction outcome=refused {POSTING} next=1")
    with pytest.raises(Rejected, match=r"Compliance refused order .*BOND1 is restricted for ALPHA") as raised:
        stand.client.post(sent, stand.clock.now() + SOON)
    assert (raised.value.code, bool(raised.value.reference)) == ("COMPLIANCE", True)
    assert stand.placed(sent.reference) == 0


def test_a_stalled_order_stays_active_with_what_it_has_and_goes_on_afterwards(stand: Stand) -> None:
    stand.trouble.set(f"stalled-order after-fills=1 {POSTING} next=1")
    sent = ticket()
    order = stand.comes_to(stand.client.post(sent, stand.clock.now() + SOON), "Active")
    stand.trouble.clear()
    assert order.filled < order.face
    assert stand.comes_to(order, "Booked").booked == {line.account_id: line.face for line in sent.lines}


@pytest.mark.parametrize(
    ("fault", "status"), [("rejected-order", "Rejected"), ("expired-order after-fills=1", "Expired")]
)
def test_an_order_that_ends_early_says_how_and_keeps_what_it_has(stand: Stand, fault: str, status: str) -> None:
    stand.trouble.set(f"{fault} {POSTING} next=1")
    order = stand.comes_to(stand.client.post(ticket(), stand.clock.now() + SOON), status)
    assert (order.filled > 0) is (status == "Expired")
    assert sum(order.booked.values()) == order.filled < order.face


def test_a_cancel_that_loses_to_a_fill_is_refused_and_the_order_is_booked(stand: Stand) -> None:
    stand.trouble.set(
        f"stalled-order {POSTING}", "cancel-loses-to-fill path=*/order:cancel", counting("*/order:cancel")
    )
    order = stand.comes_to(stand.client.post(ticket(), stand.clock.now() + SOON), "Active")
    with pytest.raises(Rejected, match="Booked: nothing to cancel") as raised:
        stand.client.cancel(Cancellation("the price ran away", broker_id=order.id), stand.clock.now() + SOON)
    assert raised.value.reference
    assert stand.requests()[2] == 1
    booked = stand.client.orders([order.id])[0]
    assert (booked.status, booked.filled) == ("Booked", booked.face)
