"""What the fault plan does to orders: restricted, stalled, rejected, expired, and filled before a cancel arrives."""

from __future__ import annotations

import time

from tests.aladdin.simulator.samples import AWAY, ORDERS, Caller, Ruler, exact

BOTH = {"ALPHA": 700_000, "BRAVO": 301_000}
RESTRICTION = "COMPLIANCE_SEVERITY_RESTRICTION"


def never_moves(caller: Caller, order_id: str) -> None:
    """Another order lives its whole life meanwhile, and this one stays where it is."""
    before = caller.order(order_id)
    caller.until(caller.placed({"TINY": 1000})["id"], "Booked")
    assert caller.order(order_id) == before


def stalled(caller: Caller, trouble: Ruler) -> str:
    """An order that stands still after its first partial fill."""
    trouble.set("stalled-order after-fills=1 next=1")
    order_id: str = caller.placed(BOTH)["id"]
    caller.until(order_id, "Active", filled=1)
    return order_id


def test_a_restricted_order_is_pending_until_the_fault_is_lifted(caller: Caller, trouble: Ruler) -> None:
    trouble.set("compliance-restriction next=1")
    output = caller.place(BOTH)["output"]
    (violation,) = output["complianceViolations"]
    assert violation["complianceSeverity"] == RESTRICTION
    assert "BOND1 is restricted for ALPHA" in violation["violationDescription"]
    assert output["order"]["orderStatus"] == "Compl Pending"
    never_moves(caller, output["order"]["id"])
    trouble.clear()
    assert caller.until(output["order"]["id"], "Booked")["fillAmount"] == 1_001_000


def test_a_restricted_order_may_be_rejected_soon_after(caller: Caller, trouble: Ruler) -> None:
    trouble.set("compliance-restriction outcome=rejected next=1")
    output = caller.place(BOTH)["output"]
    assert output["complianceViolations"][0]["complianceSeverity"] == RESTRICTION
    rejected = caller.until(output["order"]["id"], "Rejected", "Booked")
    assert (rejected["orderStatus"], rejected["fillAmount"]) == ("Rejected", 0)


def test_a_restricted_order_may_be_refused_and_then_there_is_none(caller: Caller, trouble: Ruler) -> None:
    trouble.set("compliance-restriction outcome=refused next=1")
    reference = {"externalId1": "refused-by-compliance"}
    output = caller.place(BOTH, externalOrderReference=reference)["output"]
    assert output.keys() == {"complianceViolations"}
    assert output["complianceViolations"][0]["complianceSeverity"] == RESTRICTION
    assert caller.found({"externalIdCriterion": reference}) == []


def test_a_what_if_meets_the_restriction_and_an_order_without_compliance_does_not(
    caller: Caller, trouble: Ruler
) -> None:
    trouble.set("compliance-restriction")
    output = caller.place(BOTH, config={"whatIf": True})["output"]
    assert [v["complianceSeverity"] for v in output["complianceViolations"]] == [RESTRICTION]
    assert caller.place({"TINY": 1000}, config={"runCompliance": False})["output"]["complianceViolations"] == []
    assert trouble.counts() == [(1, 1)]


def test_a_modification_can_be_restricted_too(caller: Caller, trouble: Ruler) -> None:
    order = caller.placed({"ALPHA": 5000}, **AWAY)
    caller.until(order["id"], "Active")
    trouble.set("compliance-restriction next=1")
    assert caller.placed({"ALPHA": 6000}, id=order["id"])["orderStatus"] == "Compl Pending"
    assert caller.cancel(orderId=order["id"])["output"]["orderStatus"] == "Canceled"


def test_a_stalled_order_goes_on_when_the_fault_is_lifted(caller: Caller, trouble: Ruler) -> None:
    order_id = stalled(caller, trouble)
    never_moves(caller, order_id)
    trouble.clear()
    booked = caller.until(order_id, "Booked")
    assert [detail["quantityBooked"] for detail in booked["orderDetails"]] == [700_000, 301_000]


def test_only_the_orders_that_were_struck_stall_and_another_plan_with_the_fault_keeps_them(
    caller: Caller, trouble: Ruler
) -> None:
    order_id = stalled(caller, trouble)
    trouble.set("latency seconds=0.001", "stalled-order after-fills=1 next=1")
    never_moves(caller, order_id)
    assert trouble.counts()[1] == (2, 1)


