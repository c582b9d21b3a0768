"""The worker's way of an order to Aladdin: released at its time, posted once, and looked up where the answer was lost.

Before each post the ledger says "sending"; after it, the answer. A lost answer is looked up by our reference, and the
same reference is posted again only after a grace and enough misses. Where that does not settle it, a person decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from allocation.errors import EvenlotError
from orders import compared
from orders.attempts import MISSES, REPEATED, RETRIES, Attempts, attempts, for_a_person, not_again, too_late
from orders.confirmation import ticket_of
from orders.errors import (
    AuthenticationFailed,
    DeskError,
    IllegalTransition,
    NotFound,
    NotPermitted,
    RateLimited,
    Rejected,
    Unavailable,
)
from orders.journal import Journal
from orders.lifecycle import READY, Event
from orders.model import BrokerOrder, Intent, Lease, Order, OrderState, Statement, Ticket
from orders.ports import Broker, Clock, Ledger
from orders.schedule import is_over, last_day
from orders.statement import faithful

POST_WINDOW = timedelta(seconds=10)  # a post that has not left by then does not leave at all
GRACE = timedelta(seconds=300)  # longer than the window and all timeouts of a post together
GRACE_IN_BATCH = 3 * GRACE  # a batch that was begun may take so much longer
RELEASE_WITHIN = timedelta(seconds=120)  # of its time, an order is released by itself


@dataclass(frozen=True, slots=True)
class Wait:
    """Why an intent is taken up later: after so long, or longer each time where that is None. Some wait as they
    should: for their time, or for a person."""

    why: EvenlotError | None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An order that the ledger says is being sent. What becomes of it is to be `settled`."""

    intent: Intent
    order: Order
    ticket: Ticket
    repeated: bool = False


Fate = BrokerOrder | DeskError
Recheck = Callable[[Order, Statement], str]  # `Rechecking.objection`


def never_left(error: DeskError) -> bool:
    """Whether what failed so certainly did not reach Aladdin, or was turned away at its door."""
    if isinstance(error, Unavailable):
        return not error.sent
    return isinstance(error, RateLimited | AuthenticationFailed | NotPermitted)


