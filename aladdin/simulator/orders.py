"""The order calls: post, modify, cancel and the two filters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from aladdin.simulator.compliance import violations
from aladdin.simulator.exchange import Exchange
from aladdin.simulator.protocol import Answer, Code, OrderRefused, bad_request, known, not_found, page, read_body
from aladdin.simulator.requests import (
    BasketIds,
    CancelOrder,
    FilterOrderIds,
    FilterOrders,
    ModifiedTimeCriterion,
    OrderQuery,
    PortfolioGroupCriterion,
    PostOrder,
)
from aladdin.simulator.state import LIVE, Blotter, Booking, Detail, PlacedOrder, Status
from aladdin.simulator.tickets import Tickets, comments
from aladdin.simulator.world import World

ORDERS = "/api/trading/order-management/order/v1"
MOST_ORDERS = 4000
MOST_ORDER_IDS = 20_000
LONGEST_MODIFIED_RANGE = timedelta(days=7)

Found = tuple[Sequence[PlacedOrder], int]  # the orders, and how many of those asked for are not there


class Orders:
    """The endpoints over one world's orders."""

    def __init__(self, world: World, blotter: Blotter, exchange: Exchange) -> None:
        self._world = world
        self._catalog = world.catalog
        self._blotter = blotter
        self._exchange = exchange
        self._tickets = Tickets(world, exchange)

    def routes(self) -> list[Route]:
        return [
            Route(f"{ORDERS}/order:post", self.post, methods=["POST"]),
            Route(f"{ORDERS}/order:cancel", self.cancel, methods=["POST"]),
            Route(f"{ORDERS}/orders:filter", self.filter, methods=["POST"]),
            Route(f"{ORDERS}/orderIds:filter", self.filter_ids, methods=["POST"]),
        ]

    async def post(self, request: Request) -> Answer:
        body = await read_body(request, PostOrder)
        return Answer({"results": [_result(lambda: self._posted(body))]})

    def _posted(self, body: PostOrder) -> dict[str, Any]:
        config, asked = body.post_order_config, body.order
        if asked.id:
            order = self._modified(body)
        else:
            draft = self._tickets.new(asked, config)
            self._blotter.refuse_known(draft.reference)
            order = draft if config.what_if else self._blotter.add(draft)
        self._exchange.stir()
        # A run that timed out has found nothing by the time of the answer.
        checked = config.run_compliance and order.status is not Status.COMPLIANCE
        return {
            "complianceViolations": violations(order, self._world) if checked else [],
            "order": self._shown(order),
        }

    def _modified(self, body: PostOrder) -> PlacedOrder:
        order_id = _order_number(body.order.id)
        if body.post_order_config.what_if:
            existing = self._blotter.order(order_id)
            if existing is None:
                raise OrderRefused(Code.NOT_FOUND, f"there is no order {order_id}")
            return self._tickets.modified(existing, body.order)
        return self._blotter.change(order_id, lambda order: (self._tickets.modified(order, body.order), ()))

    async def cancel(self, request: Request) -> Answer:
        body = await read_body(request, CancelOrder)
        if bool(body.order_id) == bool(body.external_reference.external_id1):
            raise bad_request("give either orderId or externalReference.externalId1")
        return Answer({"results": [_result(lambda: self._canceled(body))]})

    def _canceled(self, body: CancelOrder) -> dict[str, Any]:
        def change(order: PlacedOrder) -> tuple[PlacedOrder, tuple[Booking, ...]]:
            if not order.live:
                raise OrderRefused(Code.FAILED_PRECONDITION, f"order {order.id} is {order.status}: nothing to cancel")
            canceled = replace(
                order,
                status=Status.CANCELED,
                due=None,
                modified=datetime.now(UTC),
                comments=order.comments + comments(body.order_comments),
                version=order.version + 1,
                touches=order.touches + 1,
            )
            return canceled, ()

        reference = body.external_reference.external_id1
        if body.order_id:
            return self._shown(self._blotter.change(_order_number(body.order_id), change))
        existing = self._blotter.by_reference(reference)
        if existing is None:
            raise OrderRefused(Code.NOT_FOUND, f"no order has the externalId1 {reference!r}")
        return self._shown(self._blotter.change(existing.id, change))

    async def filter(self, request: Request) -> Answer:
        body = await read_body(request, FilterOrders)
        orders, missing = self._query(body.query)
        shown, token = page(orders, lambda o: o.id, body.page_size, MOST_ORDERS, body.page_token, body.query)
        status = f"{missing} of the orders asked for could not be found" if missing else None
        return Answer({"orders": [self._shown(order) for order in shown]} | known(nextPageToken=token, status=status))

    async def filter_ids(self, request: Request) -> Answer:
        body = await read_body(request, FilterOrderIds)
        query = OrderQuery(
            portfolio_group_criterion=body.query.portfolio_group_criterion,
            basket_id_criterion=body.query.basket_id_criterion,
        )
        orders, _ = self._query(query)
        shown, token = page(orders, lambda o: o.id, body.page_size, MOST_ORDER_IDS, body.page_token, query)
        return Answer({"orderIds": [str(order.id) for order in shown]} | known(nextPageToken=token))

    def _query(self, query: OrderQuery) -> Found:
        """The orders that meet the query's one criterion, by number."""
        given = query.model_dump(exclude_none=True, by_alias=True)
        if len(given) != 1:
            raise bad_request(f"query: give exactly one criterion, not {', '.join(given) or 'none'}")
        if query.order_id_criterion:
            numbers = {int(text) for text in query.order_id_criterion.ids if text.isdecimal()}
            found = [order for order in map(self._blotter.order, sorted(numbers)) if order is not None]
            return found, len(set(query.order_id_criterion.ids)) - len(found)
        if query.external_id_criterion:
            return self._referenced({query.external_id_criterion.external_id1})
        if query.external_id_list_criterion:
            groups = query.external_id_list_criterion.external_ids_groups
            return self._referenced({reference for group in groups for reference in group.external_id1s})
        if query.portfolio_group_criterion:
            return self._live_in(query.portfolio_group_criterion), 0
        if query.basket_id_criterion:
            return self._in_baskets(query.basket_id_criterion), 0
        if query.portfolio_modified_time_criterion is None:
            raise bad_request("query: the criterion is empty")
        return self._modified_between(query.portfolio_modified_time_criterion), 0

    def _referenced(self, references: set[str]) -> Found:
        found = [order for order in map(self._blotter.by_reference, references) if order is not None]
        return sorted(found, key=lambda order: order.id), len(references) - len(found)

    def _live_in(self, criterion: PortfolioGroupCriterion) -> list[PlacedOrder]:
        accounts = self._members(criterion.portfolio_group_ticker)
        unknown = [status for status in criterion.order_statuses if status not in LIVE]
        if unknown:
            raise bad_request(f"orderStatuses: only live statuses can be asked for ({', '.join(sorted(LIVE))})")
        return [
            order
            for order in self._blotter.orders()
            if order.live
            and order.status in (criterion.order_statuses or LIVE)
            and (not criterion.asset_ids or order.asset_id in criterion.asset_ids)
            and any(detail.account in accounts for detail in order.details)
        ]

    def _in_baskets(self, criterion: BasketIds) -> list[PlacedOrder]:
        return [order for order in self._blotter.orders() if order.basket and order.basket in criterion.basket_ids]

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

    def _shown(self, order: PlacedOrder) -> dict[str, Any]:
        """The published shape. A what-if has no number, status or times."""
        security = self._world.book.securities[order.asset_id]
        figures = known(
            assetId=order.asset_id,
            transactionType=order.side,
            orderType="Market" if order.limit is None else "Limit",
            tradingLimitType=None if order.limit is None else "Price",
            tradingLimitValue=order.limit,
            settleDate=order.settle,
            tradeDate=order.trade,
            orderDate=self._world.book.as_of,
            settleCurrencyCode=security.currency,
            basketId=order.basket,
            pmInstruction=order.instruction,
            face=order.face,
            fillAmount=order.filled,
            averagePrice=order.average_price,
            marketPrice=security.price,
            factor=security.factor,
            externalOrderReference=known(externalId1=order.reference) or None,
        )
        lists = {
            "orderDetails": [self._detail(detail) for detail in order.details],
            "orderComments": [{"orderCommentKey": k, "orderCommentValue": v} for k, v in order.comments],
            "orderCustomFields": [{"customFieldLabel": k, "customFieldValue": v} for k, v in order.custom_fields],
        }
        return (self._placing(order) if order.id else {}) | figures | lists

    def _placing(self, order: PlacedOrder) -> dict[str, Any]:
        return known(
            id=str(order.id),
            orderStatus=order.status.value,
            entryTime=order.entered,
            authorizeTime=order.authorized,
            activeTime=order.active,
            modifyTime=order.modified,
            version=order.version,
            touchCount=order.touches,
        )

    def _detail(self, detail: Detail) -> dict[str, Any]:
        return known(
            orderDetailId=detail.id,
            portfolioReference={
                "portfolioId": str(self._catalog.account_ids[detail.account]),
                "portfolioTicker": detail.account,
            },
            quantity=detail.quantity,
            strategyId=detail.strategy,
            quantityBooked=detail.booked,
        )


def _result(act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """One entry of `results`: the output, or the google.rpc.Status of what refused it."""
    try:
        return {"output": act()}
    except OrderRefused as refused:
        return {"error": refused.status()}


def _order_number(text: str) -> int:
    if not text.isdecimal():
        raise OrderRefused(Code.NOT_FOUND, f"there is no order {text!r}")
    return int(text)
