"""The two order filters: by id, external reference, basket, group of portfolios and time of change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.routing import Route

from aladdin.simulator.faults import FaultPlan, HiddenOrders
from aladdin.simulator.protocol import Answer, bad_request, known, not_found, page, read_body
from aladdin.simulator.published import ORDERS
from aladdin.simulator.requests import (
    BasketIds,
    ExternalIdsGroup,
    FilterOrderIds,
    FilterOrders,
    ModifiedTimeCriterion,
    OrderQuery,
    PortfolioGroupCriterion,
)
from aladdin.simulator.shown import shown
from aladdin.simulator.state import LIVE, Blotter, PlacedOrder
from aladdin.simulator.world import World

MOST_ORDERS = 4000
MOST_ORDER_IDS = 20_000
LONGEST_MODIFIED_RANGE = timedelta(days=7)

Found = tuple[Sequence[PlacedOrder], int]  # the orders, and how many of those asked for are not there


class OrderQueries:
    """The endpoints over one world's orders."""

    def __init__(self, world: World, blotter: Blotter, plan: FaultPlan) -> None:
        self._world = world
        self._plan = plan
        self._catalog = world.catalog
        self._blotter = blotter

    def routes(self) -> list[Route]:
        return [
            Route(f"{ORDERS}/orders:filter", self.filter, methods=["POST"]),
            Route(f"{ORDERS}/orderIds:filter", self.filter_ids, methods=["POST"]),
        ]

    async def filter(self, request: Request) -> Answer:
        body = await read_body(request, FilterOrders)
        orders, missing = self._query(body.query)
        if hidden := self._plan.take(request.url.path, HiddenOrders):
            return Answer({"orders": [], "status": hidden.status})
        found, token = page(orders, lambda o: o.id, body.page_size, MOST_ORDERS, body.page_token, body.query)
        status = f"{missing} of the orders asked for could not be found" if missing else None
        return Answer(
            {"orders": [shown(order, self._world) for order in found]} | known(nextPageToken=token, status=status)
        )

    async def filter_ids(self, request: Request) -> Answer:
        body = await read_body(request, FilterOrderIds)
        query = OrderQuery(
            portfolio_group_criterion=body.query.portfolio_group_criterion,
            basket_id_criterion=body.query.basket_id_criterion,
        )
        orders, _ = self._query(query)
        if hidden := self._plan.take(request.url.path, HiddenOrders):
            return Answer({"orderIds": [], "status": hidden.status})
        found, token = page(orders, lambda o: o.id, body.page_size, MOST_ORDER_IDS, body.page_token, query)
        return Answer({"orderIds": [str(order.id) for order in found]} | known(nextPageToken=token))

    def _query(self, query: OrderQuery) -> Found:
        """The orders that meet the query's one criterion, by number."""
        given = query.model_dump(exclude_none=True, by_alias=True)
        if len(given) != 1:
            raise bad_request(f"query: give exactly one criterion, not {', '.join(given) or 'none'}")
        if query.order_id_criterion:
            numbers = {int(text) for text in query.order_id_criterion.ids if text.isdecimal()}
            found = [order for order in map(self._blotter.order, sorted(numbers)) if order is not None]
            return found, len(set(query.order_id_criterion.ids)) - len(found)
        if one := query.external_id_criterion:
            return self._referenced([ExternalIdsGroup(external_id1s=[one.external_id1], account_code=one.account_code)])
        if query.external_id_list_criterion:
            return self._referenced(query.external_id_list_criterion.external_ids_groups)
        if query.portfolio_group_criterion:
            return self._live_in(query.portfolio_group_criterion), 0
        if query.basket_id_criterion:
            return self._in_baskets(query.basket_id_criterion), 0
        if query.portfolio_modified_time_criterion is None:
            raise bad_request("query: the criterion is empty")
        return self._modified_between(query.portfolio_modified_time_criterion), 0

    def _referenced(self, groups: Iterable[ExternalIdsGroup]) -> Found:
        asked = {(reference, group.account_code) for group in groups for reference in group.external_id1s}
        found: dict[int, PlacedOrder] = {}
        missing = 0
        for reference, code in asked:
            # An order posted without an account code belongs to whoever asks.
            theirs = [order for order in self._blotter.referenced(reference) if order.account_code in ("", code)]
            found |= {order.id: order for order in theirs}
            missing += not theirs
        return [found[number] for number in sorted(found)], missing

    def _live_in(self, criterion: PortfolioGroupCriterion) -> list[PlacedOrder]:
        accounts = self._members(criterion.portfolio_group_ticker)
        statuses = _live_statuses(criterion.order_statuses)
        return [
            order
            for order in self._blotter.orders()
            if order.status in statuses
            and (not criterion.asset_ids or order.asset_id in criterion.asset_ids)
            and any(detail.account in accounts for detail in order.details)
        ]

    def _in_baskets(self, criterion: BasketIds) -> list[PlacedOrder]:
        """Of the business date, or live and in one of the portfolios."""
        found = [order for order in self._blotter.orders() if order.basket and order.basket in criterion.basket_ids]
        option = criterion.port_status_option
        if option is None:
            return found if criterion.order_date == self._world.book.as_of else []
        statuses = _live_statuses(option.order_statuses)
        accounts = {self._catalog.ticker(number) for number in option.portfolio_ids}
        return [o for o in found if o.status in statuses and any(detail.account in accounts for detail in o.details)]

    def _modified_between(self, criterion: ModifiedTimeCriterion) -> list[PlacedOrder]:
        """On the world's calendar each order was modified on the business date, at the wall clock's time (UTC)."""
        as_of = self._world.book.as_of
        wanted, ended = criterion.modified_time_range, criterion.modified_time_range.end_time_range
        start = wanted.start_time_range.moment
        end = ended.moment if ended else datetime.combine(as_of, datetime.max.time())
        if not start <= end or (ended and end - start > LONGEST_MODIFIED_RANGE):
            raise bad_request("modifiedTimeRange must start before it ends and span at most 7 days")
        number = criterion.portfolio_id
        ticker = (self._catalog.ticker(number) or number) if number else criterion.portfolio_group_ticker
        accounts = self._members(ticker)
        return [
            order
            for order in self._blotter.orders()
            if start <= datetime.combine(as_of, order.modified.time()) <= end
            and any(detail.account in accounts for detail in order.details)
        ]

    def _members(self, ticker: str) -> frozenset[str]:
        accounts = self._catalog.accounts(ticker)
        if accounts is None:
            raise not_found(f"there is no portfolio or portfolio group {ticker!r}")
        return frozenset(accounts)


def _live_statuses(asked: Sequence[str]) -> Collection[str]:
    """The statuses asked for, which must be live ones; all live ones when none is."""
    if any(status not in LIVE for status in asked):
        raise bad_request(f"orderStatuses: only live statuses can be asked for ({', '.join(sorted(LIVE))})")
    return asked or LIVE
