"""The worker's way of an order to Aladdin: released at its time, posted once, and looked up where the answer was lost.

Before each post the ledger says "sending"; after it, the answer. A lost answer is looked up by our reference, and the
same reference is posted again only after a grace and enough misses. Where that does not settle it, a person decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
from orders.model import BrokerOrder, Intent, Lease, Order, OrderState
from orders.ports import Broker, Clock, Ledger
from orders.statement import faithful

POST_WINDOW = timedelta(seconds=10)  # a post that has not left by then does not leave at all
GRACE = timedelta(seconds=300)  # longer than the window and all timeouts of a post together
RELEASE_WITHIN = timedelta(seconds=120)  # of its time, an order is released by itself


@dataclass(frozen=True, slots=True)
class Wait:
    """Why an intent is taken up later: after so long, or longer each time where that is None. Some wait as they
    should: for their time, or for a person."""

    why: EvenlotError | None
    seconds: float | None = None


class Sending:
    """Carries out the intent to send. `moved` is called when Aladdin has an order that is to be followed."""

    def __init__(
        self, ledger: Ledger, broker: Broker, clock: Clock, journal: Journal, moved: Callable[[], None]
    ) -> None:
        self._ledger = ledger
        self._broker = broker
        self._clock = clock
        self._journal = journal
        self._moved = moved
        self._began = clock.now()

    def carry_out(self, intent: Intent, order: Order, lease: Lease) -> Wait | None:
        """The next step of an order that is to be sent; None when there is nothing to wait for."""
        if order.state is OrderState.SCHEDULED:
            return self._release(intent, order, lease)
        if order.state in READY:
            return self._ready(intent, order, lease)
        if order.state is OrderState.SENDING:
            # only a crash leaves an order here: whether the post went out is not known
            self._journal.record(order, Event.ANSWER_LOST, lease, "the worker stopped while sending")
            return None
        if order.state is OrderState.UNKNOWN:
            return self._look_up(intent, order, lease)
        raise IllegalTransition(f"{order.id} is {order.state.value}, yet its intent to be sent is still open.")

    def _release(self, intent: Intent, order: Order, lease: Lease) -> Wait | None:
        if order.release_at is None:
            raise IllegalTransition(f"{order.id} is scheduled, and for no time.")
        late = self._clock.now() - order.release_at
        if late < timedelta():
            return Wait(None, -late.total_seconds())
        if late <= RELEASE_WITHIN:
            return self._ready(intent, self._journal.record(order, Event.RELEASE, lease), lease)
        why = f"It was to be sent at {order.release_at:%H:%M:%S} UTC on {order.release_at:%d %b %Y}, and nobody worked."
        told = for_a_person(order, why, arrived=False)
        self._journal.record(order, Event.RELEASE_MISSED, lease, why, message=told)
        return None

    def _ready(self, intent: Intent, order: Order, lease: Lease) -> Wait | None:
        """An order that never left goes out on its day, and while the price it was confirmed at is still one."""
        history = self._ledger.events(order.id)
        made = attempts(history)
        unsent = not any(step.event == Event.SEND for step in history)
        if made.vouched or (unsent and order.created_at < self._began):
            # a person may be wrong, and the ledger may have been put back to before it was sent without saying so
            found = self._broker.find_order(order.id)
            if found is not None:
                order = self._journal.record(order, Event.RESTORED, lease, "Aladdin has it already")
                return self._adopt(intent, order, found, lease)
        if order.trade_date < self._clock.today():
            lapsed = f"Not sent on its trade date, {order.trade_date:%d %b %Y}: it lapsed."
            self._journal.record(order, Event.LAPSED, lease, lapsed, message=lapsed, closes_intent=intent.id)
            return None
        if made.held:
            return Wait(NotFound(order.message))
        if why := too_late(made, self._clock.now()):
            told = for_a_person(order, why, arrived=False)
            self._journal.record(order, Event.GIVEN_UP, lease, why, message=told)
            return Wait(NotFound(why))
        return self._post(intent, order, lease)

    def _post(self, intent: Intent, order: Order, lease: Lease, *, repeated: bool = False) -> Wait | None:
        order = self._journal.record(order, Event.SEND, lease)
        if not faithful(order, self._ledger.statement(order.id)):
            fault = "The order is no longer what its statement froze, so it was not sent. Verify the audit log."
            self._refused(intent, order, lease, fault, repeated=repeated)
            return None
        try:
            answer = self._broker.post(ticket_of(order), order.updated_at + POST_WINDOW)
        except Rejected as error:
            self._refused(intent, order, lease, str(error), repeated=repeated)
            return None
        except (RateLimited, AuthenticationFailed, NotPermitted) as error:
            return self._never_left(order, lease, error, repeated=repeated)
        except DeskError as error:
            if isinstance(error, Unavailable) and not error.sent:
                return self._never_left(order, lease, error, repeated=repeated)
            self._journal.record(order, Event.ANSWER_LOST, lease, str(error), message=str(error))
            return None
        return self._adopt(intent, order, answer, lease)

    def _refused(self, intent: Intent, order: Order, lease: Lease, why: str, *, repeated: bool) -> None:
        if repeated:
            self._journal.record(order, Event.REPEAT_REFUSED, lease, why, message=f"{REPEATED} {why}")
        else:
            self._journal.record(order, Event.REFUSED, lease, why, message=why, closes_intent=intent.id)

    def _never_left(self, order: Order, lease: Lease, error: EvenlotError, *, repeated: bool) -> Wait:
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
        elif self._past_grace(made):
            why = not_again(order, made, self._clock.now(), self._clock.today())
            if not why:
                return self._post(intent, order, lease, repeated=True)
            self._journal.note(order, for_a_person(order, why, arrived=True), lease)
        return Wait(missing)

    def _past_grace(self, made: Attempts) -> bool:
        return self._clock.now() - made.arrived[-1] >= GRACE

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
