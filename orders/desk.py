"""The desk: what a person can do, one method for each. Permissions are checked here, whatever the screen showed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Unpack

import structlog

from allocation.model import BlockOrder, Bond
from allocation.proposal import Proposal
from allocation.propose import propose
from orders import drafts, schedule
from orders.auditing import Auditing
from orders.batch import BatchDesk
from orders.block import Posed
from orders.block import Preview as Preview
from orders.block import Request as Request
from orders.calendar import business_age, check_settlement, default_settlement
from orders.checks import Policy, far_from_mark, fresh_enough, hardly_placed, refuse_off_lattice
from orders.closing import Closing
from orders.comparing import Comparing
from orders.confirming import Assent, Confirming, Said
from orders.drafts import Draft
from orders.entitlement import require
from orders.fills import Fills
from orders.groups import GroupFound, GroupLists
from orders.history import PREVIEWED
from orders.holders import Held, Holder, holders_of, most_held
from orders.limit_desk import LimitDesk
from orders.model import (
    Book,
    Group,
    GroupTree,
    Order,
    Permission,
    User,
)
from orders.modifying import Modifying, added_back, proposed
from orders.once import Answers
from orders.order_desk import OrderDesk
from orders.past import Past
from orders.ports import Blotter, Clock, Compliance, Dated, Market, Records
from orders.positions import Positions
from orders.reconcile import Reconciling
from orders.searching import BondFound, Suggested
from orders.spendable import lacking, less_ours
from watch import counts

log = structlog.get_logger()

READ_TRIES = 3


class Desk:
    """The use cases: of groups, bonds and allocations here, of the limits in `limits`, of what was done before in
    `past`, of an order's further life in `orders`, of its change in `modifying`, of what came of it in `fills`,
    of many blocks at once in `batches`, of engines side by side in `comparing`, of profit and loss in `positions`, of
    what Aladdin has otherwise in `reconciling`, of what it has no more in `closing`, of the audit log in `auditing`.
    `asked` is told the id of an order that the worker is to look at, so that an embedded one need not wait for its
    tick."""

    def __init__(
        self,
        market: Market,
        compliance: Compliance,
        records: Records,
        clock: Clock,
        book: Book,
        policy: Policy | None = None,
        asked: Callable[[str], None] = lambda order_id: None,
        blotter: Blotter | None = None,
    ) -> None:
        self.book = book
        self.policy = policy or Policy()
        self._market = market
        self._ledger = records.ledger
        self._activity = records.activity
        self._tried: dict[str, Request] = {}  # what each user previewed last
        self._answers = Answers()  # by user
        self._clock = clock
        self._lists = GroupLists(market, records.ledger, clock, book)
        self.limits = LimitDesk(records.ledger, clock, self._lists, self.policy.longest_comment)
        self.past = Past(records.ledger, records.history)
        self.auditing = Auditing(records.ledger, records.history)
        self.orders = OrderDesk(records.ledger, clock, self.past, self.policy.longest_comment, asked, blotter)
        self.fills = Fills(records.ledger, records.history, self.past, self.orders)
        self.positions = Positions(self, records, clock)
        self.closing = Closing(blotter, records.ledger, self.past, self.orders, self.policy, asked, clock)
        self.reconciling = Reconciling(blotter, self, records.ledger, clock, book, self.policy, asked)
        # two at once would both count on the same cash
        outlets = (records.ledger, clock, book, self.policy, asked, threading.Lock())
        self._confirming = Confirming(self.preview, compliance, *outlets)
        self.modifying = Modifying(self.preview, self.past, compliance, *outlets)
        self.comparing = Comparing(self._posed, records.activity)
        self.batches = BatchDesk(self, records.ledger, records.activity, self.policy.longest_comment)

    # -- reading -------------------------------------------------------------------------------------------------

    def today(self) -> date:
        """The book's business date."""
        return self._clock.today()

    def now(self) -> datetime:
        """The wall clock, UTC."""
        return self._clock.now()

    def market_time(self) -> datetime:
        """The wall clock at the book's market, wherever the server is."""
        return self._clock.now().astimezone(schedule.zone(self.book.currency))

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
        """A group's accounts; cash is what may be spent on `settlement` (T+1 by default), less what Aladdin does not
        count of our own orders."""
        require(user, Permission.VIEW, ticker)
        day = settlement or default_settlement(self.today(), self.book.currency)
        # our own orders first: one that is posted in between is counted twice, never not at all; so look again then
        pending = self._ledger.promised()
        for _ in range(READ_TRIES):
            read = self._market.group(ticker, day, fresh=fresh)
            before, pending = pending, self._ledger.promised()
            if lacking(before) <= lacking(pending):
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

    def searchable(self, user: User) -> Dated[int]:
        """Make sure that the bonds of this user's groups are at hand for `suggest`; a note for each group whose bonds
        cannot be."""
        require(user, Permission.VIEW)
        return self._market.searchable(self._lists.readable(user))

    def suggest(self, user: User, text: str) -> Suggested:
        """What a text that is being typed may mean, of the bonds at hand. Asks nobody."""
        require(user, Permission.VIEW)
        return self._market.suggest(text, self._lists.of(user))

    def at_hand(self, user: User, asset_ids: Collection[str]) -> Mapping[str, BondFound]:
        """What is known of these bonds without asking anybody."""
        require(user, Permission.VIEW)
        return self._market.at_hand(asset_ids)

    def most_held(self, user: User, ticker: str, most: int = 8) -> tuple[Held, ...]:
        """The bonds that most accounts of the group hold."""
        return most_held(self.group(user, ticker).value.accounts, most)

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
        order = self.past.order(user, request.instead_of) if request.instead_of else None
        posed = self._posed(user, request, order, fresh=fresh)
        problem = (posed.block, posed.accounts, posed.choices, posed.limits)

        def work() -> Proposal:
            return propose(*problem) if order is None else proposed(*problem, order)

        # a page asks again whenever anything is touched; what is confirmed is worked out anew
        given = (posed.block, posed.choices, posed.limits, order, posed.accounts)  # what differs most often first
        proposal = self._answers.once(user.username, given, lambda: _counted(posed.choices.engine, work), anew=fresh)
        if not fresh and self._tried.get(user.username) != request:
            self._tried[user.username] = request
            self._activity.note(user.username, PREVIEWED, request.group, _in_words(posed.block, proposal))
        warnings = posed.warnings + proposal.warnings + hardly_placed(proposal)
        return Preview(replace(request, choices=posed.choices), proposal, posed.read_at, warnings)

    def _posed(self, user: User, request: Request, order: Order | None = None, *, fresh: bool = False) -> Posed:
        """What every engine is given for the block, which takes the place of `order` where one is named."""
        require(user, Permission.PREVIEW, request.group)
        bond = self._market.bond(request.asset_id, fresh=fresh)
        check_settlement(request.settlement, self.today(), bond.value.currency)
        tradable, warnings = fresh_enough(bond.value, request.limit is not None, self.today(), self.policy)
        warnings += far_from_mark(tradable, request.side, request.limit, self.policy) + bond.notes
        group = self.group(user, request.group, request.settlement, fresh=fresh)
        if order is not None:
            group = replace(group, value=added_back(group.value, order, self._ledger.statement(order.id)))
        block = BlockOrder(
            tradable, request.side, request.face, request.settlement, request.limit, self.policy.market_buffer
        )
        if request.choices.round_to_denomination:
            refuse_off_lattice(block, group.value)
        choices = replace(request.choices, minimum_coverage=self.policy.minimum_coverage)
        read_at = min(bond.as_of, group.as_of)
        return Posed(block, tuple(group.value.accounts), choices, self._ledger.limits(), read_at, warnings)

    def checked(self, user: User, preview: Preview) -> Preview:
        """The preview with what Aladdin's compliance says of it among its warnings, for the dialog that confirms it, or
        that modifies an order so."""
        if preview.request.instead_of:
            return self.modifying.checked(user, preview)
        require(user, Permission.CONFIRM, preview.request.group)
        return self._confirming.checked(preview)

    def confirm(
        self, user: User, preview: Preview, comment: str, command_id: str, override: str = "", **said: Unpack[Said]
    ) -> Order:
        """Freeze the allocation, store it with its order, and ask the worker to send it, unless somebody else has to
        approve it or it is to be released later. See `Confirming.confirm`."""
        require(user, Permission.CONFIRM, preview.request.group)
        return self._confirming.confirm(user, preview, Assent(comment, override, **said), command_id)

    def second_person(self, user: User, preview: Preview) -> str:
        """Why somebody else must approve the order that this would make, in words; empty where nobody has to."""
        require(user, Permission.CONFIRM, preview.request.group)
        return self._confirming.second_person(preview)

    # -- drafts --------------------------------------------------------------------------------------------------

    def save_draft(self, user: User, request: Request, draft_id: str) -> None:
        """Keep a block as typed for this user; again under the same id takes its place."""
        require(user, Permission.PREVIEW, request.group)
        self._ledger.save_draft(user.username, draft_id, drafts.written(request), self._clock.now())

    def drafts(self, user: User) -> tuple[Draft, ...]:
        """This user's drafts, of groups they still see, newest first."""
        require(user, Permission.PREVIEW)
        kept = (drafts.read(row) for row in self._ledger.drafts(user.username))
        return tuple(draft for draft in kept if draft is not None and user.sees(draft.request.group))

    def remove_draft(self, user: User, draft_id: str) -> None:
        """Forget a draft; again changes nothing."""
        require(user, Permission.PREVIEW)
        self._ledger.remove_draft(user.username, draft_id)


def _counted(engine: str, work: Callable[[], Proposal]) -> Proposal:
    began = time.perf_counter()
    proposal = work()  # before a series is made of the name: an unknown one raises
    counts.ALLOCATION_SECONDS.labels(engine).observe(time.perf_counter() - began)
    counts.PREVIEWS.labels(engine).inc()
    if (proved := proposal.certificate) is not None and proved.dispersion > 0:
        counts.GAP.labels(engine).observe(proved.gap / proved.dispersion)
    return proposal


def _in_words(block: BlockOrder, proposal: Proposal) -> str:
    return f"{block.side.value} {block.face:,} {block.bond.label} by {proposal.engine}: {proposal.placed:,} placed"
