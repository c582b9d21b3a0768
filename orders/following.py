"""How the worker follows the orders that Aladdin works on: all of them in one look, quick while they move, and slower
and slower while they do not, as each look is one of the calls a minute that all the screens share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from allocation.errors import EvenlotError
from orders import compared
from orders.errors import LeaseLost, NotFound, VersionConflict
from orders.journal import Journal
from orders.lifecycle import Event
from orders.model import BrokerOrder, Lease, Order
from orders.ports import Broker, Clock

log = structlog.get_logger()

QUICKEST_SECONDS = 3.0
SLOWEST_SECONDS = 20.0


class Following:
    """The live orders as last seen. `astray` are those that could not be taken over then, `trouble` says why none could
    be looked at. `held` renews the lease where it is about to run out: a look at a thousand orders takes longer."""

    def __init__(self, broker: Broker, clock: Clock, journal: Journal, held: Callable[[Lease], Lease]) -> None:
        self.astray: frozenset[str] = frozenset()
        self.trouble = ""
        self._broker = broker
        self._clock = clock
        self._journal = journal
        self._held = held
        self._pause = QUICKEST_SECONDS
        self._next: datetime | None = None  # None: at once

    def at_once(self) -> None:
        """Something of ours has moved: look in the next round, and be quick for a while."""
        self._pause, self._next = QUICKEST_SECONDS, None

    def due(self) -> bool:
        """Whether it is time to look again."""
        return self._next is None or self._clock.now() >= self._next

    def none(self) -> None:
        """There is nothing to follow."""
        self.astray, self.trouble = frozenset(), ""

    def look(self, live: Sequence[Order], asked: Mapping[str, str], lease: Lease) -> None:
        """Write what is new of each live order. What one of them cannot get over holds up no other. `asked` has by
        order the intent that is still open: with the order's end it is no more."""
        self.trouble, astray, moving = "", set(), False
        try:
            answers = {answer.id: answer for answer in self._broker.orders([order.broker_id for order in live])}
        except EvenlotError as error:
            log.warning("live orders not followed", error=str(error))
            self.trouble, live, answers = "The live orders cannot be followed.", (), {}
        for order in live:
            try:
                lease = self._held(lease)
                moving |= self._take_over(order, answers.get(order.broker_id), asked.get(order.id), lease)
            except LeaseLost:
                raise
            except VersionConflict:
                moving = True  # a person was quicker: the next look sees what they made of it
            except EvenlotError as error:
                log.warning("order not followed", order=order.id, error=str(error))
                astray.add(order.id)
            except Exception:
                log.exception("order not followed", order=order.id)
                astray.add(order.id)
        self.astray = frozenset(astray)
        self._pause = QUICKEST_SECONDS if moving else min(self._pause * 2, SLOWEST_SECONDS)
        self._next = self._clock.now() + timedelta(seconds=self._pause)

    def _take_over(self, order: Order, answer: BrokerOrder | None, intent: str | None, lease: Lease) -> bool:
        """Write what is new of an order, and say whether anything is. What is not this order is told on it, and
        raised."""
        if answer is None:
            fault = compared.not_shown(order)
            self._journal.note(order, fault, lease)
            raise NotFound(fault)
        if fault := compared.mistaken(order, answer):
            self._journal.note(order, fault, lease, Event.MISTAKEN)
            raise NotFound(fault)
        return self._journal.follow(order, answer, lease, intent) is not order
