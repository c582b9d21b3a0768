"""All there is to ask of the described operations: what they find, find not, refuse, and carry out or not."""

from __future__ import annotations

import time
from typing import Any

from tests.aladdin.simulator.program import Served
from tests.aladdin.simulator.samples import AS_OF, AWAY, GROUPS, LADDERS, ORDERS, PORTFOLIOS, Caller, Ruler, exact

FILTER, FILTER_IDS = f"{ORDERS}/orders:filter", f"{ORDERS}/orderIds:filter"
BATCH_POST, BATCH_CANCEL = f"{ORDERS}/orders:batchPost", f"{ORDERS}/orders:batchCancel"
OPERATION = f"{ORDERS}/longrunningoperations"
LIVE_IN_CORE = {"portfolioGroupCriterion": {"portfolioGroupTicker": "CORE"}}


def groups(caller: Caller, served: Served) -> None:
    for verb in ("members", "node", "parents", "ancestors"):
        for ticker in ("WIDE", "CORE", "ALPHA", "NOBODY"):  # WIDE has no parents, ALPHA no members
            caller.get(f"{GROUPS}/{ticker}/{verb}")
    for relation in ("isChildOf", "isDescendantOf", "isParentOf", "isAncestorOf"):
        for one, other in (("ALPHA", "CORE"), ("WIDE", "ALPHA"), ("ALPHA", "NOBODY")):
            caller.get(f"{GROUPS}/{one}/{relation}/{other}")


def portfolios(caller: Caller, served: Served) -> None:
    numbers = [str(node["portfolioId"]) for node in exact(caller.get(f"{GROUPS}/WIDE/members"))["nodes"]]
    body: dict[str, Any] = {"portfolioQuery": {"portfolioIds": {"portfolioIds": numbers}}, "pageSize": 2}
    first = exact(caller.post(f"{PORTFOLIOS}/portfolios:filter", body))
    caller.post(f"{PORTFOLIOS}/portfolios:filter", body | {"pageToken": first["nextPageToken"]})
    for query in ({"portfolioGroup": "CORE"}, {"portfolioGroup": "NOBODY"}, {"portfolioIds": {"portfolioIds": ["7"]}}):
        caller.post(f"{PORTFOLIOS}/portfolios:filter", {"portfolioQuery": query})
    for text in ("fund", "CORE", "nothing like it", ""):
        caller.get(f"{PORTFOLIOS}/portfolios:search", searchString=text, maxRows="3")


def ladders(caller: Caller, served: Served) -> None:
    for tickers, day in ((["CORE", "TINY"], AS_OF), (["NOBODY"], AS_OF), (["CORE"], "2025-09-11"), ([], AS_OF)):
        caller.post(LADDERS, {"cashLadderQuery": {"portfolioGroupTickers": tickers, "cashDate": day}})


def posts(caller: Caller, served: Served) -> None:
    """Orders posted, tried, modified, refused and followed to the end."""
    reference = {"externalId1": "described-1", "externalId2": "second", "accountCode": "77"}
    order = caller.placed(
        {"ALPHA": 700_000, "BRAVO": 301_000},
        externalOrderReference=reference,
        orderComments=[{"orderCommentKey": "General", "orderCommentValue": "for the group"}],
        orderCustomFields=[{"customFieldLabel": "DESK", "customFieldValue": "credit"}],
        basketId="described",
        expirationType="Day",
        expirationDate="2025-09-15",
        pmInstruction="Approved",
        **AWAY,
    )
    assert "error" in caller.place({"ALPHA": 1000}, externalOrderReference=reference)
    wrong: list[dict[str, Any]] = [{"assetId": "NOWHERE"}, {"transactionType": "LEND"}, {"id": "7"}]
    for refused in wrong:
        assert "error" in caller.place({"ALPHA": 1000}, **refused)
    large = caller.place({"TINY": 101_000}, config={"whatIf": True})["output"]
    assert large["complianceViolations"]
    pending = caller.place({"TINY": 101_000}, config={"complianceTimeout": "0.001s"})["output"]["order"]
    assert pending["orderStatus"] == "Compl Pending"
    caller.placed({"BRAVO": 400_000}, id=order["id"], orderType="Limit", tradingLimitValue=99.5)
    for order_id in (pending["id"], order["id"]):
        caller.until(order_id, "Booked")
    caller.post(f"{ORDERS}/order:post", {"order": {}})


def cancels(caller: Caller, served: Served) -> None:
    reference = {"externalId1": "described-2", "accountCode": "77"}
    ids = [caller.placed({"ALPHA": 1000}, **AWAY)["id"]]
    caller.placed({"ALPHA": 1000}, externalOrderReference=reference, **AWAY)
    comment = [{"orderCommentKey": "General", "orderCommentValue": "no longer wanted"}]
    assert "output" in caller.cancel(orderId=ids[0], orderComments=comment)
    assert "output" in caller.cancel(externalReference=reference)
    for named in ({"orderId": ids[0]}, {"orderId": "7"}, {"externalReference": {"externalId1": "nowhere"}}):
        assert "error" in caller.cancel(**named)
    caller.post(f"{ORDERS}/order:cancel", {})


