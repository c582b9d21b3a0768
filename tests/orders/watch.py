"""A worker at its desk, driven a round at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from allocation.model import Choices
from orders.dispatch import LEASE, LEASE_SECONDS, Dispatch
from orders.lifecycle import Event, step
from orders.model import Change, Kind, Order, OrderLine, Statement
from orders.statement import faithful, freeze
from tests.orders.desk import BOOK, PM, FakeBroker, Outfit, outfit
from tests.orders.test_desk import preview, request


@dataclass
class Watch:
    """What the worker works with, within reach."""

    at: Outfit
    broker: FakeBroker
    worker: Dispatch

    def order(self) -> Order:
        return self.at.ledger.orders()[0]

    def round(self) -> Order:
        """A round that looks at the live orders, whatever the pace."""
        self.worker.wake()
        return self.tick()

    def tick(self) -> Order:
        """A round as the worker makes them by itself."""
        lease = self.at.ledger.acquire(LEASE, self.worker.holder, LEASE_SECONDS)
        assert lease is not None
        self.worker.work(lease)
        return self.order()

    def rounds(self, seconds: float, step: float = 15) -> Order:
        """Rounds, until so many seconds have passed."""
        for _ in range(int(seconds / step)):
            self.tick()
            self.at.clock.pass_(step)
        return self.tick()

    def history(self) -> list[str]:
        return [event.event for event in self.at.ledger.events(self.order().id)]

    def decide(self, event: Event, **also: Any) -> Order:
        """A person's step."""
        order = self.order()
        also.setdefault("actor", PM.username)
        if event is Event.WITHDRAW:
            also["closes_intent"] = next(i.id for i in self.at.ledger.intents() if i.order_id == order.id)
        if event is Event.APPROVE:
            also["opens_intent"] = Kind.SEND
        change = Change(order.id, order.version, step(order.state, event), event.value, at=self.at.clock.now(), **also)
        return self.at.ledger.advance(f"person:{order.id}:{order.version}", change)

    def ask_to_cancel(self, reason: str = "the client called") -> Order:
        order = self.order()
        return self.at.desk.orders.cancel(PM, order.id, reason, f"person:{order.id}:{order.version}")

    def ask_to_modify(self, face: int, limit: Decimal | None = None, engine: str = "pro_rata") -> Order:
        """Other terms of the order, as a new version of its statement."""
        order, at = self.order(), self.at
        asked = request(face, limit=limit, choices=Choices(engine=engine))
        proposal = at.desk.preview(PM, asked).proposal
        version = at.ledger.statement(order.id).version + 1
        statement = freeze(
            proposal,
            statement_id=f"{order.id}.{version}",
            order_id=order.id,
            group=order.group,
            book=BOOK,
            read_at=at.clock.now(),
            confirmed_at=at.clock.now(),
            confirmed_by=PM.username,
            comment="",
            version=version,
        )
        change = Change(
            order.id,
            order.version,
            step(order.state, Event.MODIFY),
            Event.MODIFY.value,
            PM.username,
            statement.created_at,
            opens_intent=Kind.MODIFY,
            reason="the client wants it so",
            ordered=face,
            face=proposal.placed,
            limit=limit,
            cleared=frozenset({"limit"} if limit is None else ()),
            lines=tuple(OrderLine(line.account_id, line.face) for line in proposal.lines if line.face),
            engine=engine,
        )
        return at.ledger.advance(f"person:{order.id}:{order.version}", change, statement=statement)

    def agrees(self) -> None:
        """The ledger has what Aladdin has: the terms, what is filled, and nothing that is not accounted for."""
        order, shown = self.order(), self.broker.book[self.order().broker_id]
        asked = {line.account_id: Decimal(line.face) for line in order.lines if line.face}
        assert (Decimal(order.face), order.limit, order.settlement, asked) == (
            shown.face,
            shown.limit,
            shown.settlement,
            {account: face for account, face in shown.asked.items() if face},
        )
        booked = {line.account_id: line.booked for line in order.lines if line.booked}
        assert (order.filled, order.average_price) == (shown.filled, shown.average_price)
        assert booked == {account: face for account, face in shown.booked.items() if face}
        assert order.broker_status == shown.status
        assert order.face == sum(line.face for line in order.lines)
        assert faithful(order, self.at.ledger.statement(order.id))
        assert self.at.ledger.verify() == ()

    def since(self, event: Event) -> list[str]:
        """The history from the last such event on, without it."""
        history = self.history()
        return history[len(history) - history[::-1].index(event) :]

    def faces(self) -> dict[str, int]:
        return {line.account_id: line.face for line in self.order().lines if line.face}

    def hide(self) -> None:
        """Aladdin has what was posted, and does not show it."""
        self.broker.find_order = lambda reference: None  # type: ignore[method-assign]

    def show(self) -> None:
        """It does again."""
        del self.broker.find_order

    def shown(self, **otherwise: Any) -> None:
        """Aladdin's order is otherwise from now on."""
        (order,) = self.broker.book.values()
        self.broker.book[order.id] = replace(order, **otherwise)


def watching(directory: Path, **otherwise: Any) -> Watch:
    """An order that is confirmed, or otherwise as told, and the worker that has not begun with it."""
    at, broker = outfit(directory), FakeBroker()
    worker = Dispatch(at.ledger, broker, at.clock, "w1")
    confirmed(at, "c1", **otherwise)
    return Watch(at, broker, worker)


def confirmed(at: Outfit, command_id: str, **otherwise: Any) -> Order:
    """One more order, as told."""
    confirm = at.ledger.confirm

    def as_told(command: str, statement: Statement, order: Order, *rest: int | None) -> Order:
        return confirm(command, statement, replace(order, **otherwise), *rest)

    at.ledger.confirm = as_told  # type: ignore[method-assign,assignment]
    try:
        return at.desk.confirm(PM, preview(at), "", command_id)
    finally:
        del at.ledger.confirm
