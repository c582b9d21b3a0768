"""What the use cases need of a store beside its ledger: `History` to look back, `Activity` to note who did what."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

from orders.history import ALL, Booking, Decision, DecisionLine, Deed, Page, Sought, Wanted
from orders.ledger import Ledger
from orders.model import AuditEntry, Order, OrderState
from orders.profit import DayMark

if TYPE_CHECKING:
    import pandas as pd


class History(Protocol):
    """The past, a page at a time or added up. A cursor that cannot be read raises `Rejected`; a page has from 1 to 500
    rows, else ValueError. Who may see what is for the use cases to say, by what they want."""

    def orders(self, wanted: Wanted = ALL, size: int = 50, cursor: str = "") -> Page[Order]:
        """The orders wanted, with their lines, newest first unless the oldest is asked for."""
        ...

    def statements(self, wanted: Wanted = ALL, size: int = 50, cursor: str = "") -> Page[Decision]:
        """The statements of the orders wanted, in the order of those. `size` counts orders."""
        ...

    def statement_lines(self, order_id: str) -> tuple[DecisionLine, ...]:
        """What an order's newest statement says of each account, in its order; none for an unknown order."""
        ...

    def fills(self, order_id: str) -> tuple[Booking, ...]:
        """What was booked for each account of an order and when, oldest first."""
        ...

    def orders_of(self, accounts: Collection[str], assets: Collection[str] | None = None) -> tuple[Order, ...]:
        """All orders that have a line for one of these accounts, newest first, in these bonds or in any."""
        ...

    def first_fills(self, accounts: Collection[str], assets: Collection[str] | None = None) -> Mapping[str, datetime]:
        """When each of the same orders was first reported to have something booked for any account, by order id; none
        for one that has nothing."""
        ...

    def activity(
        self,
        username: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        size: int = 50,
        cursor: str = "",
        groups: Collection[str] | None = None,
    ) -> Page[Deed]:
        """What users did, newest first; of one user, from `since` on and before `until`, about these `groups` or about
        none, where they are given."""
        ...

    def entries(self, sought: Sought, size: int = 50, cursor: str = "") -> Page[AuditEntry]:
        """The audit log's entries that are sought, newest first."""
        ...

    def streams(self) -> tuple[str, ...]:
        """The audit log's streams by name."""
        ...

    def counts(self, wanted: Wanted = ALL) -> Mapping[OrderState, int]:
        """How many of the orders wanted are in each state, 0 where none is."""
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

    def waits(self, wanted: Wanted = ALL) -> pd.DataFrame:
        """One row per engine with orders that have a fill: engine, orders, shortest, median, seconds, longest, those of
        `orders.history.WAITS`, longer."""
        ...


class Activity(Protocol):
    """Notes what users do that changes no order."""

    def note(self, username: str, action: str, about: str, detail: str = "") -> None:
        """Remember that the user did this, now. Never waits and never fails."""
        ...


class Marks(Protocol):
    """What traded bonds were worth, by day."""

    def traded(self, since: date) -> tuple[str, ...]:
        """The asset ids of the bonds of which something was booked in an order with this trade date or a later one."""
        ...

    def keep(self, mark: DayMark, at: datetime) -> None:
        """Keep a mark in the place of the one that was kept of the same bond and day."""
        ...

    def of(self, asset_ids: Collection[str]) -> tuple[DayMark, ...]:
        """What was kept of these bonds, one for each day."""
        ...


@dataclass(frozen=True, slots=True)
class Records:
    """All sides of one store."""

    ledger: Ledger
    history: History
    activity: Activity
    marks: Marks
