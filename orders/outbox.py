"""The outbox, taken up in turn: each intent when it is due, orders of one batch together. What one order cannot get
over is told on it, and holds up no other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from allocation.errors import EvenlotError
from orders.errors import DeskError, LeaseLost, RateLimited, Unavailable, VersionConflict
from orders.journal import Journal
from orders.lifecycle import READY, TABLE, Event
from orders.model import Intent, Kind, Lease, Order, OrderState
from orders.ports import Batches, Clock, Ledger
from orders.sending import POST_WINDOW, Fate, Outgoing, Sending, Wait
from watch import references

log = structlog.get_logger()

FIRST_WAIT_SECONDS = 2.0  # each wait is twice the one before
LONGEST_WAIT_SECONDS = 60.0
GATHERING = POST_WINDOW / 2  # a batch goes out when its first order was made ready so long ago
_MAY_GO = (OrderState.SCHEDULED, *READY)

CarryOut = Callable[[Intent, Order, Lease], Wait | None]


@dataclass(frozen=True, slots=True)
class PutOff:
    """An intent that has to wait, and how often it had to before; 0 while it waits as it should. `version` is its
    order's: once that is another, somebody has decided something, and it waits no more."""

    until: datetime
    failures: int
    why: str
    version: int


class Outbox:
    """Takes up what is asked of the worker. `held` renews the lease before each intent; `stopping` says that none is to
    be begun any more."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        journal: Journal,
        sending: Sending,
        carry_out: Mapping[str, CarryOut],
        batches: Batches | None,
        held: Callable[[Lease], Lease],
        stopping: Callable[[], bool],
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._journal = journal
        self._sending = sending
        self._carry_out = carry_out
        self._batches = batches
        self._held = held
        self._stopping = stopping
        self._put_offs: dict[str, PutOff] = {}  # by intent id, until it closes
        self.open = False  # whether anything was asked when it was last looked

    @property
    def held_up(self) -> int:
        """How many intents cannot be got on with."""
        return sum(put_off.failures > 0 for put_off in self._put_offs.values())

    def work(self, woken: Collection[str], lease: Lease) -> None:
        """Take up every intent that is due, and those of the orders that are `woken`."""
        open_ = self._ledger.intents()
        self.open = bool(open_)
        names = {intent.id for intent in open_}
        self._put_offs = {name: put_off for name, put_off in self._put_offs.items() if name in names}
        asked_about = list(dict.fromkeys(intent.order_id for intent in open_))
        orders = {order.id: order for order in self._ledger.orders_of(asked_about)}
        due = [intent for intent in open_ if intent.order_id in woken or self._due(intent, orders)]
        for together in self._gathered(due, orders):
            if self._stopping():
                return
            if len(together) > 1 and self._batches is not None:
                self._send_together(together, self._batches, lease)
            else:
                self._take_up(together[0], lease)

    def _due(self, intent: Intent, orders: Mapping[str, Order]) -> bool:
        put_off = self._put_offs.get(intent.id)
        if put_off is None or self._clock.now() >= put_off.until:
            return True
        return intent.order_id in orders and orders[intent.order_id].version != put_off.version

    def _gathered(self, due: Sequence[Intent], orders: Mapping[str, Order]) -> list[list[Intent]]:
        """The intents by themselves, but those to send orders of one batch together, at the place of the first."""
        gathered: dict[str, list[Intent]] = {}
        for intent in due:
            order = orders.get(intent.order_id)
            batched = (
                self._batches is not None
                and intent.kind == Kind.SEND
                and order is not None
                and order.batch
                and order.state in _MAY_GO
            )
            gathered.setdefault(f"batch {order.batch}" if order and batched else intent.id, []).append(intent)
        return list(gathered.values())

    def _take_up(self, intent: Intent, lease: Lease) -> None:
        self._attempt(intent, lease, lambda: self._carry_out[intent.kind](intent, *self._fresh(intent, lease)))

    def _fresh(self, intent: Intent, lease: Lease) -> tuple[Order, Lease]:
        return self._ledger.order(intent.order_id), self._held(lease)

    def _send_together(self, together: Sequence[Intent], batches: Batches, lease: Lease) -> None:
        """One call for all of them: each is "sending" in the ledger before it, and answered by itself after it. Where
        making them ready takes long, there are several calls: none may leave long after the ledger said so."""
        outgoing: list[Outgoing] = []
        for intent in together:
            if self._stopping():
                break
            self._attempt(intent, lease, partial(self._make_ready, intent, lease, outgoing))
            if outgoing and self._clock.now() - outgoing[0].order.updated_at > GATHERING:
                self._post_all(outgoing, batches, lease)
                outgoing = []
        if outgoing:
            self._post_all(outgoing, batches, lease)

    def _make_ready(self, intent: Intent, lease: Lease, outgoing: list[Outgoing]) -> Wait | None:
        order, lease = self._fresh(intent, lease)
        if order.state not in _MAY_GO:  # it moved since the round began
            return self._carry_out[intent.kind](intent, order, lease)
        prepared = self._sending.prepared(intent, order, lease)
        if not isinstance(prepared, Outgoing):
            return prepared
        outgoing.append(prepared)
        return None

    def _post_all(self, outgoing: Sequence[Outgoing], batches: Batches, lease: Lease) -> None:
        if len(outgoing) == 1:
            (one,) = outgoing
            self._attempt(one.intent, lease, lambda: self._sending.post(one, lease))
            return
        tickets = [one.ticket for one in outgoing]
        fates: Sequence[Fate]
        asked = {one.intent.reference for one in outgoing}
        if len(asked) > 1:  # the call is of this round: nobody's alone
            log.info(
                "orders of several sent together", orders=[one.order.id for one in outgoing], references=sorted(asked)
            )
        try:
            with references.under(asked.pop() if len(asked) == 1 else ""):
                fates = batches.post_all(tickets, outgoing[0].order.updated_at + POST_WINDOW)
        except DeskError as error:
            fates = [error] * len(tickets)
        except Exception:
            log.exception("batch broke the worker", orders=len(tickets))
            fates = []
        if len(fates) != len(tickets):  # nobody knows whose is whose
            fates = [Unavailable("What became of the batch is unknown. The order may have been placed.")] * len(tickets)
        for one, fate in zip(outgoing, fates, strict=True):
            self._attempt(one.intent, lease, partial(self._sending.settled, one, fate, lease))

    def _attempt(self, intent: Intent, lease: Lease, act: Callable[[], Wait | None]) -> None:
        """Do it under the reference of what a person did to ask for it."""
        with references.under(intent.reference):
            self._try(intent, lease, act)

    def _try(self, intent: Intent, lease: Lease, act: Callable[[], Wait | None]) -> None:
        try:
            wait = act()
            if wait is not None:
                self._put_off(intent, wait)
        except LeaseLost:
            raise
        except VersionConflict as error:
            # a person was quicker: the next round sees what they made of it
            log.info("order changed meanwhile", order=intent.order_id, error=str(error))
        except EvenlotError as error:
            self._failed(intent, error, lease)
        except Exception as defect:
            log.exception("order broke the worker", order=intent.order_id)
            name = type(defect).__name__
            told = f"A defect of Evenlot ({name}) holds this order up. The log has it whole: tell support."
            self._failed(intent, EvenlotError(told), lease)

    def _failed(self, intent: Intent, error: EvenlotError, lease: Lease) -> None:
        """Try again later, and tell of it on the order: an outage passes, and is told of Aladdin as a whole, but
        anything else may need a person."""
        try:
            order = self._ledger.order(intent.order_id)
            if not isinstance(error, Unavailable | RateLimited) and (order.state, Event.NOTED) in TABLE:
                self._journal.note(order, str(error), lease)
            self._put_off(intent, Wait(error))
        except LeaseLost:
            raise
        except EvenlotError as silent:
            log.warning("order not told of", order=intent.order_id, error=str(error), why=str(silent))

    def _put_off(self, intent: Intent, wait: Wait) -> None:
        """Wait longer after each failure of the same intent, so that an outage fills neither ledger nor log."""
        before = self._put_offs.get(intent.id)
        failures = 0 if wait.why is None else (before.failures if before else 0) + 1
        seconds = wait.seconds
        if seconds is None:
            seconds = min(FIRST_WAIT_SECONDS * 2.0 ** min(failures - 1, 10), LONGEST_WAIT_SECONDS)
        until, why = self._clock.now() + timedelta(seconds=seconds), str(wait.why or "")
        self._put_offs[intent.id] = PutOff(until, failures, why, self._ledger.order(intent.order_id).version)
        if why and (before is None or before.why != why):
            log.warning("order put off", order=intent.order_id, error=why, seconds=seconds)
