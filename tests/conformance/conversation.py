"""What BlackRock's own SDK says to the simulator, and what it understood of the answers. Run by the Python of the SDK's
environment, with the path of a file for the report as JSON; it knows nothing of this project."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from aladdinsdk.api.client import AladdinAPI  # type: ignore[import-not-found]

AS_OF = "2025-09-12"
REPORT: dict[str, Any] = {}
PAGES = {"page_size": 2, "number_of_pages": 2, "interval": 0}


def plain(answer: Any) -> Any:
    """An answer that the SDK has read into its own models, as data under the published names. (Its own `to_dict` is for
    requests, and drops what only the server writes.)"""
    return [plain(one) for one in answer] if isinstance(answer, list) else answer.dict(by_alias=True, exclude_none=True)


def group_and_portfolios() -> None:
    groups, toolkit = AladdinAPI("PortfolioGroupAPI"), AladdinAPI("PortfolioToolkitAPI")
    members = groups.get("/portfolioGroups/{id}/members", id="WIDE")
    REPORT["members"] = plain(members)
    REPORT["node"] = plain(groups.get("/portfolioGroups/{id}/node", id="WIDE"))
    REPORT["parents"] = plain(groups.get("/portfolioGroups/{id}/parents", id="ALPHA"))
    REPORT["ancestors"] = plain(groups.get("/portfolioGroups/{id}/ancestors", id="ALPHA"))
    relation = "/portfolioGroups/{childTicker}/%s/{parentTicker}"
    pair = {"child_ticker": "ALPHA", "parent_ticker": "WIDE"}
    REPORT["child"] = plain(groups.get(relation % "isChildOf", **pair))
    REPORT["descendant"] = plain(groups.get(relation % "isDescendantOf", **pair))
    ids = {"portfolioIds": {"portfolioIds": [str(node.portfolio_id) for node in members.nodes]}}
    body = {"portfolioQuery": ids}
    REPORT["portfolios"] = plain(
        toolkit.post("/portfolios:filter", body, _asdk_pagination_options=PAGES | {"number_of_pages": 9})
    )
    REPORT["portfolios of a group"] = plain(
        toolkit.post("/portfolios:filter", {"portfolioQuery": {"portfolioGroup": "CORE"}})
    )
    REPORT["search"] = plain(toolkit.get("/portfolios:search", search_string="fund", max_rows=3))
    ladder = {"cashLadderQuery": {"portfolioGroupTickers": ["CORE"], "cashDate": AS_OF}}
    REPORT["ladder"] = plain(AladdinAPI("CashLadderAPI").post("/ladders:filter", ladder))


def refused(act: Any) -> dict[str, Any]:
    """The error the SDK raises for a refused call."""
    try:
        act()
    except Exception as error:  # noqa: BLE001 - each of the SDK's APIs has exceptions of its own
        return {
            "type": type(error).__name__,
            "status": getattr(error, "status", None),
            "body": getattr(error, "body", ""),
        }
    return {}


def order(reference: str, **more: Any) -> dict[str, Any]:
    return {
        "assetId": "BOND1",
        "transactionType": "BUY",
        "orderType": "Limit",
        "tradingLimitType": "Price",
        "tradingLimitValue": 90.0,
        "settleDate": "2025-09-15",
        "basketId": "sdk",
        "externalOrderReference": {"externalId1": reference, "accountCode": "77"},
        "orderDetails": [
            {"portfolioReference": {"portfolioTicker": "ALPHA"}, "quantity": 700000.0},
            {"portfolioReference": {"portfolioTicker": "BRAVO"}, "quantity": 300000.0},
        ],
    } | more


def one_by_one(api: Any) -> None:
    def post(what: dict[str, Any], what_if: bool = False) -> Any:
        config = {"whatIf": what_if, "runCompliance": True, "complianceTimeout": "10s"}
        return plain(api.post("/order:post", {"postOrderConfig": config, "order": what}))

    def found(query: dict[str, Any], **options: Any) -> Any:
        return plain(api.post("/orders:filter", {"query": query}, **options))

    REPORT["what-if"] = post(order("if"), what_if=True)
    REPORT["posted"] = [post(order(f"sdk-{n}")) for n in range(3)]
    ids = [answer["results"][0]["output"]["order"]["id"] for answer in REPORT["posted"]]
    REPORT["unknown asset"] = post(order("bad", assetId="NOWHERE"))
    REPORT["pages"] = found({"orderIdCriterion": {"ids": ids}}, _asdk_pagination_options=dict(PAGES))
    REPORT["by reference"] = found({"externalIdCriterion": {"externalId1": "sdk-1", "accountCode": "77"}})
    REPORT["by basket"] = found({"basketIdCriterion": {"basketIds": ["sdk"], "orderDate": AS_OF}})
    REPORT["live in group"] = found({"portfolioGroupCriterion": {"portfolioGroupTicker": "CORE"}})
    day = {"startTimeRange": {"filterDate": AS_OF}}
    modified = {"portfolioGroupTicker": "CORE", "modifiedTimeRange": day}
    REPORT["modified since"] = found({"portfolioModifiedTimeCriterion": modified})
    group = {"portfolioGroupCriterion": {"portfolioGroupTicker": "CORE"}}
    REPORT["ids"] = plain(api.post("/orderIds:filter", {"query": group}))
    details = [{"portfolioReference": {"portfolioTicker": "BRAVO"}, "quantity": 400000.0}]
    REPORT["modified"] = post({"id": ids[0], "orderDetails": details, "tradingLimitValue": 99.5, "orderType": "Limit"})
    REPORT["filled"] = followed(api, ids[0])
    comment = [{"orderCommentKey": "General", "orderCommentValue": "no longer wanted"}]
    REPORT["canceled"] = plain(api.post("/order:cancel", {"orderId": ids[1], "orderComments": comment}))
    reference = {"externalId1": "sdk-2", "accountCode": "77"}
    REPORT["canceled by reference"] = plain(api.post("/order:cancel", {"externalReference": reference}))
    REPORT["cancel refused"] = plain(api.post("/order:cancel", {"orderId": ids[0]}))


def followed(api: Any, order_id: str) -> Any:
    """The order when it is done, read again and again as it fills."""
    for _ in range(200):
        answer = api.post("/orders:filter", {"query": {"orderIdCriterion": {"ids": [order_id]}}})
        if answer.orders[0].order_status == "Booked":
            break
        time.sleep(0.05)
    return plain(answer)["orders"][0]


def in_batches(api: Any) -> None:
    def run(path: str, body: dict[str, Any]) -> Any:
        # The SDK cannot read what an operation holds into its own models: it asks for the answer as it came.
        return asyncio.run(
            api.call_lro_api(
                (path, "post"),
                ("/longrunningoperations/{id}", "get"),
                status_check_interval=0.05,
                request_body=body,
                _deserialize_to_object=False,
            )
        )

    orders = [order("batch-0"), order("batch-1"), order("batch-bad", assetId="NOWHERE")]
    REPORT["batch posted"] = run("/orders:batchPost", {"postOrderConfig": {"whatIf": False}, "orders": orders})
    posted = [
        result.get("output", {}).get("order", {}).get("id", "")
        for result in REPORT["batch posted"]["response"]["results"]
    ]
    requests = [{"orderId": posted[0]}, {"externalReference": {"externalId1": "batch-1", "accountCode": "77"}}]
    REPORT["batch canceled"] = run("/orders:batchCancel", {"requests": [*requests, {"orderId": posted[0]}]})


def other_sign_ins() -> None:
    path = "/portfolioGroups/{id}/node"
    refresh = AladdinAPI("PortfolioGroupAPI", auth_flow_type="refresh_token", refresh_token=os.environ["REFRESH_TOKEN"])
    REPORT["by refresh token"] = plain(refresh.get(path, id="CORE"))
    basic = AladdinAPI(
        "PortfolioGroupAPI",
        auth_type="Basic Auth",
        username=os.environ["BASIC_USER"],
        password=os.environ["BASIC_PASSWORD"],
        api_key=os.environ["API_KEY"],
    )
    REPORT["by password"] = plain(basic.get(path, id="CORE"))


def main() -> None:
    group_and_portfolios()
    orders = AladdinAPI("OrderAPI")
    one_by_one(orders)
    in_batches(orders)
    groups = AladdinAPI("PortfolioGroupAPI")
    REPORT["not found"] = refused(lambda: groups.get("/portfolioGroups/{id}/members", id="NOBODY"))
    empty: dict[str, Any] = {"query": {}}
    REPORT["bad request"] = refused(lambda: orders.post("/orders:filter", empty))
    wrong = AladdinAPI("PortfolioGroupAPI", api_access_token="invented")
    REPORT["unauthorized"] = refused(lambda: wrong.get("/portfolioGroups/{id}/members", id="CORE"))
    other_sign_ins()
    Path(sys.argv[1]).write_text(json.dumps(REPORT, default=str))


if __name__ == "__main__":
    main()
