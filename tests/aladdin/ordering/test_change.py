"""What else goes on at Aladdin neither keeps an order out nor lets it out too early."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from orders.errors import NotFound, Unavailable
from tests.aladdin.conftest import Desk
from tests.aladdin.loopback import Asked, Reply, until
from tests.aladdin.ordering.test_broker import LATER, TICKET, placed, posting


def test_a_post_does_not_try_a_circuit_that_a_search_can_try(desk: Desk) -> None:
    desk.world.override["orders:filter"] = lambda _asked: Reply(status=503)
    posting(desk, output={"order": placed()})
    for _ in range(2):
        with pytest.raises(Unavailable):
            desk.client.find_order("EV-1")
    desk.clock.pass_seconds(31)
    with pytest.raises(Unavailable, match="6 times in a row, so nothing was sent while posting order EV-1") as raised:
        desk.client.post(TICKET, LATER)
    assert not raised.value.sent
    assert desk.server.calls("order:post") == []
    desk.world.override["orders:filter"] = lambda _asked: Reply({"orders": []})
    desk.clock.pass_seconds(31)
    assert desk.client.post(TICKET, LATER).id == "100001"
    assert len(desk.server.calls("order:post")) == 1


def test_checks_that_fail_do_not_keep_orders_out(desk: Desk) -> None:
    posting(desk, output={"order": placed()})
    answer = desk.world.override["order:post"]
    desk.world.override["order:post"] = lambda asked: (
        Reply(status=503) if asked.json()["postOrderConfig"]["whatIf"] else answer(asked)
    )
    for _ in range(3):
        with pytest.raises(Unavailable):
            desk.client.check(TICKET)
    assert any("order/v1 checks failed 5 times" in str(circuit) for circuit in desk.client.circuits)
    assert desk.client.post(TICKET, LATER).id == "100001"


def test_reads_that_take_every_connection_leave_orders_theirs(desk: Desk) -> None:
    let_go = threading.Event()

    def held(_asked: Asked) -> None:
        let_go.wait(10)

    desk.world.override["security-master"] = held
    posting(desk, output={"order": placed()})
    client = desk.another(max_workers=1, pool_timeout=0.2)
    with ThreadPoolExecutor(4) as screens:
        reads = [screens.submit(client.bond, f"NOBODYS{n}") for n in range(4)]
        until(lambda: len(desk.server.calls("security-master")) == 4)
        try:
            assert client.post(TICKET, LATER).id == "100001"
        finally:
            let_go.set()
        assert all(isinstance(read.exception(), NotFound) for read in reads)
    client.close()
