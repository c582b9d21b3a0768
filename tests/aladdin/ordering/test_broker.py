"""Orders over real HTTP: posted once, found, followed, and never in doubt about whether they left."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import structlog

from allocation.model import Side
from orders.errors import AuthenticationFailed, Malformed, NotPermitted, RateLimited, Rejected, Unavailable
from orders.model import OrderLine, Ticket
from tests.aladdin.conftest import Desk
from tests.aladdin.loopback import Asked, Reply

TICKET = Ticket(
    "EV-1",
    "38141GYB4",
    Side.BUY,
    date(2026, 11, 24),
    date(2026, 11, 20),
    None,
    (OrderLine("ACC1", 2000), OrderLine("ACC2", 3000)),
    "",
)
LATER = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)


def placed(number: int = 100001, reference: str = "EV-1", **changes: Any) -> dict[str, Any]:
    details = [
        {"portfolioReference": {"portfolioTicker": line.account_id}, "quantity": line.face} for line in TICKET.lines
    ]
    return {
        "id": str(number),
        "orderStatus": "Open",
        "externalOrderReference": {"externalId1": reference},
        "face": 5000,
        "orderDetails": details,
    } | changes


def posting(desk: Desk, **result: Any) -> None:
    desk.world.override["order:post"] = lambda _asked: Reply({"results": [result]})


def test_a_ticket_is_posted_once_and_its_order_comes_back(desk: Desk) -> None:
    posting(desk, output={"order": placed()})
    order = desk.client.post(TICKET, LATER)
    assert (order.id, order.reference, order.status, order.face) == ("100001", "EV-1", "Open", Decimal(5000))
    assert (order.filled, order.average_price, order.message) == (Decimal(0), None, "")
    (asked,) = desk.server.calls("order:post")
    assert asked.json()["order"]["externalOrderReference"] == {"externalId1": "EV-1"}


def test_restrictions_of_compliance_come_with_the_order(desk: Desk) -> None:
    violations = [
        {"complianceSeverity": "COMPLIANCE_SEVERITY_RESTRICTION", "violationDescription": "Issuer above 5%."},
        {"complianceSeverity": "COMPLIANCE_SEVERITY_WARNING", "violationDescription": "Close to a limit."},
        {"complianceSeverity": "COMPLIANCE_SEVERITY_RESTRICTION", "ruleId": "R7"},
    ]
    posting(desk, output={"order": placed(orderStatus="Compl Pending"), "complianceViolations": violations})
    order = desk.client.post(TICKET, LATER)
    assert (order.status, order.message) == ("Compl Pending", "Issuer above 5%; rule R7")


def test_violations_without_an_order_are_a_rejection(desk: Desk) -> None:
    violation = {"complianceSeverity": "COMPLIANCE_SEVERITY_RESTRICTION", "violationDescription": "Issuer above 5%."}
    posting(desk, output={"complianceViolations": [violation]})
    with pytest.raises(Rejected, match="Compliance refused order EV-1: Issuer above 5%"):
        desk.client.post(TICKET, LATER)


def test_a_failure_inside_a_success_is_a_rejection_with_its_message(desk: Desk) -> None:
    posting(desk, error={"code": 3, "message": "Quantity is below the minimum."})
    with pytest.raises(Rejected, match="refused order EV-1: Quantity is below the minimum") as raised:
        desk.client.post(TICKET, LATER)
    assert (raised.value.code, raised.value.message) == ("3", "Quantity is below the minimum")
    assert raised.value.reference


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (3, Rejected),
        (5, Rejected),
        (9, Rejected),
        (11, Rejected),
        (7, NotPermitted),
        (8, RateLimited),
        (16, AuthenticationFailed),
    ],
)
def test_a_failure_that_is_certain_has_its_own_name(desk: Desk, code: int, error: type[Exception]) -> None:
    posting(desk, error={"code": code, "message": "No."})
    with pytest.raises(error, match=r"order EV-1.*No"):
        desk.client.post(TICKET, LATER)
    assert len(desk.server.calls("order:post")) == 1


@pytest.mark.parametrize("code", [0, 1, 2, 4, 6, 10, 12, 13, 14, 15, 99])
def test_a_failure_that_leaves_an_order_possible_is_in_doubt(desk: Desk, code: int) -> None:
    posting(desk, error={"code": code, "message": "who knows"})
    with pytest.raises(Unavailable, match="may have been placed") as raised:
        desk.client.post(TICKET, LATER)
    assert raised.value.sent


@pytest.mark.parametrize(
    "body",
    [
        "<html>",
        "{}",
        {"results": []},
        {"results": [{}, {}]},
        {"results": [{}]},
        {"results": [{"output": {}}]},
        {"results": [{"output": {"order": {"orderStatus": "Open"}}}]},
    ],
)
def test_an_answer_to_a_post_that_cannot_be_read_is_in_doubt(desk: Desk, body: Any) -> None:
    desk.world.override["order:post"] = lambda _asked: Reply(body)
    with pytest.raises(Unavailable, match="may have been placed") as raised:
        desk.client.post(TICKET, LATER)
    assert raised.value.sent
    assert len(desk.server.calls("order:post")) == 1


@pytest.mark.parametrize("reply", [Reply(status=500), Reply(status=504), Reply(status=409), Reply(hang_up=True)])
def test_a_lost_answer_is_in_doubt_and_the_order_is_not_posted_again(desk: Desk, reply: Reply) -> None:
    desk.world.override["order:post"] = lambda _asked: reply
    with pytest.raises(Unavailable) as raised:
        desk.client.post(TICKET, LATER)
    assert raised.value.sent
    assert len(desk.server.calls("order:post")) == 1


@pytest.mark.parametrize(
    ("status", "error"), [(400, Rejected), (404, Rejected), (403, NotPermitted), (429, RateLimited)]
)
def test_a_refused_post_is_not_posted_again(desk: Desk, status: int, error: type[Exception]) -> None:
    desk.world.override["order:post"] = lambda _asked: Reply({"code": "NO", "message": "no"}, status)
    with pytest.raises(error):
        desk.client.post(TICKET, LATER)
    assert len(desk.server.calls("order:post")) == 1


def test_an_order_whose_time_has_passed_is_not_posted(desk: Desk) -> None:
    posting(desk, output={"order": placed()})
    desk.clock.pass_seconds(3601)
    with pytest.raises(Unavailable, match="posting order EV-1 ran out at 16:00:00 UTC") as raised:
        desk.client.post(TICKET, LATER)
    assert not raised.value.sent
    assert desk.server.calls("order:post") == []


def test_accounts_given_by_number_are_named(desk: Desk) -> None:
    details = [{"portfolioReference": {"portfolioId": "1001"}, "quantity": 2000, "quantityBooked": 1000}]
    posting(desk, output={"order": placed(orderDetails=details)})
    assert desk.client.post(TICKET, LATER).booked == {"ACC1": Decimal(1000)}


def test_a_look_up_that_fails_after_the_order_was_placed_does_not_read_as_not_sent(desk: Desk) -> None:
    details = [{"portfolioReference": {"portfolioId": "1001"}, "quantity": 2000}]
    posting(desk, output={"order": placed(orderDetails=details)})
    for reply in (Reply(status=500), Reply(status=403), Reply(status=404)):
        desk.world.override["portfolios:filter"] = lambda _asked, reply=reply: reply  # type: ignore[misc]
        with pytest.raises(Unavailable, match="may have been placed") as raised:
            desk.client.post(TICKET, LATER)
        assert raised.value.sent


def test_after_a_post_the_groups_cash_and_holdings_are_read_again(desk: Desk) -> None:
    posting(desk, output={"order": placed()})
    desk.client.group("G/1", TICKET.settlement)
    desk.clock.pass_seconds(1)
    desk.client.post(TICKET, LATER)
    desk.clock.pass_seconds(1)
    desk.client.group("G/1", TICKET.settlement)
    desk.client.group("G/1", TICKET.settlement)
    assert len(desk.server.calls("/position")) == len(desk.server.calls("ladders:filter")) == 2


def filtering(desk: Desk, orders: list[dict[str, Any]]) -> None:
    """Answers orders:filter, two a page."""

    def answer(asked: Asked) -> Reply:
        body = asked.json()
        query = body["query"]
        if "externalIdCriterion" in query:
            wanted = query["externalIdCriterion"]["externalId1"]
            found = [o for o in orders if o["externalOrderReference"]["externalId1"] == wanted]
        else:
            found = [o for o in orders if o["id"] in query["orderIdCriterion"]["ids"]]
        start = int(body.get("pageToken") or 0)
        more = {"nextPageToken": str(start + 2)} if start + 2 < len(found) else {}
        return Reply({"orders": found[start : start + 2]} | more)

    desk.world.override["orders:filter"] = answer


def test_an_order_is_found_by_our_reference(desk: Desk) -> None:
    filtering(desk, [placed(1, "EV-0"), placed(2)])
    found = desk.client.find_order("EV-1")
    assert found is not None
    assert found.id == "2"
    assert desk.client.find_order("EV-9") is None
    assert desk.server.calls("orders:filter")[0].json()["query"] == {"externalIdCriterion": {"externalId1": "EV-1"}}


def test_two_orders_under_one_reference_are_for_a_person_to_decide(desk: Desk) -> None:
    filtering(desk, [placed(1), placed(2)])
    with pytest.raises(Malformed, match=r"2 orders under reference EV-1 \(1, 2\)"):
        desk.client.find_order("EV-1")


def test_orders_are_followed_by_id_over_all_pages_and_never_from_the_cache(desk: Desk) -> None:
    details = placed()["orderDetails"]
    details[0]["quantityBooked"] = 500
    book = [placed(n, f"EV-{n}") for n in range(1, 6)]
    book[4] |= {"orderStatus": "Booked", "fillAmount": 500, "averagePrice": 98.25, "orderDetails": details}
    filtering(desk, book)
    ids = ["5", "1", "3", "2", "99", "1"]
    for turn in (1, 2):
        orders = desk.client.orders(ids)
        assert [order.id for order in orders] == ["5", "1", "3", "2"]
        assert len(desk.server.calls("orders:filter")) == 2 * turn
    assert (orders[0].status, orders[0].filled, orders[0].average_price) == ("Booked", Decimal(500), Decimal("98.25"))
    assert orders[0].booked == {"ACC1": Decimal(500), "ACC2": Decimal(0)}


@pytest.mark.parametrize(
    "broken",
    [
        {"orderStatus": None},
        {"face": "much"},
        {"orderDetails": [{"portfolioReference": {"portfolioId": "77"}, "quantity": 1}]},
        {"orderDetails": [{"quantity": 1}]},
    ],
)
def test_an_order_that_cannot_be_read_does_not_hide_the_others(desk: Desk, broken: dict[str, Any]) -> None:
    filtering(desk, [placed(1, "EV-0"), placed(2) | broken, placed(3, "EV-3")])
    with structlog.testing.capture_logs() as lines:
        assert [order.id for order in desk.client.orders(["1", "2", "3"])] == ["1", "3"]
    (warning,) = [line for line in lines if line["event"] == "order_unreadable"]
    assert (warning["order"], warning["log_level"]) == ("2", "warning")
    with pytest.raises(Malformed):
        desk.client.find_order("EV-1")


@pytest.mark.parametrize("status", [403, 404])
def test_an_order_of_an_account_we_may_not_see_does_not_hide_the_others(desk: Desk, status: int) -> None:
    unseen = {"orderDetails": [{"portfolioReference": {"portfolioId": "77"}, "quantity": 1}]}
    filtering(desk, [placed(1), placed(2) | unseen])
    desk.world.override["portfolios:filter"] = lambda _asked: Reply(status=status)
    assert [order.id for order in desk.client.orders(["1", "2"])] == ["1"]


def test_something_that_is_no_order_does_not_hide_the_others(desk: Desk) -> None:
    desk.world.override["orders:filter"] = lambda _asked: Reply({"orders": [None, "x", {}, placed(1)]})
    assert [order.id for order in desk.client.orders(["1"])] == ["1"]


def test_no_ids_ask_nothing(desk: Desk) -> None:
    assert desk.client.orders([]) == ()
    assert desk.server.calls() == []


def test_orders_are_never_written_to_the_cache(desk: Desk) -> None:
    filtering(desk, [placed(2)])
    posting(desk, output={"order": placed()})
    desk.client.post(TICKET, LATER)
    desk.client.orders(["2"])
    kept = b"".join(path.read_bytes() for path in desk.directory.rglob("*") if path.is_file())
    assert b"EV-1" not in kept
    assert json.dumps("orderStatus").encode() not in kept
