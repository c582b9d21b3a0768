"""The worker's half of an order's life: it takes intents from the outbox, posts them once, and follows live orders.

Before each post the ledger says "sending"; after it, the answer. A lost answer is looked up by our reference, and the
same reference is posted again only after a grace and enough misses. Where that does not settle it, a person decides.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from allocation.errors import EvenlotError
from orders import compared
from orders.attempts import MISSES, REPEATED, RETRIES, attempts, for_a_person, not_again, too_late
from orders.confirmation import ticket_of
from orders.errors import (
    AuthenticationFailed,
    DeskError,
    IllegalTransition,
    LeaseLost,
    NotFound,
    NotPermitted,
    RateLimited,
    Rejected,
    Unavailable,
)
from orders.following import Following
from orders.journal import Journal
from orders.lifecycle import LIVE, TABLE, Event
from orders.model import BrokerOrder, Intent, Lease, Order, OrderState
from orders.ports import Broker, Clock, Ledger
from orders.statement import faithful

log = structlog.get_logger()

LEASE = "worker"
LEASE_SECONDS = 20.0
POST_WINDOW = timedelta(seconds=10)  # a post that has not left by then does not leave at all
GRACE = timedelta(seconds=300)  # longer than the window and all timeouts of a post together
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
    """An intent that has to wait, and how often it had to before."""

    until: datetime
    failures: int


class Dispatch:
    """Sends and follows orders under a lease. One instance a process; `holder` names it."""

    def __init__(self, ledger: Ledger, broker: Broker, clock: Clock, holder: str) -> None:
        self.pulse = Pulse()
        self._ledger = ledger
        self._broker = broker
        self._clock = clock
        self.holder = holder
        self._began = clock.now()
        self._put_offs: dict[str, PutOff] = {}  # by intent id, until it closes
        self._journal = Journal(ledger, clock)
        self._following = Following(broker, clock, self._journal)
        self._wake = threading.Event()
        self._stop = threading.Event()

    def wake(self) -> None:
        """Work now rather than at the next tick."""
        self._following.at_once()
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
        for intent in self._ledger.intents():
            put_off = self._put_offs.get(intent.id)
            if put_off is None or self._clock.now() >= put_off.until:
                self._attempt(intent, lease)
        live = [order for order in self._ledger.orders(states=LIVE) if order.broker_id]
        if not live:
            self._following.none()
        elif self._following.due():
            self._following.look(live, self._renewed(lease))
        still_open = {intent.id for intent in self._ledger.intents()}
        self._put_offs = {name: put_off for name, put_off in self._put_offs.items() if name in still_open}
        held_up = len(self._put_offs) + len(self._following.astray)
        self.pulse = Pulse(self._clock.now(), self._following.trouble, held_up)
        return bool(live or still_open)

    def _attempt(self, intent: Intent, lease: Lease) -> None:
        try:
            self._carry_out(intent, self._renewed(lease))
        except LeaseLost:
            raise
        except EvenlotError as error:
            self._put_off(intent, error)
            order = self._ledger.order(intent.order_id)
            # an outage passes, and is told of Aladdin as a whole; anything else may need a person
            if not isinstance(error, Unavailable | RateLimited) and (order.state, Event.NOTED) in TABLE:
                self._journal.note(order, str(error), lease)

    def _put_off(self, intent: Intent, error: EvenlotError, wait: timedelta | None = None) -> None:
        """Wait longer after each failure of the same intent, so that an outage fills neither ledger nor log."""
        before = self._put_offs.get(intent.id)
        failures = before.failures + 1 if before else 1
        wait = wait or timedelta(seconds=min(TICK_SECONDS * 2.0**failures, LONGEST_WAIT_SECONDS))
        self._put_offs[intent.id] = PutOff(self._clock.now() + wait, failures)
        log.warning("order put off", order=intent.order_id, error=str(error), seconds=wait.total_seconds())

    def _renewed(self, lease: Lease) -> Lease:
        renewed = self._ledger.acquire(LEASE, self.holder, LEASE_SECONDS)
        if renewed is None or renewed.fence != lease.fence:
            raise LeaseLost("Another worker has taken over.")
        return renewed

    # -- sending -------------------------------------------------------------------------------------------------

    def _carry_out(self, intent: Intent, lease: Lease) -> None:
        order = self._ledger.order(intent.order_id)
        if order.state is OrderState.CONFIRMED:
            if order.updated_at < self._began and self._broker.find_order(order.id) is not None:
                # from before this worker, and sent: the ledger was put back without saying so
                order = self._journal.record(order, Event.RESTORED, lease, "Aladdin has it already")
                self._look_up(intent, order, lease)
            else:
                self._send(intent, order, lease)
        elif order.state is OrderState.SENDING:
            # only a crash leaves an order here: whether the post went out is not known
            self._journal.record(order, Event.ANSWER_LOST, lease, "the worker stopped while sending")
        elif order.state is OrderState.UNKNOWN:
            self._look_up(intent, order, lease)
        else:
            raise IllegalTransition(f"{order.id} is {order.state.value}, yet its intent to be sent is still open.")

    def _send(self, intent: Intent, order: Order, lease: Lease) -> None:
        """An order that never left goes out on its day, and while the price it was confirmed at is still one."""
        if order.trade_date < self._clock.today():
            lapsed = f"Not sent on its trade date, {order.trade_date:%d %b %Y}: it lapsed."
            self._journal.record(order, Event.LAPSED, lease, lapsed, message=lapsed, closes_intent=intent.id)
        elif why := too_late(order, attempts(self._ledger.events(order.id)), self._clock.now()):
            self._journal.note(order, for_a_person(order, why, arrived=False), lease)
            self._put_off(intent, NotFound(why))
        elif why := self._unfaithful(order):
            self._refused(intent, order, lease, why, repeated=False)
        else:
            self._post(intent, order, lease)

    def _unfaithful(self, order: Order) -> str:
        """Why the order may not be sent as it is; empty where it may."""
        if faithful(order, self._ledger.statement(order.id)):
            return ""
        return "The order is no longer what its statement froze, so it was not sent. Verify the audit log."

    def _post(self, intent: Intent, order: Order, lease: Lease, *, repeated: bool = False) -> None:
        ticket = ticket_of(order)  # of what was compared with its statement, whatever the ledger has by then
        order = self._journal.record(order, Event.SEND, lease)
        try:
            answer = self._broker.post(ticket, order.updated_at + POST_WINDOW)
        except Rejected as error:
            self._refused(intent, order, lease, str(error), repeated=repeated)
        except (RateLimited, AuthenticationFailed, NotPermitted) as error:
            self._never_left(intent, order, lease, error, repeated=repeated)
        except DeskError as error:
            if isinstance(error, Unavailable) and not error.sent:
                self._never_left(intent, order, lease, error, repeated=repeated)
            else:
                self._journal.record(order, Event.ANSWER_LOST, lease, str(error), message=str(error))
        else:
            self._adopt(intent, order, answer, lease)

    def _refused(self, intent: Intent, order: Order, lease: Lease, why: str, *, repeated: bool) -> None:
        if repeated:
            self._journal.record(order, Event.REPEAT_REFUSED, lease, why, message=f"{REPEATED} {why}")
        else:
            self._journal.record(order, Event.REFUSED, lease, why, message=why, closes_intent=intent.id)

    def _never_left(self, intent: Intent, order: Order, lease: Lease, error: EvenlotError, *, repeated: bool) -> None:
        event, why = (Event.REPEAT_NEVER_LEFT, f"{REPEATED} {error}") if repeated else (Event.NEVER_LEFT, str(error))
        self._journal.record(order, event, lease, str(error), message=why)
        made = len(attempts(self._ledger.events(order.id)).not_sent)
        # what may be at Aladdin is looked up sooner than it could be sent again
        self._put_off(intent, error, None if repeated or made > len(RETRIES) else RETRIES[made - 1])

    def _look_up(self, intent: Intent, order: Order, lease: Lease) -> None:
        found = self._broker.find_order(order.id)
        if found is not None:
            self._adopt(intent, order, found, lease)
            return
        made = attempts(self._ledger.events(order.id))
        missing = NotFound(f"Aladdin does not show {order.id} yet.")
        if made.misses < MISSES:
            self._journal.record(order, Event.MISSED, lease, str(missing))
        elif self._clock.now() - made.arrived[-1] >= GRACE:
            why = not_again(order, made, self._clock.now(), self._clock.today()) or self._unfaithful(order)
            if not why:
                self._post(intent, order, lease, repeated=True)
                return
            self._journal.note(order, for_a_person(order, why, arrived=True), lease)
        self._put_off(intent, missing)

    def _adopt(self, intent: Intent, order: Order, answer: BrokerOrder, lease: Lease) -> None:
        """Take over what Aladdin has, if it is what we sent."""
        fault = compared.mistaken(order, answer)
        if not fault:
            self._journal.report(order, answer, lease, closes_intent=intent.id)
            self._following.at_once()
            return
        if order.state is OrderState.SENDING:
            self._journal.record(order, Event.MISTAKEN, lease, fault, message=fault)
        else:
            self._journal.note(order, fault, lease, Event.MISTAKEN)
        self._put_off(intent, NotFound(fault))