def test_a_stalled_order_can_be_modified_down_to_what_is_booked_and_no_further(caller: Caller, trouble: Ruler) -> None:
    order_id = stalled(caller, trouble)
    details = caller.order(order_id)["orderDetails"]
    booked = {d["portfolioReference"]["portfolioTicker"]: int(d["quantityBooked"]) for d in details}
    assert min(booked.values()) > 0
    for below in ({"ALPHA": booked["ALPHA"] - 1000, "BRAVO": 301_000}, {"ALPHA": 700_000}):
        error = caller.place(below, id=order_id)["error"]
        assert (error["code"], "booked already" in error["message"]) == (9, True)
    assert caller.order(order_id)["face"] == 1_001_000
    caller.placed(booked, id=order_id)
    trouble.clear()
    done = caller.until(order_id, "Booked")
    assert [int(detail["quantityBooked"]) for detail in done["orderDetails"]] == list(booked.values())


def test_a_cancel_keeps_what_a_stalled_order_has_booked(caller: Caller, trouble: Ruler) -> None:
    order_id = stalled(caller, trouble)
    before = caller.order(order_id)
    canceled = caller.cancel(orderId=order_id)["output"]
    assert (canceled["orderStatus"], canceled["fillAmount"]) == ("Canceled", before["fillAmount"])


def test_an_order_is_rejected_before_it_becomes_active(caller: Caller, trouble: Ruler) -> None:
    trouble.set("rejected-order next=1")
    rejected = caller.until(caller.placed(BOTH)["id"], "Rejected", "Booked")
    assert (rejected["orderStatus"], rejected["fillAmount"]) == ("Rejected", 0)
    assert "activeTime" not in rejected


def test_an_order_expires_partly_filled(caller: Caller, trouble: Ruler) -> None:
    trouble.set("expired-order after-fills=2 next=1")
    expired = caller.until(caller.placed(BOTH)["id"], "Expired", "Booked")
    assert expired["orderStatus"] == "Expired"
    assert 0 < expired["fillAmount"] < expired["face"]


def test_a_cancel_that_comes_too_late_finds_the_order_filled_to_the_end(caller: Caller, trouble: Ruler) -> None:
    order = caller.placed(BOTH, **AWAY)
    trouble.set("cancel-loses-to-fill path=*/order:cancel next=1")
    error = caller.cancel(orderId=order["id"])["error"]
    assert (error["code"], "is Booked: nothing to cancel" in error["message"]) == (9, True)
    booked = caller.order(order["id"])
    assert (booked["orderStatus"], booked["fillAmount"]) == ("Booked", 1_001_000)
    assert booked["averagePrice"] <= 90


def test_a_cancel_of_a_finished_order_uses_up_no_fault(caller: Caller, trouble: Ruler) -> None:
    done = caller.until(caller.placed({"TINY": 1000})["id"], "Booked")
    trouble.set("cancel-loses-to-fill next=1")
    assert caller.cancel(orderId=done["id"])["error"]["code"] == 9
    assert trouble.counts() == [(0, 0)]


def test_orders_of_a_batch_meet_the_faults_of_the_batch(caller: Caller, trouble: Ruler) -> None:
    trouble.set("rejected-order path=*/orders:batchPost next=1", "rejected-order path=*/order:post")
    order = {
        "assetId": "BOND1",
        "transactionType": "BUY",
        "orderDetails": [{"portfolioReference": {"portfolioTicker": "ALPHA"}, "quantity": 1000}],
    }
    body = {"postOrderConfig": {"whatIf": False}, "orders": [order, order]}
    told = exact(caller.post(f"{ORDERS}/orders:batchPost", body))
    while not told["done"]:
        time.sleep(0.01)
        told = exact(caller.get(f"{ORDERS}/longrunningoperations/{told['id']}"))
    first, second = (result["output"]["order"]["id"] for result in told["response"]["results"])
    assert caller.until(first, "Rejected", "Booked")["orderStatus"] == "Rejected"
    assert caller.until(second, "Rejected", "Booked")["orderStatus"] == "Booked"
