"""Aladdin as the desk sees it: one object that is both its market and its broker."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime

import httpx

from aladdin.config import AladdinConfig
from aladdin.http.breaker import CircuitStatus
from aladdin.http.limiter import Queue
from aladdin.http.transport import Transport
from aladdin.ordering.batches import OrderBatches
from aladdin.ordering.blotter import OrderSearch
from aladdin.ordering.broker import OrderBook
from aladdin.reading.cache import AnswerCache
from aladdin.reading.market import MarketData
from aladdin.reading.reads import Reads
from allocation.model import Bond
from orders.errors import DeskError
from orders.model import (
    BrokerOrder,
    BrokerOrderIds,
    BrokerOrders,
    Cancellation,
    Group,
    GroupTree,
    PortfolioFound,
    Ticket,
    Violation,
)
from orders.ports import Clock, Dated
from orders.searching import MOST_SUGGESTED, BondFound, Suggested


class Aladdin:
    """Implements `Market`, and `Broker`, `Compliance`, `Batches` and `Blotter` of `orders.ports`. One for the process:
    it holds the access token, the connections and the cache. Thread-safe; `close` it at the end."""

    def __init__(
        self,
        config: AladdinConfig,
        cache: AnswerCache,
        clock: Clock,
        source: str,
        *,
        wire_transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`source` names the world in every `Dated` value; `wire_transport`, `sleep` and `monotonic` replace the
        network, and the waiting for retries, quotas, circuits and batches."""
        self._transport = Transport(config, clock.now, wire_transport=wire_transport, sleep=sleep, monotonic=monotonic)
        reads = Reads(config, self._transport, cache, clock, source)
        self._market = MarketData(config, reads, clock, source)
        self._broker = OrderBook(config, self._transport, reads)
        self._batches = OrderBatches(config, self._transport, reads, sleep, monotonic)
        self._search = OrderSearch(config, reads)
        self._cache = cache

    def group(self, ticker: str, settlement: date, *, fresh: bool = False) -> Dated[Group]:
        """See `orders.ports.Market`."""
        return self._market.group(ticker, settlement, fresh=fresh)

    def tree(self, ticker: str, *, fresh: bool = False) -> Dated[GroupTree]:
        """See `orders.ports.Market`."""
        return self._market.tree(ticker, fresh=fresh)

    def find_groups(self, text: str, limit: int = 20) -> Dated[tuple[PortfolioFound, ...]]:
        """See `orders.ports.Market`."""
        return self._market.find_groups(text, limit)

    def bond(self, asset_id: str, *, fresh: bool = False) -> Dated[Bond]:
        """See `orders.ports.Market`."""
        return self._market.bond(asset_id, fresh=fresh)

    def find(self, text: str, groups: Collection[str], limit: int = 50) -> Dated[tuple[Bond, ...]]:
        """See `orders.ports.Market`."""
        return self._market.find(text, groups, limit)

    def searchable(self, groups: Collection[str]) -> Dated[int]:
        """See `orders.ports.Market`."""
        return self._market.searchable(groups)

    def suggest(self, text: str, groups: Collection[str], limit: int = MOST_SUGGESTED) -> Suggested:
        """See `orders.ports.Market`."""
        return self._market.suggest(text, groups, limit)

    def at_hand(self, asset_ids: Collection[str]) -> Mapping[str, BondFound]:
        """See `orders.ports.Market`."""
        return self._market.at_hand(asset_ids)

    def post(self, ticket: Ticket, not_after: datetime) -> BrokerOrder:
        """See `orders.ports.Broker`."""
        return self._broker.post(ticket, not_after)

    def modify(self, broker_id: str, ticket: Ticket, not_after: datetime) -> BrokerOrder:
        """See `orders.ports.Broker`."""
        return self._broker.modify(broker_id, ticket, not_after)

    def cancel(self, cancellation: Cancellation, not_after: datetime) -> BrokerOrder:
        """See `orders.ports.Broker`."""
        return self._broker.cancel(cancellation, not_after)

    def check(self, ticket: Ticket, broker_id: str = "") -> tuple[Violation, ...]:
        """See `orders.ports.Compliance`."""
        return self._broker.check(ticket, broker_id)

    def post_all(self, tickets: Sequence[Ticket], not_after: datetime) -> tuple[BrokerOrder | DeskError, ...]:
        """See `orders.ports.Batches`."""
        return self._batches.post_all(tickets, not_after)

    def cancel_all(
        self, cancellations: Sequence[Cancellation], not_after: datetime
    ) -> tuple[BrokerOrder | DeskError, ...]:
        """See `orders.ports.Batches`."""
        return self._batches.cancel_all(cancellations, not_after)

    def find_order(self, reference: str) -> BrokerOrder | None:
        """See `orders.ports.Broker`."""
        return self._search.find_order(reference)

    def orders(self, broker_ids: Sequence[str]) -> tuple[BrokerOrder, ...]:
        """See `orders.ports.Broker`."""
        return self._search.orders(broker_ids)

    def find_orders(self, references: Sequence[str]) -> tuple[BrokerOrder, ...]:
        """See `orders.ports.Blotter`."""
        return self._search.find_orders(references)

    def live_orders(self, group: str) -> BrokerOrders:
        """See `orders.ports.Blotter`."""
        return self._search.live_orders(group)

    def live_order_ids(self, group: str) -> BrokerOrderIds:
        """See `orders.ports.Blotter`."""
        return self._search.live_order_ids(group)

    def modified_since(self, group: str, since: datetime, until: datetime) -> BrokerOrders:
        """See `orders.ports.Blotter`."""
        return self._search.modified_since(group, since, until)

    def in_basket(self, basket: str, on: date) -> BrokerOrders:
        """See `orders.ports.Blotter`."""
        return self._search.in_basket(basket, on)

    def ids_in_basket(self, basket: str, on: date) -> BrokerOrderIds:
        """See `orders.ports.Blotter`."""
        return self._search.ids_in_basket(basket, on)

    @property
    def trouble(self) -> str:
        """What kind of trouble there is with Aladdin and since when, naming nobody; empty while it answers."""
        return self._transport.trouble

    @property
    def waiting(self) -> Queue:
        """How many calls wait for their turn under the quotas, and for how long; as text, a sentence for a screen that
        is empty while none does."""
        return self._transport.waiting

    @property
    def unreachable(self) -> bool:
        """Whether the newest call had no usable answer. `trouble` may be of a part of Aladdin that is left alone."""
        return self._transport.unreachable

    @property
    def calls_left(self) -> Mapping[str, int]:
        """How many calls our quotas would let go now: in all, and of each operation that was ever asked."""
        return self._transport.calls_left

    @property
    def circuits(self) -> tuple[CircuitStatus, ...]:
        """How each API group that was ever asked stands: asked as usual, left alone for a while, or tried again."""
        return self._transport.circuits

    def close(self) -> None:
        """Let the reads under way end, then give back connections and cache."""
        self._market.close()
        self._transport.close()
        self._cache.close()
