"""The orders of the simulated world, kept in a SQLite file so that a restart finds them where they were."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from aladdin.simulator.file import StateFile, unreadable
from aladdin.simulator.protocol import Code, OrderRefused

FIRST_ORDER = 100001


class Status(StrEnum):
    """Aladdin's words for where an order is."""

    OPEN = "Open"
    COMPLIANCE = "Compl Pending"
    AUTHORIZED = "Authorized"
    ACTIVE = "Active"
    BOOKED = "Booked"
    CANCELED = "Canceled"
    REJECTED = "Rejected"
    EXPIRED = "Expired"


LIVE = frozenset({Status.OPEN, Status.COMPLIANCE, Status.AUTHORIZED, Status.ACTIVE})


@dataclass(frozen=True, slots=True)
class Detail:
    """One account's part of an order: face asked for and face booked."""

    id: int
    account: str
    quantity: Decimal
    booked: Decimal = Decimal(0)
    strategy: int | None = None


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order as it stands. `due` is when its next event happens (UTC); None when nothing will happen by itself."""

    id: int
    reference: str
    status: Status
    asset_id: str
    side: str  # "BUY" or "SELL"
    limit: Decimal | None  # clean price per 100 face; None for a market order
    settle: date
    trade: date
    details: tuple[Detail, ...]
    entered: datetime
    modified: datetime
    due: datetime | None
    basket: str = ""
    instruction: str = ""
    comments: tuple[tuple[str, str], ...] = ()
    custom_fields: tuple[tuple[str, str], ...] = ()
    reference2: str = ""
    account_code: str = ""  # of the organisation whose external references these are
    expiration: str = ""  # "Day" ends with the simulated day; anything else is only kept
    expires: date | None = None
    authorized: datetime | None = None
    active: datetime | None = None
    version: int = 1
    touches: int = 1
    step: int = 0  # partial fills done
    spent: Decimal = Decimal(0)  # sum of face x price per 100 over all fills

    @property
    def sign(self) -> int:
        return 1 if self.side == "BUY" else -1

    @property
    def live(self) -> bool:
        return self.status in LIVE

    @property
    def face(self) -> Decimal:
        return sum((detail.quantity for detail in self.details), Decimal(0))

    @property
    def filled(self) -> Decimal:
        return sum((detail.booked for detail in self.details), Decimal(0))

    @property
    def average_price(self) -> Decimal | None:
        """Clean, per 100 face, to eight places; None before the first fill."""
        filled = self.filled
        return (self.spent / filled).quantize(Decimal("1e-8")) if filled else None


@dataclass(frozen=True, slots=True)
class Booking:
    """What one account received in one partial fill."""

    order_id: int
    step: int
    at: datetime
    account: str
    quantity: Decimal
    price: Decimal  # clean, per 100 face


Change = Callable[[PlacedOrder], tuple[PlacedOrder, tuple[Booking, ...]]]

_ORDER = TypeAdapter(PlacedOrder)


class Blotter:
    """All orders, in memory for reading and in the file before anyone is told. Safe for use by several threads; one
    process at a time owns the file."""

    def __init__(self, path: Path, book_id: str, *, accept_duplicates: bool = False) -> None:
        """Opens or creates the file. Raises WrongWorld when it holds another book's orders or cannot be read. Whether
        Aladdin refuses a second order under one external reference is not published: with `accept_duplicates` not."""
        self._accept_duplicates = accept_duplicates
        self.file = StateFile(path, book_id)
        self._lock = self.file.lock
        try:
            rows = self.file.rows("SELECT body FROM orders ORDER BY id")
            self._orders = {order.id: order for order in (_ORDER.validate_json(body) for (body,) in rows)}
        except (sqlite3.DatabaseError, ValidationError) as error:
            self.file.close()
            raise unreadable(path) from error
        self._by_reference: dict[str, tuple[int, ...]] = {}
        for order in self._orders.values():
            self._refer(order)

    def orders(self) -> tuple[PlacedOrder, ...]:
        """Every order, oldest first."""
        with self._lock:
            return tuple(self._orders.values())

    def order(self, order_id: int) -> PlacedOrder | None:
        with self._lock:
            return self._orders.get(order_id)

    def referenced(self, reference: str) -> tuple[PlacedOrder, ...]:
        """The orders with this external reference, oldest first: one at most, unless duplicates are accepted."""
        with self._lock:
            return tuple(self._orders[order_id] for order_id in self._by_reference.get(reference, ()))

    def by_reference(self, reference: str) -> PlacedOrder | None:
        """The oldest order with this external reference."""
        return next(iter(self.referenced(reference)), None)

    def _refer(self, order: PlacedOrder) -> None:
        if order.reference:
            self._by_reference[order.reference] = (*self._by_reference.get(order.reference, ()), order.id)

    def bookings(self, order_id: int) -> tuple[Booking, ...]:
        """An order's fills by account, oldest first."""
        rows = self.file.rows(
            "SELECT step, at, account, quantity, price FROM bookings WHERE order_id = ? ORDER BY step, account",
            (order_id,),
        )
        return tuple(
            Booking(order_id, step, datetime.fromisoformat(at), account, Decimal(quantity), Decimal(price))
            for step, at, account, quantity, price in rows
        )

    def refuse_known(self, reference: str) -> None:
        """Raises OrderRefused ALREADY_EXISTS when an order carries this external reference and may not twice."""
        existing = self.by_reference(reference) if reference and not self._accept_duplicates else None
        if existing is not None:
            raise OrderRefused(
                Code.ALREADY_EXISTS, f"order {existing.id} already has the externalId1 {reference!r}", existing.id
            )

    def add(self, draft: PlacedOrder) -> PlacedOrder:
        """Stores a new order under the next number. Raises OrderRefused when its external reference is taken."""
        with self._lock:
            self.refuse_known(draft.reference)
            order = replace(draft, id=max(self._orders, default=FIRST_ORDER - 1) + 1)
            self._write(order, ())
            self._refer(order)
            return order

    def change(self, order_id: int, change: Change) -> PlacedOrder:
        """Applies `change` to the order as it is now, atomically; whatever `change` raises leaves all as it was.
        Raises OrderRefused NOT_FOUND for an unknown order."""
        with self._lock:
            if order_id not in self._orders:
                raise OrderRefused(Code.NOT_FOUND, f"there is no order {order_id}")
            order, bookings = change(self._orders[order_id])
            self._write(order, bookings)
            return order

    def _write(self, order: PlacedOrder, bookings: tuple[Booking, ...]) -> None:
        with self.file.transaction():
            self.file.write(
                "INSERT INTO orders VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
                # the file holds a reference once, and none of those that may come twice
                [
                    (
                        order.id,
                        None if self._accept_duplicates else order.reference or None,
                        _ORDER.dump_json(order).decode(),
                    )
                ],
            )
            self.file.write(
                "INSERT INTO bookings VALUES (?, ?, ?, ?, ?, ?)",
                [(b.order_id, b.step, b.at.isoformat(), b.account, str(b.quantity), str(b.price)) for b in bookings],
            )
        self._orders[order.id] = order  # only once it is on disk

    @contextmanager
    def together(self) -> Iterator[None]:
        """All changes made inside are kept, or none; nobody else sees any of them before the end."""
        with self._lock:
            before = dict(self._orders), dict(self._by_reference)
            try:
                with self.file.transaction():
                    yield
            except BaseException:
                self._orders, self._by_reference = before
                raise

    def close(self) -> None:
        """Flushes and closes the file."""
        self.file.close()
