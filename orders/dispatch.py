"""The worker: one loop under a lease. It takes intents from the outbox, lets those orders lapse that nobody approved in
time, follows live orders, looks after those that have ended, and keeps the marks of what was traded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from queue import Empty, SimpleQueue

import structlog

from allocation.errors import EvenlotError
from orders.attempts import unsettled
from orders.changing import Changing
from orders.ended import Ended
from orders.errors import LeaseLost
from orders.following import Following
from orders.journal import Journal
from orders.lease import Pulse
from orders.lifecycle import LIVE, Event
from orders.marking import Marking
from orders.model import Kind, Lease, Order, OrderState
from orders.outbox import CarryOut, Outbox
from orders.ports import Batches, Broker, Clock, Ledger
from orders.schedule import is_over, last_day
from orders.sending import GRACE as GRACE
from orders.sending import POST_WINDOW as POST_WINDOW
from orders.sending import Recheck, Sending
from watch import references

log = structlog.get_logger()

LEASE = "worker"
LEASE_SECONDS = 20.0
TICK_SECONDS = 1.0
IDLE_SECONDS = 5.0
UNFINISHED = "It could not finish its last round."
STEP_BACK_SECONDS = 2 * IDLE_SECONDS
MOST_UNFINISHED = 3  # rounds in a row, after which another may try


class Dispatch:
    """Sends, changes and follows orders under a lease. One instance a process; `holder` names it. Orders of one batch
    go out in one call where there are `batches`. One that waited is looked at again by `recheck`."""

    def __init__(
        self,
        ledger: Ledger,
        broker: Broker,
        clock: Clock,
        holder: str,
        batches: Batches | None = None,
        marking: Marking | None = None,
        recheck: Recheck | None = None,
    ) -> None:
        self.pulse = Pulse()
        self.holder = holder
        self._ledger = ledger
        self._clock = clock
        self._marking = marking
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._woken: SimpleQueue[str] = SimpleQueue()  # order ids, put there by other threads
        self._unfinished = 0  # rounds in a row
        self._busy = False  # whether something was open when it was last looked
        self._live = False  # whether any order was live then
        self._journal = Journal(ledger, clock)
        self._following = Following(broker, clock, self._journal, self._kept)
        self._ended = Ended(ledger, broker, clock, self._journal)
        sending = Sending(ledger, broker, clock, self._journal, self._following.at_once, recheck)
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
            self._woken.put(order_id)
        self._wake.set()

    def stop(self) -> None:
        """Let `run` end after the step in hand."""
        self._stop.set()
        self._wake.set()

    def run(self) -> None:
        """Work until stopped. A round that fails is logged, shown in `pulse`, and tried again; after a few in a row
        the lease goes to whoever else asks for it, for another place may do better."""
        lease: Lease | None = None
        while not self._stop.is_set():
            busy = False
            try:
                lease = self._ledger.acquire(LEASE, self.holder, LEASE_SECONDS, self.pulse)
                busy = self.work(lease) if lease else False
            except EvenlotError as error:
                self._troubled(error)
            except Exception as defect:
                log.exception("worker round broke")
                self._troubled(defect)
            if self._unfinished >= MOST_UNFINISHED and lease is not None:
                self._step_back(lease)
                lease = None
            self._wake.wait(TICK_SECONDS if busy else IDLE_SECONDS)
            self._wake.clear()
        if lease is not None:
            self._give_back(lease)

    def _step_back(self, lease: Lease) -> None:
        """Leave the work to another for so long that each has asked for it; where there is none, go on after that."""
        log.warning("worker steps back", unfinished=self._unfinished)
        self._unfinished = 0
        self._give_back(lease)
        self._stop.wait(STEP_BACK_SECONDS)

    def _give_back(self, lease: Lease) -> None:
        try:
            self._ledger.release(lease)
        except EvenlotError as error:  # it runs out by itself
            log.warning("lease not given back", error=str(error))

    def work(self, lease: Lease) -> bool:
        """One round: every intent that is due, then what lapses, the live orders when it is time to look at them, those
        that have ended, and while nothing is asked the marks. True while something is still open. What one of these
        cannot get over holds up no other."""
        with references.under(references.new()):  # an intent brings the one it was asked for under
            return self._round(lease, self._just_woken())

    def _round(self, lease: Lease, woken: set[str]) -> bool:
        steps = (
            lambda: self._outbox.work(woken, lease),
            lambda: self._watch(lease),
            lambda: self._look_after_ended(lease),
            self._mark,
        )
        done = [self._done(step) for step in steps if not self._stop.is_set()]
        self._unfinished = 0 if all(done) else self._unfinished + 1
        if all(done):
            self.pulse = Pulse(self._clock.now(), self._following.trouble, self._held_up())
        return self._busy

    def _mark(self) -> None:
        if self._marking is not None and not self._outbox.open:
            self._marking.work()

    def _just_woken(self) -> set[str]:
        """The orders that were asked for since the round before; one that is asked for meanwhile waits for the next."""
        woken = set[str]()
        while True:
            try:
                woken.add(self._woken.get_nowait())
            except Empty:
                return woken

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
        """Let lapse what nobody approved in time, and follow what is live. Between two looks nothing is read: a
        thousand live orders would keep the ledger busy for each tick."""
        if not self._following.due():
            self._busy = self._live or self._outbox.open
            return
        watched = self._ledger.orders(states=(*LIVE, OrderState.AWAITING))
        live = [order for order in watched if order.state in LIVE and order.broker_id]
        self._live = bool(live)
        self._busy = self._live or self._outbox.open
        for order in watched:
            if order.state is OrderState.AWAITING and is_over(order, self._clock.now(), self._clock.today()):
                self._let_lapse(order, lease)
        # a modification that is under way looks at its order itself: it may have to be taken back first
        seen = [order for order in live if not self._settling(order)]
        if not seen:
            self._following.none()
        else:
            canceling = any(order.state is OrderState.CANCEL_PENDING for order in seen)
            asked = {intent.order_id: intent.id for intent in self._ledger.intents()} if canceling else {}
            self._following.look(seen, asked, self._renewed(lease))

    def _settling(self, order: Order) -> bool:
        if order.state is OrderState.CANCEL_PENDING:  # what was canceled may have been modified before
            return unsettled(self._ledger.events(order.id))
        return order.state is OrderState.MODIFY_PENDING

    def _look_after_ended(self, lease: Lease) -> None:
        if self._ended.due():
            self._ended.look(self._renewed(lease))

    def _let_lapse(self, order: Order, lease: Lease) -> None:
        lapsed = f"Not approved on its day, {last_day(order):%d %b %Y}: it lapsed."
        try:
            self._journal.record(order, Event.LAPSED, lease, lapsed, message=lapsed)
        except LeaseLost:
            raise
        except EvenlotError as error:  # a person may have been quicker: the next round sees what they made of it
            log.warning("order did not lapse", order=order.id, error=str(error))

    def _kept(self, lease: Lease) -> Lease:
        """The lease, renewed once half of its time is gone."""
        fresh = lease.until - self._clock.now() > timedelta(seconds=LEASE_SECONDS / 2)
        return lease if fresh else self._renewed(lease)

    def _renewed(self, lease: Lease) -> Lease:
        renewed = self._ledger.acquire(LEASE, self.holder, LEASE_SECONDS, self.pulse)
        if renewed is None or renewed.fence != lease.fence:
            raise LeaseLost("Another worker has taken over.")
        return renewed
