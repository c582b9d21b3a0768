"""What is read of the past: which orders are wanted, a page of them, and the rows that are not orders themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from allocation.model import Side
from orders.model import OrderState

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which orders: those that meet all of these. None is any; an empty set is none. Times are of the confirmation,
    aware, `since` included and `until` not. An account's orders are those whose statement names it in some version,
    whether it gives it something or not, and those that Aladdin booked something of for it. Pages have the newest order
    first unless the oldest is asked for."""

    groups: frozenset[str] | None = None  # tickers
    states: frozenset[OrderState] | None = None
    assets: frozenset[str] | None = None  # asset ids
    account_id: str | None = None
    username: str | None = None  # who confirmed
    since: datetime | None = None
    until: datetime | None = None
    batch: str | None = None  # the id of one; "" for orders that are in none
    engine: str | None = None  # whose split the newest statement is, by its key
    oldest_first: bool = False


ALL = Wanted()
WAITS = {"minute": 60, "five_minutes": 300, "half_hour": 1800, "two_hours": 7200, "day": 86400}  # seconds, at most


@dataclass(frozen=True, slots=True)
class Sought:
    """Which entries of the audit log: those that meet all of these; None is any. `streams` are names; times are of the
    writing, aware, `since` included and `until` not."""

    streams: frozenset[str] | None = None
    actor: str | None = None
    action: str | None = None
    subject: str | None = None  # an order's id, most often
    reference: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T_co]):
    """Some rows, newest first unless asked for otherwise. `cursor` asks for those that follow, and is empty when there
    are none: rows that are added meanwhile never move a row from one page to another."""

    rows: tuple[T_co, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A statement in figures, without its text. Faces in units, dispersions in the metric's unit."""

    statement_id: str
    order_id: str
    version: int
    created_at: datetime
    created_by: str
    group: str
    asset_id: str
    label: str  # the bond as traders say it
    side: Side
    engine: str
    ordered: int
    placed: int
    metric: str  # its key
    dispersion_before: float
    dispersion_after: float
    improvement: float | None  # (before - after) / before; None when there was no dispersion before
    sha256: str
    filled: Decimal  # face, of its order by now
    state: OrderState  # of its order by now
    newest: bool  # no later statement of its order stands in its place


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """What a statement says of one account, rounded for SQL: the statement's text has every digit."""

    account_id: str
    wish: Decimal  # face the engine would give were there no caps or pieces, to the hundredth
    asked: Decimal | None  # face asked for by name, to the hundredth
    face: int  # given
    money: Decimal  # base currency, unsigned, to the hundredth
    cap_rule: str
    cap_face: int
    reason: str


@dataclass(frozen=True, slots=True)
class Booking:
    """What Aladdin newly reported as booked for one account of an order."""

    order_id: str
    version: int  # of the order after it
    account_id: str
    at: datetime
    booked: Decimal  # face, all of it so far
    delta: Decimal  # face since the report before; negative where Aladdin took some back
    average_price: Decimal | None  # of the whole order so far, per 100 face


PREVIEWED, COMPARED = "previewed", "compared"
REFUSED, REFUSED_OF_GROUP = "refused", "refused of a group"
OF_A_GROUP = frozenset({PREVIEWED, COMPARED, REFUSED_OF_GROUP})  # deeds that are about the group they name


@dataclass(frozen=True, slots=True)
class Deed:
    """Something a user did that changes no order: looked, tried, signed in."""

    at: datetime
    username: str
    action: str
    about: str  # what it was done to: a group, a bond, an order
    detail: str = ""
