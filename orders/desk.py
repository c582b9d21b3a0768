"""The desk: what a person can do, one method for each. Permissions are checked here, whatever the screen showed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime

import structlog

from allocation.model import BlockOrder, Bond
from allocation.proposal import Proposal
from allocation.propose import propose
from orders.block import Preview as Preview
from orders.block import Request as Request
from orders.calendar import business_age, check_settlement, default_settlement, trade_date
from orders.checks import Policy, far_from_mark, fresh_enough, refuse_off_lattice, refuse_what_if, what_changed
from orders.confirmation import order_id, order_of
from orders.entitlement import require
from orders.errors import NotFound, NotPermitted, PreviewChanged, Rejected, VersionConflict
from orders.groups import GroupFound, GroupLists
from orders.holders import Holder, holders_of
from orders.lifecycle import UNCOUNTED
from orders.limit_desk import LimitDesk
from orders.model import (
    Book,
    Group,
    GroupTree,
    Order,
    Permission,
    User,
)
from orders.past import Past
from orders.ports import Clock, Dated, Market, Records
from orders.spendable import less_ours
from orders.statement import freeze, frozen_block

log = structlog.get_logger()

CONFIRMATION_TRIES = 5
READ_TRIES = 3


class Desk:
    """The use cases: of groups, bonds and allocations here, of the limits in `limits`, of what was done before in
    `past`. `sent` is called after a confirmation, so that an embedded worker need not wait for its tick."""

    def __init__(
        self,
        market: Market,
        records: Records,
        clock: Clock,
        book: Book,
        policy: Policy | None = None,
        sent: Callable[[], None] = lambda: None,
    ) -> None:
        self.book = book
        self.policy = policy or Policy()
        self._market = market
        self._ledger = records.ledger
        self._activity = records.activity
        self._tried: dict[str, Request] = {}  # what each user previewed last
        self._clock = clock
        self._sent = sent
        self._lists = GroupLists(market, records.ledger, clock, book)
        self.limits = LimitDesk(records.ledger, clock, self._lists, self.policy.longest_comment)
        self.past = Past(records.ledger, records.history)
        # two confirmations at once would both count on the same cash
        self._one_confirmation = threading.Lock()

    # -- reading -------------------------------------------------------------------------------------------------

    def today(self) -> date:
        """The book's business date."""
        return self._clock.today()

    def groups(self, user: User) -> tuple[str, ...]:
        """The groups on this user's list: those of the settings, then those they added, as far as they may see them."""
        require(user, Permission.VIEW)
        return self._lists.of(user)

    def find_groups(self, user: User, text: str) -> Dated[tuple[GroupFound, ...]]:
        """The best few groups this user may see whose ticker or name resembles the text, on their list or not."""
        require(user, Permission.VIEW)
        return self._lists.find(user, text)

    def add_group(self, user: User, ticker: str) -> None:
        """Put a group on this user's list. `NotPermitted` when they may not see it; `NotFound` when Aladdin has no such
        group or shows no accounts in it, as of a single account."""
        require(user, Permission.VIEW, ticker)
        self._lists.add(user, ticker)

    def remove_group(self, user: User, ticker: str) -> None:
        """Take a group this user added off their list; `NotPermitted` for one of the settings."""
        require(user, Permission.VIEW)
        self._lists.remove(user, ticker)

    def tree(self, user: User, ticker: str, *, fresh: bool = False) -> Dated[GroupTree]:
        """The groups inside a group. Being named there entitles nobody to them."""
        require(user, Permission.VIEW, ticker)
        return self._market.tree(ticker, fresh=fresh)

    def group(self, user: User, ticker: str, settlement: date | None = None, *, fresh: bool = False) -> Dated[Group]:
        """A group's accounts; cash is what may be spent on `settlement` (T+1 by default), less our own orders that
        Aladdin does not know yet."""
        require(user, Permission.VIEW, ticker)
        day = settlement or default_settlement(self.today(), self.book.currency)
        # our own orders first: one that is posted in between is counted twice, never not at all; so look again then
        pending = self._ledger.orders(states=UNCOUNTED)
        for _ in range(READ_TRIES):
            read = self._market.group(ticker, day, fresh=fresh)
            before, pending = pending, self._ledger.orders(states=UNCOUNTED)
            if {order.id for order in before} <= {order.id for order in pending}:
                break
            fresh = True
        return replace(read, value=less_ours(read.value, pending, self._ledger))

    def bond(self, user: User, asset_id: str, *, fresh: bool = False) -> Dated[Bond]:
        """One security."""
        require(user, Permission.VIEW)
        return self._market.bond(asset_id, fresh=fresh)

    def find(self, user: User, text: str) -> Dated[tuple[Bond, ...]]:
        """Securities by identifier, ticker or words."""
        require(user, Permission.VIEW)
        return self._market.find(text, self._lists.readable(user))

    def holders(self, user: User, asset_id: str, ticker: str) -> tuple[Holder, ...]:
        """Who in the group holds the bond, largest first."""
        return holders_of(asset_id, self.group(user, ticker).value.accounts)

    def last_allocations(self, user: User) -> Mapping[str, datetime]:
        """When each group this user sees was last allocated to."""
        require(user, Permission.VIEW)
        return {group: at for group, at in self._ledger.last_allocations().items() if user.sees(group)}

    def settlement(self, bond: Bond) -> date:
        """The usual settlement date for this bond: T+1 on its market's calendar."""
        return default_settlement(self.today(), bond.currency)

    def age(self, day: date | None, currency: str) -> int | None:
        """Business days since `day`, counted from the book's date; None when there is no date."""
        return None if day is None else business_age(day, self.today(), currency)

    # -- allocating ----------------------------------------------------------------------------------------------

    def preview(self, user: User, request: Request, *, fresh: bool = False) -> Preview:
        """What an engine would do with the block. Writes nothing.

        Raises what `propose` raises, `OffLattice`, `InvalidSettlement`, `StaleData`, and any `OutsideError`.
        """
        require(user, Permission.PREVIEW, request.group)
        bond = self._market.bond(request.asset_id, fresh=fresh)
        check_settlement(request.settlement, self.today(), bond.value.currency)
        tradable, warnings = fresh_enough(bond.value, request.limit is not None, self.today(), self.policy)
        warnings += far_from_mark(tradable, request.side, request.limit, self.policy) + bond.notes
        group = self.group(user, request.group, request.settlement, fresh=fresh)
        block = BlockOrder(
            tradable, request.side, request.face, request.settlement, request.limit, self.policy.market_buffer
        )
        if request.choices.round_to_denomination:
            refuse_off_lattice(block, group.value)
        choices = replace(request.choices, minimum_coverage=self.policy.minimum_coverage)
        proposal = propose(block, group.value.accounts, choices, self._ledger.limits())
        read_at = min(bond.as_of, group.as_of)
        if not fresh and self._tried.get(user.username) != request:  # a page asks again whenever anything is touched
            self._tried[user.username] = request
            self._activity.note(user.username, "previewed", request.group, _in_words(block, proposal))
        return Preview(replace(request, choices=choices), proposal, read_at, warnings + proposal.warnings)

    def confirm(self, user: User, preview: Preview, comment: str, command_id: str, override: str = "") -> Order:
        """Freeze the allocation, store it with its order, and ask the worker to send it.

        Reads past every cache first; `PreviewChanged` when the lines would now be others. The same `command_id` again
        returns the same order. A what-if that does not respect cash needs a reason as `override`, which the statement
        keeps; one without rounding is refused (`NotPermitted`).
        """
        require(user, Permission.CONFIRM, preview.request.group)
        with self._one_confirmation:
            for _ in range(CONFIRMATION_TRIES - 1):
                if (earlier := self._earlier(preview.request, command_id)) is not None:
                    return earlier
                try:
                    return self._confirm(user, preview, comment, command_id, override)
                except VersionConflict:
                    # another process confirmed in between: its cash is taken off, and we look again
                    log.info("confirmation looks again", command=command_id)
            return self._confirm(user, preview, comment, command_id, override)

    def _earlier(self, request: Request, command_id: str) -> Order | None:
        """The order this very confirmation made before, modified since or not; `Rejected` when the command made another
        one."""
        try:
            order = self._ledger.order(order_id(command_id))
        except NotFound:
            return None
        made, _ = frozen_block(self._ledger.statement(order.id, version=1))
        asked = (request.group, request.asset_id, request.side, request.face, request.settlement, request.limit)
        if asked != (order.group, made.bond.asset_id, made.side, made.face, made.settlement, made.limit):
            raise Rejected(
                f"This confirmation already made order {order.id}, which is another block. Preview again to go on.",
                code="command_reused",
            )
        return order

    def _confirm(self, user: User, preview: Preview, comment: str, command_id: str, override: str) -> Order:
        refuse_what_if(preview.request.choices, override)
        if max(len(comment), len(override)) > self.policy.longest_comment:
            raise NotPermitted(f"The comment is longer than {self.policy.longest_comment} characters.")
        if preview.proposal.placed == 0:
            raise NotPermitted("Nothing is allocated, so there is nothing to send.")
        confirmed = self._ledger.confirmed()
        now_ = self.preview(user, preview.request, fresh=True)
        changes = what_changed(preview.proposal, now_.proposal) + tuple(
            f"New: {warning}" for warning in now_.warnings if warning not in preview.warnings
        )
        if changes:
            raise PreviewChanged("The figures moved since this preview. Look at them before you confirm.", changes)
        reference = order_id(command_id)
        statement = freeze(
            now_.proposal,
            statement_id=f"{reference}.1",
            order_id=reference,
            group=preview.request.group,
            book=self.book,
            read_at=now_.read_at,
            confirmed_at=self._clock.now(),
            confirmed_by=user.username,
            comment=comment,
            override=override.strip() if not preview.request.choices.respect_cash else "",
        )
        traded = trade_date(self.today(), now_.proposal.block.bond.currency)
        order = order_of(now_.proposal, statement, preview.request.group, comment, traded)
        order = self._ledger.confirm(command_id, statement, order, confirmed, now_.proposal.limits.version)
        self._sent()
        return order


def _in_words(block: BlockOrder, proposal: Proposal) -> str:
    return f"{block.side.value} {block.face:,} {block.bond.label} by {proposal.engine}: {proposal.placed:,} placed"
