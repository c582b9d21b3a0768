"""Our ledger held against Aladdin's orders of a group: each difference in words, with what can be done about it. What
Aladdin says of a live order goes on being written by the worker alone: taking over gives it an order to follow, or the
terms to follow it by. What was corrected after an order's end is taken over at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Protocol

from allocation.partial_fill import FillPolicy
from orders import compared, elsewhere, sought
from orders.checks import Policy
from orders.confirmation import order_of
from orders.differing import CANCEL, LOOK, Comparison, Difference, Finding, apart, missing, other_order, over, stranger
from orders.entitlement import require
from orders.errors import IllegalTransition, NotFound, NotPermitted, VersionConflict
from orders.lifecycle import FINAL, FINAL_REPORTS, LIVE, ON_THE_WAY, Event, reported, step_of
from orders.model import Book, BrokerOrder, Change, Order, OrderState, Permission, Statement, User
from orders.order_desk import TRIES, made_before, refuse_without_reason, reused
from orders.ports import Blotter, Clock, Ledger
from orders.positions import Reading
from orders.statement import fill_policy, freeze

LOOKED_BACK = timedelta(days=1)  # before the business date, for orders that have ended since
ANYWHERE = timedelta(days=2)  # from the start of a date in UTC: by then it has ended all around the world

_TAKEN_OVER = (Event.CONFIRM, Event.ADOPTED, *FINAL_REPORTS)


class Known(Reading, Protocol):
    """What of the desk is read for an order that is taken over."""


class Reconciling:
    """The use cases. `asked` is told the id of an order that the worker is to look at."""

    def __init__(
        self,
        blotter: Blotter | None,
        known: Known,
        ledger: Ledger,
        clock: Clock,
        book: Book,
        policy: Policy,
        asked: Callable[[str], None],
    ) -> None:
        self._given = blotter
        self._known = known
        self._ledger = ledger
        self._clock = clock
        self._book = book
        self._policy = policy
        self._asked = asked

    def compare(self, user: User, group: str, since: datetime | None = None) -> Comparison:
        """The group's live orders on both sides, and those Aladdin changed `since` (yesterday by default). Writes
        nothing. May raise `NotFound`, `NotPermitted` or any `OutsideError`."""
        require(user, Permission.VIEW, group)
        now, day = self._clock.now(), datetime.combine(self._clock.today(), time(), UTC)
        # a simulated Aladdin stays at its business date: nothing was changed there in the weeks since
        changed = self._blotter.modified_since(group, since or day - LOOKED_BACK, min(now, day + ANYWHERE))
        live = self._blotter.live_orders(group)
        shown = {answer.id: answer for answer in (*changed.orders, *live.orders)}
        ours = self._ledger.orders(groups=[group], states=(*ON_THE_WAY, *LIVE))
        numbers = {answer.id for answer in shown.values()} | {answer.reference for answer in shown.values()}
        hidden = [order for order in ours if order.broker_id and not numbers & {order.broker_id, order.id}]
        shown |= {answer.id: answer for answer in self._blotter.orders([order.broker_id for order in hidden])}
        by_number = {order.broker_id: order for order in self._ledger.orders_at(shown.keys())}
        every = ((by_number.get(answer.id) or self._named(answer), answer) for answer in shown.values())
        pairs = [(order, answer) for order, answer in every if _concerns(group, order, answer)]
        found = [Difference(Finding.REMARK, told, LOOK) for told in dict.fromkeys((*changed.remarks, *live.remarks))]
        found += [missing(order) for order in hidden if order.broker_id not in shown]
        apart_ = [stranger(answer) if order is None else apart(order, answer) for order, answer in pairs]
        found += [one for one in apart_ if one is not None]
        behind = tuple(one for one in found if one.finding is Finding.BEHIND)
        differing = tuple(one for one in found if one.finding is not Finding.BEHIND)
        return Comparison(group, now, apart_.count(None), differing, behind)

    def adopt(self, user: User, group: str, broker_id: str, reason: str, command_id: str) -> Order:
        """Take over what Aladdin has of one of its orders, read afresh: whoever may confirm; an approver where it is as
        large as needs approval.

        One that is not here becomes an order of ours, with a statement that says it was entered elsewhere; other terms
        become the next version of its statement; of another state the worker is asked to look; what was booked or
        corrected after its end is written. `NotFound` when Aladdin does not show it, `Rejected` when it tells too
        little of it, `IllegalTransition` when it has ended here and lives there."""
        require(user, Permission.APPROVE if user.may(Permission.APPROVE) else Permission.CONFIRM, group)
        refuse_without_reason(reason, self._policy.longest_comment)
        for tries_left in reversed(range(TRIES)):
            if (earlier := made_before(self._ledger, command_id, user, *_TAKEN_OVER)) is not None:
                if (earlier.group, earlier.broker_id) != (group, broker_id):
                    raise reused()
                return earlier
            try:
                adopted = self._adopt(user, group, broker_id, reason.strip(), command_id)
            except VersionConflict:  # the worker was quicker
                if not tries_left:
                    raise
            else:
                self._asked(adopted.id)
                return adopted
        raise AssertionError("the last try returns or raises")

    def _adopt(self, user: User, group: str, broker_id: str, reason: str, command_id: str) -> Order:
        answer = next(iter(self._blotter.orders([broker_id])), None)
        if answer is None:
            raise NotFound(f"Aladdin does not show its order {broker_id} any more. Compare again.")
        order = self._ours(answer)
        self._refuse_alone(user, group, order, answer)
        if order is None:
            return self._new(user, group, answer, reason, command_id)
        if order.group != group:
            raise NotFound(f"Aladdin's order {broker_id} is not one of {group}.")
        if (wrong := other_order(order, answer)) is not None:
            raise IllegalTransition(wrong.sentence)
        if order.state in FINAL and compared.there(answer) in FINAL:
            return self._corrected(user, order, answer, reason, command_id)
        if order.state in FINAL:
            raise IllegalTransition(f"{order.id} is {order.state.value} here, and is not followed any more. {CANCEL}")
        if not _other_terms(order, answer):
            return order  # the worker writes what is new of it
        return self._restated(user, order, answer, reason, command_id)

    def _refuse_alone(self, user: User, group: str, order: Order | None, answer: BrokerOrder) -> None:
        """`NotPermitted` where terms as large as need approval would be taken over by anybody but an approver, or by
        whoever confirmed the order."""
        limit = self._policy.approval_from
        large = limit is not None and max(answer.face, sum(answer.asked.values())) >= limit
        if not large or (order is not None and not _other_terms(order, answer)):
            require(user, Permission.CONFIRM, group)
            return
        if not user.may(Permission.APPROVE) or (order is not None and user.username == order.created_by):
            raise NotPermitted(
                f"An order of {limit:,} or more needs a second person: its terms are taken over by an approver, who "
                "did not confirm it."
            )

    def _new(self, user: User, group: str, answer: BrokerOrder, reason: str, command_id: str) -> Order:
        statement, made = self._stated(user, group, elsewhere.id_of(answer), answer, reason, 1)
        order = replace(
            made,
            state=OrderState.OPEN,  # until the worker has looked
            broker_id=answer.id,
            recommended_by="",
            placed_by="",
            entered_at=answer.modified_at or made.created_at,  # by then at the latest
        )
        return self._ledger.confirm(command_id, statement, order)

    def _corrected(self, user: User, order: Order, answer: BrokerOrder, reason: str, command_id: str) -> Order:
        """What Aladdin has booked, corrected or taken back since the order ended, which nobody follows any more."""
        if wrong := compared.mistaken(order, answer):
            raise IllegalTransition(wrong)
        if not compared.ended_otherwise(order, answer):
            return order
        event = reported(answer)
        change = Change(
            order_id=order.id,
            version=order.version,
            state=step_of(order, event, user.username),
            event=event.value,
            actor=user.username,
            at=self._clock.now(),
            detail=compared.detail(order, answer),
            reason=reason,
            **compared.as_told(order, answer),
        )
        return self._ledger.advance(command_id, change)

    def _restated(self, user: User, order: Order, answer: BrokerOrder, reason: str, command_id: str) -> Order:
        to = step_of(order, Event.ADOPTED, user.username)
        told = replace(answer, limit=order.limit, limit_type="") if answer.limit is None else answer
        newest = self._ledger.statement(order.id)
        statement, made = self._stated(
            user, order.group, order.id, told, reason, newest.version + 1, fill_policy(newest)
        )
        terms: dict[str, Any] = {
            name: getattr(made, name) for name in ("ordered", "face", "limit", "settlement", "lines", "engine")
        }
        change = Change(
            order_id=order.id,
            version=order.version,
            state=to,
            event=Event.ADOPTED.value,
            actor=user.username,
            at=statement.created_at,
            detail=compared.differences(order, answer) or compared.mistaken(order, answer),
            reason=reason,
            message="",
            **terms,
        )
        return self._ledger.advance(command_id, change, None, statement)

    def _stated(
        self,
        user: User,
        group: str,
        order_id: str,
        answer: BrokerOrder,
        reason: str,
        version: int,
        fills: FillPolicy = FillPolicy.PRO_RATA,
    ) -> tuple[Statement, Order]:
        """What Aladdin shows, frozen, and the order it is then."""
        bond = self._known.bond(user, answer.asset_id, fresh=True)
        read = self._known.group(user, group, answer.settlement, fresh=True)
        proposal = elsewhere.proposal_of(answer, bond.value, read.value, self._ledger.limits())
        statement = freeze(
            proposal,
            statement_id=f"{order_id}.{version}",
            order_id=order_id,
            group=group,
            book=self._book,
            read_at=min(bond.as_of, read.as_of),
            confirmed_at=self._clock.now(),
            confirmed_by=user.username,
            comment=f"Entered in Aladdin as {answer.id}, taken over: {reason}",
            version=version,
            fills=fills,
        )
        traded = answer.trade_date or self._clock.today()
        return statement, order_of(proposal, statement, group, f"entered in Aladdin: {reason}", traded)

    def _ours(self, answer: BrokerOrder) -> Order | None:
        """Which of our orders it is: by its number there, which is one order's alone, and only then by its reference,
        which Aladdin may not show."""
        return next(iter(self._ledger.orders_at([answer.id])), None) or self._named(answer)

    def _named(self, answer: BrokerOrder) -> Order | None:
        try:
            return self._ledger.order(elsewhere.id_of(answer))
        except NotFound:
            return None

    @property
    def _blotter(self) -> Blotter:
        return sought.needed(self._given)


def _other_terms(order: Order, answer: BrokerOrder) -> bool:
    """Whether there are terms to be taken over, and not only a state, which the worker writes."""
    if order.state in (*FINAL, *ON_THE_WAY):
        return False
    return bool(compared.mistaken(order, answer) or compared.differences(order, answer))


def _concerns(group: str, order: Order | None, answer: BrokerOrder) -> bool:
    """Whether a pair is compared here: an order of another group is compared there, and one that was entered elsewhere
    and ended without a fill needs nobody."""
    return not over(answer) or bool(answer.filled) if order is None else order.group == group
