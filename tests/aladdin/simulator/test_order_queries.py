"""Orders are found again: by id, reference, basket, group and time of change, page by page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aladdin.simulator.samples import AS_OF, AWAY, ORDERS, Caller, exact

FILTER = f"{ORDERS}/orders:filter"


def test_finished_orders_are_found_by_id_and_reference_but_not_by_group(caller: Caller) -> None:
    done = caller.until(caller.placed({"TINY": 1000}, basketId="search")["id"], "Booked")["id"]
    live = caller.placed({"TINY": 1000}, basketId="search", externalOrderReference={"externalId1": "s-2"}, **AWAY)["id"]
    answer = exact(caller.post(FILTER, {"query": {"orderIdCriterion": {"ids": [live, done, "7"]}}}))
    assert [order["id"] for order in answer["orders"]] == [done, live]
    assert answer["status"].startswith("1 of the orders")
    assert caller.found({"basketIdCriterion": {"basketIds": ["search"], "orderDate": AS_OF}}) == [done, live]
    in_group = caller.found({"portfolioGroupCriterion": {"portfolioGroupTicker": "WIDE"}})
    assert live in in_group
    assert done not in in_group
    assert live not in caller.found({"portfolioGroupCriterion": {"portfolioGroupTicker": "CORE"}})
    other = {"portfolioGroupTicker": "TINY", "assetIds": ["PLAIN"]}
    assert live not in caller.found({"portfolioGroupCriterion": other})
    listed = {"externalIdListCriterion": {"externalIdsGroups": [{"externalId1s": ["s-2", "none"], "accountCode": "1"}]}}
    assert caller.found(listed) == [live]
    caller.cancel(orderId=live)


def test_orders_are_found_by_the_time_of_their_last_change(caller: Caller) -> None:
    order = caller.placed({"DELTA": 1000}, assetId="PLAIN")["id"]
    day = {"startTimeRange": {"filterDate": AS_OF}}
    criterion = {"portfolioGroupTicker": "WIDE", "modifiedTimeRange": day}
    assert order in caller.found({"portfolioModifiedTimeCriterion": criterion})
    assert order not in caller.found({"portfolioModifiedTimeCriterion": criterion | {"portfolioGroupTicker": "ALPHA"}})
    later = {"startTimeRange": {"filterDate": "2025-09-13"}, "endTimeRange": {"filterDate": "2025-09-14"}}
    assert caller.found({"portfolioModifiedTimeCriterion": criterion | {"modifiedTimeRange": later}}) == []
    long = {"startTimeRange": {"filterDate": "2025-09-01"}, "endTimeRange": {"filterDate": AS_OF}}
    query = {"portfolioModifiedTimeCriterion": criterion | {"modifiedTimeRange": long}}
    assert "7 days" in caller.post(FILTER, {"query": query}).json()["message"]


def test_orders_and_their_ids_come_in_pages(caller: Caller) -> None:
    ids = [caller.placed({"DELTA": 1000}, assetId="PLAIN", basketId="pages", **AWAY)["id"] for _ in range(5)]
    query = {"basketIdCriterion": {"basketIds": ["pages"], "orderDate": AS_OF}}
    for path, field in ((FILTER, "orders"), (f"{ORDERS}/orderIds:filter", "orderIds")):
        seen: list[str] = []
        body: dict[str, Any] = {"query": query, "pageSize": 2, "pageToken": ""}
        while True:
            answer = exact(caller.post(path, body))
            seen += [item if isinstance(item, str) else item["id"] for item in answer[field]]
            if "nextPageToken" not in answer:
                break
            body["pageToken"] = answer["nextPageToken"]
        assert seen == ids
    for order_id in ids:
        caller.cancel(orderId=order_id)


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ({}, 400, "exactly one criterion"),
        (
            {"orderIdCriterion": {"ids": ["1"]}, "basketIdCriterion": {"basketIds": ["b"], "orderDate": AS_OF}},
            400,
            "exactly one criterion",
        ),
        ({"orderIdCriterion": {"ids": []}}, 400, "orderIdCriterion.ids"),
        ({"portfolioGroupCriterion": {"portfolioGroupTicker": "NOBODY"}}, 404, "NOBODY"),
        ({"portfolioGroupCriterion": {"portfolioGroupTicker": "CORE", "orderStatuses": ["Booked"]}}, 400, "only live"),
    ],
)
def test_a_query_that_cannot_be_answered_says_why(
    caller: Caller, query: dict[str, Any], status: int, says: str
) -> None:
    answer = caller.post(FILTER, {"query": query})
    assert answer.status_code == status
    assert says in answer.json()["message"]