def queries(caller: Caller, served: Served) -> None:
    """Both filters by every criterion: found, not found, in pages, and refused."""
    ids = [caller.placed({"ALPHA": 1000}, basketId="queries", **AWAY)["id"] for _ in range(3)]
    day = {"startTimeRange": {"filterDate": AS_OF, "hour": 0, "minute": 0}}
    basket = {"basketIdCriterion": {"basketIds": ["queries"], "orderDate": AS_OF}}
    listed = {"externalIdsGroups": [{"externalId1s": ["described-1", "none"], "accountCode": "77"}]}
    unknown = {"portfolioGroupCriterion": {"portfolioGroupTicker": "NOBODY"}}
    criteria: list[dict[str, Any]] = [
        {"orderIdCriterion": {"ids": [*ids, "7"]}},
        {"orderIdCriterion": {"ids": ["7"]}},
        {"externalIdCriterion": {"externalId1": "described-1", "accountCode": "77"}},
        {"externalIdListCriterion": listed},
        {"portfolioModifiedTimeCriterion": {"portfolioGroupTicker": "CORE", "modifiedTimeRange": day}},
        basket,
        LIVE_IN_CORE,
        unknown,
        {},
    ]
    for query in criteria:
        caller.post(FILTER, {"query": query})
    for query in (LIVE_IN_CORE, {"basketIdCriterion": {"basketIds": ["none"], "orderDate": AS_OF}}, unknown, {}):
        caller.post(FILTER_IDS, {"query": query})
    for path in (FILTER, FILTER_IDS):
        first = exact(caller.post(path, {"query": basket, "pageSize": 2, "pageToken": ""}))
        assert "nextPageToken" not in exact(caller.post(path, {"query": basket, "pageToken": first["nextPageToken"]}))
        assert caller.post(path, {"query": LIVE_IN_CORE, "pageToken": first["nextPageToken"]}).status_code == 400
    for order_id in ids:
        caller.cancel(orderId=order_id)


def batches(caller: Caller, served: Served) -> None:
    """Operations when they are not done yet, when they are, with orders that failed, and unknown ones."""
    details = [{"portfolioReference": {"portfolioTicker": "ALPHA"}, "quantity": 1000}]
    order = {"assetId": "BOND1", "transactionType": "BUY", "orderDetails": details} | AWAY
    orders = [order, order | {"assetId": "NOWHERE"}]
    posted = finished(caller, BATCH_POST, {"postOrderConfig": {"whatIf": False}, "orders": orders})
    good, bad = posted["response"]["results"]
    assert "error" in bad
    order_id = good["output"]["order"]["id"]
    canceled = finished(caller, BATCH_CANCEL, {"requests": [{"orderId": order_id}, {"orderId": order_id}]})
    assert [list(result) for result in canceled["response"]["results"]] == [["output"], ["error"]]
    caller.post(BATCH_POST, {"postOrderConfig": {"whatIf": False}, "orders": []})
    caller.post(BATCH_CANCEL, {"requests": [{}]})
    caller.get(f"{OPERATION}/nothing")


def finished(caller: Caller, path: str, body: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = exact(caller.post(path, body))
    assert told["done"] is False
    deadline = time.monotonic() + 20
    while not told["done"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
        told = exact(caller.get(f"{OPERATION}/{told['id']}"))
    return told


def faults(caller: Caller, served: Served) -> None:
    """What the fault plan answers in the published shapes: restrictions, the ends of orders, and 429 everywhere."""
    ruler = Ruler(served)
    for outcome in ("held", "rejected", "refused"):
        ruler.set(f"compliance-restriction outcome={outcome} next=1")
        assert caller.place({"ALPHA": 5000})["output"]["complianceViolations"]
    for line, status in (("rejected-order", "Rejected"), ("expired-order after-fills=1", "Expired")):
        ruler.set(f"{line} next=1")
        caller.until(caller.placed({"ALPHA": 50_000})["id"], status)
    ruler.set("cancel-loses-to-fill")
    assert "error" in caller.cancel(orderId=caller.placed({"ALPHA": 5000}, **AWAY)["id"])
    ruler.set("too-many-requests")
    for verb in ("members", "node", "parents", "ancestors"):
        caller.get(f"{GROUPS}/CORE/{verb}")
    for relation in ("isChildOf", "isDescendantOf", "isParentOf", "isAncestorOf"):
        caller.get(f"{GROUPS}/ALPHA/{relation}/CORE")
    caller.get(f"{PORTFOLIOS}/portfolios:search", searchString="fund")
    caller.get(f"{OPERATION}/nothing")
    for path in (f"{PORTFOLIOS}/portfolios:filter", LADDERS, FILTER, FILTER_IDS, BATCH_POST, BATCH_CANCEL):
        caller.post(path, {})
    for verb in ("post", "cancel"):
        caller.post(f"{ORDERS}/order:{verb}", {})
    ruler.clear()


SCENES = (groups, portfolios, ladders, posts, cancels, queries, batches, faults)
