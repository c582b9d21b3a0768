"""What a user may see of the past: of the groups of their entry only."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from orders import refusals
from orders.entitlement import entitled_to, require
from orders.errors import NotFound
from orders.history import ALL, Booking, Decision, DecisionLine, Deed, Page, Wanted
from orders.model import Event, Order, OrderState, Permission, Statement, User
from orders.ports import History, Ledger
from orders.replaying import Replay, replay

if TYPE_CHECKING:
    import pandas as pd

PAGE = 50  # orders


class Past:
    """Orders, statements and what they add up to, newest first. A cursor that cannot be read raises `Rejected`; an
    order of a group the user does not see is `NotFound`, as one that is not there."""

    def __init__(self, ledger: Ledger, history: History) -> None:
        self._ledger = ledger
        self._history = history

    def order(self, user: User, order_id: str) -> Order:
        """One order."""
        require(user, Permission.VIEW)
        with suppress(NotFound):
            order = self._ledger.order(order_id)
            if user.sees(order.group):
                return order
            refusals.tell(user, "is not entitled to the group", order.group)
        raise NotFound(f"There is no order {order_id} among your groups.")

    def events(self, user: User, order_id: str) -> tuple[Event, ...]:
        """An order's history, oldest first."""
        return self._ledger.events(self.order(user, order_id).id)

    def statement(self, user: User, order_id: str) -> Statement:
        """The frozen allocation behind an order."""
        return self._ledger.statement(self.order(user, order_id).id)

    def stated(self, user: User, statement_id: str) -> Statement:
        """One statement by its own id, which is its order's with the number of the version."""
        order_id, _, version = statement_id.rpartition(".")
        with suppress(NotFound):
            if version.isascii() and version.isdecimal() and len(version) < 9:  # what a store can look for
                return self._ledger.statement(self.order(user, order_id).id, int(version))
        raise NotFound(f"There is no statement {statement_id} among your groups.")

    def statements_of(self, user: User, order_id: str) -> tuple[Statement, ...]:
        """Every version of an order's frozen allocation, newest first."""
        return self._ledger.statements(self.order(user, order_id).id)

    def replay(self, user: User, order_id: str, version: int | None = None) -> Replay:
        """What becomes of a statement's block when it is run again, from its text alone; the newest where no version
        is named."""
        return replay(self._ledger.statement(self.order(user, order_id).id, version))

    def statement_lines(self, user: User, order_id: str) -> tuple[DecisionLine, ...]:
        """What an order's newest statement says of each account, in its order."""
        return self._history.statement_lines(self.order(user, order_id).id)

    def fills(self, user: User, order_id: str) -> tuple[Booking, ...]:
        """What was booked for each account of an order and when, oldest first."""
        return self._history.fills(self.order(user, order_id).id)

    def orders(self, user: User, wanted: Wanted = ALL, size: int = PAGE, cursor: str = "") -> Page[Order]:
        """The orders wanted, of groups on the user's list or not."""
        return self._history.orders(_seen(user, wanted), size, cursor)

    def counts(self, user: User, wanted: Wanted = ALL) -> Mapping[OrderState, int]:
        """How many of the orders wanted are in each state, 0 where none is."""
        return self._history.counts(_seen(user, wanted))

    def statements(self, user: User, wanted: Wanted = ALL, size: int = PAGE, cursor: str = "") -> Page[Decision]:
        """The statements of the orders wanted; `size` counts orders."""
        return self._history.statements(_seen(user, wanted), size, cursor)

    def by_engine(self, user: User, wanted: Wanted = ALL) -> pd.DataFrame:
        """What each engine allocated, as `History.by_engine`."""
        return self._history.by_engine(_seen(user, wanted))

    def improvement(self, user: User, wanted: Wanted = ALL, *, daily: bool = False) -> pd.DataFrame:
        """How much dispersion was taken out through time, as `History.improvement`."""
        return self._history.improvement(_seen(user, wanted), daily=daily)

    def participation(self, user: User, wanted: Wanted = ALL) -> pd.DataFrame:
        """How each account fared, as `History.participation`."""
        return self._history.participation(_seen(user, wanted))

    def waits(self, user: User, wanted: Wanted = ALL) -> pd.DataFrame:
        """How long it took from a statement to the first fill, as `History.waits`."""
        return self._history.waits(_seen(user, wanted))

    def activity(self, user: User, username: str | None = None, size: int = PAGE, cursor: str = "") -> Page[Deed]:
        """What a user did, or everybody, as far as it is about groups the user sees or about none; without the
        permission to audit only the user's own."""
        require(user, Permission.VIEW if username == user.username else Permission.AUDIT)
        return self._history.activity(username, size=size, cursor=cursor, groups=entitled_to(user))


def _seen(user: User, wanted: Wanted) -> Wanted:
    """What is wanted, as far as the user may see it."""
    require(user, Permission.VIEW)
    seen = entitled_to(user)
    if seen is None:
        return wanted
    return replace(wanted, groups=seen if wanted.groups is None else seen & wanted.groups)
