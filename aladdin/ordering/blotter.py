"""Orders found at Aladdin in every published way, page by page. Nothing here is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

import structlog

from aladdin import wire
from aladdin.config import AladdinConfig
from aladdin.http.transport import Call
from aladdin.ordering.broker import ORDERS
from aladdin.ordering.reporting import Reporting
from aladdin.reading.reads import Reads
from aladdin.wire_orders import Order, OrderIds, Orders
from orders.errors import Malformed
from orders.model import BrokerOrder, BrokerOrders

log = structlog.get_logger(__name__)

_ORDERS_A_PAGE, _IDS_A_PAGE = 4000, 20_000  # the most there are
_IDS_A_QUERY, _REFERENCES_A_QUERY = 4000, 10_000
_LONGEST_RANGE = timedelta(days=7)
_MINUTE = timedelta(minutes=1)


class OrderSearch:
    """What the `Broker` port finds, and the `Blotter` port, over the wire."""

    def __init__(self, config: AladdinConfig, reads: Reads) -> None:
        self._config = config
        self._reads = reads
        self._reporting = Reporting(reads)

    def find_order(self, reference: str) -> BrokerOrder | None:
        """See `orders.ports.Broker.find_order`. `Malformed` when more than one order carries the reference."""
        query = {"externalIdCriterion": {"externalId1": reference} | self._account_code()}
        found = self._carrying([reference], query, f"looking for order {reference}")
        if len(found) > 1:
            ids = ", ".join(order.id for order in found)
            raise Malformed(f"Aladdin has {len(found)} orders under reference {reference} ({ids}): check them there.")
        return found[0] if found else None

    def find_orders(self, references: Sequence[str]) -> tuple[BrokerOrder, ...]:
        """See `orders.ports.Blotter.find_orders`."""
        found: list[BrokerOrder] = []
        for chunk in _chunks(references, _REFERENCES_A_QUERY):
            group = {"externalId1s": chunk} | self._account_code()
            query = {"externalIdListCriterion": {"externalIdsGroups": [group]}}
            found += self._carrying(chunk, query, f"looking for {len(chunk)} orders by reference")
        return tuple(found)

    def orders(self, broker_ids: Sequence[str]) -> tuple[BrokerOrder, ...]:
        """See `orders.ports.Broker.orders`. In the order asked for; one that Aladdin does not show, or not so that
        it can be read, is left out."""
        found: dict[str, BrokerOrder] = {}
        for chunk in _chunks(broker_ids, _IDS_A_QUERY):
            listed = self._readable({"orderIdCriterion": {"ids": chunk}}, "following orders")
            found |= {order.id: order for order in listed.orders}
        return tuple(found[broker_id] for broker_id in dict.fromkeys(broker_ids) if broker_id in found)

    def live_orders(self, group: str) -> BrokerOrders:
        """See `orders.ports.Blotter.live_orders`."""
        return self._readable(_live(group), f"reading the live orders of group {group}")

    def live_order_ids(self, group: str) -> tuple[str, ...]:
        """See `orders.ports.Blotter.live_order_ids`."""
        return self._ids(_live(group), f"listing the live orders of group {group}")

    def in_basket(self, basket: str, on: date) -> BrokerOrders:
        """See `orders.ports.Blotter.in_basket`."""
        return self._readable(_opened(basket, on), f"reading the orders of basket {basket}")

    def ids_in_basket(self, basket: str, on: date) -> tuple[str, ...]:
        """See `orders.ports.Blotter.ids_in_basket`."""
        return self._ids(_opened(basket, on), f"listing the orders of basket {basket}")

    def modified_since(self, group: str, since: datetime, until: datetime) -> BrokerOrders:
        """See `orders.ports.Blotter.modified_since`. Asked for a week at a time, oldest first: an order modified
        meanwhile moves on to a later week, and is met there. Aladdin may refuse weeks that are long past."""
        found: dict[str, BrokerOrder] = {}
        remarks: dict[str, None] = {}
        for start, end in weeks(since, until, self._config.time_zone):
            criterion = {
                "portfolioGroupTicker": group,
                "modifiedTimeRange": {"startTimeRange": _minute(start), "endTimeRange": _minute(end)},
            }
            doing = f"reading the orders of group {group} modified since {start:%d %b %Y %H:%M}"
            listed = self._readable({"portfolioModifiedTimeCriterion": criterion}, doing)
            found |= {order.id: order for order in listed.orders}
            remarks |= dict.fromkeys(listed.remarks)
        return BrokerOrders(tuple(found.values()), tuple(remarks))

    def _account_code(self) -> dict[str, str]:
        return {"accountCode": self._config.account_code} if self._config.account_code else {}

    def _carrying(self, references: Sequence[str], query: Mapping[str, Any], doing: str) -> list[BrokerOrder]:
        """The orders that carry one of these references. One that cannot be read is raised: it may be of them."""
        pages, request = self._filter(query, doing)
        parsed = [_parsed(given, request) for page in pages for given in page.orders]
        wanted = set(references)
        ours = list(_once(order for order in parsed if order.external_order_reference.external_id1 in wanted))
        names = self._reporting.names(ours)
        return [self._reporting.order(order, names=names) for order in ours]

    def _readable(self, query: Mapping[str, Any], doing: str) -> BrokerOrders:
        """The orders that meet the query, and a remark for each that cannot be read."""
        pages, request = self._filter(query, doing)
        remarks = [f"Aladdin says while {doing}: {page.status.rstrip('.')}." for page in pages if page.status]
        parsed: list[Order] = []
        for given in (given for page in pages for given in page.orders):
            try:
                parsed.append(_parsed(given, request))
            except Malformed as fault:
                remarks.append(_unreadable(_number(given), request, fault))
        once = list(_once(parsed))
        names = self._reporting.names(once)
        found: list[BrokerOrder] = []
        for order in once:
            try:
                found.append(self._reporting.order(order, names=names))
            except Malformed as fault:
                remarks.append(_unreadable(order.id, request, fault))
        return BrokerOrders(tuple(found), tuple(remarks))

    def _filter(self, query: Mapping[str, Any], doing: str) -> tuple[tuple[Orders, ...], str]:
        """The pages of orders that meet the query, and the request id."""
        body = {"query": query, "pageSize": min(self._config.page_size, _ORDERS_A_PAGE)}
        answer = self._reads.pages(Call("POST", f"{ORDERS}/orders:filter", doing, body=body))
        return wire.parse(tuple[Orders, ...], answer.json(), "orders", answer.reference), answer.reference

    def _ids(self, query: Mapping[str, Any], doing: str) -> tuple[str, ...]:
        body = {"query": query, "pageSize": _IDS_A_PAGE}
        answer = self._reads.pages(Call("POST", f"{ORDERS}/orderIds:filter", doing, body=body))
        pages = wire.parse(tuple[OrderIds, ...], answer.json(), "order ids", answer.reference)
        return tuple(dict.fromkeys(number for page in pages for number in page.order_ids))


def weeks(since: datetime, until: datetime, zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
    """The time from `since` to `until` as `zone` reads it, in whole minutes around it, cut into ranges of at most seven
    days. ValueError when a time has no zone of its own, or `since` is not before `until`."""
    if since.tzinfo is None or until.tzinfo is None:
        raise ValueError(f"a time needs a zone: {since} to {until}")
    if since >= until:
        raise ValueError(f"a time range must start before it ends: {since} to {until}")
    start, end = _on_the_wall(since, zone, -1), _on_the_wall(until, zone, 1)
    while end - start > _LONGEST_RANGE:
        yield start, start + _LONGEST_RANGE
        start += _LONGEST_RANGE
    yield start, end


def _on_the_wall(moment: datetime, zone: tzinfo, outward: int) -> datetime:
    """The whole minute that clocks of `zone` show at `moment`, or next outward of it; outside the hour that they show
    twice when they go back, as nobody could tell which of the two is meant."""
    local = moment.astimezone(zone)
    first, second = (local.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    shown = local.replace(tzinfo=None) + outward * abs(first - second)
    minute = shown.replace(second=0, microsecond=0)
    return minute + _MINUTE if outward > 0 and minute < shown else minute


def _minute(moment: datetime) -> dict[str, Any]:
    return {"filterDate": moment.date().isoformat(), "hour": moment.hour, "minute": moment.minute}


def _live(group: str) -> dict[str, Any]:
    return {"portfolioGroupCriterion": {"portfolioGroupTicker": group}}


def _opened(basket: str, on: date) -> dict[str, Any]:
    return {"basketIdCriterion": {"basketIds": [basket], "orderDate": on.isoformat()}}


def _chunks(names: Sequence[str], size: int) -> Iterator[list[str]]:
    unique = list(dict.fromkeys(names))
    return (unique[start : start + size] for start in range(0, len(unique), size))


def _once(orders: Iterable[Order]) -> Iterable[Order]:
    """Each order as last seen: one that moved while we turned the pages may be on two of them."""
    return {order.id: order for order in orders}.values()


def _parsed(given: Any, request: str) -> Order:
    return wire.parse(Order, given, f"order {_number(given)}", request)


def _number(given: Any) -> str:
    """The id of an order as it came, which may be anything, for people to read."""
    return str(given.get("id") or "without an id") if isinstance(given, Mapping) else "without an id"


def _unreadable(number: str, request: str, fault: Malformed) -> str:
    log.warning("order_unreadable", order=number, request_id=request, error=str(fault))
    return str(fault)
