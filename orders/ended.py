"""How the worker looks after orders that have ended: Aladdin may say only later whose part a fill is, and correct or
take back what it has booked."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from allocation.errors import EvenlotError
from orders import compared
from orders.errors import LeaseLost
from orders.journal import Journal
from orders.model import Lease
from orders.ports import Broker, Clock, Ledger

log = structlog.get_logger()

CORRECTED_WITHIN = timedelta(days=1)  # of its last step an order is looked at
SHARED_OUT_WITHIN = timedelta(days=7)  # where more is filled than is booked to accounts: over any holidays
WHILE_UNSHARED = timedelta(minutes=1)
EVERY = timedelta(minutes=10)


class Ended:
    """Orders that Aladdin had and that have ended: looked at every minute until all that is filled is somebody's, the
    others of a day every ten. What was changed later than that a comparison finds, and a person takes over."""

    def __init__(self, ledger: Ledger, broker: Broker, clock: Clock, journal: Journal) -> None:
        self._ledger = ledger
        self._broker = broker
        self._clock = clock
        self._journal = journal
        self._next: datetime | None = None  # None: at once
        self._all: datetime | None = None  # when those that are settled are looked at as well

    def due(self) -> bool:
        """Whether it is time to look again."""
        return self._next is None or self._clock.now() >= self._next

    def look(self, lease: Lease) -> None:
        """Write what Aladdin has otherwise since. What one of them cannot get over holds up no other."""
        now = self._clock.now()
        ended = self._ledger.ended(now - CORRECTED_WITHIN, now - SHARED_OUT_WITHIN)
        if self._all is None or now >= self._all:
            self._all = now + EVERY
        else:
            ended = tuple(order for order in ended if compared.unshared(order))
        self._next = now + WHILE_UNSHARED
        if not ended:
            return
        try:
            answers = {answer.id: answer for answer in self._broker.orders([order.broker_id for order in ended])}
        except EvenlotError as error:  # of an outage the live orders tell
            log.warning("ended orders not looked at", error=str(error))
            return
        for order in ended:
            answer = answers.get(order.broker_id)
            if answer is None or compared.mistaken(order, answer) or not compared.ended_otherwise(order, answer):
                continue
            try:
                self._journal.report(order, answer, lease)
            except LeaseLost:
                raise
            except EvenlotError as error:
                log.warning("ended order not taken over", order=order.id, error=str(error))
