"""The worker: one loop under a lease. It takes intents from the outbox, lets those orders lapse that nobody approved in
time, follows live orders, and looks after those that have ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from allocation.errors import EvenlotError
from orders.changing import Changing
from orders.ended import Ended
from orders.errors import LeaseLost
from orders.following import Following
from orders.journal import Journal
from orders.lifecycle import LIVE, Event
from orders.model import Kind, Lease, Order, OrderState
from orders.outbox import CarryOut, Outbox
from orders.ports import Batches, Broker, Clock, Ledger
from orders.sending import GRACE as GRACE
from orders.sending import POST_WINDOW as POST_WINDOW
from orders.sending import Sending

log = structlog.get_logger()

LEASE = "worker"
LEASE_SECONDS = 20.0
TICK_SECONDS = 1.0
IDLE_SECONDS = 5.0
UNFINISHED = "It could not finish its last round."


@dataclass(frozen=True, slots=True)
class Pulse:
    """How the worker is: when it last finished a round, what kept it from working, if anything, and how many orders it
    cannot get on with. Everybody reads it, so it names no order; each order says for itself what holds it up."""

    at: datetime | None = None
    trouble: str = ""
    held_up: int = 0


class Dispatch:
    """Sends, changes and follows orders under a lease. One instance a process; `holder` names it. Orders of one batch
    go out in one call where there are `batches`."""

    def __init__(
        self, ledger: Ledger, broker: Broker, clock: Clock, holder: str, batches: Batches | None = None
    ) -> None:
        self.pulse = Pulse()
        self.holder = holder
        self._ledger = ledger
        self._clock = clock
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._woken: set[str] = set()  # order ids
        self._busy = False  # whether something was open when it was last looked
        self._journal = Journal(ledger, clock)
        self._following = Following(broker, clock, self._journal)
        self._ended = Ended(ledger, broker, clock, self._journal)
        sending = Sending(ledger, broker, clock, self._journal, self._following.at_once)
        changing = Changing(ledger, broker, clock, self._journal, self._following.at_once, self._renewed)
        carry_out: dict[str, CarryOut] = {
            Kind.SEND: sending.carry_out,
            Kind.MODIFY: changing.modify,
            Kind.CANCEL: changing.cancel,
        }
        self._outbox = Outbox(
            ledger, clock, self._journal, sending, carry_out, batches, self._renewed, self._stop.is_set
        )

    def wake(self, order_id: str = "") -> None:
        """Work now rather than at the next tick: a person has asked for something, perhaps of an order that waits."""
        self._following.at_once()
        if order_id:
            self._woken.add(order_id)
        self._wake.set()

    def stop(self) -> None:
        """Let `run` end after the step in hand."""
        self._stop.set()
        self._wake.set()

    def run(self) -> None:
        """Work until stopped. A round that fails is logged, shown in `pulse`, and tried again."""
        lease: Lease | None = None
        while not self._stop.is_set():
            busy = False
            try:
                lease = self._ledger.acquire(LEASE, self.holder, LEASE_SECONDS)
                busy = self.work(lease) if lease else False
            except EvenlotError as error:
                self._troubled(error)
            except Exception as defect:
                log.exception("worker round broke")
                self._troubled(defect)
            self._wake.wait(TICK_SECONDS if busy else IDLE_SECONDS)
            self._wake.clear()
        if lease is not None:
            try:
                self._ledger.release(lease)
            except EvenlotError as error:  # it runs out by itself
                log.warning("lease not given back", error=str(error))

    def work(self, lease: Lease) -> bool:
        """One round: every intent that is due, then what lapses, and the live orders when it is time to look at
        them. True while something is still open. What one of these cannot get over holds up no other."""
        woken, self._woken = self._woken, set()
        steps = (
            lambda: self._outbox.work(woken, lease),
            lambda: self._watch(lease),
            lambda: self._look_after_ended(lease),
        )
        done = [self._done(step) for step in steps if not self._stop.is_set()]
        if all(done):
            self.pulse = Pulse(self._clock.now(), self._following.trouble, self._held_up())
        return self._busy

    def _done(self, step: Callable[[], None]) -> bool:
        try:
            step()
        except LeaseLost:
            raise
        except EvenlotError as error:
            self._troubled(error)
        except Exception as defect:
            log.exception("worker step broke")
            self._troubled(defect)
        else:
            return True
        return False

    def _troubled(self, error: Exception) -> None:
        """Say on the screens that there is trouble. The night watch outlives it, a defect too."""
        trouble = f"defect: {type(error).__name__}"
        if isinstance(error, EvenlotError):
            log.warning("worker round failed", error=str(error))
            trouble = UNFINISHED
        self.pulse = Pulse(self.pulse.at, trouble, self._held_up())

    def _held_up(self) -> int:
        return self._outbox.held_up + len(self._following.astray)

    def _watch(self, lease: Lease) -> None:
        """Let lapse what nobody approved in time, and follow what is live."""
        watched = self._ledger.orders(states=(*LIVE, OrderState.AWAITING))
        live = [order for order in watched if order.state in LIVE and order.broker_id]
        self._busy = bool(live or self._outbox.open)
        for order in watched:
            if order.state is OrderState.AWAITING and order.trade_date < self._clock.today():
                self._let_lapse(order, lease)
        # a modification that is under way looks at its order itself: it may have to be taken back first
        seen = [order for order in live if order.state is not OrderState.MODIFY_PENDING]
        if not seen:
            self._following.none()
        elif self._following.due():
            canceling = any(order.state is OrderState.CANCEL_PENDING for order in seen)
            asked = {intent.order_id: intent.id for intent in self._ledger.intents()} if canceling else {}
            self._following.look(seen, asked, self._renewed(lease))

    def _look_after_ended(self, lease: Lease) -> None:
        if self._ended.due():
            self._ended.look(self._renewed(lease))

    def _let_lapse(self, order: Order, lease: Lease) -> None:
        lapsed = f"Not approved on its trade date, {order.trade_date:%d %b %Y}: it lapsed."
        try:
            self._journal.record(order, Event.LAPSED, lease, lapsed, message=lapsed)
        except LeaseLost:
            raise
        except EvenlotError as error:  # a person may have been quicker: the next round sees what they made of it
            log.warning("order did not lapse", order=order.id, error=str(error))

    def _renewed(self, lease: Lease) -> Lease:
        renewed = self._ledger.acquire(LEASE, self.holder, LEASE_SECONDS)
        if renewed is None or renewed.fence != lease.fence:
            raise LeaseLost("Another worker has taken over.")
        return renewed
