"""Changing an order that Aladdin works on: split anew by the engine of its own statement or by hand, as if it were not
there, except for what is filled."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal

from allocation.effect import after_trade
from allocation.engines import ENGINES
from allocation.limits import LimitTable
from allocation.model import Account, BlockOrder, Choices, Side
from allocation.pose import CASH_NOT_RESPECTED
from allocation.proposal import Proposal
from allocation.propose import propose
from orders import compared, second_person
from orders.block import Preview, Request
from orders.checks import Policy, refuse_what_if, what_changed
from orders.choices import read_choices
from orders.compliance import checked
from orders.confirmation import ticket_of
from orders.confirming import TRIES, MakePreview
from orders.entitlement import require
from orders.errors import NotPermitted, PreviewChanged, VersionConflict
from orders.lifecycle import Event, step, step_of
from orders.model import Book, Change, Group, Kind, Order, OrderLine, Permission, Statement, User
from orders.order_desk import made_before, refuse_without_reason, reused
from orders.past import Past
from orders.ports import Clock, Compliance, Ledger
from orders.statement import fill_policy, freeze, frozen_block, reserved

_APPROVED = (Event.APPROVE, Event.APPROVE_FOR_LATER)


class Modifying:
    """`asked` is told the id of the order the worker is to look at; `one_at_a_time` is shared with whatever else
    promises cash."""

    def __init__(
        self,
        preview: MakePreview,
        past: Past,
        compliance: Compliance,
        ledger: Ledger,
        clock: Clock,
        book: Book,
        policy: Policy,
        asked: Callable[[str], None],
        one_at_a_time: threading.Lock,
    ) -> None:
        self._preview = preview
        self._past = past
        self._compliance = compliance
        self._ledger = ledger
        self._clock = clock
        self._book = book
        self._policy = policy
        self._asked = asked
        self._one_at_a_time = one_at_a_time

    def request(self, user: User, order_id: str) -> Request:
        """The order as a block to be split anew: its terms, and the choices of its newest statement. Change the face,
        the limit or `choices.locked` of it, and preview that."""
        order = self._past.order(user, order_id)
        require(user, Permission.CONFIRM, order.group)
        step_of(order, Event.MODIFY, user.username)
        choices = read_choices(json.loads(self._ledger.statement(order_id).body)["choices"])
        if choices.engine not in ENGINES:  # it was entered elsewhere: its lines stay as they are until they are changed
            choices = replace(choices, engine=Choices().engine)
        return Request(
            order.group, order.asset_id, order.side, order.ordered, order.settlement, order.limit, choices, order_id
        )

    def checked(self, user: User, preview: Preview) -> Preview:
        """The preview with what Aladdin's compliance says of the new terms among its warnings, see
        `orders.compliance`. Terms that the order has already are not asked about."""
        order = self._past.order(user, preview.request.instead_of)
        require(user, Permission.CONFIRM, order.group)
        return self._checked(order, preview)

    def modify(
        self, user: User, preview: Preview, reason: str, command_id: str, accepted: Mapping[str, str] | None = None
    ) -> Order:
        """Store the new terms as the next version of the statement, and ask the worker to give them to Aladdin. Reads
        past every cache first, compliance included: `PreviewChanged` when the lines would now be others, or there is a
        new warning. A fill may be quicker; then the terms stay as they were, and the order says so."""
        order_id = preview.request.instead_of
        order = self._past.order(user, order_id)
        require(user, Permission.CONFIRM, order.group)
        refuse_without_reason(reason, self._policy.longest_comment)
        with self._one_at_a_time:
            for tries_left in reversed(range(TRIES)):
                if (earlier := made_before(self._ledger, command_id, user, Event.MODIFY)) is not None:
                    if (earlier.id, _terms_of(earlier)) != (order_id, _terms(preview.proposal)):
                        raise reused()
                    return earlier
                try:
                    modified = self._modify(user, preview, reason.strip(), command_id, accepted or {})
                    break
                except VersionConflict:
                    if not tries_left:
                        raise
                    # another process promised cash, or the worker wrote a step: with that in, we look again
        self._asked(order_id)
        return modified

    def _modify(self, user: User, preview: Preview, reason: str, command_id: str, accepted: Mapping[str, str]) -> Order:
        order = self._past.order(user, preview.request.instead_of)
        step_of(order, Event.MODIFY, user.username)
        confirmed = self._ledger.confirmed()  # before the sum with other orders is looked at
        self._refuse(user, order, preview, accepted)
        now_ = self._checked(order, self._preview(user, preview.request, fresh=True))
        changes = what_changed(preview.proposal, now_.proposal, self._policy) + tuple(
            f"New: {warning}" for warning in now_.warnings if warning not in preview.warnings
        )
        if changes:
            raise PreviewChanged("The figures moved since this preview. Look at them before you go on.", changes)
        change, statement = self._written(user, order, now_, reason, accepted)
        return self._ledger.advance(command_id, change, None, statement, confirmed, now_.proposal.limits.version)

    def _checked(self, order: Order, preview: Preview) -> Preview:
        proposal = preview.proposal
        if _terms(proposal) == _terms_of(order):
            return preview
        anew = replace(order, limit=proposal.block.limit, lines=_lines(proposal))
        return checked(preview, ticket_of(anew), self._compliance, order.broker_id)

    def _refuse(self, user: User, order: Order, preview: Preview, accepted: Mapping[str, str]) -> None:
        asked, proposal = preview.request, preview.proposal
        if asked != replace(self.request(user, order.id), face=asked.face, limit=asked.limit, choices=asked.choices):
            raise NotPermitted(
                "Only the face, the limit and the lines of an order can be modified. For another group, bond, side or "
                "settlement cancel it and confirm another one."
            )
        refuse_what_if(asked.choices, _override(preview, accepted))
        if proposal.placed == 0:
            raise NotPermitted("Nothing would be left of it: cancel it instead.")
        if _terms(proposal) == _terms_of(order):
            raise NotPermitted("Nothing would change: the order has these terms already.")
        if open_ := [warning for warning in preview.warnings if not accepted.get(warning, "").strip()]:
            raise NotPermitted(f"Say why you go on in spite of this: {open_[0]}")
        limit = self._policy.approval_from
        if limit is not None and order.face < limit <= proposal.placed and not self._approved(order):
            raise NotPermitted(
                f"{proposal.placed:,} would need a second person, as {limit:,} or more does. Alone you can raise it to "
                "less than that; for more, confirm another order for the rest."
            )
        if max(map(len, accepted.values()), default=0) > self._policy.longest_comment:
            raise NotPermitted(f"A reason is longer than {self._policy.longest_comment} characters.")
        if not _only_less(order, proposal) and (why := self._second_person(order, proposal)):
            raise NotPermitted(
                f"{why}, so alone you can only make it smaller: no account more, at no worse a limit. Cancel it and "
                "confirm another one to have it approved."
            )

    def _approved(self, order: Order) -> bool:
        return any(event.event in _APPROVED for event in self._ledger.events(order.id))

    def _second_person(self, order: Order, proposal: Proposal) -> str:
        """Why somebody else has a say in it; empty where nobody has. What a second person approved was this split at
        this price, not a face that is below some limit by now."""
        if self._approved(order):
            return "A second person approved this order"
        limit = self._policy.approval_from
        if limit is not None and order.face >= limit:
            return f"An order of {limit:,} or more needs a second person"
        return second_person.too_much(self._ledger, limit, order.group, proposal, self._clock.now(), order.id)

    def _written(
        self, user: User, order: Order, preview: Preview, reason: str, accepted: Mapping[str, str]
    ) -> tuple[Change, Statement]:
        proposal, block = preview.proposal, preview.proposal.block
        newest = self._ledger.statement(order.id)
        version = newest.version + 1
        statement = freeze(
            proposal,
            statement_id=f"{order.id}.{version}",
            order_id=order.id,
            group=order.group,
            book=self._book,
            read_at=preview.read_at,
            confirmed_at=self._clock.now(),
            confirmed_by=user.username,
            comment=reason,
            override=_override(preview, accepted),
            accepted={warning: accepted[warning].strip() for warning in preview.warnings},
            version=version,
            fills=fill_policy(newest),
        )
        change = Change(
            order_id=order.id,
            version=order.version,
            state=step(order.state, Event.MODIFY),
            event=Event.MODIFY.value,
            actor=user.username,
            at=statement.created_at,
            detail=_told(order, proposal),
            reason=reason,
            message=compared.still_said(order),
            opens_intent=Kind.MODIFY,
            ordered=block.face,
            face=proposal.placed,
            limit=block.limit,
            cleared=frozenset({"limit"} if block.limit is None and order.limit is not None else ()),
            lines=_lines(proposal),
            engine=proposal.engine,
        )
        return change, statement


def added_back(group: Group, order: Order, statement: Statement) -> Group:
    """The group, which counts the order, as it would be without it: what it bought is gone and paid back, what it sold
    is there again. Where both Aladdin and we count it, once is left: less is offered than there is."""
    block, basis = frozen_block(statement)
    undone = replace(block, side=Side.SELL if block.side is Side.BUY else Side.BUY)
    paid = reserved(statement) if block.side is Side.BUY else {}
    faces = {line.account_id: line.face for line in order.lines if line.face}

    def without(account: Account) -> Account:
        if account.id not in faces:
            return account
        account = after_trade(account, undone, faces[account.id], basis)
        if account.cash is None or account.id not in paid:
            return account
        return replace(account, cash=account.cash + paid[account.id])

    return replace(group, accounts=tuple(map(without, group.accounts)))


def proposed(
    block: BlockOrder, accounts: Sequence[Account], choices: Choices, limits: LimitTable, order: Order
) -> Proposal:
    """The split of a block that takes an order's place: nobody gets less than they have booked. `NotPermitted` where
    the block, or a line set by hand, is smaller than what is filled."""
    booked = {line.account_id: int(line.booked.to_integral_value(ROUND_CEILING)) for line in order.lines if line.booked}
    filled = max(order.filled, Decimal(sum(booked.values())))
    if block.face < filled:
        raise NotPermitted(f"{filled:,.0f} of {order.id} is filled already: its face cannot be less.")
    if short := [name for name, face in booked.items() if choices.locked.get(name, face) < face]:
        raise NotPermitted(f"{short[0]} has {booked[short[0]]:,} booked already: its line cannot be less.")
    while True:
        proposal = propose(block, accounts, choices, limits)
        faces = {line.account_id: line.face for line in proposal.lines}
        short = [name for name, face in booked.items() if faces.get(name, 0) < face]
        if not short:
            return proposal
        if fixed := [name for name in short if name in choices.locked]:
            raise NotPermitted(
                f"{fixed[0]} has {booked[fixed[0]]:,} booked, which its caps do not allow any more: the order can be "
                "canceled, and not be split anew."
            )
        choices = replace(choices, locked={**choices.locked, **{name: booked[name] for name in short}})


def _lines(proposal: Proposal) -> tuple[OrderLine, ...]:
    return tuple(OrderLine(line.account_id, line.face) for line in proposal.lines if line.face)


def _override(preview: Preview, accepted: Mapping[str, str]) -> str:
    """Why cash is not respected, where it is not: what was said to the warning of it."""
    return "" if preview.request.choices.respect_cash else accepted.get(CASH_NOT_RESPECTED, "").strip()


def _terms(proposal: Proposal) -> tuple[object, ...]:
    lines = {line.account_id: line.face for line in proposal.lines if line.face}
    return proposal.block.face, proposal.block.limit, lines


def _terms_of(order: Order) -> tuple[object, ...]:
    return order.ordered, order.limit, {line.account_id: line.face for line in order.lines if line.face}


def _only_less(order: Order, proposal: Proposal) -> bool:
    """Whether nobody gets more, at no worse a limit."""
    faces = {line.account_id: line.face for line in order.lines}
    limit = proposal.block.limit
    if order.limit is not None:
        worse = limit is None or (limit > order.limit if order.side is Side.BUY else limit < order.limit)
        if worse:
            return False
    return all(line.face <= faces.get(line.account_id, 0) for line in proposal.lines)


def _told(order: Order, proposal: Proposal) -> str:
    """What is different, for the history."""
    lines = {line.account_id: line.face for line in order.lines}
    told = [f"face {order.face:,} → {proposal.placed:,}"] if order.face != proposal.placed else []
    if order.limit != proposal.block.limit:
        told += [f"limit {_price(order.limit)} → {_price(proposal.block.limit)}"]
    by_hand = [line for line in proposal.lines if line.part == "locked" and line.face != lines.get(line.account_id, 0)]
    told += [f"{line.account_id} {lines.get(line.account_id, 0):,} → {line.face:,} by hand" for line in by_hand]
    return "; ".join(told) or "lines set anew"


def _price(limit: Decimal | None) -> str:
    """92.60, or market."""
    return "market" if limit is None else f"{limit:.2f}" if limit == round(limit, 2) else f"{limit.normalize():f}"
