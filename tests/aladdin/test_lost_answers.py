"""From the confirmed order to Aladdin and back, over a real ledger, while answers are lost: each order ends up posted
exactly once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from allocation.model import Choices, Metric, Side
from orders.desk import Desk, Request
from orders.dispatch import LEASE, LEASE_SECONDS, Dispatch
from orders.model import Book, Order, OrderState, Role, Statement, User
from storage import SqlLedger
from tests.aladdin.simulator.program import Served
from tests.aladdin.stand import AS_OF, SETTLEMENT, Stand, counting, simulated, standing
from tests.ledgers import open_ledger
from tests.orders.desk import records

BOOK = Book("csv:small", "csv", "small", AS_OF, ("CORE", "WIDE"))
PM = User("pm", "Paula", frozenset({Role.PORTFOLIO_MANAGER}), frozenset({"CORE"}))
# ALPHA holds a note without analytics.
CHOICES = Choices(metric=Metric.DURATION, excluded=frozenset({"ALPHA"}))
BUY = Request("CORE", "BOND1", Side.BUY, 500_000, SETTLEMENT, choices=CHOICES)
DONE = {OrderState.BOOKED, OrderState.REJECTED, OrderState.EXPIRED, OrderState.CANCELED}


def buy(desk: Desk) -> None:
    """One more order, whatever is warned of."""
    shown = desk.preview(PM, BUY)
    desk.confirm(PM, shown, "", f"{uuid.uuid4()}", accepted=dict.fromkeys(shown.warnings, "as meant"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    # A server that refused a second order under one reference would keep a second post from ever being seen.
    with simulated(tmp_path_factory.mktemp("lost"), "--accept-duplicate-references") as server:
        yield server


@dataclass
class Watch:
    """A worker between a ledger and the simulated Aladdin, driven a round at a time."""

    stand: Stand
    ledger: SqlLedger
    worker: Dispatch
    desk: Desk

    def order(self) -> Order:
        return self.ledger.orders()[0]

    def round(self) -> Order:
        lease = self.ledger.acquire(LEASE, "w1", LEASE_SECONDS)
        assert lease is not None
        self.worker.work(lease)
        return self.order()

    def to_the_end(self) -> Order:
        """Rounds, with the time between them that passes."""
        for _ in range(200):
            order = self.round()
            if order.state in DONE:
                return order
            self.stand.clock.pass_(15)
        raise AssertionError(f"still {order.state}: {order.message}")

    def history(self) -> list[str]:
        return [event.event for event in self.ledger.events(self.order().id)]


@pytest.fixture
def watch(served: Served, tmp_path: Path) -> Iterator[Watch]:
    engine = open_ledger(tmp_path / "ledger.db")
    with standing(served, tmp_path) as stand:
        ledger = SqlLedger(engine, BOOK.id, stand.clock)
        # before the order, or it would be looked up before its first post
        worker = Dispatch(ledger, stand.client, stand.clock, "w1", stand.client)
        desk = Desk(stand.client, stand.client, records(ledger, engine), stand.clock, BOOK)
        stand.client.group("CORE", SETTLEMENT)  # prices come with the positions
        buy(desk)
        yield Watch(stand, ledger, worker, desk)
    engine.dispose()


LOST = [  # and by how many posts it gets there: what was not acted upon goes out again, after the grace
    ("timeout when=before", 2),
    ("timeout when=after", 1),
    ("server-error when=before", 2),
    ("server-error when=after", 1),
    ("malformed-json", 1),
    ("truncated-body", 1),
    ("connection-reset when=before", 2),
    ("connection-reset when=after", 1),
]


@pytest.mark.parametrize(("fault", "posts"), LOST)
def test_an_order_whose_answer_is_lost_ends_up_posted_exactly_once(watch: Watch, fault: str, posts: int) -> None:
    watch.stand.trouble.set(f"{fault} path=*/order:post next=1")
    lost = watch.round()
    assert lost.state is OrderState.UNKNOWN
    assert lost.message
    order = watch.to_the_end()
    assert (order.state, order.filled) == (OrderState.BOOKED, Decimal(500_000))
    assert sum(line.booked for line in order.lines) == 500_000
    assert watch.stand.trouble.counts() == [(posts, 1)]
    assert watch.stand.placed(order.id) == 1
    assert watch.history().count("send") == posts
    assert watch.ledger.verify() == ()


@pytest.mark.parametrize("fault", ["timeout", "malformed-json", "server-error", "connection-reset when=after"])
def test_a_look_up_that_fails_too_is_made_again_and_nothing_is_posted_meanwhile(watch: Watch, fault: str) -> None:
    watch.stand.trouble.set(
        "connection-reset when=after path=*/order:post next=1",
        f"{fault} path=*/orders:filter next=4",
        counting("*/order:post"),
    )
    order = watch.to_the_end()
    assert order.state is OrderState.BOOKED
    assert watch.stand.requests()[2] == watch.stand.placed(order.id) == 1


@pytest.mark.parametrize(
    ("fault", "posts"),
    [
        ("too-many-requests retry-after=2 path=*/order:post", 4),  # three of them are turned away
        ("server-error path=*/token", 1),
        ("timeout path=*/token", 1),
    ],
)
def test_an_order_that_certainly_never_left_is_sent_once_the_trouble_is_over(
    watch: Watch, fault: str, posts: int
) -> None:
    watch.stand.client.orders(["1"])
    watch.stand.client._transport._sign_in.discard(watch.stand.client._transport._sign_in.current())
    watch.stand.trouble.set(counting("*/order:post"), f"{fault} next=3")
    waiting = watch.round()
    assert waiting.state is OrderState.SEND_FAILED
    assert "Aladdin" in waiting.message
    order = watch.to_the_end()
    assert (order.state, order.message) == (OrderState.BOOKED, "")
    assert (watch.stand.requests()[0], watch.stand.placed(order.id)) == (posts, 1)


def test_while_its_circuit_is_open_an_order_is_not_sent_and_goes_out_afterwards(watch: Watch) -> None:
    watch.stand.trouble.set("server-error path=*/orders:filter", counting("*/order:post"))
    for _ in range(2):
        with pytest.raises(Exception, match=r"status 503|failed 5 times"):
            watch.stand.client.find_order("nobody")
    order = watch.round()
    assert order.state is OrderState.SEND_FAILED
    assert "failed 5 times in a row, so nothing was sent while posting order" in order.message
    assert watch.stand.requests()[1] == 0
    watch.stand.count("*/order:post", "*/orders:filter")
    watch.stand.clock.pass_(31)
    order = watch.round()
    assert order.broker_id
    assert watch.stand.requests() == [1, 2]  # a search tried the circuit, and the order is followed with the other
    assert watch.to_the_end().state is OrderState.BOOKED
    assert (watch.stand.requests()[0], watch.stand.placed(order.id)) == (1, 1)


@pytest.mark.parametrize(
    "status",
    ["1 order is hidden from you", "0 not found and 1 was hidden due to permissions issues", "The query timed out."],
)
def test_an_order_that_no_search_shows_for_certain_is_not_posted_again(watch: Watch, status: str) -> None:
    watch.stand.trouble.set(
        counting("*/order:post"),
        f"hidden-orders status='{status}'",
        "connection-reset when=after path=*/order:post next=1",
    )
    for _ in range(40):
        order = watch.round()
        watch.stand.clock.pass_(15)
    assert order.state is OrderState.UNKNOWN
    assert watch.stand.requests()[0] == 1
    watch.stand.trouble.clear()
    assert watch.to_the_end().state is OrderState.BOOKED
    assert watch.stand.placed(order.id) == 1


@pytest.fixture
def batch(watch: Watch) -> Watch:
    """Two orders of one batch, beside the one that is of none."""
    confirm = watch.ledger.confirm

    def in_batch(command: str, statement: Statement, order: Order, *rest: int | None) -> Order:
        return confirm(command, statement, replace(order, batch="b1"), *rest)

    watch.ledger.confirm = in_batch  # type: ignore[method-assign,assignment]
    for _ in range(2):
        buy(watch.desk)
    del watch.ledger.confirm
    return watch


def all_to_the_end(watch: Watch) -> list[Order]:
    for _ in range(200):
        watch.round()
        if all(order.state in DONE for order in watch.ledger.orders()):
            return list(watch.ledger.orders())
        watch.stand.clock.pass_(15)
    raise AssertionError([(order.state, order.message) for order in watch.ledger.orders()])


@pytest.mark.parametrize(
    "fault",
    [
        "",
        "timeout when=before path=*/orders:batchPost next=1",
        "timeout when=after path=*/orders:batchPost next=1",
        "malformed-json path=*/orders:batchPost next=1",
        "connection-reset when=after path=*/orders:batchPost next=1",
        "server-error path=*/longrunningoperations/* next=2",
    ],
)
def test_a_batch_goes_out_in_one_call_and_each_order_of_it_ends_up_posted_exactly_once(
    batch: Watch, fault: str
) -> None:
    batch.stand.trouble.set(counting("*/orders:batchPost"), *([fault] if fault else []))
    done = all_to_the_end(batch)
    assert [(order.state, order.filled) for order in done] == [(OrderState.BOOKED, Decimal(500_000))] * 3
    assert [batch.stand.placed(order.id) for order in done] == [1, 1, 1]
    assert batch.stand.requests()[0] == 1
    assert batch.ledger.verify() == ()
