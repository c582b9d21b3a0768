"""The worker: one loop under a lease. It takes intents from the outbox, follows live orders, and lets those lapse that
nobody approved in time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from allocation.errors import EvenlotError
from orders.changing import Changing
from orders.errors import LeaseLost, RateLimited, Unavailable
from orders.following import Following
from orders.journal import Journal
from orders.lifecycle import LIVE, TABLE, Event
from orders.model import Intent, Kind, Lease, Order, OrderState
from orders.ports import Broker, Clock, Ledger
from orders.sending import GRACE as GRACE
from orders.sending import POST_WINDOW as POST_WINDOW
from orders.sending import Sending, Wait

log = structlog.get_logger()

LEASE = "worker"
LEASE_SECONDS = 20.0
TICK_SECONDS = 1.0
IDLE_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Pulse:
    """How the worker is: when it last finished a round, what kept it from working, if anything, and how many orders it
    cannot get on with. Everybody reads it, so it names no order; each order says for itself what holds it up."""

    at: datetime | None = None
    trouble: str = ""
    held_up: int = 0


@dataclass(frozen=True, slots=True)
class PutOff:
    """An intent that has to wait, and how often it had to before; 0 while it waits as it should."""

    until: datetime
    failures: int


class Dispatch:
    """Sends, changes and follows orders under a lease. One instance a process; `holder` names it."""

    def __init__(self, ledger: Ledger, broker: Broker, clock: Clock, holder: str) -> None:
        self.pulse = Pulse()
        self._ledger = ledger
        self._clock = clock
        self.holder = holder
        self._put_offs: dict[str, PutOff] = {}  # by intent id, until it closes
        self._journal = Journal(ledger, clock)
        self._following = Following(broker, clock, self._journal)
        sending = Sending(ledger, broker, clock, self._journal, self._following.at_once)
        changing = Changing(ledger, broker, clock, self._journal, self._following.at_once)
        self._carry_out: dict[str, Callable[[Intent, Order, Lease], Wait | None]] = {
            Kind.SEND: sending.carry_out,
            Kind.MODIFY: changing.modify,
            Kind.CANCEL: changing.cancel,
        }
        self._woken: set[str] = set()  # order ids
        self._wake = threading.Event()
        self._stop = threading.Event()

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
                log.warning("worker round failed", error=str(error))
                self.pulse = Pulse(self.pulse.at, "It could not finish its last round.", self.pulse.held_up)
            except Exception as error:
                # the night watch must outlive a defect: it is logged whole, and the screens say there is trouble
                log.exception("worker round broke")
                self.pulse = Pulse(self.pulse.at, f"defect: {type(error).__name__}", self.pulse.held_up)
            self._wake.wait(TICK_SECONDS if busy else IDLE_SECONDS)
            self._wake.clear()
        if lease is not None:
            self._ledger.release(lease)

    def work(self, lease: Lease) -> bool:
        """One round: every intent that is due, then the live orders when it is time to look at them. True while
        something is still open. What one order cannot get over is told on it, and holds up no other."""
        woken, self._woken = self._woken, set()
        for intent in self._ledger.intents():
            put_off = self._put_offs.get(intent.id)
            if put_off is None or intent.order_id in woken or self._clock.now() >= put_off.until:
                self._attempt(intent, lease)
        open_ = {intent.id: intent for intent in self._ledger.intents()}
        watched = self._ledger.orders(states=(*LIVE, OrderState.AWAITING))
        self._let_lapse([order for order in watched if order.state is OrderState.AWAITING], lease)
        live = [order for order in watched if order.state in LIVE and order.broker_id]
        self._follow(live, {intent.order_id: intent for intent in open_.values()}, lease)
        self._put_offs = {name: put_off for name, put_off in self._put_offs.items() if name in open_}
        held_up = sum(put_off.failures > 0 for put_off in self._put_offs.values()) + len(self._following.astray)
        self.pulse = Pulse(self._clock.now(), self._following.trouble, held_up)
        return bool(live or open_)

    def _attempt(self, intent: Intent, lease: Lease) -> None:
        try:
            order = self._ledger.order(intent.order_id)
            wait = self._carry_out[intent.kind](intent, order, self._renewed(lease))
        except LeaseLost:
            raise
        except EvenlotError as error:
            self._put_off(intent, Wait(error))
            order = self._ledger.order(intent.order_id)
            # an outage passes, and is told of Aladdin as a whole; anything else may need a person
            if not isinstance(error, Unavailable | RateLimited) and (order.state, Event.NOTED) in TABLE:
                self._journal.note(order, str(error), lease)
        else:
            if wait is not None:
                self._put_off(intent, wait)

    def _put_off(self, intent: Intent, wait: Wait) -> None:
        """Wait longer after each failure of the same intent, so that an outage fills neither ledger nor log."""
        before = self._put_offs.get(intent.id)
        failures = 0 if wait.why is None else (before.failures if before else 0) + 1
        seconds = wait.seconds
        if seconds is None:
            seconds = min(TICK_SECONDS * 2.0**failures, LONGEST_WAIT_SECONDS)
        self._put_offs[intent.id] = PutOff(self._clock.now() + timedelta(seconds=seconds), failures)
        if wait.why is not None:
            log.warning("order put off", order=intent.order_id, error=str(wait.why), seconds=seconds)

    def _let_lapse(self, awaiting: list[Order], lease: Lease) -> None:
        for order in awaiting:
            if order.trade_date < self._clock.today():
                lapsed = f"Not approved on its trade date, {order.trade_date:%d %b %Y}: it lapsed."
                self._journal.record(order, Event.LAPSED, lease, lapsed, message=lapsed)

    def _follow(self, live: list[Order], asked: dict[str, Intent], lease: Lease) -> None:
        """A modification that is under way looks at its order itself: it may have to be taken back first."""
        seen = [order for order in live if order.state is not OrderState.MODIFY_PENDING]
        if not seen:
            self._following.none()
        elif self._following.due():
            self._following.look(seen, {id_: intent.id for id_, intent in asked.items()}, self._renewed(lease))

    def _renewed(self, lease: Lease) -> Lease:
        renewed = self._ledger.acquire(LEASE, self.holder, LEASE_SECONDS)
        if renewed is None or renewed.fence != lease.fence:
            raise LeaseLost("Another worker has taken over.")
        return renewed
