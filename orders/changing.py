"""The worker's way of a modification or a cancellation to Aladdin. Both say what the order is to be in the end, so that
one whose answer was lost is made again once the order is seen to be as it was. A fill may be quicker than either: then
the order says so, and Aladdin is right.

Before each request to modify the ledger says so; a modification that may still be on its way is not given up. One that
did not come through for so long that its price may be another is, and the order has the terms of before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from orders import compared
from orders.attempts import RETRIES, Requests, requests, too_late_to_modify, unsettled
from orders.confirmation import ticket_of
from orders.errors import DeskError, IllegalTransition, NotFound, Rejected
from orders.journal import Journal
from orders.lifecycle import FINAL, Event, reported, step
from orders.model import BrokerOrder, Cancellation, Intent, Lease, Order, OrderState
from orders.ports import Broker, Clock, Ledger
from orders.sending import GRACE, POST_WINDOW, Wait, never_left
from orders.statement import faithful, restored_terms

CANCELED_AGAIN = timedelta(seconds=60)  # a cancel that Aladdin took and that shows no effect
LOOK_SECONDS = 5.0  # between two looks at an order that something was asked of


class Changing:
    """Carries out the intents to modify and to cancel. `moved` is called when the order is to be looked at again;
    `held` renews the lease, as nothing may be asked of Aladdin without it."""

    def __init__(
        self,
        ledger: Ledger,
        broker: Broker,
        clock: Clock,
        journal: Journal,
        moved: Callable[[], None],
        held: Callable[[Lease], Lease],
    ) -> None:
        self._ledger = ledger
        self._broker = broker
        self._clock = clock
        self._journal = journal
        self._moved = moved
        self._held = held
        self._canceled_at: dict[str, datetime] = {}  # by order id: when Aladdin last took a cancel

    def cancel(self, intent: Intent, order: Order, lease: Lease) -> Wait | None:
        """Cancel what is not filled; None when that is settled."""
        _require(order, OrderState.CANCEL_PENDING, "canceled")
        order = self._seen(intent, order, self._shown(order, lease), lease)
        taken = self._canceled_at.get(order.id)
        if order.state not in FINAL and (taken is None or self._clock.now() - taken >= CANCELED_AGAIN):
            order = self._ask_to_cancel(intent, order, lease)
        if order.state is OrderState.CANCEL_PENDING:
            return Wait(None, LOOK_SECONDS)
        self._canceled_at.pop(order.id, None)
        self._moved()
        return None

    def _ask_to_cancel(self, intent: Intent, order: Order, lease: Lease) -> Order:
        cancellation = Cancellation(self._reason(order), order.broker_id)
        self._held(lease)
        try:
            answer = self._broker.cancel(cancellation, self._clock.now() + POST_WINDOW)
        except Rejected as error:
            answer = self._shown(order, lease)
            order = self._seen(intent, order, answer, lease)
            if order.state in FINAL:  # it lost to a fill or to another cancel
                return order
            if not unsettled(self._ledger.events(order.id)):
                return self._cancel_refused(intent, order, answer, lease, str(error))
            # it is not let go with terms that may be others in a moment: it is asked for again
        self._canceled_at[order.id] = self._clock.now()
        return self._seen(intent, order, self._this_one(order, answer, lease), lease)

    def _seen(self, intent: Intent, order: Order, answer: BrokerOrder, lease: Lease) -> Order:
        """Write what Aladdin says of an order that is being canceled: first what became of its modification, if one was
        on its way, for at its end it takes no more steps."""
        settled = self._settled(order, answer, lease)
        if settled is order:
            return self._journal.follow(order, answer, lease, intent.id)
        message = f"{settled.message} {compared.message(settled, answer)}".strip()
        return self._journal.follow(settled, answer, lease, intent.id, message=message)

    def _settled(self, order: Order, answer: BrokerOrder, lease: Lease) -> Order:
        history = self._ledger.events(order.id)
        if not unsettled(history):
            return order
        made, ended = requests(history), step(order.state, reported(answer)) in FINAL
        if (doubt := _came_through(order, answer, made, ended=ended)) is not None:
            return self._journal.record(order, Event.MODIFIED, lease, doubt, message=doubt)
        if self._under_way(made) and not ended:
            return order
        what = f"was {answer.status.lower()}" if ended else "was to be canceled"
        return self._restored(order, lease, f"The new terms came too late: it {what} by then.", None)

    def _under_way(self, made: Requests) -> bool:
        return made.arrived is not None and self._clock.now() - made.arrived < GRACE

    def _reason(self, order: Order) -> str:
        """Why a person canceled it, in their words."""
        asked = (event for event in reversed(self._ledger.events(order.id)) if event.event == Event.CANCEL)
        return next(asked).reason

    def _cancel_refused(self, intent: Intent, order: Order, answer: BrokerOrder, lease: Lease, why: str) -> Order:
        message = f"It could not be canceled: {why}"
        order = self._journal.record(order, Event.CANCEL_REFUSED, lease, why, message=message, closes_intent=intent.id)
        return self._as_reported(order, answer, lease, message)

    def modify(self, intent: Intent, order: Order, lease: Lease) -> Wait | None:
        """Give Aladdin the new terms; None when that is settled."""
        _require(order, OrderState.MODIFY_PENDING, "modified")
        answer, made = self._shown(order, lease), requests(self._ledger.events(order.id))
        ended = step(order.state, reported(answer)) in FINAL
        if (doubt := _came_through(order, answer, made, ended=ended)) is not None:
            self._modified(intent, order, answer, lease, doubt)
            return None
        if ended:
            over = answer.status.lower()
            lost = f"The new terms came too late: it was {over} there by then, {compared.filled(answer)}"
            self._modify_refused(intent, order, answer, lease, lost)
            return None
        told = {"message": made.fault} if made.fault else {}
        order = self._journal.follow(order, answer, lease, intent.id, **told)
        now = self._clock.now()
        under_way = self._under_way(made)
        why = self._unfaithful(order) or _too_quick(order, answer) or made.refusal or too_late_to_modify(made, now)
        if why and not under_way:
            self._modify_refused(intent, order, answer, lease, why)
            return None
        if why or (made.last is not None and now - made.last < RETRIES[made.made - 1]):
            return Wait(NotFound(f"The modification of {order.id} did not come through yet."), LOOK_SECONDS)
        return self._ask_to_modify(intent, order, answer, lease, under_way=under_way)

    def _ask_to_modify(
        self, intent: Intent, order: Order, before: BrokerOrder, lease: Lease, *, under_way: bool
    ) -> Wait | None:
        order = self._journal.record(order, Event.MODIFY_SENT, lease)
        try:
            answer = self._broker.modify(order.broker_id, ticket_of(order), order.updated_at + POST_WINDOW)
        except Rejected as error:
            if not under_way:
                self._modify_refused(intent, order, before, lease, str(error))
                return None
            self._journal.record(order, Event.REPEAT_REFUSED, lease, str(error))
            return Wait(error, LOOK_SECONDS)
        except DeskError as error:
            event = Event.NEVER_LEFT if never_left(error) else Event.ANSWER_LOST
            self._journal.record(order, event, lease, str(error), message=str(error))
            return Wait(error, LOOK_SECONDS)
        answer = self._this_one(order, answer, lease)
        if other := compared.differences(order, answer):
            said = f"Aladdin took the modification. {other}"
            self._journal.record(order, Event.ANSWER_LOST, lease, said, message=said)
            return Wait(NotFound(said), LOOK_SECONDS)
        self._modified(intent, order, answer, lease)
        return None

    def _unfaithful(self, order: Order) -> str:
        if faithful(order, self._ledger.statement(order.id)):
            return ""
        return "The order is no longer what its statement froze, so nothing was asked. Verify the audit log."

    def _modified(self, intent: Intent, order: Order, answer: BrokerOrder, lease: Lease, doubt: str = "") -> None:
        order = self._journal.record(order, Event.MODIFIED, lease, doubt, message=doubt, closes_intent=intent.id)
        self._as_reported(order, answer, lease, doubt)
        self._moved()

    def _modify_refused(self, intent: Intent, order: Order, answer: BrokerOrder, lease: Lease, why: str) -> None:
        order = self._restored(order, lease, why, intent.id)
        self._as_reported(order, answer, lease, order.message)
        self._moved()

    def _restored(self, order: Order, lease: Lease, why: str, intent: str | None) -> Order:
        """The terms of before again, as a version of their own; the `intent` is no more."""
        newest = self._ledger.statement(order.id)
        before = self._ledger.statement(order.id, newest.version - 1)
        statement, terms = restored_terms(before, newest.version + 1, self._clock.now(), why)
        message = f"Nothing was modified. {why}"
        return self._journal.record(
            order, Event.MODIFY_REFUSED, lease, why, statement,
            message=message, closes_intent=intent, reason=why, **terms,
        )  # fmt: skip

    def _as_reported(self, order: Order, answer: BrokerOrder, lease: Lease, message: str) -> Order:
        """What an order is after something was settled is what Aladdin says, and the next look must not find it new:
        the message would be gone before anybody read it."""
        if not compared.news(order, answer):
            return order
        said = compared.message(order, answer)
        return self._journal.report(order, answer, lease, message=f"{message} {said}".strip())

    def _shown(self, order: Order, lease: Lease) -> BrokerOrder:
        """The order at Aladdin; `NotFound` when it is not there, or is another one."""
        answer = next(iter(self._broker.orders([order.broker_id])), None)
        if answer is None:
            raise NotFound(compared.not_shown(order))
        return self._this_one(order, answer, lease)

    def _this_one(self, order: Order, answer: BrokerOrder, lease: Lease) -> BrokerOrder:
        if fault := compared.mistaken(order, answer):
            self._journal.note(order, fault, lease, Event.MISTAKEN)
            raise NotFound(fault)
        return answer


def _require(order: Order, state: OrderState, asked: str) -> None:
    if order.state is not state:
        raise IllegalTransition(f"{order.id} is {order.state.value}, yet its intent to be {asked} is still open.")


def _came_through(order: Order, answer: BrokerOrder, made: Requests, *, ended: bool) -> str | None:
    """A doubt, or none, where Aladdin has the new terms; None where it has not, or not yet. Of an order at its end no
    more will be told: terms that may have arrived stand there unless something it tells speaks against them."""
    if made.arrived is None:
        return None
    if compared.shows(order, answer):
        return ""
    if not ended or compared.differences(order, answer) or _too_quick(order, answer):
        return None
    return "Whether its modification reached Aladdin is not told: nothing there speaks against the new terms."


def _too_quick(order: Order, answer: BrokerOrder) -> str:
    """What is filled beyond the new terms, in words: of the whole, or of the accounts."""
    faces = {line.account_id: line.face for line in order.lines}
    over = sorted((account, booked) for account, booked in answer.booked.items() if booked > faces.get(account, 0))
    quicker = [f"{name} has {booked:,.0f} already, and was to have {faces.get(name, 0):,}" for name, booked in over]
    if not quicker and answer.filled > order.face:
        quicker = [f"{answer.filled:,.0f} is filled already, and its face was to be {order.face:,}"]
    return f"A fill was quicker than the modification: {'; '.join(quicker)}." if quicker else ""
