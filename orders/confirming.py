"""Confirming an allocation: everything is read anew, compared with what was seen, frozen, and stored with its order."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Protocol, TypedDict

import structlog

from allocation.model import BlockOrder
from allocation.partial_fill import PROMISED, FillPolicy
from orders import schedule, second_person
from orders.block import Preview, Request
from orders.canonical import canonical
from orders.checks import Policy, refuse_what_if, what_changed
from orders.compliance import checked
from orders.confirmation import order_id, order_of, ticket_for
from orders.errors import NotFound, NotPermitted, PreviewChanged, Rejected, VersionConflict
from orders.model import Book, Order, OrderState, Statement, User
from orders.ports import Clock, Compliance, Ledger
from orders.statement import fill_policy, freeze, frozen_block
from watch import counts

log = structlog.get_logger()

TRIES = 5


class Said(TypedDict, total=False):
    """What else may be said with a confirmation, see `Assent`."""

    accepted: Mapping[str, str]
    release_at: datetime | None
    batch: str
    fills: FillPolicy


@dataclass(frozen=True, slots=True)
class Assent:
    """What a person says with a confirmation. `override` is why cash is not respected, where it is not; `accepted` says
    of each warning, and of what else was accepted, why it does not matter. `release_at` is when to send it, aware; None
    is at once. `fills` is how a part of it is shared out."""

    comment: str = ""
    override: str = ""
    accepted: Mapping[str, str] = field(default_factory=dict)
    release_at: datetime | None = None
    batch: str = ""
    fills: FillPolicy = FillPolicy.PRO_RATA


class MakePreview(Protocol):
    """`Desk.preview`."""

    def __call__(self, user: User, request: Request, *, fresh: bool = False) -> Preview: ...


class Confirming:
    """`asked` is told the id of each order the worker is to look at; `one_at_a_time` is shared with whatever else
    promises cash."""

    def __init__(
        self,
        preview: MakePreview,
        compliance: Compliance,
        ledger: Ledger,
        clock: Clock,
        book: Book,
        policy: Policy,
        asked: Callable[[str], None],
        one_at_a_time: threading.Lock,
    ) -> None:
        self._preview = preview
        self._compliance = compliance
        self._ledger = ledger
        self._clock = clock
        self._book = book
        self._policy = policy
        self._asked = asked
        self._one_at_a_time = one_at_a_time

    def checked(self, preview: Preview) -> Preview:
        """The preview with what Aladdin's compliance says of it among its warnings, see `orders.compliance`."""
        return checked(preview, ticket_for(preview.proposal, self._clock.today()), self._compliance)

    def confirm(self, user: User, preview: Preview, assent: Assent, command_id: str) -> Order:
        """Freeze the allocation and store it with its order.

        Reads past every cache first, compliance included; `PreviewChanged` when the lines would now be others, the
        price moved farther than the policy's drift, or there is a new warning. `NotPermitted` where a warning is not
        accepted with a reason. The same `command_id` again returns the same order. A what-if that does not respect cash
        needs a reason as `override`, which the statement keeps; one without rounding is refused.
        """
        with self._one_at_a_time:
            for tries_left in reversed(range(TRIES)):
                if (earlier := self._earlier(user, preview, assent, command_id)) is not None:
                    return earlier
                try:
                    return self._confirm(user, preview, assent, command_id)
                except VersionConflict:
                    if not tries_left:
                        raise
                    # another process confirmed in between: its cash is taken off, and we look again
                    log.info("confirmation looks again", command=command_id)
        raise AssertionError("the last try returns or raises")

    def _earlier(self, user: User, preview: Preview, assent: Assent, command_id: str) -> Order | None:
        """The order this very confirmation made before, modified since or not; `Rejected` when the command made another
        one, or it was another's."""
        try:
            order = self._ledger.order(order_id(command_id))
        except NotFound:
            return None
        first = self._ledger.statement(order.id, version=1)
        (made, _), request = frozen_block(first), preview.request
        block = (request.group, request.asset_id, request.side, request.face, request.settlement, request.limit)
        choices = json.loads(canonical(preview.proposal.choices))
        same = (
            block == (order.group, made.bond.asset_id, made.side, made.face, made.settlement, made.limit)
            and choices == json.loads(first.body)["choices"]
            and (user.username, assent.release_at) == (order.created_by, order.release_at)
            and assent.fills is fill_policy(first)
        )
        if not same:
            raise Rejected(
                f"This confirmation already made order {order.id}, which is another one. Preview again to go on.",
                code="command_reused",
            )
        return order

    def _confirm(self, user: User, preview: Preview, assent: Assent, command_id: str) -> Order:
        if preview.request.instead_of:
            raise Rejected(f"This changes {preview.request.instead_of}: it is not another order.", code="modification")
        self._refuse(preview, assent)
        confirmed = self._ledger.confirmed()
        now_ = self.checked(self._preview(user, preview.request, fresh=True))
        changes = what_changed(preview.proposal, now_.proposal, self._policy) + tuple(
            f"New: {warning}" for warning in now_.warnings if warning not in preview.warnings
        )
        if changes:
            counts.CONFIRMATIONS_MOVED.inc()
            raise PreviewChanged("The figures moved since this preview. Look at them before you confirm.", changes)
        beside = {said: why for said, why in assent.accepted.items() if said not in preview.warnings}
        order, statement = self._frozen(now_, assent, beside, command_id, user.username)
        order = self._ledger.confirm(command_id, statement, order, confirmed, now_.proposal.limits.version)
        counts.CONFIRMATIONS.labels(order.state.value).inc()
        self._asked(order.id)
        return order

    def _refuse(self, preview: Preview, assent: Assent) -> None:
        refuse_what_if(preview.request.choices, assent.override)
        longest = self._policy.longest_comment
        if max(map(len, (assent.comment, assent.override, *assent.accepted.values()))) > longest:
            raise NotPermitted(f"The comment is longer than {longest} characters.")
        if preview.proposal.placed == 0:
            raise NotPermitted("Nothing is allocated, so there is nothing to send.")
        if open_ := [warning for warning in preview.warnings if not assent.accepted.get(warning, "").strip()]:
            raise NotPermitted(f"Say why you go on in spite of this: {open_[0]}")
        if assent.fills not in PROMISED:
            raise NotPermitted(f"“{assent.fills.label}” may take back what it gave, so no order can promise it.")
        if assent.release_at is not None:
            block = preview.proposal.block
            traded, now = self._traded(block, assent), self._clock.now()
            schedule.refuse_unusable(assent.release_at, now, block.settlement, traded, block.bond.currency)

    def _frozen(
        self, preview: Preview, assent: Assent, beside: Mapping[str, str], command_id: str, username: str
    ) -> tuple[Order, Statement]:
        """The order and its statement, which keeps what was accepted `beside` the warnings too."""
        block, reference = preview.proposal.block, order_id(command_id)
        statement = freeze(
            preview.proposal,
            statement_id=f"{reference}.1",
            order_id=reference,
            group=preview.request.group,
            book=self._book,
            read_at=preview.read_at,
            confirmed_at=self._clock.now(),
            confirmed_by=username,
            comment=assent.comment,
            override=assent.override.strip() if not preview.request.choices.respect_cash else "",
            accepted={**beside, **{said: assent.accepted.get(said, "").strip() for said in preview.warnings}},
            fills=assent.fills,
        )
        traded = self._traded(block, assent)
        order = order_of(preview.proposal, statement, preview.request.group, assent.comment, traded)
        why = self.second_person(preview)
        first = OrderState.CONFIRMED if assent.release_at is None else OrderState.SCHEDULED
        return replace(
            order, state=OrderState.AWAITING if why else first, release_at=assent.release_at, batch=assent.batch,
            message=why,
        ), statement  # fmt: skip

    def _traded(self, block: BlockOrder, assent: Assent) -> date:
        return schedule.traded_on(assent.release_at, block.bond.currency, self._book, self._clock.today())

    def second_person(self, preview: Preview) -> str:
        """Why somebody else must approve the order that this would make; empty where nobody has to."""
        limit, now_ = self._policy.approval_from, self._clock.now()
        return second_person.needed(self._ledger, limit, preview.request.group, preview.proposal, now_)
