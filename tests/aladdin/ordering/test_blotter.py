"""Aladdin's orders found in every published way, over real HTTP."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aladdin.ordering.blotter import weeks
from orders.errors import Malformed, NotFound, Unavailable
from tests.aladdin.conftest import Desk
from tests.aladdin.loopback import Asked, Reply
from tests.aladdin.ordering.test_broker import placed

NEW_YORK = ZoneInfo("America/New_York")
SINCE = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)


def paging(desk: Desk, field: str, items: list[Any], **also: Any) -> None:
    """Answers both filters with these, two a page."""

    def answer(asked: Asked) -> Reply:
        start = int(asked.json().get("pageToken") or 0)
        more = {"nextPageToken": str(start + 2)} if start + 2 < len(items) else {}
        return Reply({field: items[start : start + 2]} | more | also)

    desk.world.override[":filter"] = lambda asked: None if "portfolios" in asked.path else answer(asked)


def queries(desk: Desk) -> list[Any]:
    return [asked.json()["query"] for asked in desk.server.calls("rs:filter") + desk.server.calls("Ids:filter")]


def test_a_groups_live_orders_come_over_all_pages(desk: Desk) -> None:
    paging(desk, "orders", [placed(n, f"EV-{n}") for n in range(1, 6)])
    found = desk.client.live_orders("G/1")
    assert [order.id for order in found.orders] == ["1", "2", "3", "4", "5"]
    assert found.remarks == ()
    assert queries(desk) == [{"portfolioGroupCriterion": {"portfolioGroupTicker": "G/1"}}] * 3


def test_the_orders_of_a_basket_are_those_opened_on_the_day(desk: Desk) -> None:
    paging(desk, "orders", [placed(1)])
    assert [order.id for order in desk.client.in_basket("B-7", date(2026, 11, 20)).orders] == ["1"]
    assert queries(desk) == [{"basketIdCriterion": {"basketIds": ["B-7"], "orderDate": "2026-11-20"}}]


def test_long_lists_come_as_ids_alone(desk: Desk) -> None:
    paging(desk, "orderIds", ["3", "1", "1", "2"])
    assert desk.client.live_order_ids("G/1") == ("3", "1", "2")
    assert desk.client.ids_in_basket("B-7", date(2026, 11, 20)) == ("3", "1", "2")
    asked = desk.server.calls("orderIds:filter")
    assert len(asked) == 4
    assert {one.json()["pageSize"] for one in asked} == {20_000}


def test_a_page_holds_no_more_than_aladdin_gives(desk: Desk) -> None:
    paging(desk, "orders", [])
    client = desk.another(page_size=9000)
    client.live_orders("G/1")
    client.close()
    assert desk.server.calls("orders:filter")[0].json()["pageSize"] == 4000


def test_an_order_that_moves_while_the_pages_are_turned_is_there_once_and_as_last_seen(desk: Desk) -> None:
    paging(desk, "orders", [placed(1), placed(2, "EV-2"), placed(1, orderStatus="Active")])
    found = desk.client.live_orders("G/1").orders
    assert [(order.id, order.status) for order in found] == [("1", "Active"), ("2", "Open")]


def test_what_is_not_among_the_orders_found_is_told(desk: Desk) -> None:
    unnamed = {"orderDetails": [{"portfolioReference": {"portfolioId": "77"}, "quantity": 1}]}
    paging(desk, "orders", [placed(1), placed(2) | unnamed, None], status="1 order is hidden.")
    found = desk.client.live_orders("G/1")
    assert [order.id for order in found.orders] == ["1"]
    assert found.remarks == (
        "Aladdin says while reading the live orders of group G/1: 1 order is hidden.",
        "Aladdin says while reading the live orders of group G/1: 1 order is hidden.",
        "Aladdin's answer for order without an id cannot be read: the whole answer: "
        "input should be a valid dictionary or instance of order.",
        "Aladdin's order 2 has a detail for a portfolio (number 77) we cannot name.",
    )


def test_a_group_aladdin_does_not_know_is_not_an_empty_one(desk: Desk) -> None:
    desk.world.override["orders:filter"] = lambda _asked: Reply({"code": "NOT_FOUND", "message": "no G/9"}, 404)
    with pytest.raises(NotFound, match="live orders of group G/9"):
        desk.client.live_orders("G/9")


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_portfolio_we_may_not_see_is_sorted_out_from_the_others(desk: Desk, status: int) -> None:
    def details(number: str) -> list[Any]:
        return [{"portfolioReference": {"portfolioId": number}, "quantity": 1}]

    def names(asked: Asked) -> Reply | None:
        wanted = asked.json()["portfolioQuery"]["portfolioIds"]["portfolioIds"]
        return Reply({"code": "NO", "message": "no"}, status) if "77" in wanted else None

    desk.world.override["portfolios:filter"] = names
    numbers = ["1001", "1002", "77", "1003"]
    paging(desk, "orders", [placed(n, orderDetails=details(number)) for n, number in enumerate(numbers)])
    found = desk.client.live_orders("G/1")
    assert [order.asked.keys() for order in found.orders] == [{"ACC1"}, {"ACC2"}, {"ACC3"}]
    assert len(found.remarks) == 1


def test_names_that_are_all_refused_are_not_asked_for_without_end(desk: Desk) -> None:
    details = [{"portfolioReference": {"portfolioId": str(n)}, "quantity": 1} for n in range(5000, 5400)]
    paging(desk, "orders", [placed(1, orderDetails=details)])
    desk.world.override["portfolios:filter"] = lambda _asked: Reply(status=403)
    assert desk.client.live_orders("G/1").orders == ()
    assert len(desk.server.calls("portfolios:filter")) == 32


def test_names_that_cannot_be_asked_for_are_an_error_and_not_a_remark(desk: Desk) -> None:
    details = [{"portfolioReference": {"portfolioId": "1001"}, "quantity": 1}]
    paging(desk, "orders", [placed(1, orderDetails=details)])
    desk.world.override["portfolios:filter"] = lambda _asked: Reply(status=500)
    with pytest.raises(Unavailable):
        desk.client.live_orders("G/1")


# -- by reference ------------------------------------------------------------------------------------------------------


def test_orders_are_found_by_their_references_at_once(desk: Desk) -> None:
    paging(desk, "orders", [placed(1, "EV-1"), placed(2, "somebody else's"), placed(3, "EV-3")])
    assert [order.id for order in desk.client.find_orders(["EV-1", "EV-3", "EV-4", "EV-1"])] == ["1", "3"]
    (query, _) = queries(desk)
    groups = [{"externalId1s": ["EV-1", "EV-3", "EV-4"]}]
    assert query == {"externalIdListCriterion": {"externalIdsGroups": groups}}


def test_more_references_than_fit_a_query_are_split(desk: Desk) -> None:
    paging(desk, "orders", [])
    assert desk.client.find_orders([f"EV-{n}" for n in range(10_001)]) == ()
    sizes = [len(q["externalIdListCriterion"]["externalIdsGroups"][0]["externalId1s"]) for q in queries(desk)]
    assert sizes == [10_000, 1]


def test_an_order_that_cannot_be_read_does_not_pass_for_missing(desk: Desk) -> None:
    paging(desk, "orders", [placed(1, orderStatus=None)])
    with pytest.raises(Malformed, match="order 1"):
        desk.client.find_orders(["EV-1"])


def test_the_account_code_goes_along_where_there_is_one(desk: Desk) -> None:
    paging(desk, "orders", [])
    client = desk.another(account_code="77")
    client.find_order("EV-1")
    client.find_orders(["EV-1"])
    client.close()
    assert queries(desk) == [
        {"externalIdCriterion": {"externalId1": "EV-1", "accountCode": "77"}},
        {"externalIdListCriterion": {"externalIdsGroups": [{"externalId1s": ["EV-1"], "accountCode": "77"}]}},
    ]


# -- by time of change -------------------------------------------------------------------------------------------------


def test_orders_are_found_by_the_time_of_their_change_on_aladdins_own_clock(desk: Desk) -> None:
    paging(desk, "orders", [placed(1)])
    client = desk.another(time_zone=NEW_YORK)
    found = client.modified_since("G/1", SINCE, SINCE + timedelta(days=1, seconds=1))
    client.close()
    assert [order.id for order in found.orders] == ["1"]
    span = {
        "startTimeRange": {"filterDate": "2026-11-18", "hour": 4, "minute": 30},
        "endTimeRange": {"filterDate": "2026-11-19", "hour": 4, "minute": 31},
    }
    criterion = {"portfolioGroupTicker": "G/1", "modifiedTimeRange": span}
    assert queries(desk) == [{"portfolioModifiedTimeCriterion": criterion}]


def test_a_range_of_more_than_a_week_is_split_oldest_first_and_each_order_is_there_once(desk: Desk) -> None:
    seen = iter(["Open", "Active", "Booked"])
    desk.world.override["orders:filter"] = lambda _asked: Reply({"orders": [placed(1, orderStatus=next(seen))]})
    found = desk.client.modified_since("G/1", SINCE, SINCE + timedelta(days=15))
    assert [(order.id, order.status) for order in found.orders] == [("1", "Booked")]
    spans = [query["portfolioModifiedTimeCriterion"]["modifiedTimeRange"] for query in queries(desk)]
    assert [span["startTimeRange"]["filterDate"] for span in spans] == ["2026-11-18", "2026-11-25", "2026-12-02"]
    assert [span["endTimeRange"]["filterDate"] for span in spans] == ["2026-11-25", "2026-12-02", "2026-12-03"]


@pytest.mark.parametrize(
    ("since", "until", "says"),
    [
        (SINCE.replace(tzinfo=None), SINCE, "needs a zone"),
        (SINCE, SINCE.replace(tzinfo=None), "needs a zone"),
        (SINCE, SINCE, "before it ends"),
        (SINCE, SINCE - timedelta(days=1), "before it ends"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused_before_anything_is_asked(
    desk: Desk, since: datetime, until: datetime, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        desk.client.modified_since("G/1", since, until)
    assert desk.server.calls() == []


def test_the_hour_that_clocks_show_twice_is_asked_for_from_before_to_after_it() -> None:
    first = datetime(2026, 11, 1, 5, 50, tzinfo=UTC)  # 01:50, before the clocks go back
    second = datetime(2026, 11, 1, 6, 10, tzinfo=UTC)  # 01:10, after that
    assert list(weeks(first, second, NEW_YORK)) == [(datetime(2026, 11, 1, 0, 50), datetime(2026, 11, 1, 2, 10))]


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
zones = st.sampled_from([UTC, NEW_YORK, ZoneInfo("Asia/Kolkata"), ZoneInfo("Australia/Lord_Howe")])


@given(moments, st.timedeltas(timedelta(microseconds=1), timedelta(days=60)), zones)
def test_weeks_cover_the_whole_time_without_gaps_and_none_is_too_long(
    since: datetime, length: timedelta, zone: tzinfo
) -> None:
    until = since + length
    ranges = list(weeks(since, until, zone))
    assert all(timedelta() < end - start <= timedelta(days=7) for start, end in ranges)
    assert all(before[1] == after[0] for before, after in pairwise(ranges))
    for moment in (since, until):
        shown = moment.astimezone(zone).replace(tzinfo=None)
        assert ranges[0][0] <= shown <= ranges[-1][1]
    whole_minutes = [edge for span in ranges for edge in span]
    assert all(edge.second == edge.microsecond == 0 for edge in whole_minutes)
