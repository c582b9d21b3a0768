"""From what somebody did to the request at Aladdin and to the audit entry: one reference finds all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest
import structlog

from access import demo_users
from bootstrap import House
from logs import lines_about
from orders.dispatch import LEASE, LEASE_SECONDS
from orders.history import Sought
from orders.model import AuditEntry, Order
from tests.house import PM, confirmed, house_on
from watch import references

AUDITOR = demo_users()[0]["administrator"].user


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with house_on(tmp_path, log_level="INFO", demo_fill_seconds=0.1) as opened:
        yield opened


def confirmed_by_a_click(house: House) -> tuple[str, Order]:
    """An order, and the reference it was confirmed under."""

    def click() -> tuple[str, Order]:
        return references.begin(user="pm"), confirmed(house)

    return copy_context().run(click)


def round_of_the_worker(house: House) -> None:
    lease = house.health.ledger.acquire(LEASE, house.dispatch.holder, LEASE_SECONDS)
    assert lease is not None
    house.dispatch.work(lease)
    house.health.ledger.release(lease)


def entries(house: House, reference: str) -> tuple[AuditEntry, ...]:
    return tuple(house.office.desk.auditing.entries(AUDITOR, Sought(reference=reference)).rows)


def lines(house: House, reference: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in house.office.log_lines(AUDITOR, reference)]


def test_one_reference_leads_from_the_confirmation_to_aladdin_and_to_what_was_written(house: House) -> None:
    reference, order = confirmed_by_a_click(house)
    assert [(e.action, e.subject, e.actor) for e in entries(house, reference)] == [("confirm", order.id, "pm")]
    assert [intent.reference for intent in house.health.ledger.intents()] == [reference]

    round_of_the_worker(house)  # in another thing's context: the intent brings the reference
    written = [entry.action for entry in reversed(entries(house, reference))]
    assert written[:2] == ["confirm", "send"]
    assert len(written) == 3  # and how Aladdin took it

    said = lines(house, reference)
    posted = [one for one in said if one["event"] == "aladdin_call" and one["path"].endswith("order:post")]
    assert {references.of(one["request_id"]) for one in posted} == {reference}  # of the check, and of the order
    assert {one["reference"] for one in said} == {reference}
    assert {one["command"] for one in said if one["event"] == "ledger.committed"} >= {"c1"}
    assert len({one["request_id"] for one in said if "request_id" in one}) > 1  # each request has an id of its own
    assert lines(house, posted[0]["request_id"]) == said  # as somebody at Aladdin would name it
    assert house.health.ledger.verify() == ()


def test_what_nobody_clicked_for_has_the_reference_of_its_round(house: House) -> None:
    reference, order = confirmed_by_a_click(house)
    round_of_the_worker(house)
    while house.office.desk.past.order(PM, order.id).filled < order.face:
        house.dispatch.wake()
        round_of_the_worker(house)
    newest = house.health.ledger.audit()[0]
    assert newest.subject == order.id
    assert newest.reference not in ("", reference)
    asked = [one for one in lines(house, newest.reference) if one["event"] == "aladdin_call"]
    assert asked  # the look that brought the fill


def test_a_request_that_somebody_else_made_is_found_from_the_one_who_waited_for_it(house: House) -> None:
    def another() -> str:
        references.begin()
        request_id = references.request_id()
        structlog.get_logger().info("aladdin_call", request_id=request_id, status=500)
        return request_id

    def who_waited(request_id: str) -> str:
        reference = references.begin()
        structlog.get_logger().warning("outside failure shown", request_id=request_id)
        return reference

    request_id = copy_context().run(another)
    found = lines_about(copy_context().run(who_waited, request_id))
    assert [json.loads(line)["event"] for line in found] == ["aladdin_call", "outside failure shown"]
