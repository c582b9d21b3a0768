"""An order's life over HTTP: posted once, filled to the unit, modified and canceled while live, found again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.aladdin.simulator.samples import AS_OF, AWAY, ORDERS, Caller, exact

FILTER = f"{ORDERS}/orders:filter"


def test_an_order_goes_from_open_to_booked_and_every_detail_is_complete(caller: Caller) -> None:
    posted = caller.placed(
        {"ALPHA": 700_000, "BRAVO": 301_000},
        face=1_001_000,
        externalOrderReference={"externalId1": "life-1"},
        orderComments=[{"orderCommentKey": "General", "orderCommentValue": "for the group"}],
        basketId="basket-life",
    )
    assert posted["orderStatus"] == "Open"
    assert (posted["face"], posted["fillAmount"]) == (1_001_000, 0)
    assert "averagePrice" not in posted
    assert (posted["tradeDate"], posted["settleDate"]) == (AS_OF, "2025-09-15")
    seen: list[Any] = []
    while not seen or seen[-1]["orderStatus"] != "Booked":
        order = caller.order(posted["id"])
        booked = [detail["quantityBooked"] for detail in order["orderDetails"]]
        assert sum(booked) == order["fillAmount"]
        if seen:
            before = [detail["quantityBooked"] for detail in seen[-1]["orderDetails"]]
            assert all(old <= new for old, new in zip(before, booked, strict=True))
        if not seen or order["touchCount"] != seen[-1]["touchCount"]:
            seen.append(order)
    last = seen[-1]
    assert [d["quantityBooked"] for d in last["orderDetails"]] == [700_000, 301_000]
    assert last["fillAmount"] == last["face"] == 1_001_000
    assert abs(last["averagePrice"] / Decimal("98.7654321") - 1) <= Decimal("0.0005")
    assert {"entryTime", "authorizeTime", "activeTime", "modifyTime"} <= last.keys()
    assert last["externalOrderReference"] == {"externalId1": "life-1"}
    assert last["orderComments"][0]["orderCommentValue"] == "for the group"
    assert len({order["fillAmount"] for order in seen}) > 2  # several partial fills


def test_positions_and_cash_agree_with_the_fills(caller: Caller) -> None:
    rows, ladder = caller.rows("CORE", "SOD+Trades"), caller.ladder("BRAVO")
    order = caller.placed({"BRAVO": 1_000_000}, settleDate="2025-09-16")
    booked = caller.until(order["id"], "Booked")
    after = caller.rows("CORE", "SOD+Trades")
    assert after["BRAVO", "BOND1"]["posQuantity"] - rows["BRAVO", "BOND1"]["posQuantity"] == 1_000_000
    money = (1_000_000 * (booked["averagePrice"] + Decimal("1.5347222")) / 100).quantize(Decimal("0.01"))
    assert after["BRAVO", "CASH_USD"]["mktValue"] == rows["BRAVO", "CASH_USD"]["mktValue"] - money
    moved = caller.ladder("BRAVO")
    for day, cash in ladder.items():
        assert moved[day] == cash - (money if day >= "2025-09-16" else 0)
    assert caller.rows("CORE", "SOD")["BRAVO", "BOND1"]["posQuantity"] == Decimal("4000000.5")


def test_a_live_order_is_reserved_at_the_higher_of_limit_and_mark(caller: Caller) -> None:
    cash, held = caller.ladder("ALPHA")["2025-09-15"], caller.rows("ALPHA", "SOD+Trades+Orders")
    traded = caller.rows("ALPHA", "SOD+Trades")
    order = caller.placed({"ALPHA": 500_000}, **AWAY)
    money = (500_000 * Decimal("100.3001543") / 100).quantize(Decimal("0.01"))  # at the mark, above the limit
    assert caller.ladder("ALPHA")["2025-09-15"] == cash - money
    # A cash flag takes the rest of live orders out again.
    flags = {"includeIntradayOpenOrdersCashImpact": False, "includeIntradayAuthAndActiveOrdersCashImpact": False}
    assert caller.ladder("ALPHA", **flags)["2025-09-15"] == cash
    now = caller.rows("ALPHA", "SOD+Trades+Orders")
    assert now["ALPHA", "BOND1"]["posQuantity"] == held["ALPHA", "BOND1"]["posQuantity"] + 500_000
    assert caller.rows("ALPHA", "SOD+Trades") == traded
    assert "error" not in caller.cancel(orderId=order["id"])
    assert caller.ladder("ALPHA")["2025-09-15"] == cash
    assert caller.rows("ALPHA", "SOD+Trades+Orders") == held


def test_a_sale_of_the_whole_holding_off_the_lattice_leaves_no_row(caller: Caller) -> None:
    held = caller.rows("ALPHA", "SOD+Trades+Orders")["ALPHA", "EURO"]["posQuantity"]
    cash = caller.ladder("ALPHA")["2025-09-15"]
    order = caller.placed({"ALPHA": int(held)}, assetId="EURO", transactionType="SELL")
    assert ("ALPHA", "EURO") not in caller.rows("ALPHA", "SOD+Trades+Orders")
    booked = caller.until(order["id"], "Booked")
    proceeds = (held * (booked["averagePrice"] + 2) / 100 * Decimal("1.1")).quantize(Decimal("0.01"))  # EUR to USD
    assert caller.ladder("ALPHA")["2025-09-15"] == cash + proceeds


def test_a_settlement_beyond_the_ladder_has_a_date_of_its_own(caller: Caller) -> None:
    before = caller.ladder("DELTA")
    order = caller.placed({"DELTA": 1000}, assetId="PLAIN", settleDate="2025-10-01", **AWAY)
    after = caller.ladder("DELTA")
    assert after["2025-10-01"] == before["2025-09-19"] - 1000
    assert after["2025-09-19"] == before["2025-09-19"]
    caller.cancel(orderId=order["id"])


def test_a_reference_is_accepted_once(caller: Caller) -> None:
    first = caller.placed({"DELTA": 1000}, assetId="PLAIN", externalOrderReference={"externalId1": "once"})
    error = caller.place({"ALPHA": 9000}, externalOrderReference={"externalId1": "once"})["error"]
    assert error["code"] == 6
    assert "ALREADY_EXISTS" in error["message"]
    assert error["details"][0]["resourceName"] == first["id"]
    assert caller.found({"externalIdCriterion": {"externalId1": "once", "accountCode": "1"}}) == [first["id"]]


@pytest.mark.parametrize(
    ("details", "order", "code", "says"),
    [
        ({"ALPHA": 1000}, {"assetId": "NOWHERE"}, 5, "no security has the assetId 'NOWHERE'"),
        ({"NOBODY": 1000}, {}, 5, "'NOBODY' is not an account"),
        ({"CORE": 1000}, {}, 5, "'CORE' is not an account"),
        ({"ALPHA": 0}, {}, 3, "quantity of ALPHA must be above 0"),
        ({"ALPHA": -5}, {}, 3, "quantity of ALPHA must be above 0"),
        ({}, {}, 3, "at least one orderDetail"),
        ({"ALPHA": 1000}, {"face": 2000}, 3, "face 2000 is not the sum"),
        ({"ALPHA": 1000}, {"settleDate": "2025-09-11"}, 3, "before the business date 2025-09-12"),
        ({"ALPHA": 1000}, {"tradeDate": "2025-09-11"}, 3, "tradeDate 2025-09-11 is before"),
        ({"ALPHA": 1000}, {"transactionType": "LEND"}, 3, "BUY or SELL"),
        ({"ALPHA": 1000}, {"orderType": "Stop"}, 3, "Market or Limit"),
        ({"ALPHA": 1000}, {"orderType": "Limit"}, 3, "needs a tradingLimitValue"),
        ({"ALPHA": 1000}, {"orderType": "Market", "tradingLimitValue": 99}, 3, "has no tradingLimitValue"),
        ({"ALPHA": 1000}, AWAY | {"tradingLimitType": "Yield"}, 3, "use Price"),
        ({"ALPHA": 1000}, {"assetId": "UNPRICED"}, 3, "only a limit order"),
        ({"ALPHA": 1000}, {"assetId": "YEN"}, 3, "no exchange rate from JPY to USD"),
        ({"ALPHA": 1000}, {"id": "1"}, 5, "there is no order 1"),
        ({"ALPHA": 1000}, {"id": "abc"}, 5, "there is no order 'abc'"),
        ({"ALPHA": 1000}, {"assetId": ""}, 3, "needs an assetId"),
    ],
)
def test_an_order_that_cannot_be_traded_says_why(
    caller: Caller, details: dict[str, int], order: dict[str, Any], code: int, says: str
) -> None:
    error = caller.place(details, **order)["error"]
    assert error["code"] == code
    assert says in error["message"]


@pytest.mark.parametrize(
    ("config", "order", "says"),
    [
        ({"whatIf": None}, {}, "postOrderConfig.whatIf"),
        ({"complianceTimeout": "soon"}, {}, "complianceTimeout"),
        ({}, {"settleDate": "tomorrow"}, "order.settleDate"),
        ({}, {"basketId": "b" * 65}, "order.basketId"),
        ({}, {"externalOrderReference": {"externalId1": "r" * 65}}, "externalId1"),
        ({}, {"orderCustomFields": [{}] * 21}, "orderCustomFields"),
    ],
)
def test_a_request_out_of_shape_is_refused_as_a_whole(
    caller: Caller, config: dict[str, Any], order: dict[str, Any], says: str
) -> None:
    body = {"postOrderConfig": {"whatIf": False} | config, "order": {"assetId": "BOND1"} | order}
    answer = caller.post(f"{ORDERS}/order:post", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_ARGUMENT")
    assert says in answer.json()["message"]


def test_the_same_account_twice_is_refused(caller: Caller) -> None:
    number = exact(caller.post(FILTER, {"query": {"orderIdCriterion": {"ids": [caller.placed({"TINY": 1000})["id"]]}}}))
    tiny = number["orders"][0]["orderDetails"][0]["portfolioReference"]["portfolioId"]
    body = {
        "assetId": "BOND1",
        "transactionType": "BUY",
        "orderDetails": [
            {"portfolioReference": {"portfolioTicker": "TINY"}, "quantity": 1000},
            {"portfolioReference": {"portfolioId": int(tiny)}, "quantity": 1000},
        ],
    }
    (result,) = exact(caller.post(f"{ORDERS}/order:post", {"postOrderConfig": {"whatIf": True}, "order": body}))[
        "results"
    ]
    assert "TINY has two orderDetails" in result["error"]["message"]


def test_a_what_if_runs_compliance_and_leaves_nothing_behind(caller: Caller) -> None:
    before = caller.rows("CORE", "SOD+Trades+Orders")
    large = {"TINY": 101_000, "ALPHA": 200_000}
    output = caller.place(large, config={"whatIf": True}, externalOrderReference={"externalId1": "if"})["output"]
    (warning,) = output["complianceViolations"]
    assert warning["complianceSeverity"] == "COMPLIANCE_SEVERITY_WARNING"
    assert warning["ruleId"]
    assert "more than 25% of its NAV" in warning["violationDescription"]
    assert not {"id", "orderStatus"} & output["order"].keys()
    assert caller.rows("CORE", "SOD+Trades+Orders") == before
    assert caller.found({"externalIdCriterion": {"externalId1": "if"}}) == []
    quiet = caller.place(large, config={"whatIf": True, "runCompliance": False})["output"]
    assert quiet["complianceViolations"] == []


def test_compliance_that_times_out_leaves_the_order_pending(caller: Caller) -> None:
    result = caller.place({"TINY": 101_000}, config={"complianceTimeout": "0.001s"})["output"]
    assert result["order"]["orderStatus"] == "Compl Pending"
    assert result["complianceViolations"] == []
    assert caller.until(result["order"]["id"], "Booked")["fillAmount"] == 101_000


def test_a_limit_away_from_the_market_waits_until_it_is_modified(caller: Caller) -> None:
    order = caller.placed({"ALPHA": 50_000, "BRAVO": 20_000}, **AWAY)
    waiting = caller.until(order["id"], "Active")
    assert waiting["fillAmount"] == 0
    limit = {"orderType": "Limit", "tradingLimitValue": 98.8}
    modified = caller.placed({"ALPHA": 30_000, "BRAVO": 20_000}, id=order["id"], **limit)
    assert (modified["id"], modified["face"]) == (order["id"], 50_000)
    assert modified["version"] > waiting["version"]
    assert modified["touchCount"] > waiting["touchCount"]
    assert modified["orderDetails"][0]["orderDetailId"] == order["orderDetails"][0]["orderDetailId"]
    booked = caller.until(order["id"], "Booked")
    assert booked["fillAmount"] == 50_000
    assert booked["averagePrice"] <= Decimal("98.8")


def test_a_modification_that_leaves_the_details_out_keeps_them(caller: Caller) -> None:
    order = caller.placed({"ALPHA": 50_000}, **AWAY)
    body = {"id": order["id"], "basketId": "moved", "settleDate": "2025-09-17"}
    caller.post(f"{ORDERS}/order:post", {"postOrderConfig": {"whatIf": False}, "order": body})
    changed = caller.order(order["id"])
    assert (changed["basketId"], changed["settleDate"], changed["face"]) == ("moved", "2025-09-17", 50_000)
    assert changed["tradingLimitValue"] == 90
    caller.cancel(orderId=order["id"])


def test_details_that_are_given_replace_all_there_were(caller: Caller) -> None:
    order = caller.placed({"ALPHA": 50_000, "BRAVO": 20_000}, **AWAY)
    changed = caller.placed({"DELTA": 5000, "BRAVO": 21_000}, id=order["id"])
    assert caller.order(order["id"])["orderDetails"] == changed["orderDetails"]
    parts = [(d["portfolioReference"]["portfolioTicker"], d["quantity"]) for d in changed["orderDetails"]]
    assert parts == [("DELTA", 5000), ("BRAVO", 21_000)]
    numbers = {d["portfolioReference"]["portfolioTicker"]: d["orderDetailId"] for d in order["orderDetails"]}
    delta, bravo = (detail["orderDetailId"] for detail in changed["orderDetails"])
    assert bravo == numbers["BRAVO"]
    assert delta not in numbers.values()
    caller.cancel(orderId=order["id"])


def test_what_an_order_is_for_cannot_be_modified(caller: Caller) -> None:
    order = caller.placed({"ALPHA": 50_000}, **AWAY)
    for change, says in (
        ({"assetId": "PLAIN"}, "cannot make it PLAIN"),
        ({"transactionType": "SELL"}, "cannot make it SELL"),
        ({"externalOrderReference": {"externalId1": "new"}}, "not 'new'"),
    ):
        assert says in caller.place({"ALPHA": 50_000}, id=order["id"], **change)["error"]["message"]
    what_if = caller.place({"ALPHA": 60_000}, id=order["id"], config={"whatIf": True})["output"]
    assert what_if["order"]["face"] == 60_000
    assert caller.order(order["id"])["face"] == 50_000
    caller.cancel(orderId=order["id"])


def test_a_finished_order_can_be_neither_modified_nor_canceled(caller: Caller) -> None:
    order = caller.until(caller.placed({"ALPHA": 1000})["id"], "Booked")
    refused = caller.place({"ALPHA": 2000}, id=order["id"])["error"]
    assert (refused["code"], "is Booked" in refused["message"]) == (9, True)
    assert caller.cancel(orderId=order["id"])["error"]["code"] == 9


def test_a_cancel_keeps_what_is_filled_and_its_reason(caller: Caller) -> None:
    order = caller.placed({"ALPHA": 50_000}, externalOrderReference={"externalId1": "to-cancel"}, **AWAY)
    reason = [{"orderCommentKey": "General", "orderCommentValue": "price moved"}]
    output = caller.cancel(externalReference={"externalId1": "to-cancel"}, orderComments=reason)["output"]
    assert (output["id"], output["orderStatus"]) == (order["id"], "Canceled")
    assert output["orderComments"] == reason
    assert caller.cancel(orderId="1")["error"]["code"] == 5
    assert caller.cancel(externalReference={"externalId1": "nowhere"})["error"]["code"] == 5
    assert caller.post(f"{ORDERS}/order:cancel", {}).status_code == 400
