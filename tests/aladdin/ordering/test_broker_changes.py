"""An order checked, modified and canceled over real HTTP, in front of answers of every shape."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from aladdin.client import Aladdin
from orders.errors import (
    AuthenticationFailed,
    DeskError,
    Malformed,
    NotPermitted,
    OutsideError,
    RateLimited,
    Rejected,
    Unavailable,
)
from orders.model import BrokerOrder, Cancellation, OrderLine, Severity, Violation
from orders.ports import Batches, Blotter, Broker, Compliance
from tests.aladdin.conftest import Desk
from tests.aladdin.loopback import Asked, Reply
from tests.aladdin.ordering.test_broker import LATER, TICKET, placed

CANCEL = Cancellation("the client called", broker_id="100001")
LARGER = replace(TICKET, lines=(OrderLine("ACC1", 4000), OrderLine("ACC2", 0), OrderLine("ACC3", 3000)))
CERTAIN = {
    3: Rejected,
    5: Rejected,
    9: Rejected,
    11: Rejected,
    7: NotPermitted,
    8: RateLimited,
    16: AuthenticationFailed,
}
WARNING = {
    "ruleId": "SIZE",
    "portfolioId": "1001",
    "complianceSeverity": "COMPLIANCE_SEVERITY_WARNING",
    "violationDescription": "Close to a limit.",
}


def answering(desk: Desk, operation: str, *results: Any) -> None:
    desk.world.override[operation] = lambda _asked: Reply({"results": list(results)})


def modify(client: Aladdin) -> BrokerOrder:
    return client.modify("100001", LARGER, LATER)


def cancel(client: Aladdin) -> BrokerOrder:
    return client.cancel(CANCEL, LATER)


CHANGES = pytest.mark.parametrize(
    ("act", "operation", "doubt"),
    [(modify, "order:post", "may have been changed"), (cancel, "order:cancel", "may have been canceled")],
)


def test_the_client_implements_every_port_of_orders(desk: Desk) -> None:
    broker: Broker = desk.client
    compliance: Compliance = desk.client
    batches: Batches = desk.client
    blotter: Blotter = desk.client
    assert all(port is desk.client for port in (broker, compliance, batches, blotter))


# -- checking ----------------------------------------------------------------------------------------------------------


def test_a_check_is_a_what_if_and_tells_all_that_compliance_finds(desk: Desk) -> None:
    everywhere = {"ruleId": "DAY", "complianceSeverity": "COMPLIANCE_SEVERITY_NEW", "violationDescription": "?"}
    draft = {key: value for key, value in placed().items() if key not in ("id", "orderStatus")}
    answering(desk, "order:post", {"output": {"order": draft, "complianceViolations": [WARNING, everywhere]}})
    assert desk.client.check(TICKET) == (
        Violation("SIZE", "ACC1", Severity.WARNING, "Close to a limit."),
        Violation("DAY", "", Severity.UNKNOWN, "?"),
    )
    (asked,) = desk.server.calls("order:post")
    assert asked.json()["postOrderConfig"]["whatIf"] is True
    assert "complianceTimeout" not in asked.json()["postOrderConfig"]


def test_a_check_of_a_modification_names_the_order(desk: Desk) -> None:
    answering(desk, "order:post", {"output": {}})
    assert desk.client.check(TICKET, "100001") == ()
    assert desk.server.calls("order:post")[0].json()["order"]["id"] == "100001"


def test_a_check_is_repeated_like_any_read_and_stays_a_what_if(desk: Desk) -> None:
    replies = [Reply(status=503), Reply(status=429), Reply({"results": [{"output": {}}]})]
    desk.world.override["order:post"] = lambda _asked: replies.pop(0)
    assert desk.client.check(TICKET) == ()
    assert [asked.json()["postOrderConfig"]["whatIf"] for asked in desk.server.calls("order:post")] == [True] * 3


def test_an_account_that_cannot_be_named_keeps_its_number(desk: Desk) -> None:
    answering(desk, "order:post", {"output": {"complianceViolations": [WARNING]}})
    desk.world.override["portfolios:filter"] = lambda _asked: Reply(status=403)
    assert [violation.account_id for violation in desk.client.check(TICKET)] == ["1001"]


@pytest.mark.parametrize("code", range(18))
def test_a_check_that_fails_inside_a_success_has_its_own_name_and_no_doubt(desk: Desk, code: int) -> None:
    answering(desk, "order:post", {"error": {"code": code, "message": "No."}})
    expected = (CERTAIN | {6: Rejected}).get(code, Unavailable)
    with pytest.raises(expected, match="order EV-1") as raised:
        desk.client.check(TICKET)
    assert "may have been" not in str(raised.value)
    assert ("Try again." in str(raised.value)) == (expected is Unavailable)


@pytest.mark.parametrize("body", ["<html>", {}, {"results": []}, {"results": [{}]}, {"results": [{"output": 7}]}])
def test_an_answer_to_a_check_that_cannot_be_read_says_so(desk: Desk, body: Any) -> None:
    desk.world.override["order:post"] = lambda _asked: Reply(body)
    with pytest.raises(Malformed):
        desk.client.check(TICKET)


# -- posting -----------------------------------------------------------------------------------------------------------


def test_a_post_tells_warnings_too_but_only_restrictions_hold_it_up(desk: Desk) -> None:
    restriction = {"complianceSeverity": "COMPLIANCE_SEVERITY_RESTRICTION", "ruleId": "R7", "portfolioId": "77"}
    answering(desk, "order:post", {"output": {"order": placed(), "complianceViolations": [WARNING, restriction]}})
    order = desk.client.post(TICKET, LATER)
    assert order.message == "rule R7"
    assert order.violations == (
        Violation("SIZE", "ACC1", Severity.WARNING, "Close to a limit."),
        Violation("R7", "77", Severity.RESTRICTION, ""),
    )


def test_an_account_of_a_violation_is_named_by_the_order_itself_where_it_can_be(desk: Desk) -> None:
    details = [{"portfolioReference": {"portfolioId": "1001", "portfolioTicker": "ACC1"}, "quantity": 5000}]
    answering(
        desk, "order:post", {"output": {"order": placed(orderDetails=details), "complianceViolations": [WARNING]}}
    )
    assert desk.client.post(TICKET, LATER).violations[0].account_id == "ACC1"
    assert desk.server.calls("portfolios:filter") == []


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_posted_order_is_no_less_posted_when_a_violation_cannot_be_named(desk: Desk, status: int) -> None:
    answering(desk, "order:post", {"output": {"order": placed(), "complianceViolations": [WARNING]}})
    desk.world.override["portfolios:filter"] = lambda _asked: Reply(status=status)
    order = desk.client.post(TICKET, LATER)
    assert (order.id, order.violations[0].account_id) == ("100001", "1001")


def test_an_answer_with_another_order_leaves_ours_in_doubt(desk: Desk) -> None:
    answering(desk, "order:post", {"output": {"order": placed(reference="EV-2")}})
    with pytest.raises(Unavailable, match=r"with order 100001 \(EV-2\).*may have been placed") as raised:
        desk.client.post(TICKET, LATER)
    assert raised.value.sent


# -- modifying and canceling -------------------------------------------------------------------------------------------


def test_a_modification_posts_the_order_again_with_all_its_details(desk: Desk) -> None:
    answering(desk, "order:post", {"output": {"order": placed(face=7000, version=2)}})
    order = modify(desk.client)
    assert (order.id, order.face, order.version) == ("100001", Decimal(7000), 2)
    (asked,) = desk.server.calls("order:post")
    sent = asked.json()
    assert sent["postOrderConfig"]["whatIf"] is False
    assert (sent["order"]["id"], sent["order"]["face"]) == ("100001", 7000)
    assert [(d["portfolioReference"]["portfolioTicker"], d["quantity"]) for d in sent["order"]["orderDetails"]] == [
        ("ACC1", 4000),
        ("ACC3", 3000),
    ]


def test_nothing_is_modified_without_an_id_as_that_would_be_a_new_order(desk: Desk) -> None:
    with pytest.raises(ValueError, match="no broker id"):
        desk.client.modify("", TICKET, LATER)
    with pytest.raises(Rejected, match="cancel it instead"):
        desk.client.modify("100001", replace(TICKET, lines=()), LATER)
    assert desk.server.calls() == []


@pytest.mark.parametrize("cancellation", [CANCEL, Cancellation("the client called", reference="EV-1")])
def test_an_order_is_canceled_by_id_or_by_reference_with_the_reason(desk: Desk, cancellation: Cancellation) -> None:
    answering(desk, "order:cancel", {"output": placed(orderStatus="Canceled", fillAmount=1000)})
    order = desk.client.cancel(cancellation, LATER)
    assert (order.id, order.status, order.filled) == ("100001", "Canceled", Decimal(1000))
    (asked,) = desk.server.calls("order:cancel")
    named = {"orderId": "100001"} if cancellation.broker_id else {"externalReference": {"externalId1": "EV-1"}}
    comment = {"orderCommentKey": "General", "orderCommentValue": "the client called"}
    assert asked.json() == named | {"orderComments": [comment]}


def test_a_cancel_that_loses_to_a_fill_is_rejected_in_aladdins_words(desk: Desk) -> None:
    answering(desk, "order:cancel", {"error": {"code": 9, "message": "Order 100001 is Booked: nothing to cancel."}})
    with pytest.raises(Rejected, match="refused the cancellation of order 100001: Order 100001 is Booked") as raised:
        cancel(desk.client)
    assert raised.value.message == "Order 100001 is Booked: nothing to cancel"


@CHANGES
@pytest.mark.parametrize("code", range(18))
def test_a_change_that_fails_inside_a_success_is_certain_or_in_doubt(
    desk: Desk, act: Any, operation: str, doubt: str, code: int
) -> None:
    answering(desk, operation, {"error": {"code": code, "message": "No."}})
    with pytest.raises(CERTAIN.get(code, Unavailable), match="No") as raised:
        act(desk.client)
    assert (doubt in str(raised.value)) == (code not in CERTAIN)
    assert getattr(raised.value, "sent", False) == (code not in CERTAIN)
    assert len(desk.server.calls(operation)) == 1


@CHANGES
@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=500),
        Reply(status=409),
        Reply(hang_up=True),
        Reply("<html>"),
        Reply({"results": []}),
        Reply({"results": [{}]}),
        Reply({"results": [{"output": {"orderStatus": "Open"}}]}),
        Reply({"results": [{"output": placed(7)}]}),
        Reply({"results": [{"output": {"order": placed(7)}}]}),
    ],
)
def test_a_change_whose_answer_is_lost_or_odd_is_in_doubt_and_not_repeated(
    desk: Desk, act: Any, operation: str, doubt: str, reply: Reply
) -> None:
    desk.world.override[operation] = lambda _asked: reply
    with pytest.raises(Unavailable) as raised:
        act(desk.client)
    assert raised.value.sent
    assert len(desk.server.calls(operation)) == 1


@CHANGES
@pytest.mark.parametrize(
    ("status", "error"), [(400, Rejected), (404, Rejected), (403, NotPermitted), (429, RateLimited)]
)
def test_a_refused_change_is_certain_and_not_repeated(
    desk: Desk, act: Any, operation: str, doubt: str, status: int, error: type[DeskError]
) -> None:
    desk.world.override[operation] = lambda _asked: Reply({"code": "NO", "message": "no"}, status)
    with pytest.raises(error):
        act(desk.client)
    assert len(desk.server.calls(operation)) == 1


@CHANGES
def test_a_change_whose_time_has_passed_is_not_sent(desk: Desk, act: Any, operation: str, doubt: str) -> None:
    desk.clock.moment = datetime(2026, 11, 20, 16, 0, 1, tzinfo=UTC)
    with pytest.raises(Unavailable, match="ran out at 16:00:00 UTC") as raised:
        act(desk.client)
    assert not raised.value.sent
    assert desk.server.calls(operation) == []


@CHANGES
def test_after_a_change_the_groups_cash_is_read_again(desk: Desk, act: Any, operation: str, doubt: str) -> None:
    def refuse(_asked: Asked) -> Reply:
        return Reply(status=500)

    desk.world.override[operation] = refuse
    desk.client.group("G/1", TICKET.settlement)
    desk.clock.pass_seconds(1)
    with pytest.raises(OutsideError):
        act(desk.client)
    desk.clock.pass_seconds(1)
    desk.client.group("G/1", TICKET.settlement)
    assert len(desk.server.calls("ladders:filter")) == 2
