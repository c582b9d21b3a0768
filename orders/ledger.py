"""What the use cases need of the system of record: to write an order's steps, and to read orders as they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from allocation.limits import Limit, LimitTable
from orders.lease import NO_PULSE, Pulse
from orders.model import (
    AuditEntry,
    BatchRun,
    Change,
    Draft,
    Event,
    Intent,
    Lease,
    LimitVersion,
    Order,
    OrderState,
    Statement,
)


class Ledger(Protocol):
    """The system of record. Every write is one transaction with its audit entry, idempotent by `command_id`: the same
    command again changes nothing and returns what it returned the first time."""

    def confirmed(self) -> int:
        """How many statements were ever frozen, over all groups: of confirmations and of modifications."""
        ...

    def confirm(
        self,
        command_id: str,
        statement: Statement,
        order: Order,
        after: int | None = None,
        limits: int | None = None,
    ) -> Order:
        """Store a statement, its order with lines, and the intent `{order id}:send`; none for one that awaits approval.
        An order begins as awaiting approval, scheduled or confirmed; one taken over from Aladdin as open, with its id
        there and no intent. `Rejected` when another order has that id. `VersionConflict` when `after` is given and is
        not `confirmed()` any more: somebody else may have promised the same cash in between, also by a modification;
        and when `limits` is given and is not their newest version any more: they may have been tightened."""
        ...

    def advance(
        self,
        command_id: str,
        change: Change,
        fence: int | None = None,
        statement: Statement | None = None,
        after: int | None = None,
        limits: int | None = None,
    ) -> Order:
        """Write one step of an order, the intent it opens, whose id is `{order id}:{version after it}:{kind}`, the end
        of the one it closes, and where it modifies the order the next version of its statement.
        `VersionConflict` when the row is not at `change.version`; `LeaseLost` when `fence` is given and is not the
        newest of the worker's lease; `Rejected` when order and statement do not agree, and when it would make of the
        order one of Aladdin's that another order is already. A statement takes its turn as in `confirm`, where `after`
        and `limits` are given."""
        ...

    def outcome(self, command_id: str) -> Order | None:
        """The order as this command left it; None when there was no such command."""
        ...

    def order(self, order_id: str) -> Order:
        """One order; `NotFound` when there is none."""
        ...

    def orders(
        self,
        groups: Collection[str] | None = None,
        states: Collection[OrderState] | None = None,
        limit: int | None = None,
        assets: Collection[str] | None = None,
        since: datetime | None = None,
    ) -> tuple[Order, ...]:
        """Orders, newest first, all of them unless a limit is given, confirmed `since` where that is given; None means
        of every group, of every bond."""
        ...

    def orders_at(self, broker_ids: Collection[str]) -> tuple[Order, ...]:
        """The orders that Aladdin knows by these ids, oldest first."""
        ...

    def ended(self, since: datetime, unshared_since: datetime) -> tuple[Order, ...]:
        """The orders at Aladdin that have ended, with their last step `since`; and those of which more is filled than
        is booked to accounts, `unshared_since`. Oldest first."""
        ...

    def unsettled(self, asked: str, settled: str) -> tuple[Order, ...]:
        """The orders of which the newest event `asked` has no event `settled` after it, oldest first."""
        ...

    def promised(self) -> tuple[Order, ...]:
        """The orders of which Aladdin's figures may lack something, so that it is ours to set aside: those in a state
        of `UNCOUNTED`, those of which something is asked or has just been settled, and the live ones that Aladdin
        did not show at the last look."""
        ...

    def orders_of(self, order_ids: Sequence[str]) -> tuple[Order, ...]:
        """The orders with these ids, in their order; one that is not there is left out."""
        ...

    def statement(self, order_id: str, version: int | None = None) -> Statement:
        """The newest statement of an order, or the one of a version; `NotFound` when there is none."""
        ...

    def statements(self, order_id: str) -> tuple[Statement, ...]:
        """Every version of an order's statement, newest first; none for an unknown order."""
        ...

    def statements_of(self, orders: Sequence[Order]) -> tuple[Statement, ...]:
        """The statement that each of these orders names, read at once; `NotFound` when one is not there."""
        ...

    def events(self, order_id: str) -> tuple[Event, ...]:
        """An order's history, oldest first."""
        ...

    def intents(self) -> tuple[Intent, ...]:
        """What the outbox still holds, oldest first."""
        ...

    def last_allocations(self) -> Mapping[str, datetime]:
        """When each group was last allocated to, by group ticker."""
        ...

    def save_draft(self, username: str, draft_id: str, body: str, at: datetime) -> None:
        """Keep a request that this user has begun, in the place of what they saved under this id before."""
        ...

    def drafts(self, username: str) -> tuple[Draft, ...]:
        """What this user saved, newest first."""
        ...

    def remove_draft(self, username: str, draft_id: str) -> None:
        """Forget a draft of this user's; again changes nothing."""
        ...

    def note_batch(self, run: BatchRun) -> None:
        """Remember how far a batch of a user's is, in the place of how far it was."""
        ...

    def batch(self, username: str, batch_id: str) -> BatchRun | None:
        """How far this user's batch is, or was when it last got any further; None for one they never began."""
        ...

    def limits(self) -> LimitTable:
        """The newest version of the limits; version 0, which is empty, when there is none."""
        ...

    def limit_versions(self) -> tuple[LimitVersion, ...]:
        """Every version of the limits, newest first."""
        ...

    def set_limits(
        self, command_id: str, rows: Sequence[Limit], after: int, actor: str, at: datetime, comment: str
    ) -> LimitTable:
        """Store `rows` as the next version of the limits. `VersionConflict` when the newest is not `after`;
        `InvalidLimit` when two rows say the same thing."""
        ...

    def groups_added(self, username: str | None = None) -> tuple[str, ...]:
        """The groups this user added to those of the settings, in that order; those that anybody added, each once,
        when no user is named."""
        ...

    def add_group(self, username: str, ticker: str) -> None:
        """Remember a group for this user, whose entitlement was judged before; again changes nothing."""
        ...

    def remove_group(self, username: str, ticker: str) -> None:
        """Forget a group this user added; again changes nothing."""
        ...

    def acquire(self, name: str, holder: str, seconds: float, pulse: Pulse = NO_PULSE) -> Lease | None:
        """Take or renew a lease, and leave the holder's pulse with it; None while somebody else holds it. A new holder
        gets a larger fence."""
        ...

    def lease(self, name: str) -> Lease | None:
        """Who holds a lease now; None when nobody does."""
        ...

    def release(self, lease: Lease) -> None:
        """Give a lease back, so that the next worker need not wait for it to run out."""
        ...

    def audit(self, stream: str | None = None, limit: int = 500) -> tuple[AuditEntry, ...]:
        """The audit log's newest entries, newest first."""
        ...

    def verify(self) -> tuple[str, ...]:
        """Recompute every chain; one sentence per fault found, none when all is whole."""
        ...
