"""How often the ledger is read does not grow with the orders that it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from orders.dispatch import LEASE, LEASE_SECONDS
from orders.model import Lease, Order
from tests.allocation.desk import account
from tests.orders.desk import PM, Outfit, outfit
from tests.orders.test_desk import preview, request
from tests.orders.test_dispatch_waiting import AT
from tests.orders.watch import Watch, confirmed
from tests.storage.counted import statements_sent


def _reads_of_a_preview(at: Outfit) -> int:
    with statements_sent(at.engine) as sent:
        at.desk.preview(PM, request(1_000_000))
    return len(sent)


def test_a_preview_reads_the_ledger_as_often_however_many_orders_are_pending(tmp_path: Path) -> None:
    at = outfit(tmp_path)
    at.desk.confirm(PM, preview(at), "", "c1")
    with_one = _reads_of_a_preview(at)
    for number in range(2, 5):
        at.desk.confirm(PM, preview(at), "", f"c{number}")
    assert len(at.ledger.orders()) == 4
    assert _reads_of_a_preview(at) == with_one


def test_a_tick_between_two_looks_reads_only_the_orders_that_something_is_asked_of(watch: Watch) -> None:
    watch.round()
    watch.round()  # looked at, and not due for another look
    at = watch.at
    later = confirmed(at, "c2", release_at=AT)
    lease = at.ledger.acquire(LEASE, watch.worker.holder, LEASE_SECONDS)
    assert lease is not None
    asked: list[list[str]] = []
    orders_of = at.ledger.orders_of

    def noted(order_ids: Sequence[str]) -> tuple[Order, ...]:
        asked.append(list(order_ids))
        return orders_of(order_ids)

    def refused(*_: object, **__: object) -> Any:
        raise AssertionError("all live orders were read")

    at.ledger.orders_of = noted  # type: ignore[method-assign]
    at.ledger.orders = refused  # type: ignore[method-assign]
    assert watch.worker.work(lease), "an order is live, so that it ticks on"
    assert (asked, watch.worker.pulse.trouble) == ([[later.id]], "")


def test_a_look_that_takes_longer_than_a_lease_keeps_it(watch: Watch) -> None:
    watch.at.market.accounts = (account("A", cash="100000000"), account("B", cash="100000000"))
    for number in range(2, 7):
        confirmed(watch.at, f"c{number}")
    watch.round()
    for broker_id, shown in watch.broker.book.items():
        watch.broker.book[broker_id] = replace(shown, status="Active")
    advance = watch.at.ledger.advance
    holders: list[Lease | None] = []

    def slow(*given: Any) -> Order:
        done = advance(*given)
        watch.at.clock.pass_(6)
        holders.append(watch.at.ledger.lease(LEASE))
        return done

    watch.at.ledger.advance = slow  # type: ignore[method-assign,assignment]
    watch.round()
    assert len(holders) == 6
    assert all(lease is not None and lease.holder == watch.worker.holder for lease in holders)
