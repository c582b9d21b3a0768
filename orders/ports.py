"""What the use cases need of the outside: `Market` to read; `Broker`, `Compliance`, `Batches` and `Blotter` for orders
at Aladdin; `Ledger` to remember, `History` to look back, `Activity` to note who did what; `Clock` to know the time.
Each is a Protocol of a few methods; `aladdin` and `storage` implement them, `bootstrap` wires them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from allocation.limits import Limit, LimitTable
from allocation.model import Bond
from orders.errors import DeskError
from orders.history import ALL, Booking, Decision, DecisionLine, Deed, Page, Wanted
from orders.model import (
    AuditEntry,
    BrokerOrder,
    BrokerOrderIds,
    BrokerOrders,
    Cancellation,
    Change,
    Event,
    Group,
    GroupTree,
    Intent,
    Lease,
    LimitVersion,
    Order,
    OrderState,
    PortfolioFound,
    Statement,
    Ticket,
    Violation,
)

if TYPE_CHECKING:
    import pandas as pd

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Dated(Generic[T_co]):
    """A value with the moment it was read (UTC) and where from; the age travels to the screen, and so do the notes: a
    sentence for each thing that the value lacks, or that was assumed in it."""

    value: T_co
    as_of: datetime
    source: str
    notes: tuple[str, ...] = ()


class Clock(Protocol):
    """Time. `today` is the book's business date, `now` the wall clock in UTC."""

    def now(self) -> datetime: ...

    def today(self) -> date: ...


class Market(Protocol):
    """Reads. Each may raise any `OutsideError`; an unknown name raises `NotFound`."""

    def group(self, ticker: str, settlement: date, *, fresh: bool = False) -> Dated[Group]:
        """The group's accounts: cash spendable on `settlement`, order-adjusted holdings, exposures.
        `fresh` reads past every cache."""
        ...

    def tree(self, ticker: str, *, fresh: bool = False) -> Dated[GroupTree]:
        """The group with the groups inside it, down to the accounts."""
        ...

    def find_groups(self, text: str, limit: int = 20) -> Dated[tuple[PortfolioFound, ...]]:
        """The portfolio groups whose ticker or name resembles `text`, best first; those without members are left out.
        There is no call that lists all groups."""
        ...

    def bond(self, asset_id: str, *, fresh: bool = False) -> Dated[Bond]:
        """One security with terms, price and measures."""
        ...

    def find(self, text: str, groups: Collection[str], limit: int = 50) -> Dated[tuple[Bond, ...]]:
        """Securities by CUSIP, ISIN, SEDOL (from the security master) or by ticker and words (over the bonds held in
        `groups` and those looked up before), best first. A mistyped identifier raises `NotFound` with suggestions."""
        ...


class Broker(Protocol):
    """Orders at Aladdin. Only the worker calls it."""

    def post(self, ticket: Ticket, not_after: datetime) -> BrokerOrder:
        """Create the order; never repeated by the implementation, and never begun after `not_after`. `Rejected` when
        refused; `Unavailable` with `sent=False` when it certainly never left, `sent=True` when its fate is unknown.
        `RateLimited`, `AuthenticationFailed` and `NotPermitted` only when the call itself was turned away: from within
        an answer they leave the order's fate unknown."""
        ...

    def modify(self, broker_id: str, ticket: Ticket, not_after: datetime) -> BrokerOrder:
        """Make Aladdin's order what the ticket says: an account that has no line in it loses its part. As `post`, never
        repeated; after `Unavailable` with `sent=True`, `orders` tells what it is now."""
        ...

    def cancel(self, cancellation: Cancellation, not_after: datetime) -> BrokerOrder:
        """Cancel what is not filled. As `post`, never repeated; `Rejected` in Aladdin's words when nothing is left to
        cancel. The order may still be on its way to be canceled: its status says so."""
        ...

    def find_order(self, reference: str) -> BrokerOrder | None:
        """The order that carries our reference, or None, which may be posted again: `NotPermitted` or `Malformed` when
        Aladdin shows none, but says more than that it is not there."""
        ...

    def orders(self, broker_ids: Sequence[str]) -> tuple[BrokerOrder, ...]:
        """The orders with these Aladdin ids, finished ones included."""
        ...


class Compliance(Protocol):
    """What Aladdin's compliance thinks of an order that is not posted."""

    def check(self, ticket: Ticket, broker_id: str = "") -> tuple[Violation, ...]:
        """What would be found if the ticket were posted or, with a `broker_id`, that order modified so. Changes
        nothing. May raise `NotPermitted` or any `OutsideError`."""
        ...


class Batches(Protocol):
    """Many orders at once. What became of each is in the place it was asked for: the order, or the error it met, which
    is not raised. `Unavailable` with `sent=True` there means that its fate is unknown: look it up by its reference."""

    def post_all(self, tickets: Sequence[Ticket], not_after: datetime) -> tuple[BrokerOrder | DeskError, ...]:
        """Create the orders; never repeated, and nothing is begun after `not_after`."""
        ...

    def cancel_all(
        self, cancellations: Sequence[Cancellation], not_after: datetime
    ) -> tuple[BrokerOrder | DeskError, ...]:
        """Cancel what is not filled of each; never repeated, and nothing is begun after `not_after`."""
        ...


