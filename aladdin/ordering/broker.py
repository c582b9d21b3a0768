"""One order at Aladdin: checked, posted once, modified, canceled. Nothing here is kept, and no change is repeated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from aladdin.config import AladdinConfig
from aladdin.http.call import ORDERS, Call
from aladdin.http.transport import Transport
from aladdin.ordering import outcomes, tickets
from aladdin.ordering.change import changed
from aladdin.ordering.outcomes import Act, Reader
from aladdin.ordering.reporting import Reporting
from aladdin.reading.reads import Reads
from orders.errors import DeskError, Malformed
from orders.model import BrokerOrder, Cancellation, Ticket, Violation

log = structlog.get_logger(__name__)


class OrderBook:
    """What the `Broker` port changes, and the `Compliance` port, over the wire."""

    def __init__(self, config: AladdinConfig, transport: Transport, reads: Reads) -> None:
        self._config = config
        self._transport = transport
        self._reads = reads
        self._reporting = Reporting(reads)

    def check(self, ticket: Ticket, broker_id: str = "") -> tuple[Violation, ...]:
        """See `orders.ports.Compliance.check`. It changes nothing, so it is repeated like any read."""
        act = outcomes.checking(ticket)
        body = {"postOrderConfig": tickets.CHECKING, "order": self._order(ticket, broker_id)}
        # A check that fails must not keep orders from being posted.
        answer = self._transport.read(Call("POST", f"{ORDERS}/order:post", act.doing, body=body, apart="checks"))
        found = outcomes.checked(outcomes.only(answer.json(), act, answer.reference), act, answer.reference)
        return self._reporting.violations(found, {})

    def post(self, ticket: Ticket, not_after: datetime) -> BrokerOrder:
        """See `orders.ports.Broker.post`. An answer we cannot read leaves the order's fate unknown, and is raised as
        `Unavailable` with `sent=True`."""
        return self._post(outcomes.posting(ticket), self._order(ticket), not_after)

    def modify(self, broker_id: str, ticket: Ticket, not_after: datetime) -> BrokerOrder:
        """See `orders.ports.Broker.modify`; ValueError without a `broker_id`, as that would be a new order."""
        if not broker_id:
            raise ValueError(f"order {ticket.reference} has no broker id, so there is nothing to modify")
        return self._post(outcomes.modifying(broker_id, ticket), self._order(ticket, broker_id), not_after)

    def cancel(self, cancellation: Cancellation, not_after: datetime) -> BrokerOrder:
        """See `orders.ports.Broker.cancel`."""
        body = tickets.cancel_body(cancellation, self._config.account_code)
        return self._write("order:cancel", body, outcomes.canceling(cancellation), outcomes.canceled, not_after)

    def _order(self, ticket: Ticket, broker_id: str = "") -> dict[str, Any]:
        return tickets.order_body(ticket, self._config.account_code, broker_id)

    def _post(self, act: Act, order: Mapping[str, Any], not_after: datetime) -> BrokerOrder:
        body = {"postOrderConfig": tickets.placing(self._config.compliance_timeout), "order": order}
        reported = self._write("order:post", body, act, outcomes.posted, not_after)
        if held := tickets.restrictions(reported.violations):
            log.warning("aladdin_compliance", order=reported.reference, violations=held)
        return reported

    def _write(
        self, operation: str, body: Mapping[str, Any], act: Act, read: Reader, not_after: datetime
    ) -> BrokerOrder:
        """Send a change, once. Whatever goes wrong after it was answered with a success must not read as a change that
        was not sent, or not made."""
        try:
            answer = changed(self._transport, operation, body, act.doing, not_after)
        finally:
            self._reads.order_sent()
        try:
            order, violations = read(outcomes.only(answer.json(), act, answer.reference), act, answer.reference)
        except Malformed as fault:
            raise act.in_doubt(fault, answer.reference) from fault
        try:
            return self._reporting.order(order, violations)
        except DeskError as fault:
            raise act.in_doubt(fault, answer.reference) from fault
