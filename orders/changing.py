"""The worker's way of a modification or a cancellation to Aladdin. Both say what the order is to be in the end, so that
one whose answer was lost is made again once the order is seen to be as it was. A fill may be quicker than either: then
the order says so, and Aladdin is right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from orders import compared
from orders.confirmation import ticket_of
from orders.errors import IllegalTransition, NotFound, Rejected
from orders.journal import Journal
from orders.lifecycle import FINAL, Event, reported, step
from orders.model import BrokerOrder, Cancellation, Intent, Lease, Order, OrderState
from orders.ports import Broker, Clock, Ledger
from orders.sending import POST_WINDOW, Wait
from orders.statement import restored_terms

ASKED_AGAIN = timedelta(seconds=60)  # a cancel that Aladdin took and that shows no effect


class Changing:
    """Carries out the intents to modify and to cancel. `moved` is called when the order is to be looked at again."""

    def __init__(
        self, ledger: Ledger, broker: Broker, clock: Clock, journal: Journal, moved: Callable[[], None]
    ) -> None:
        self._ledger = ledger
        self._broker = broker
        self._clock = clock
        self._journal = journal
        self._moved = moved
        self._canceled_at: dict[str, datetime] = {}  # by order id: when Aladdin was last asked

    def cancel(self, intent: Intent, order: Order, lease: Lease) -> Wait | None:
        """Cancel what is not filled; None when that is settled."""
        if order.state is not OrderState.CANCEL_PENDING:
            raise IllegalTransition(f"{order.id} is {order.state.value}, yet its intent to be canceled is still open.")
        order = self._seen(intent, order, lease)
        asked = self._canceled_at.get(order.id)
        if order.state not in FINAL and (asked is None or self._clock.now() - asked >= ASKED_AGAIN):
            self._canceled_at[order.id] = self._clock.now()
            try:
                answer = self._broker.cancel(
                    Cancellation(self._reason(order), order.broker_id), self._clock.now() + POST_WINDOW
                )
            except Rejected as error:
                order = self._cancel_refused(intent, self._seen(intent, order, lease), lease, str(error))
            except BaseException:
                del self._canceled_at[order.id]
                raise
            else:
                order = self._told(intent, order, answer, lease)
        self._moved()
        if order.state is OrderState.CANCEL_PENDING:
            return Wait(None, 5)
        self._canceled_at.pop(order.id, None)
        return None

    def modify(self, intent: Intent, order: Order, lease: Lease) -> Wait | None:
        """Give Aladdin the new terms; None when that is settled."""
        if order.state is not OrderState.MODIFY_PENDING:
            raise IllegalTransition(f"{order.id} is {order.state.value}, yet its intent to be modified is still open.")
        answer = self._shown(order, lease)
        if step(order.state, reported(answer)) in FINAL:
            lost = f"It was {answer.status.lower()} before the modification reached Aladdin: {_filled(answer)}"
            self._modify_refused(intent, order, answer, lease, lost)
        elif answer.asked and compared.as_asked(order, answer):
            self._modified(intent, order, answer, lease)
        elif quicker := _quicker(order, answer):
            self._modify_refused(intent, order, answer, lease, f"A fill was quicker than the modification: {quicker}")
        else:
            try:
                answer = self._broker.modify(order.broker_id, ticket_of(order), self._clock.now() + POST_WINDOW)
            except Rejected as error:
                self._modify_refused(intent, order, self._shown(order, lease), lease, str(error))
            else:
                if not compared.as_asked(order, answer):
                    raise NotFound(f"Aladdin took the modification. {compared.message(order, answer)}")
                self._modified(intent, order, answer, lease)
        self._moved()
        return None

    def _shown(self, order: Order, lease: Lease) -> BrokerOrder:
        """The order at Aladdin; `NotFound` when it is not there, or is another one."""
        answer = next(iter(self._broker.orders([order.broker_id])), None)
        if answer is None:
            raise NotFound(f"{compared.NOT_SHOWN} (its {order.broker_id}): look for it there.")
        if fault := compared.mistaken(order, answer):
            self._journal.note(order, fault, lease, Event.MISTAKEN)
            raise NotFound(fault)
        return answer

    def _seen(self, intent: Intent, order: Order, lease: Lease) -> Order:
        """The order after what is new of it at Aladdin was written."""
        return self._told(intent, order, self._shown(order, lease), lease)

    def _told(self, intent: Intent, order: Order, answer: BrokerOrder, lease: Lease) -> Order:
        if not compared.news(order, answer):
            return order
        to = step(order.state, reported(answer))
        if to not in FINAL:
            return self._journal.report(order, answer, lease)
        late = {"message": f"The cancellation came too late: {_filled(answer)}"} if to is OrderState.BOOKED else {}
        return self._journal.report(order, answer, lease, closes_intent=intent.id, **late)

    def _reason(self, order: Order) -> str:
        """Why a person canceled it, in their words."""
        asked = (event for event in reversed(self._ledger.events(order.id)) if event.event == Event.CANCEL)
        return next(asked).reason

    def _cancel_refused(self, intent: Intent, order: Order, lease: Lease, why: str) -> Order:
        if order.state in FINAL:
            return order  # it lost to a fill, or to another cancel
        message = f"It could not be canceled: {why}"
        return self._journal.record(order, Event.CANCEL_REFUSED, lease, why, message=message, closes_intent=intent.id)

    def _modified(self, intent: Intent, order: Order, answer: BrokerOrder, lease: Lease) -> None:
        order = self._journal.record(order, Event.MODIFIED, lease, "", message="", closes_intent=intent.id)
        self._journal.report(order, answer, lease)

    def _modify_refused(self, intent: Intent, order: Order, answer: BrokerOrder, lease: Lease, why: str) -> None:
        """The terms of before again, as a version of their own."""
        newest = self._ledger.statement(order.id)
        before = self._ledger.statement(order.id, newest.version - 1)
        statement, terms = restored_terms(before, newest.version + 1, self._clock.now(), why)
        message = f"It was not modified, and is as it was: {why}"
        order = self._journal.record(
            order, Event.MODIFY_REFUSED, lease, why, statement,
            message=message, closes_intent=intent.id, reason=why, **terms,
        )  # fmt: skip
        if compared.news(order, answer):
            said = compared.message(order, answer)
            self._journal.report(order, answer, lease, message=f"{message} {said}".strip())


def _filled(answer: BrokerOrder) -> str:
    return f"{answer.filled:,.0f} is filled."


def _quicker(order: Order, answer: BrokerOrder) -> str:
    """The accounts that have more booked than the new terms give them, in words."""
    faces = {line.account_id: line.face for line in order.lines}
    over = sorted((account, booked) for account, booked in answer.booked.items() if booked > faces.get(account, 0))
    return "; ".join(
        f"{name} has {booked:,.0f} already, and was to have {faces.get(name, 0):,}" for name, booked in over
    )
