"""Where the worker writes an order's steps: one change of the ledger each, under its lease."""

from __future__ import annotations

import re
from typing import Any

from orders import compared
from orders.lifecycle import FINAL, Event, reported, step, step_of
from orders.model import BrokerOrder, Change, Lease, Order, Statement
from orders.ports import Clock, Ledger

_REQUEST_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


WORKER = "worker"  # whose name is under its steps


class Journal:
    """The worker's pen."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def record(
        self,
        order: Order,
        event: Event,
        lease: Lease,
        detail: str = "",
        statement: Statement | None = None,
        **also: Any,
    ) -> Order:
        """Write one step. The command is the step itself, so a step repeated after a crash is written once."""
        change = Change(
            order_id=order.id,
            version=order.version,
            state=step_of(order, event, WORKER),
            event=event.value,
            actor=WORKER,
            at=self._clock.now() if statement is None else statement.created_at,
            detail=detail,
            **also,
        )
        return self._ledger.advance(f"{order.id}:{order.version}:{event.value}", change, lease.fence, statement)

    def note(self, order: Order, message: str, lease: Lease, event: Event = Event.NOTED) -> None:
        """Say something of an order, once: another request id makes it no other thing, nor what was said after it. Of
        one that was not there at the last look it is said beside that."""
        told = message if message.startswith(compared.UNSEEN) else f"{compared.still_said(order)} {message}".strip()
        if not _REQUEST_ID.sub("", order.message).startswith(_REQUEST_ID.sub("", told)):
            self.record(order, event, lease, message, message=told)

    def follow(self, order: Order, answer: BrokerOrder, lease: Lease, intent: str | None, **also: Any) -> Order:
        """Write what is new of an order that Aladdin has. With its end, the `intent` that is still open is no more."""
        if not compared.news(order, answer):
            return order
        ended = step(order.state, reported(answer)) in FINAL
        return self.report(order, answer, lease, closes_intent=intent if ended else None, **also)

    def report(self, order: Order, answer: BrokerOrder, lease: Lease, **also: Any) -> Order:
        """Write what Aladdin says of an order that is `compared` to be this one."""
        event = reported(answer)
        if step(order.state, event) is order.state and not compared.moved(order, answer):
            event = Event.NOTED
        return self.record(
            order,
            event,
            lease,
            compared.detail(order, answer),
            **compared.as_told(order, answer) | also,
        )
