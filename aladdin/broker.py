"""Orders at Aladdin: posted once, found by reference, followed by id. Nothing here is kept or repeated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from aladdin import tickets, wire
from aladdin.config import AladdinConfig
from aladdin.reads import Reads
from aladdin.transport import Answer, Call, Transport
from orders.errors import (
    AuthenticationFailed,
    DeskError,
    Malformed,
    NotFound,
    NotPermitted,
    RateLimited,
    Rejected,
    Unavailable,
)
from orders.model import BrokerOrder, Ticket

log = structlog.get_logger(__name__)

ORDERS = "/api/trading/order-management/order/v1"
_IDS_A_QUERY = 4000

# google.rpc codes inside a success that are certain: refused for what the order says, or turned away before it was
# looked at. After any other code an order may well exist.
_REFUSED_FOR_GOOD = {3: "INVALID_ARGUMENT", 5: "NOT_FOUND", 9: "FAILED_PRECONDITION", 11: "OUT_OF_RANGE"}
_PERMISSION_DENIED, _RESOURCE_EXHAUSTED, _UNAUTHENTICATED = 7, 8, 16


class OrderBook:
    """The `Broker` port over the wire."""

    def __init__(self, config: AladdinConfig, transport: Transport, reads: Reads) -> None:
        self._config = config
        self._transport = transport
        self._reads = reads

    def post(self, ticket: Ticket, not_after: datetime) -> BrokerOrder:
        """See `orders.ports.Broker.post`. An answer we cannot read leaves the order's fate unknown, and is raised as
        `Unavailable` with `sent=True`."""
        doing = f"posting order {ticket.reference}"
        call = Call(
            "POST", f"{ORDERS}/order:post", doing, body=tickets.post_body(ticket, self._config.compliance_timeout)
        )
        try:
            answer = self._transport.write(call, not_after)
        finally:
            self._reads.order_sent()
        try:
            order, message = self._placed(ticket, answer)
        except Malformed as fault:
            raise _in_doubt(fault, answer) from fault
        try:
            return replace(self._reported(order), message=message)
        except DeskError as fault:  # even a look-up that never left must not read as an order that was not sent
            raise _in_doubt(fault, answer) from fault

    def find_order(self, reference: str) -> BrokerOrder | None:
        """See `orders.ports.Broker.find_order`. `Malformed` when more than one order carries the reference."""
        query = {"externalIdCriterion": {"externalId1": reference}}
        listed, request = self._filter(query, f"looking for order {reference}")
        found = [order for order in (self._read(given, request) for given in listed) if order.reference == reference]
        if len(found) > 1:
            ids = ", ".join(order.id for order in found)
            raise Malformed(f"Aladdin has {len(found)} orders under reference {reference} ({ids}): check them there.")
        return found[0] if found else None

    def orders(self, broker_ids: Sequence[str]) -> tuple[BrokerOrder, ...]:
        """See `orders.ports.Broker.orders`. In the order asked for; one that Aladdin does not show, or not so that
        it can be read, is left out."""
        wanted = list(dict.fromkeys(broker_ids))
        found: dict[str, BrokerOrder] = {}
        for start in range(0, len(wanted), _IDS_A_QUERY):
            query = {"orderIdCriterion": {"ids": wanted[start : start + _IDS_A_QUERY]}}
            listed, request = self._filter(query, "following orders")
            for given in listed:
                try:
                    order = self._read(given, request)
                except (Malformed, NotFound, NotPermitted, Rejected) as fault:
                    log.warning("order_unreadable", order=_number(given), request_id=request, error=str(fault))
                else:
                    found[order.id] = order
        return tuple(found[broker_id] for broker_id in wanted if broker_id in found)

    def _filter(self, query: Mapping[str, Any], doing: str) -> tuple[list[Any], str]:
        """The orders that meet the query, as they came, and the request id."""
        body = {"query": query, "pageSize": self._config.page_size}
        answer = self._reads.pages(Call("POST", f"{ORDERS}/orders:filter", doing, body=body))
        pages = wire.parse(tuple[wire.Orders, ...], answer.json(), "orders", answer.reference)
        return [order for page in pages for order in page.orders], answer.reference

    def _read(self, given: Any, request: str) -> BrokerOrder:
        return self._reported(wire.parse(wire.Order, given, f"order {_number(given)}", request))

    def _reported(self, order: wire.Order) -> BrokerOrder:
        unnamed = tickets.unnamed_portfolios([order])
        names = {p.id: p.portfolio_ticker for p in self._reads.portfolios(unnamed).value} if unnamed else {}
        return tickets.broker_order(order, names)

    def _placed(self, ticket: Ticket, answer: Answer) -> tuple[wire.Order, str]:
        """The order in the answer to a post, and what compliance holds it up for."""
        what = f"order {ticket.reference}"
        results = wire.parse(wire.PostResults, answer.json(), what, answer.reference).results
        if len(results) != 1:
            raise Malformed(f"Aladdin gave {len(results)} results for {what}, not one.", answer.reference)
        result = results[0]
        if result.error is not None:
            raise _refusal(result.error, what, answer.reference)
        if result.output is None:
            raise Malformed(f"Aladdin gave neither an order nor an error for {what}.", answer.reference)
        messages = _restrictions(result.output.compliance_violations)
        if result.output.order is None:
            if messages:
                raise Rejected(
                    f"Compliance refused {what}: {messages}.", answer.reference, code="COMPLIANCE", message=messages
                )
            raise Malformed(f"Aladdin's answer for {what} has no order in it.", answer.reference)
        if messages:
            log.warning("aladdin_compliance", reference=ticket.reference, violations=messages)
        return result.output.order, messages


def _in_doubt(fault: DeskError, answer: Answer) -> Unavailable:
    return Unavailable(f"{fault} The order may have been placed.", answer.reference, sent=True)


def _number(given: Any) -> str:
    """The id of an order as it came, which may be anything, for people to read."""
    return str(given.get("id") or "without an id") if isinstance(given, Mapping) else "without an id"


def _refusal(error: wire.Status, what: str, reference: str) -> DeskError:
    message = error.message.rstrip(".") or f"code {error.code}"
    if error.code in _REFUSED_FOR_GOOD:
        return Rejected(f"Aladdin refused {what}: {message}.", reference, code=str(error.code), message=message)
    if error.code == _PERMISSION_DENIED:
        return NotPermitted(f"Aladdin does not permit {what} ({message}). Request id {reference}.")
    if error.code == _RESOURCE_EXHAUSTED:
        return RateLimited(f"Aladdin has no room for {what} now ({message}). Try again later.", reference)
    if error.code == _UNAUTHENTICATED:
        return AuthenticationFailed(f"Aladdin did not accept our credentials for {what} ({message}).", reference)
    sentence = f"Aladdin could not say what became of {what} ({message}). It may have been placed."
    return Unavailable(sentence, reference, sent=True)


def _restrictions(violations: Iterable[wire.Violation]) -> str:
    """What compliance holds the order up for, as one text."""
    held_up = [v for v in violations if v.compliance_severity == tickets.RESTRICTION]
    return "; ".join((v.violation_description or f"rule {v.rule_id}").rstrip(".") for v in held_up)
