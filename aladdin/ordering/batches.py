"""Many orders posted or canceled at once: each batch begun once, then asked after until it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import structlog

from aladdin import wire
from aladdin.config import AladdinConfig
from aladdin.http.transport import Answer, Call, Transport
from aladdin.ordering import outcomes, tickets
from aladdin.ordering.broker import ORDERS
from aladdin.ordering.outcomes import Act, OtherOrder, Output, Reader
from aladdin.ordering.reporting import Reporting
from aladdin.reading.reads import Reads
from aladdin.wire_orders import Operation
from orders.errors import DeskError, Malformed, RateLimited, Rejected, Unavailable
from orders.model import BrokerOrder, Cancellation, Ticket

log = structlog.get_logger(__name__)

Fate = BrokerOrder | DeskError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # seconds; each pause is twice the one before


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of the two batch calls."""

    operation: str
    most: int  # requests in one batch
    verb: str  # completes "while ... 3 orders"
    body: Callable[[list[Mapping[str, Any]]], Mapping[str, Any]]
    read: Reader


@dataclass(frozen=True, slots=True)
class _Request:
    act: Act
    body: Mapping[str, Any]


class OrderBatches:
    """The `Batches` port over the wire."""

    def __init__(
        self,
        config: AladdinConfig,
        transport: Transport,
        reads: Reads,
        sleep: Callable[[float], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._config = config
        self._transport = transport
        self._reads = reads
        self._reporting = Reporting(reads)
        self._sleep = sleep
        self._monotonic = monotonic

    def post_all(self, asked: Sequence[Ticket], not_after: datetime) -> tuple[Fate, ...]:
        """See `orders.ports.Batches.post_all`. A reference that comes twice is posted once."""
        config = tickets.placing(self._config.compliance_timeout)
        kind = _Kind(
            "orders:batchPost",
            1000,
            "posting",
            lambda orders: {"postOrderConfig": config, "orders": orders},
            outcomes.posted,
        )
        seen: set[str] = set()
        requests = [self._posting(ticket, seen) for ticket in asked]
        return tuple(self._carry_out(kind, requests, not_after))

    def cancel_all(self, asked: Sequence[Cancellation], not_after: datetime) -> tuple[Fate, ...]:
        """See `orders.ports.Batches.cancel_all`."""
        kind = _Kind("orders:batchCancel", 500, "canceling", lambda requests: {"requests": requests}, outcomes.canceled)
        code = self._config.account_code
        requests = [_Request(outcomes.canceling(one), tickets.cancel_body(one, code)) for one in asked]
        return tuple(self._carry_out(kind, requests, not_after))

    def _posting(self, ticket: Ticket, seen: set[str]) -> _Request | DeskError:
        """The request for one order, or what keeps it from being sent; `seen` are the references before it."""
        if ticket.reference in seen:
            return Rejected(f"Order {ticket.reference} was asked for twice at once: it is posted only once.")
        seen.add(ticket.reference)
        try:
            return _Request(outcomes.posting(ticket), tickets.order_body(ticket, self._config.account_code))
        except Rejected as refused:
            return refused

    def _carry_out(self, kind: _Kind, asked: Sequence[_Request | DeskError], not_after: datetime) -> list[Fate]:
        """What became of each that was asked for. All batches are begun before the first is waited for."""
        requests = [request for request in asked if isinstance(request, _Request)]
        chunks = [requests[start : start + kind.most] for start in range(0, len(requests), kind.most)]
        begun = [(chunk, self._begin(kind, chunk, not_after)) for chunk in chunks]
        fates = iter([fate for chunk, begin in begun for fate in self._fates(kind, chunk, begin)])
        return [next(fates) if isinstance(request, _Request) else request for request in asked]

    def _begin(self, kind: _Kind, chunk: Sequence[_Request], not_after: datetime) -> Answer | DeskError:
        doing = _doing(kind, chunk)
        body = kind.body([request.body for request in chunk])
        try:
            return self._transport.write(Call("POST", f"{ORDERS}/{kind.operation}", doing, body=body), not_after)
        except DeskError as fault:
            return fault
        finally:
            self._reads.order_sent()

    def _fates(self, kind: _Kind, chunk: Sequence[_Request], begun: Answer | DeskError) -> list[Fate]:
        if isinstance(begun, DeskError):
            if isinstance(begun, Unavailable) and begun.sent:
                return _all_unknown(chunk, begun, begun.reference)
            return [begun] * len(chunk)  # it certainly was not carried out
        try:
            operation, reference = self._finished(begun, _doing(kind, chunk))
            outputs = _outputs(kind, chunk, operation, reference)
        except DeskError as fault:
            return _all_unknown(chunk, fault, begun.reference)
        finally:
            self._reads.order_sent()
        return self._reported(chunk, outputs, reference)

    def _finished(self, begun: Answer, doing: str) -> tuple[Operation, str]:
        """The operation once it is done, and the request id that told so. While it cannot be asked after, that is tried
        again; `Unavailable` when it is not known to be done before the deadline."""
        operation, reference = _operation(begun, doing), begun.reference
        latest = self._monotonic() + self._config.operation_deadline
        call = Call(
            "GET", f"{ORDERS}/longrunningoperations/{quote(operation.id, safe='')}", f"asking how far {doing} has come"
        )
        pause, last = _FIRST_PAUSE, ""
        while not operation.done:
            if self._monotonic() + pause > latest:
                waited = f"within {self._config.operation_deadline:.0f} seconds (operation {operation.id})"
                raise Unavailable(f"Aladdin did not finish {doing} {waited}.{last}", reference, sent=True)
            self._sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            try:
                answer = self._transport.read(call)
            except (Unavailable, RateLimited) as fault:
                log.warning("operation_not_asked_after", operation=operation.id, error=str(fault))
                last = f" {fault}"
            else:
                operation, reference, last = _operation(answer, doing), answer.reference, ""
        return operation, reference

    def _reported(self, chunk: Sequence[_Request], outputs: Sequence[Output | DeskError], reference: str) -> list[Fate]:
        """The orders with their accounts named, which is asked for once for all of them."""
        names: Mapping[str, str] = {}
        try:
            names = self._reporting.names(output[0] for output in outputs if not isinstance(output, DeskError))
        except DeskError as fault:  # those that came with their names need none
            log.warning("batch_accounts_unnamed", request_id=reference, error=str(fault))
        return [self._fate(request, output, names, reference) for request, output in zip(chunk, outputs, strict=True)]

    def _fate(self, request: _Request, output: Output | DeskError, names: Mapping[str, str], reference: str) -> Fate:
        if isinstance(output, DeskError):
            return output
        try:
            return self._reporting.order(*output, names)
        except Malformed as fault:
            return request.act.unknown(str(fault), reference)


def _doing(kind: _Kind, chunk: Sequence[_Request]) -> str:
    return chunk[0].act.doing if len(chunk) == 1 else f"{kind.verb} {len(chunk)} orders at once"


def _operation(answer: Answer, doing: str) -> Operation:
    return wire.parse(Operation, answer.json(), doing, answer.reference)


def _outputs(kind: _Kind, chunk: Sequence[_Request], operation: Operation, reference: str) -> list[Output | DeskError]:
    """The result of each request, by its place. `Malformed` when places and requests do not agree: then nobody can tell
    whose error is whose."""
    doing = _doing(kind, chunk)
    if operation.error is not None:
        said = operation.error.message.rstrip(".") or f"code {operation.error.code}"
        raise Unavailable(f"Aladdin gave up {doing} ({said}).", reference, sent=True)
    results = operation.response.results if operation.response is not None else ()
    if len(results) != len(chunk):
        raise Malformed(f"Aladdin gave {len(results)} results for {doing}, not {len(chunk)}.", reference)
    return [_output(kind, request.act, given, reference) for request, given in zip(chunk, results, strict=True)]


def _output(kind: _Kind, act: Act, given: Any, reference: str) -> Output | DeskError:
    try:
        return kind.read(given, act, reference)
    except OtherOrder:
        raise
    except Malformed as fault:
        return act.unknown(str(fault), reference)
    except DeskError as refused:
        return refused


def _all_unknown(chunk: Sequence[_Request], fault: DeskError, reference: str) -> list[Fate]:
    return [request.act.unknown(str(fault), reference) for request in chunk]
