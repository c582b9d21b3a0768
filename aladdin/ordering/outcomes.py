"""What became of something done with an order, as its result inside a success says: done, refused for certain, or in
doubt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aladdin import wire_orders
from aladdin.ordering.tickets import restrictions, violation
from aladdin.wire import parse
from orders.errors import (
    AuthenticationFailed,
    DeskError,
    Malformed,
    NotPermitted,
    RateLimited,
    Rejected,
    Unavailable,
)
from orders.model import Cancellation, Ticket

# google.rpc codes inside a success that are certain: refused for what the order says, or turned away before it was
# looked at. After any other code it may well have been done.
_REFUSED_FOR_GOOD = {3: "INVALID_ARGUMENT", 5: "NOT_FOUND", 9: "FAILED_PRECONDITION", 11: "OUT_OF_RANGE"}
_ALREADY_EXISTS = 6
_PERMISSION_DENIED, _RESOURCE_EXHAUSTED, _UNAUTHENTICATED = 7, 8, 16


class OtherOrder(Malformed):
    """The answer is of another order than the one asked about."""


Output = tuple[wire_orders.Order, tuple[wire_orders.Violation, ...]]


@dataclass(frozen=True, slots=True)
class Act:
    """Something done with one order, in the words of a sentence. `doubt` says what may have come of it when nobody
    knows; it is empty for what changes nothing."""

    what: str  # completes "Aladdin refused ..."
    doing: str  # completes "while ..."
    doubt: str
    broker_id: str = ""
    reference: str = ""

    def meant(self, order: wire_orders.Order) -> bool:
        """Whether an answered order is the one this was done with, as far as its names tell."""
        reference = order.external_order_reference.external_id1
        same_reference = not self.reference or reference in ("", self.reference)
        return same_reference and self.broker_id in ("", order.id)

    def in_doubt(self, fault: DeskError, reference: str) -> Unavailable:
        """The error when `fault` keeps us from knowing what was answered."""
        return Unavailable(f"{fault} {self.doubt}", reference, sent=True)

    def unknown(self, why: str, reference: str) -> Unavailable:
        """The error when nobody knows whether it was done. `why` is a sentence."""
        return Unavailable(f"{why} What became of {self.what} is unknown. {self.doubt}", reference, sent=True)


def posting(ticket: Ticket) -> Act:
    what = f"order {ticket.reference}"
    return Act(what, f"posting {what}", "The order may have been placed.", reference=ticket.reference)


def modifying(broker_id: str, ticket: Ticket) -> Act:
    what = f"the change of order {ticket.reference} ({broker_id})"
    doing = f"modifying order {ticket.reference} ({broker_id})"
    return Act(what, doing, "The order may have been changed.", broker_id, ticket.reference)


def canceling(cancellation: Cancellation) -> Act:
    name = f"order {cancellation.name}"
    doubt = "The order may have been canceled."
    return Act(
        f"the cancellation of {name}", f"canceling {name}", doubt, cancellation.broker_id, cancellation.reference
    )


def checking(ticket: Ticket) -> Act:
    return Act(f"the check of order {ticket.reference}", f"checking order {ticket.reference}", "")


def only(answer: Any, act: Act, reference: str) -> Any:
    """The one result of a call for one order; `Malformed` when there are none, or several."""
    results = parse(wire_orders.Results, answer, act.what, reference).results
    if len(results) != 1:
        raise Malformed(f"Aladdin gave {len(results)} results for {act.what}, not one.", reference)
    return results[0]


Reader = Callable[[Any, Act, str], Output]


def posted(given: Any, act: Act, reference: str) -> Output:
    """The order of a post's result, and what compliance found. Raises what refused it; `Malformed` when the result
    cannot be read, or is of another order."""
    result = parse(wire_orders.PostResult, given, act.what, reference)
    if result.error is not None:
        raise refusal(result.error, act, reference)
    if result.output is None:
        raise Malformed(f"Aladdin gave neither an order nor an error for {act.what}.", reference)
    violations = result.output.compliance_violations
    if result.output.order is None:
        if said := restrictions(violation(given, {}) for given in violations):
            raise Rejected(f"Compliance refused {act.what}: {said}.", reference, code="COMPLIANCE", message=said)
        raise Malformed(f"Aladdin's answer for {act.what} has no order in it.", reference)
    return _the_one_meant(result.output.order, act, reference), violations


def canceled(given: Any, act: Act, reference: str) -> Output:
    """The order of a cancel's result, with no violations. Raises as `posted` does."""
    result = parse(wire_orders.CancelResult, given, act.what, reference)
    if result.error is not None:
        raise refusal(result.error, act, reference)
    if result.output is None:
        raise Malformed(f"Aladdin gave neither an order nor an error for {act.what}.", reference)
    return _the_one_meant(result.output, act, reference), ()


def checked(given: Any, act: Act, reference: str) -> tuple[wire_orders.Violation, ...]:
    """What compliance found in a what-if; raises what kept it from being run."""
    result = parse(wire_orders.CheckResult, given, act.what, reference)
    if result.error is not None:
        raise refusal(result.error, act, reference)
    if result.output is None:
        raise Malformed(f"Aladdin gave neither an outcome nor an error for {act.what}.", reference)
    return result.output.compliance_violations


def _the_one_meant(order: wire_orders.Order, act: Act, reference: str) -> wire_orders.Order:
    if act.meant(order):
        return order
    named = f"{order.id} ({order.external_order_reference.external_id1 or 'without a reference'})"
    raise OtherOrder(f"Aladdin answered for {act.what} with order {named}.", reference)


def refusal(error: wire_orders.Status, act: Act, reference: str) -> DeskError:
    """The error for a failure inside a success."""
    message = error.message.rstrip(".") or f"code {error.code}"
    certain = error.code in _REFUSED_FOR_GOOD or (error.code == _ALREADY_EXISTS and not act.doubt)
    if certain:
        return Rejected(f"Aladdin refused {act.what}: {message}.", reference, code=str(error.code), message=message)
    if error.code == _PERMISSION_DENIED:
        return NotPermitted(f"Aladdin does not permit {act.what} ({message}). Request id {reference}.")
    if error.code == _RESOURCE_EXHAUSTED:
        return RateLimited(f"Aladdin has no room for {act.doing} now ({message}). Try again later.", reference)
    if error.code == _UNAUTHENTICATED:
        return AuthenticationFailed(f"Aladdin did not accept our credentials for {act.doing} ({message}).", reference)
    if not act.doubt:
        return Unavailable(f"Aladdin failed while {act.doing} ({message}). Try again.", reference)
    return Unavailable(
        f"Aladdin could not say what became of {act.what} ({message}). {act.doubt}", reference, sent=True
    )