class Blotter(Protocol):
    """Aladdin's orders, whoever posted them, ours or not: read afresh each time, to be compared with the ledger. Each
    may raise `NotPermitted`, `NotFound` or any `OutsideError`."""

    def find_orders(self, references: Sequence[str]) -> tuple[BrokerOrder, ...]:
        """The orders that carry these references. One that cannot be read is an error: it must not pass for missing."""
        ...

    def live_orders(self, group: str) -> BrokerOrders:
        """The group's live orders of the last 365 days, the most Aladdin shows."""
        ...

    def live_order_ids(self, group: str) -> BrokerOrderIds:
        """The Aladdin ids of the same orders: much quicker where there are thousands."""
        ...

    def modified_since(self, group: str, since: datetime, until: datetime) -> BrokerOrders:
        """The group's orders, finished ones included, that were modified in that time; to the minute, so a few from
        just outside may be among them. ValueError when a time has no zone, or `since` is not before `until`."""
        ...

    def in_basket(self, basket: str, on: date) -> BrokerOrders:
        """The orders of a basket that were opened on that day, finished ones included."""
        ...

    def ids_in_basket(self, basket: str, on: date) -> BrokerOrderIds:
        """The Aladdin ids of the same orders."""
        ...


class Ledger(Protocol):
    """The system of record. Every write is one transaction with its audit entry, idempotent by `command_id`: the same
    command again changes nothing and returns what it returned the first time."""

    def confirmed(self) -> int:
        """How many orders were ever confirmed, over all groups."""
        ...

    def confirm(
        self,
        command_id: str,
        statement: Statement,
        order: Order,
        after: int | None = None,
        limits: int | None = None,
    ) -> Order:
        """Store a statement, its order with lines, and the intent to send it. `VersionConflict` when `after` is given
        and is not `confirmed()` any more: somebody else may have promised the same cash in between; and when `limits`
        is given and is not the newest version of the limits any more: they may have been tightened."""
        ...

    def advance(
        self, command_id: str, change: Change, fence: int | None = None, statement: Statement | None = None
    ) -> Order:
        """Write one step of an order, and where it modifies the order the next version of its statement.
        `VersionConflict` when the row is not at `change.version`; `LeaseLost` when `fence` is given and is not the
        newest of the worker's lease; `Rejected` when order and statement do not agree."""
        ...

    def order(self, order_id: str) -> Order:
        """One order; `NotFound` when there is none."""
        ...

    def orders(
        self,
        groups: Collection[str] | None = None,
        states: Collection[OrderState] | None = None,
        limit: int | None = None,
    ) -> tuple[Order, ...]:
        """Orders, newest first, all of them unless a limit is given; `groups` None means of every group."""
        ...

    def statement(self, order_id: str, version: int | None = None) -> Statement:
        """This version of an order's statement, the newest when none is named; `NotFound` when there is none."""
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

    def acquire(self, name: str, holder: str, seconds: float) -> Lease | None:
        """Take or renew a lease; None while somebody else holds it. A new holder gets a larger fence."""
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


class History(Protocol):
    """The past, a page at a time or added up. A cursor that cannot be read raises `Rejected`; a page has from 1 to 500
    rows, else ValueError. Who may see what is for the use cases to say, by what they want."""

    def orders(self, wanted: Wanted = ALL, size: int = 50, cursor: str = "") -> Page[Order]:
        """The orders wanted, with their lines, newest first."""
        ...

    def statements(self, wanted: Wanted = ALL, size: int = 50, cursor: str = "") -> Page[Decision]:
        """The statements of the orders wanted, newest order first. `size` counts orders."""
        ...

    def statement_lines(self, order_id: str) -> tuple[DecisionLine, ...]:
        """What an order's newest statement says of each account, in its order; none for an unknown order."""
        ...

    def fills(self, order_id: str) -> tuple[Booking, ...]:
        """What was booked for each account of an order and when, oldest first."""
        ...

    def activity(
        self,
        username: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        size: int = 50,
        cursor: str = "",
    ) -> Page[Deed]:
        """What users did, newest first; of one user, from `since` on and before `until`, where they are given."""
        ...

    def by_engine(self, wanted: Wanted = ALL) -> pd.DataFrame:
        """One row per engine: engine, allocations, ordered, placed, filled, measured, improvement."""
        ...

    def improvement(self, wanted: Wanted = ALL, *, daily: bool = False) -> pd.DataFrame:
        """One row per month or day, engine and metric: period, engine, metric, allocations, before, after,
        improvement."""
        ...

    def participation(self, wanted: Wanted = ALL) -> pd.DataFrame:
        """One row per account: account_id, considered, given, wish, face, share, booked, filled, seconds."""
        ...


class Activity(Protocol):
    """Notes what users do that changes no order."""

    def note(self, username: str, action: str, about: str, detail: str = "") -> None:
        """Remember that the user did this, now. Never waits and never fails."""
        ...


@dataclass(frozen=True, slots=True)
class Records:
    """All sides of one store."""

    ledger: Ledger
    history: History
    activity: Activity
