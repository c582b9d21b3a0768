"""Closing an order that was at Aladdin and that Aladdin does not show any more: nothing else could end it here. Aladdin
is looked at first, each time, and from the size of a second person on somebody else has to agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orders import compared, sought
from orders.attempts import requests, unsettled
from orders.checks import Policy
from orders.entitlement import require
from orders.errors import NotPermitted, Rejected
from orders.lifecycle import Event, step
from orders.model import Event as Happened
from orders.model import Order, Permission, Statement, User
from orders.order_desk import OrderDesk
from orders.past import Past
from orders.ports import Blotter, Clock, Ledger
from orders.statement import placed, restored_terms


class Closing:
    """The use cases. Each may raise `NotFound`, `NotPermitted`, `IllegalTransition` for an order that is not at Aladdin
    as far as this ledger knows, `Rejected` where Aladdin shows it, and any `OutsideError` where it cannot be asked.
    `asked` is told the id of an order that the worker is to look at."""

    def __init__(
        self,
        blotter: Blotter | None,
        ledger: Ledger,
        past: Past,
        orders: OrderDesk,
        policy: Policy,
        asked: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self._blotter = blotter
        self._ledger = ledger
        self._past = past
        self._orders = orders
        self._policy = policy
        self._asked = asked
        self._clock = clock

    def close(self, user: User, order_id: str, reason: str, command_id: str) -> Order:
        """End the order here, with what it has booked, and free what is set aside for it; or ask somebody else to agree
        to that, where its size needs a second person."""
        event = self._first(self._past.order(user, order_id))

        def closed(order: Order) -> dict[str, Any]:
            self._refuse_shown(order, event)
            if event is Event.CLOSE_ASKED:
                asks = f"{user.username} asks to close it: somebody else must agree."
                return {"message": f"{compared.still_said(order) or compared.not_shown(order)} {asks}"}
            return self._ended(user, order, f"{user.username}: {reason.strip()}")

        return self._orders.decide(user, Permission.CONFIRM, order_id, event, command_id, reason, closed)

    def agree(self, user: User, order_id: str, command_id: str) -> Order:
        """Agree to what somebody else asked, which ends the order. Never to one's own word, nor to the end of what one
        confirmed: `NotPermitted`. `Rejected` where nobody asks for it, or not any more."""

        def agreed(order: Order) -> dict[str, Any]:
            asked = self.asked(order)
            if asked is None:
                raise Rejected(f"Nobody asks to close {order.id}, or not any more.", code="not_asked")
            if user.username in (asked.actor, order.created_by):
                raise NotPermitted("Whoever confirmed an order, or asks to close it, cannot agree to that.")
            self._refuse_shown(order, Event.CLOSE_AGREED)
            ended = self._ended(user, order, f"{asked.actor}, {user.username} agreed: {asked.reason}")
            return ended | {"reason": asked.reason, "detail": f"asked by {asked.actor}: {asked.reason}"}

        return self._orders.decide(user, Permission.APPROVE, order_id, Event.CLOSE_AGREED, command_id, "", agreed)

    def awaiting(self, user: User) -> tuple[tuple[Order, Happened], ...]:
        """The orders that somebody asks to close, with that request, oldest first."""
        require(user, Permission.APPROVE)
        orders = self._ledger.unsettled(Event.CLOSE_ASKED.value, Event.CLOSE_AGREED.value)
        found = ((order, self.asked(order)) for order in orders if user.sees(order.group))
        return tuple((order, asked) for order, asked in found if asked is not None)

    def asked(self, order: Order) -> Happened | None:
        """The open request to close it: it is void once anything but a note came after it."""
        later = (event for event in reversed(self._ledger.events(order.id)) if event.event != Event.NOTED)
        newest = next(later, None)
        return newest if newest is not None and newest.event == Event.CLOSE_ASKED else None

    def may(self, user: User, order: Order) -> tuple[Event, ...]:
        """What this user may do about an order that the worker did not find at its last look, or found another one
        for, for the screen to offer."""
        if not user.sees(order.group) or not compared.unseen(order):
            return ()
        asked = self.asked(order)
        wanted: tuple[Event, ...] = ()
        if user.may(Permission.CONFIRM) and asked is None:
            wanted += (self._first(order),)
        if asked is not None and user.may(Permission.APPROVE) and user.username not in (asked.actor, order.created_by):
            wanted += (Event.CLOSE_AGREED,)
        return wanted

    def _first(self, order: Order) -> Event:
        """Whether one person's word is enough: for the most that Aladdin may have."""
        limit, before = self._policy.approval_from, self._before(order)
        face = max(order.face, sum(placed(before).values()) if before else 0)
        return Event.CLOSE if limit is None or face < limit else Event.CLOSE_ASKED

    def _before(self, order: Order) -> Statement | None:
        """The version before the newest, while it is not known whether Aladdin has the newest."""
        if not unsettled(self._ledger.events(order.id)):
            return None
        return self._ledger.statement(order.id, self._ledger.statement(order.id).version - 1)

    def _refuse_shown(self, order: Order, event: Event) -> None:
        step(order.state, event)
        if there := sought.shown(self._blotter, order):
            self._asked(order.id)
            raise Rejected(
                f"Aladdin shows {there}, so {order.id} is not closed. It is followed again from the next look on.",
                code="shown",
            )

    def _ended(self, user: User, order: Order, why: str) -> dict[str, Any]:
        """What the end changes. A modification that never reached Aladdin does not come to be: fills that are told
        later are of the terms of before."""
        message = "Closed here, as Aladdin does not show it."
        ended = {"closes_intent": self._orders.intent(order), "message": f"{message} {why}"}
        before = self._before(order)
        if before is None:
            return ended
        if requests(self._ledger.events(order.id)).arrived is not None:
            return ended | {"message": f"{message} Whether its last modification reached Aladdin is not known. {why}"}
        never = "Its last modification never reached Aladdin."
        statement, terms = restored_terms(before, before.version + 2, self._clock.now(), never, user.username)
        return (
            ended | terms | {"statement": statement, "message": f"{message} {never} It has the terms of before. {why}"}
        )
