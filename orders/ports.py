"""What the use cases need of the outside: `Market` to read; `Broker`, `Compliance`, `Batches` and `Blotter` for orders
at Aladdin; `Clock` to know the time; and what `orders.records` asks of a store. Each is a Protocol of a few methods;
`aladdin` and `storage` implement them, `bootstrap` wires them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from allocation.model import Bond
from orders.errors import DeskError
from orders.ledger import Ledger as Ledger
from orders.model import (
    BrokerOrder,
    BrokerOrderIds,
    BrokerOrders,
    Cancellation,
    Group,
    GroupTree,
    PortfolioFound,
    Ticket,
    Violation,
)
from orders.records import Activity as Activity
from orders.records import History as History
from orders.records import Records as Records
from orders.searching import MOST_SUGGESTED, BondFound, Suggested

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

    def searchable(self, groups: Collection[str]) -> Dated[int]:
        """Make sure that the bonds held in `groups` are at hand; how many of the groups can be searched, and a note for
        each that cannot."""
        ...

    def suggest(self, text: str, groups: Collection[str], limit: int = MOST_SUGGESTED) -> Suggested:
        """What a text that is being typed may mean, of the bonds at hand: those held in `groups` and those looked up
        before. Asks nobody, so that it may run with every key."""
        ...

    def at_hand(self, asset_ids: Collection[str]) -> Mapping[str, BondFound]:
        """What is known of these bonds, by asset id, without asking anybody; one that is not known is left out."""
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
        """What would be found if the ticket were posted or, with a `broker_id`, that order modified so, which Aladdin
        holds as it was meanwhile. Changes nothing. May raise `NotPermitted` or any `OutsideError`."""
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

    def orders(self, broker_ids: Sequence[str]) -> tuple[BrokerOrder, ...]:
        """As `Broker.orders`: those that are shown, finished ones included."""
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
