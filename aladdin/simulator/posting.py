"""What a post and a cancel do, alone or in a batch: refused with what was wrong, or done and on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aladdin.simulator.compliance import restriction, violations
from aladdin.simulator.exchange import Exchange
from aladdin.simulator.faults import (
    ComplianceRestriction,
    ExpiredOrder,
    Fault,
    FaultPlan,
    LostCancel,
    Outcome,
    RejectedOrder,
    StalledOrder,
)
from aladdin.simulator.protocol import Code, OrderRefused
from aladdin.simulator.requests import CancelOrder, ExternalReference, OrderBody, PostOrderConfig
from aladdin.simulator.shown import shown
from aladdin.simulator.state import Blotter, Booking, PlacedOrder, Status
from aladdin.simulator.tickets import Tickets, comments
from aladdin.simulator.world import World


class Posting:
    """Posts and cancels orders of one world. Both raise OrderRefused. `path` is the call that asked for it: the fault
    plan goes by it."""

    def __init__(self, world: World, blotter: Blotter, exchange: Exchange, plan: FaultPlan) -> None:
        self._world = world
        self._blotter = blotter
        self._exchange = exchange
        self._plan = plan
        self._tickets = Tickets(world, exchange)

    def post(self, asked: OrderBody, config: PostOrderConfig, path: str) -> dict[str, Any]:
        """The output for an order that is new or, with an id, to be modified."""
        order = self._draft(asked, config)
        restricted = self._plan.take(path, ComplianceRestriction) if config.run_compliance else None
        found = [restriction(order, self._world)] if restricted is not None else []
        if restricted is not None and restricted.outcome is Outcome.REFUSED:
            return {"complianceViolations": found}
        if not config.what_if:
            fate: Fault | None = restricted
            if fate is None and not asked.id:
                fate = self._plan.take(path, StalledOrder, RejectedOrder, ExpiredOrder)
            order = self._placed(order, asked, fate)
        # A run that timed out has found nothing by the time of the answer.
        if config.run_compliance and (restricted is not None or order.status is not Status.COMPLIANCE):
            found += violations(order, self._world)
        return {"complianceViolations": found, "order": shown(order, self._world)}

    def _draft(self, asked: OrderBody, config: PostOrderConfig) -> PlacedOrder:
        """The order as it would be. A modification is only drafted here: it is made on the order as it is then."""
        if not asked.id:
            draft = self._tickets.new(asked, config)
            self._blotter.refuse_known(draft.reference)
            return draft
        existing = self._blotter.order(_order_number(asked.id))
        if existing is None:
            raise _no_order(asked.id)
        return self._tickets.modified(existing, asked)

    def _placed(self, draft: PlacedOrder, asked: OrderBody, fate: Fault | None) -> PlacedOrder:
        def change(order: PlacedOrder) -> tuple[PlacedOrder, tuple[Booking, ...]]:
            return self._restricted(self._tickets.modified(order, asked), fate), ()

        with self._blotter.together():
            if asked.id:
                order = self._blotter.change(draft.id, change)
            else:
                order = self._blotter.add(self._restricted(draft, fate))
            if fate is not None:
                self._plan.doom(order.id, fate)  # before the exchange can see the order
        return order

    def _restricted(self, order: PlacedOrder, fate: Fault | None) -> PlacedOrder:
        """An order that compliance restricts waits for it, whatever it was before."""
        if not isinstance(fate, ComplianceRestriction):
            return order
        return replace(order, status=Status.COMPLIANCE, due=datetime.now(UTC) + self._exchange.lag)

    def cancel(self, body: CancelOrder, path: str) -> dict[str, Any]:
        """The order, canceled."""
        order_id = _order_number(body.order_id) if body.order_id else self._referenced(body.external_reference)
        existing = self._blotter.order(order_id)
        if existing is not None and existing.live and self._plan.take(path, LostCancel) is not None:
            self._blotter.change(order_id, lambda order: self._exchange.complete(order) if order.live else (order, ()))

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

        return shown(self._blotter.change(order_id, change), self._world)

    def _referenced(self, reference: ExternalReference) -> int:
        existing = self._blotter.by_reference(reference.external_id1)
        if existing is None or existing.account_code not in ("", reference.account_code):
            raise OrderRefused(Code.NOT_FOUND, f"no order has the externalId1 {reference.external_id1!r}")
        return existing.id


def result(act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """One entry of `results`: the output, or the google.rpc.Status of what refused it."""
    try:
        return {"output": act()}
    except OrderRefused as refused:
        return {"error": refused.status()}


def _order_number(text: str) -> int:
    if not text.isdecimal():
        raise _no_order(text)
    return int(text)


def _no_order(text: str) -> OrderRefused:
    return OrderRefused(Code.NOT_FOUND, f"there is no order {text if text.isdecimal() else repr(text)}")
