"""A worker at its desk, driven a round at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Unpack

from allocation.model import Choices
from orders.checks import Policy
from orders.confirming import Said
from orders.dispatch import LEASE, LEASE_SECONDS, Dispatch
from orders.lifecycle import Event, step
from orders.model import Change, Order
from orders.rechecking import Rechecking
from orders.statement import faithful
from tests.orders.desk import APPROVER, PM, FakeBroker, Outfit, outfit
from tests.orders.test_desk import preview


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

    def decide(self, event: Event, reason: str = "the client called") -> Order:
        """A person's step."""
        order, desk = self.order(), self.at.desk.orders
        command = f"person:{order.id}:{order.version}"
        if event is Event.APPROVE:
            return desk.approve(APPROVER, order.id, order.statement_sha256, command)
        asked = {
            Event.WITHDRAW: desk.withdraw,
            Event.SEND_AGAIN: desk.send_again,
            Event.NOT_THERE: desk.not_there,
            Event.CANCEL: desk.cancel,
        }
        return asked[event](PM, order.id, reason, command)

    def happens(self, event: Event, actor: str, **also: Any) -> Order:
        """A step that is no person's."""
        order = self.order()
        change = Change(order.id, order.version, step(order.state, event), event.value, actor, self.at.clock.now())
        return self.at.ledger.advance(f"{event}:{order.id}:{order.version}", replace(change, **also))

    def ask_to_cancel(self, reason: str = "the client called") -> Order:
        return self.decide(Event.CANCEL, reason)

    def ask_to_modify(self, face: int, limit: Decimal | None = None, engine: str = "pro_rata") -> Order:
        """Other terms of the order, as a new version of its statement."""
        order, desk = self.order(), self.at.desk
        asked = desk.modifying.request(PM, order.id)
        choices = asked.choices if engine == asked.choices.engine else Choices(engine=engine)
        asked = replace(asked, face=face, limit=limit, choices=choices)
        seen = desk.preview(PM, asked)
        accepted = dict.fromkeys(seen.warnings, "the client wants it so")
        command = f"person:{order.id}:{order.version}"
        return desk.modifying.modify(PM, seen, "the client wants it so", command, accepted)

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


def watching(directory: Path, policy: Policy | None = None, **said: Unpack[Said]) -> Watch:
    """An order that is confirmed as told, and the worker that has not begun with it."""
    watch = at_work(outfit(directory, policy))
    confirmed(watch.at, "c1", **said)
    return watch


def at_work(at: Outfit) -> Watch:
    """The worker of a desk."""
    recheck = Rechecking(at.market, at.compliance, at.clock, at.desk.policy).objection
    return Watch(at, at.broker, Dispatch(at.ledger, at.broker, at.clock, "w1", recheck=recheck))


def confirmed(at: Outfit, command_id: str, **said: Unpack[Said]) -> Order:
    """One more order, as told."""
    return at.desk.confirm(PM, preview(at), "", command_id, **said)
