"""Batches: refused whole or carried out once, through a kill -9, with a result for each order."""

from __future__ import annotations

import json
import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aladdin.simulator.batches import Batches
from aladdin.simulator.catalog import Catalog
from aladdin.simulator.directory import NOTICE_FILE
from aladdin.simulator.exchange import Exchange
from aladdin.simulator.faults import FaultPlan
from aladdin.simulator.operations import Kind, Operation, Operations
from aladdin.simulator.posting import Posting
from aladdin.simulator.process import ensure_running
from aladdin.simulator.state import Blotter
from aladdin.simulator.world import World
from books import Book
from tests.aladdin.simulator.samples import AS_OF, AWAY, ORDERS, Caller, exact

BATCH_POST, BATCH_CANCEL = f"{ORDERS}/orders:batchPost", f"{ORDERS}/orders:batchCancel"


def order(account: str = "ALPHA", **more: Any) -> dict[str, Any]:
    details = [{"portfolioReference": {"portfolioTicker": account}, "quantity": 1000}]
    return {"assetId": "BOND1", "transactionType": "BUY", "orderDetails": details} | AWAY | more


def posts(*orders: dict[str, Any]) -> dict[str, Any]:
    return {"postOrderConfig": {"whatIf": False}, "orders": list(orders)}


def done(caller: Caller, operation_id: str) -> dict[str, Any]:
    """The operation, once it is done."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        told: dict[str, Any] = exact(caller.get(f"{ORDERS}/longrunningoperations/{operation_id}"))
        if told["done"]:
            return told
        time.sleep(0.01)
    raise AssertionError(f"{operation_id} is not done")


def test_a_batch_has_a_result_for_each_of_its_orders_in_their_order(caller: Caller) -> None:
    begun = exact(caller.post(BATCH_POST, posts(order(), order(assetId="NOWHERE"), order("NOBODY"), order("BRAVO"))))
    assert (begun["done"], "response" in begun) == (False, False)
    told = done(caller, begun["id"])
    assert told["meta"] == begun["meta"]
    assert told["response"]["@type"].endswith(".BatchPostOrdersResponse")
    first, *refused, last = told["response"]["results"]
    assert [result["error"]["code"] for result in refused] == [5, 5]
    ids = [result["output"]["order"]["id"] for result in (first, last)]
    cancels = {"requests": [{"orderId": ids[0]}, {"orderId": ids[0]}, {"orderId": ids[1]}]}
    told = done(caller, exact(caller.post(BATCH_CANCEL, cancels))["id"])
    assert [result.get("error", {}).get("code") for result in told["response"]["results"]] == [None, 9, None]
    assert {caller.order(order_id)["orderStatus"] for order_id in ids} == {"Canceled"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (BATCH_POST, posts()),
        (BATCH_POST, posts(*[order()] * 1001)),
        (BATCH_POST, posts(order(), order(settleDate="tomorrow"))),
        (BATCH_CANCEL, {"requests": []}),
        (BATCH_CANCEL, {"requests": [{"orderId": "1"}] * 501}),
        (BATCH_CANCEL, {"requests": [{"orderId": "1"}, {}]}),
    ],
)
def test_a_batch_out_of_shape_is_refused_whole_and_at_once(caller: Caller, path: str, body: Any) -> None:
    answer = caller.post(path, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_ARGUMENT")


def test_an_unknown_operation_is_not_found(caller: Caller) -> None:
    assert caller.get(f"{ORDERS}/longrunningoperations/nothing").status_code == 404


def test_a_batch_is_carried_out_once_by_the_server_after_a_killed_one(book_dir: Path, tmp_path: Path) -> None:
    first = ensure_running(str(book_dir), tmp_path, fill_seconds=1000)  # half a second between begin and done
    caller = Caller(first)
    begun = exact(caller.post(BATCH_POST, posts(*[order(basketId="killed") for _ in range(20)])))
    os.kill(json.loads((tmp_path / NOTICE_FILE).read_text())["pid"], signal.SIGKILL)
    while first.alive():
        pass
    second = ensure_running(str(book_dir), tmp_path, fill_seconds=1000)
    caller = Caller(second)
    told = done(caller, begun["id"])
    placed = [result["output"]["order"]["id"] for result in told["response"]["results"]]
    basket = {"basketIdCriterion": {"basketIds": ["killed"], "orderDate": AS_OF}}
    assert caller.found(basket) == placed
    assert len(set(placed)) == 20
    os.kill(json.loads((tmp_path / NOTICE_FILE).read_text())["pid"], signal.SIGKILL)
    while second.alive():
        pass
    third = ensure_running(str(book_dir), tmp_path)
    caller = Caller(third)
    assert done(caller, begun["id"]) == told
    assert caller.found(basket) == placed
    third.stop()


class Unplugged(Operations):
    """Dies in the moment before what was done is kept."""

    def finish(self, operation: Operation, response: str) -> None:
        raise KeyboardInterrupt


def test_a_batch_that_is_cut_short_has_left_nothing_and_is_done_again_whole(book: Book, tmp_path: Path) -> None:
    path = tmp_path / "orders.sqlite"
    blotter = Blotter(path, book.id)

    def batches(operations: type[Operations]) -> Batches:
        exchange = Exchange(blotter, book.securities, 20.0, FaultPlan())
        posting = Posting(World(Catalog(book), blotter), blotter, exchange, FaultPlan())
        return Batches(blotter, operations(blotter.file), posting)

    request = json.dumps(posts(order(externalOrderReference={"externalId1": "once"}), order("BRAVO")))
    operation = Operations(blotter.file).open(Kind.POST, request, datetime.now(UTC))
    with pytest.raises(KeyboardInterrupt):
        batches(Unplugged).move(datetime.now(UTC))
    assert (blotter.orders(), blotter.by_reference("once")) == ((), None)
    blotter.close()
    blotter = Blotter(path, book.id)
    assert blotter.orders() == ()
    for _ in range(2):
        batches(Operations).move(datetime.now(UTC))
    assert len(blotter.orders()) == 2
    found = Operations(blotter.file).find(operation.id)
    assert found is not None
    assert found.response is not None
    assert [list(result) for result in json.loads(found.response)["results"]] == [["output"], ["output"]]
    assert batches(Operations).next_due() is None
