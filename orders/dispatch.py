"""The worker's half of an order's life: it takes intents from the outbox, posts them once, and follows live orders.

Before each post the ledger says "sending"; after it, the answer. A lost answer is looked up by our reference, and the
same reference is posted again only after a grace and enough misses.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from allocation.errors import EvenlotError
from orders.errors import (
    AuthenticationFailed,
    IllegalTransition,
    LeaseLost,
    NotFound,
    NotPermitted,
    OutsideError,
    RateLimited,
    Rejected,
    Unavailable,
)
from orders.lifecycle import LIVE, Event, reported, step
from orders.model import BrokerOrder, Change, Intent, Lease, Order, OrderState, Ticket
from orders.model import Event as History
from orders.ports import Broker, Clock, Ledger
from orders.statement import faithful

log = structlog.get_logger()

LEASE = "worker"
LEASE_SECONDS = 20.0
POST_WINDOW = timedelta(seconds=10)  # a post that has not left by then does not leave at all
GRACE = timedelta(seconds=120)  # longer than the window and all timeouts of a post together
MISSES = 3
POSTS = 2  # a lost order is posted again once; after that a person decides
TICK_SECONDS = 1.0
IDLE_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Pulse:
    """How the worker is: when it last finished a round, and what kept it from working, if anything."""

    at: datetime | None = None
    trouble: str = ""


class Dispatch:
    """Sends and follows orders under a lease. One instance a process; `holder` names it."""

    def __init__(self, ledger: Ledger, broker: Broker, clock: Clock, holder: str) -> None:
        self.pulse = Pulse()
        self._ledger = ledger
        self._broker = broker
        self._clock = clock
        self.holder = holder
        self._began = clock.now()
        self._not_before: dict[str, datetime] = {}  # by intent id
        self._failures: dict[str, int] = {}  # by intent id
        self._wake = threading.Event()
        self._stop = threading.Event()

    def wake(self) -> None:
        """Work now rather than at the next tick."""
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
                self.pulse = Pulse(self.pulse.at, str(error))
            except Exception as error:
                # the night watch must outlive a defect: it is logged whole, and the screens say there is trouble
                log.exception("worker round broke")
                self.pulse = Pulse(self.pulse.at, f"defect: {type(error).__name__}")
            self._wake.wait(TICK_SECONDS if busy else IDLE_SECONDS)
            self._wake.clear()
        if lease is not None:
            self._ledger.release(lease)

    def work(self, lease: Lease) -> bool:
        """One round: every intent that is due, then every live order. True while something is still open. What one
        order cannot get over is logged and shown, and holds up no other."""
        troubles: list[str] = []
        for intent in self._ledger.intents():
            wait_until = self._not_before.get(intent.id)
            if wait_until is not None and self._clock.now() < wait_until:
                continue
            try:
                self._carry_out(intent, self._renewed(lease))
            except LeaseLost:
                raise
            except EvenlotError as error:
                self._put_off(intent, error)
                troubles.append(f"Order {intent.order_id}: {error}")
        live = [order for order in self._ledger.orders(states=LIVE) if order.broker_id]
        if live:
            troubles += self._follow(live, self._renewed(lease))
        self.pulse = Pulse(self._clock.now(), " ".join(troubles))
        return bool(live or self._ledger.intents())

    def _put_off(self, intent: Intent, error: EvenlotError) -> None:
        """Wait longer after each failure of the same intent, so that an outage fills neither ledger nor log."""
        self._failures[intent.id] = self._failures.get(intent.id, 0) + 1
        wait = min(TICK_SECONDS * 2.0 ** self._failures[intent.id], LONGEST_WAIT_SECONDS)
        self._not_before[intent.id] = self._clock.now() + timedelta(seconds=wait)
        log.warning("order put off", order=intent.order_id, error=str(error), seconds=wait)

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
                self._look_up(intent, self._record(order, Event.RESTORED, lease, "Aladdin has it already"), lease)
            else:
                self._post(intent, order, lease)
        elif order.state is OrderState.SENDING:
            # only a crash leaves an order here: whether the post went out is not known
            self._record(order, Event.ANSWER_LOST, lease, "the worker stopped while sending")
        elif order.state is OrderState.UNKNOWN:
            self._look_up(intent, order, lease)
        else:
            raise IllegalTransition(f"{order.id} is {order.state.value}, yet its intent to be sent is still open.")

    def _post(self, intent: Intent, order: Order, lease: Lease) -> None:
        if order.trade_date < self._clock.today():
            lapsed = f"Not sent on its trade date, {order.trade_date:%d %b %Y}: it lapsed."
            self._record(order, Event.LAPSED, lease, lapsed, message=lapsed, closes_intent=intent.id)
            return
        order = self._record(order, Event.SEND, lease)
        if not faithful(order, self._ledger.statement(order.id)):
            fault = "The order is no longer what its statement froze, so it was not sent. Verify the audit log."
            self._record(order, Event.REFUSED, lease, fault, message=fault, closes_intent=intent.id)
            return
        try:
            answer = self._broker.post(_ticket(order), order.updated_at + POST_WINDOW)
        except Rejected as error:
            self._record(order, Event.REFUSED, lease, str(error), message=str(error), closes_intent=intent.id)
        except (RateLimited, AuthenticationFailed, NotPermitted) as error:
            self._never_left(intent, order, lease, error)
        except Unavailable as error:
            if error.sent:
                self._record(order, Event.ANSWER_LOST, lease, str(error), message=str(error))
            else:
                self._never_left(intent, order, lease, error)
        except OutsideError as error:
            self._record(order, Event.ANSWER_LOST, lease, str(error), message=str(error))
        else:
            self._report(order, answer, lease, closes_intent=intent.id)

    def _never_left(self, intent: Intent, order: Order, lease: Lease, error: EvenlotError) -> None:
        self._record(order, Event.NEVER_LEFT, lease, str(error), message=str(error))
        self._put_off(intent, error)

    def _look_up(self, intent: Intent, order: Order, lease: Lease) -> None:
        found = self._broker.find_order(order.id)
        if found is not None:
            self._report(order, found, lease, closes_intent=intent.id)
            return
        posts, misses = _posts_and_misses(self._ledger.events(order.id))
        missing = NotFound(f"Aladdin does not show {order.id} yet.")
        if misses < MISSES:
            self._record(order, Event.MISSED, lease, str(missing))
            self._put_off(intent, missing)
        elif self._clock.now() - posts[-1].at < GRACE:
            self._put_off(intent, missing)
        elif len(posts) >= POSTS:
            self._ask_a_person(order, lease)
            self._put_off(intent, missing)
        else:
            self._post(intent, order, lease)

    def _ask_a_person(self, order: Order, lease: Lease) -> None:
        message = "Posted twice without an answer and not found at Aladdin: a person must decide."
        if order.message != message:
            self._record(order, Event.MISSED, lease, message, message=message)

    # -- following -----------------------------------------------------------------------------------------------

    def _follow(self, live: list[Order], lease: Lease) -> list[str]:
        """Write what is new of each live order; the troubles met on the way."""
        answers = {answer.id: answer for answer in self._broker.orders([order.broker_id for order in live])}
        troubles: list[str] = []
        for order in live:
            answer = answers.get(order.broker_id)
            try:
                if answer is None:
                    troubles.append(f"Aladdin does not show order {order.broker_id} ({order.id}).")
                elif _news(order, answer):
                    self._report(order, answer, lease)
            except LeaseLost:
                raise
            except EvenlotError as error:
                log.warning("order not followed", order=order.id, error=str(error))
                troubles.append(f"Order {order.id}: {error}")
        return troubles

    def _report(self, order: Order, answer: BrokerOrder, lease: Lease, **also: Any) -> None:
        event = reported(answer.status)
        if order.state in LIVE and step(order.state, event) is order.state:
            event = Event.FILLED
        self._record(
            order,
            event,
            lease,
            _detail(order, answer),
            broker_id=answer.id,
            broker_status=answer.status,
            filled=answer.filled,
            average_price=answer.average_price,
            booked=answer.booked,
            message=answer.message or ("" if order.message else None),
            **also,
        )

    def _record(self, order: Order, event: Event, lease: Lease, detail: str = "", **also: Any) -> Order:
        """Write one step. The command is the step itself, so a step repeated after a crash is written once."""
        change = Change(
            order_id=order.id,
            version=order.version,
            state=step(order.state, event),
            event=event.value,
            actor="worker",
            at=self._clock.now(),
            detail=detail,
            **also,
        )
        return self._ledger.advance(f"{order.id}:{order.version}:{event.value}", change, lease.fence)


def _ticket(order: Order) -> Ticket:
    return Ticket(
        reference=order.id,
        asset_id=order.asset_id,
        side=order.side,
        settlement=order.settlement,
        trade_date=order.trade_date,
        limit=order.limit,
        lines=order.lines,
        comment=order.comment,
    )


def _news(order: Order, answer: BrokerOrder) -> bool:
    booked = {line.account_id: line.booked for line in order.lines}
    return (
        answer.status != order.broker_status
        or answer.filled != order.filled
        or answer.average_price != order.average_price
        or any(booked.get(account) != face for account, face in answer.booked.items())
    )


def _detail(order: Order, answer: BrokerOrder) -> str:
    if answer.filled == order.filled:
        return f"Aladdin order {answer.id}: {answer.status}"
    price = f" at {answer.average_price.normalize():f}" if answer.average_price is not None else ""
    return f"{answer.filled:,.0f} of {order.face:,} filled{price}"


def _posts_and_misses(history: Sequence[History]) -> tuple[list[History], int]:
    """The posts that may have reached Aladdin, oldest first, and how often the order was looked up since the last. A
    restore stands for the post it may have made the ledger forget."""
    following = [*history[1:], None]
    posts = [
        step
        for step, then in zip(history, following, strict=True)
        if step.event == Event.RESTORED
        or (step.event == Event.SEND and (then is None or then.event != Event.NEVER_LEFT))
    ]
    return posts, sum(step.event == Event.MISSED and step.at >= posts[-1].at for step in history)
