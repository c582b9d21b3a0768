"""Every order call against the simulated Aladdin in its own process."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from aladdin.client import Aladdin
from aladdin.config import AladdinConfig
from aladdin.reading.cache import AnswerCache
from aladdin.simulator.process import Running, ensure_running
from allocation.model import Side
from orders.errors import NotFound, Rejected, Unavailable
from orders.model import BrokerOrder, Cancellation, OrderLine, Severity, Ticket
from tests.aladdin.loopback import DeskClock, until
from tests.aladdin.simulator.samples import Caller, write_book

AS_OF, SETTLEMENT = date(2025, 9, 12), date(2025, 9, 15)
LATER = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)  # an hour after the clock's time
AWAY = Decimal("90.123456789012")  # waits below the market
POST, BATCH_POST = "*/order:post", "*/orders:batchPost"


@dataclass(frozen=True)
class Served:
    """The client, and the server it talks to."""

    client: Aladdin
    running: Running
    caller: Caller

    def goes_wrong(self, **fault: Any) -> None:
        """The next call of that path goes wrong so."""
        credentials = (self.running.client_id, self.running.client_secret)
        url = f"{self.running.url}/simulator/faults"
        with httpx.Client(auth=credentials, trust_env=False) as control:
            control.delete(url).raise_for_status()  # the same fault again would go on counting
            control.put(url, json={"faults": [{"next": 1} | fault]}).raise_for_status()

    def booked(self, order: BrokerOrder) -> BrokerOrder:
        """The order once it is booked."""
        until(lambda: self.client.orders([order.id])[0].status == "Booked")
        return self.client.orders([order.id])[0]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    book = write_book(tmp_path_factory.mktemp("book"))
    server = ensure_running(str(book), tmp_path_factory.mktemp("world"), fill_seconds=0.1)
    yield server
    server.stop()


@pytest.fixture
def served(running: Running, tmp_path: Path) -> Iterator[Served]:
    config = AladdinConfig(
        running.url,
        running.client_id,
        SecretStr(running.client_secret),
        page_size=2,
        calls_a_minute=3000,
        default_quota=3000,
    )
    client = Aladdin(config, AnswerCache(tmp_path / "cache"), DeskClock(AS_OF), "small")
    yield Served(client, running, Caller(running))
    client.close()


def ticket(limit: Decimal | None = AWAY, **faces: int) -> Ticket:
    lines = tuple(OrderLine(account, face) for account, face in (faces or {"ALPHA": 400_000, "BRAVO": 301_000}).items())
    reference = f"EV-{uuid.uuid4()}"
    return Ticket(reference, "BOND1", Side.BUY, SETTLEMENT, AS_OF, limit, lines, "for the record")


def test_a_check_tells_what_compliance_would_find_and_posts_nothing(served: Served) -> None:
    large = ticket(ALPHA=200_000, TINY=200_000)
    (violation,) = served.client.check(large)
    assert (violation.rule, violation.account_id) == ("ORDER_SIZE_25_PCT_NAV", "TINY")
    assert violation.severity is Severity.WARNING
    assert "more than 25% of its NAV" in violation.description
    assert served.client.check(ticket()) == ()
    assert served.client.find_order(large.reference) is None


def test_a_check_that_has_to_be_repeated_posts_nothing_either(served: Served) -> None:
    served.goes_wrong(kind="connection-reset", path=POST, when="before")
    wanted = ticket(TINY=200_000)
    assert len(served.client.check(wanted)) == 1
    assert served.client.find_order(wanted.reference) is None


def test_a_check_of_a_modification_is_of_the_order_as_it_would_be_and_leaves_it_as_it_is(served: Served) -> None:
    wanted = ticket(ALPHA=200_000, TINY=20_000)
    order = served.client.post(wanted, LATER)
    larger = replace(wanted, lines=(OrderLine("TINY", 200_000),))
    assert [found.account_id for found in served.client.check(larger, order.id)] == ["TINY"]
    (still,) = served.client.orders([order.id])
    assert (still.asked, still.limit, still.settlement) == (order.asked, order.limit, order.settlement)
    served.client.cancel(Cancellation("done with", broker_id=order.id), LATER)


def test_what_cannot_be_posted_cannot_be_checked_either(served: Served) -> None:
    with pytest.raises(Rejected, match=r"check of order .* 'NOBODY' is not an account"):
        served.client.check(ticket(NOBODY=1000))


def test_a_posted_order_shows_every_figure_of_its_ticket(served: Served) -> None:
    wanted = ticket(ALPHA=200_000, TINY=201_000)
    order = served.client.post(wanted, LATER)
    assert [violation.account_id for violation in order.violations] == ["TINY"]
    assert order.message == ""  # a warning holds nothing up
    assert order.reference == wanted.reference
    assert (order.asset_id, order.side, order.limit, order.limit_type) == ("BOND1", Side.BUY, AWAY, "Price")
    assert (order.settlement, order.trade_date, order.version) == (SETTLEMENT, AS_OF, 1)
    assert order.asked == {"ALPHA": Decimal(200_000), "TINY": Decimal(201_000)}
    assert order.face == Decimal(401_000)
    assert order.modified_at is not None
    assert abs(order.modified_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert served.client.orders([order.id])[0].asked == order.asked
    served.client.cancel(Cancellation("done with", broker_id=order.id), LATER)


def test_an_order_is_modified_to_what_the_ticket_says_and_loses_what_it_leaves_out(served: Served) -> None:
    wanted = ticket()
    order = served.client.post(wanted, LATER)
    smaller = replace(wanted, lines=(OrderLine("ALPHA", 0), OrderLine("BRAVO", 200_000)), limit=Decimal("91.5"))
    changed = served.client.modify(order.id, smaller, LATER)
    assert (changed.id, changed.version, changed.limit) == (order.id, 2, Decimal("91.5"))
    assert (changed.asked, changed.face) == ({"BRAVO": Decimal(200_000)}, Decimal(200_000))
    to_market = replace(wanted, limit=None)
    assert served.client.modify(order.id, to_market, LATER).limit is None
    booked = served.booked(order)
    assert booked.booked == {"ALPHA": Decimal(400_000), "BRAVO": Decimal(301_000)}
    with pytest.raises(Rejected, match=f"change of order {wanted.reference}.* is Booked"):
        served.client.modify(order.id, wanted, LATER)


def test_a_modification_whose_answer_is_lost_is_told_by_the_order_itself(served: Served) -> None:
    wanted = ticket()
    order = served.client.post(wanted, LATER)
    served.goes_wrong(kind="connection-reset", path=POST, when="after")
    with pytest.raises(Unavailable) as raised:
        served.client.modify(order.id, replace(wanted, limit=Decimal("91.5")), LATER)
    assert raised.value.sent
    (found,) = served.client.orders([order.id])
    assert (found.limit, found.version) == (Decimal("91.5"), 2)
    served.client.cancel(Cancellation("done with", broker_id=order.id), LATER)


def test_an_order_is_canceled_by_reference_with_the_reason_in_its_comments(served: Served) -> None:
    wanted = ticket()
    order = served.client.post(wanted, LATER)
    canceled = served.client.cancel(Cancellation("the client called", reference=wanted.reference), LATER)
    assert (canceled.id, canceled.status) == (order.id, "Canceled")
    comments = served.caller.order(order.id)["orderComments"]
    assert [comment["orderCommentValue"] for comment in comments] == ["for the record", "the client called"]


def test_a_cancel_that_loses_to_a_fill_is_rejected_and_the_order_is_booked(served: Served) -> None:
    order = served.client.post(ticket(), LATER)
    served.goes_wrong(kind="cancel-loses-to-fill")
    with pytest.raises(Rejected, match=f"cancellation of order {order.id}: .*is Booked: nothing to cancel"):
        served.client.cancel(Cancellation("too late", broker_id=order.id), LATER)
    assert served.client.orders([order.id])[0].filled == order.face


def test_many_orders_are_posted_and_canceled_at_once(served: Served) -> None:
    wanted = [ticket(), ticket(NOBODY=1000), ticket(DELTA=200_000)]
    first, refused, third = served.client.post_all(wanted, LATER)
    assert isinstance(first, BrokerOrder)
    assert isinstance(third, BrokerOrder)
    assert (first.reference, third.reference) == (wanted[0].reference, wanted[2].reference)
    assert third.asked == {"DELTA": Decimal(200_000)}
    assert isinstance(refused, Rejected)
    assert "'NOBODY' is not an account" in str(refused)
    cancels = [
        Cancellation("done with", broker_id=first.id),
        Cancellation("done with", broker_id=first.id),
        Cancellation("done with", reference=wanted[2].reference),
    ]
    one, again, other = served.client.cancel_all(cancels, LATER)
    assert isinstance(one, BrokerOrder)
    assert isinstance(other, BrokerOrder)
    assert (one.status, other.status) == ("Canceled", "Canceled")
    assert isinstance(again, Rejected)
    assert "is Canceled: nothing to cancel" in str(again)


def test_a_batch_whose_begin_is_lost_is_found_by_reference_and_was_posted_once(served: Served) -> None:
    wanted = [ticket(ALPHA=200_000), ticket(BRAVO=200_000)]
    served.goes_wrong(kind="connection-reset", path=BATCH_POST, when="after")
    fates = served.client.post_all(wanted, LATER)
    assert all(isinstance(fate, Unavailable) and fate.sent for fate in fates)
    references = [one.reference for one in wanted]
    until(lambda: len(served.client.find_orders(references)) == 2)
    assert {order.reference for order in served.client.find_orders(references)} == set(references)
    again = served.client.post_all(wanted, LATER)  # they exist already: which is no new order, and no answer either
    assert all(isinstance(fate, Unavailable) and "already has" in str(fate) for fate in again)
    assert len(served.client.find_orders(references)) == 2
    served.client.cancel_all([Cancellation("done with", reference=one) for one in references], LATER)


def test_orders_are_found_by_group_basket_and_time_of_change(served: Served) -> None:
    basket = f"B-{uuid.uuid4()}"
    away: dict[str, Any] = {"orderType": "Limit", "tradingLimitValue": 90, "basketId": basket}
    ids = [served.caller.placed({"DELTA": 1000}, assetId="PLAIN", **away)["id"] for _ in range(3)]
    client = served.client
    day = datetime.combine(AS_OF, time(), UTC)
    served.caller.cancel(orderId=ids[0])
    assert {order.id for order in client.live_orders("WIDE").orders} >= set(ids[1:])
    assert ids[0] not in {order.id for order in client.live_orders("WIDE").orders}
    assert not {order.id for order in client.live_orders("CORE").orders} & set(ids)
    assert set(client.live_order_ids("WIDE").ids) == {order.id for order in client.live_orders("WIDE").orders}
    assert [(order.id, order.basket) for order in client.in_basket(basket, AS_OF).orders] == [
        (number, basket) for number in ids
    ]
    assert client.ids_in_basket(basket, AS_OF).ids == tuple(ids)
    assert client.in_basket(basket, SETTLEMENT).orders == ()
    changed = client.modified_since("DELTA", day - timedelta(days=10), day + timedelta(days=1))
    assert {order.id for order in changed.orders} >= set(ids)
    assert changed.remarks == ()
    assert client.modified_since("DELTA", day - timedelta(days=10), day - timedelta(days=1)).orders == ()
    with pytest.raises(NotFound, match="NOWHERE"):
        client.live_orders("NOWHERE")
    client.cancel_all([Cancellation("done with", broker_id=number) for number in ids[1:]], LATER)