class Sending:
    """Carries out the intent to send. `moved` is called when Aladdin has an order that is to be followed; `recheck`
    says what is against an order that waited."""

    def __init__(
        self,
        ledger: Ledger,
        broker: Broker,
        clock: Clock,
        journal: Journal,
        moved: Callable[[], None],
        recheck: Recheck | None = None,
    ) -> None:
        self._ledger = ledger
        self._broker = broker
        self._clock = clock
        self._journal = journal
        self._moved = moved
        self._recheck = recheck
        self._began = clock.now()

    def carry_out(self, intent: Intent, order: Order, lease: Lease) -> Wait | None:
        """The next step of an order that is to be sent; None when there is nothing to wait for."""
        if order.state in (OrderState.SCHEDULED, *READY):
            prepared = self.prepared(intent, order, lease)
            return self.post(prepared, lease) if isinstance(prepared, Outgoing) else prepared
        if order.state is OrderState.SENDING:
            # only a crash leaves an order here: whether the post went out is not known
            self._journal.record(order, Event.ANSWER_LOST, lease, "the worker stopped while sending")
            return None
        if order.state is OrderState.UNKNOWN:
            return self._look_up(intent, order, lease)
        raise IllegalTransition(f"{order.id} is {order.state.value}, yet its intent to be sent is still open.")

    def prepared(self, intent: Intent, order: Order, lease: Lease) -> Outgoing | Wait | None:
        """An order that never left, made to go out on its day, not before its time, and while the price it was
        confirmed at is still one; or what it waits for."""
        if order.state is OrderState.SCHEDULED:
            if (early := self._early(order)) > timedelta():
                return Wait(None, early.total_seconds())
            if -early > RELEASE_WITHIN:
                return self._missed(order, lease, Event.RELEASE_MISSED)
            order = self._journal.record(order, Event.RELEASE, lease)
        made = attempts(self._ledger.events(order.id))
        if made.vouched or (not made.sent and order.created_at < self._began):
            # a person may be wrong, and the ledger may have been put back to before it was sent without saying so
            found = self._broker.find_order(order.id)
            if found is not None:
                order = self._journal.record(order, Event.RESTORED, lease, "Aladdin has it already")
                return self._adopt(intent, order, found, lease)
        if is_over(order, self._clock.now(), self._clock.today()):
            lapsed = f"Not sent on its day, {last_day(order):%d %b %Y}: it lapsed."
            self._journal.record(order, Event.LAPSED, lease, lapsed, message=lapsed, closes_intent=intent.id)
            return None
        return self._held_back(order, made, lease) or self._outgoing(intent, order, lease)

    def _held_back(self, order: Order, made: Attempts, lease: Lease) -> Wait | None:
        """What keeps an order from going out now; None when nothing does."""
        if made.held:
            return Wait(NotFound(order.message))
        if made.unapproved:
            why = "It was never approved, so it is not sent. Withdraw it, and confirm it again."
            return self._given_up(order, lease, why, why)
        if order.release_at is not None and made.ready_at < order.release_at:  # approved before its time
            if (early := self._early(order)) > timedelta():
                return Wait(None, early.total_seconds())
            if -early > RELEASE_WITHIN and not made.not_sent:
                return self._missed(order, lease, Event.GIVEN_UP)
        if why := too_late(_timed(order, made), self._clock.now()):
            return self._given_up(order, lease, why, for_a_person(order, why, arrived=False))
        if made.not_before is not None and (left := made.not_before - self._clock.now()) > timedelta():
            return Wait(NotFound(order.message), left.total_seconds())  # this worker may not be the one that tried
        if made.unseen and (why := self._objection(order)):
            return self._given_up(order, lease, why, for_a_person(order, why, arrived=False))
        return None

    def _objection(self, order: Order) -> str:
        statement = self._ledger.statement(order.id)
        if self._recheck is None or not faithful(order, statement):  # which is told as it is about to be sent
            return ""
        return self._recheck(order, statement)

    def _early(self, order: Order) -> timedelta:
        """How long it is until its time; less than nothing once that is past."""
        if order.release_at is None:
            raise IllegalTransition(f"{order.id} is scheduled, and for no time.")
        return order.release_at - self._clock.now()

    def _missed(self, order: Order, lease: Lease, event: Event) -> Wait:
        why = f"It was to be sent at {order.release_at:%H:%M:%S} UTC on {order.release_at:%d %b %Y}, and nobody worked."
        return self._given_up(order, lease, why, for_a_person(order, why, arrived=False), event)

    def _given_up(self, order: Order, lease: Lease, why: str, told: str, event: Event = Event.GIVEN_UP) -> Wait:
        self._journal.record(order, event, lease, why, message=told)
        return Wait(NotFound(why))

    def _outgoing(self, intent: Intent, order: Order, lease: Lease, *, repeated: bool = False) -> Outgoing | None:
        statement = self._ledger.statement(order.id)  # before it is said to be sent: the ledger may not answer
        if faithful(order, statement):
            ticket = ticket_of(order)  # of what was compared with its statement, whatever the ledger has by then
            return Outgoing(intent, self._journal.record(order, Event.SEND, lease), ticket, repeated)
        fault = "The order is no longer what its statement froze, so it was not sent. Verify the audit log."
        if repeated:
            self._journal.note(order, for_a_person(order, fault, arrived=True), lease)
        else:
            self._refused(intent, order, lease, fault, repeated=False)
        return None

    def post(self, outgoing: Outgoing, lease: Lease) -> Wait | None:
        """Post an order, and write what became of it."""
        order = outgoing.order
        fate: Fate
        try:
            fate = self._broker.post(outgoing.ticket, order.updated_at + POST_WINDOW)
        except DeskError as error:
            fate = error
        return self.settled(outgoing, fate, lease)

    def settled(self, outgoing: Outgoing, fate: Fate, lease: Lease) -> Wait | None:
        """Write what became of a post."""
        intent, order, repeated = outgoing.intent, outgoing.order, outgoing.repeated
        if isinstance(fate, BrokerOrder):
            return self._adopt(intent, order, fate, lease)
        if isinstance(fate, Rejected):
            self._refused(intent, order, lease, str(fate), repeated=repeated)
        elif never_left(fate):
            return self._never_left(order, lease, fate, repeated=repeated)
        else:
            self._journal.record(order, Event.ANSWER_LOST, lease, str(fate), message=str(fate))
        return None

    def _refused(self, intent: Intent, order: Order, lease: Lease, why: str, *, repeated: bool) -> None:
        if repeated:
            self._journal.record(order, Event.REPEAT_REFUSED, lease, why, message=f"{REPEATED} {why}")
        else:
            self._journal.record(order, Event.REFUSED, lease, why, message=why, closes_intent=intent.id)

    def _never_left(self, order: Order, lease: Lease, error: DeskError, *, repeated: bool) -> Wait:
        event, why = (Event.REPEAT_NEVER_LEFT, f"{REPEATED} {error}") if repeated else (Event.NEVER_LEFT, str(error))
        self._journal.record(order, event, lease, str(error), message=why)
        made = len(attempts(self._ledger.events(order.id)).not_sent)
        # what may be at Aladdin is looked up sooner than it could be sent again
        return Wait(error, None if repeated or made > len(RETRIES) else RETRIES[made - 1].total_seconds())

    def _look_up(self, intent: Intent, order: Order, lease: Lease) -> Wait | None:
        found = self._broker.find_order(order.id)
        if found is not None:
            return self._adopt(intent, order, found, lease)
        made = attempts(self._ledger.events(order.id))
        missing = NotFound(f"Aladdin does not show {order.id} yet.")
        if made.misses < MISSES:
            self._journal.record(order, Event.MISSED, lease, str(missing))
        elif self._past_grace(order, made):
            if made.waited is not None:
                self._waits_still(intent, order, made.waited, lease)
                return None
            if made.sent or order.release_at is None or self._early(order) <= timedelta():
                why = not_again(order, _timed(order, made), self._clock.now(), self._clock.today())
                if not why:
                    again = self._outgoing(intent, order, lease, repeated=True)
                    return self.post(again, lease) if again is not None else Wait(missing)
                self._journal.note(order, for_a_person(order, why, arrived=True), lease)
        return Wait(missing)

    def _waits_still(self, intent: Intent, order: Order, state: OrderState, lease: Lease) -> None:
        """An order that waited when the ledger was put back, and that was not sent since."""
        said = "The ledger was put back, and Aladdin has no such order: it waits as it did."
        if state is OrderState.AWAITING:  # its approval asks for it to be sent
            self._journal.record(order, Event.STILL_AWAITING, lease, said, message="", closes_intent=intent.id)
        else:
            self._journal.record(order, Event.STILL_SCHEDULED, lease, said, message="")

    def _past_grace(self, order: Order, made: Attempts) -> bool:
        return self._clock.now() - made.arrived[-1] >= (GRACE_IN_BATCH if order.batch else GRACE)

    def _adopt(self, intent: Intent, order: Order, answer: BrokerOrder, lease: Lease) -> Wait | None:
        """Take over what Aladdin has, if it is what we sent."""
        fault = compared.mistaken(order, answer)
        if not fault:
            self._journal.report(order, answer, lease, closes_intent=intent.id)
            self._moved()
            return None
        if order.state is OrderState.SENDING:
            self._journal.record(order, Event.MISTAKEN, lease, fault, message=fault)
        else:
            self._journal.note(order, fault, lease, Event.MISTAKEN)
        return Wait(NotFound(fault))


def _timed(order: Order, made: Attempts) -> Attempts:
    """The attempts of an order that was not ready before its time, whenever it was approved."""
    return replace(made, ready_at=max(made.ready_at, order.release_at)) if order.release_at is not None else made
