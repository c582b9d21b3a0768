"""The nouns of an order's life: what was decided (`Statement`), what goes out (`Order`), and what
came of it (`Event`). Frozen values; money and prices are `Decimal`, times are UTC."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from allocation.limits import LimitTable
from allocation.model import Account, Side
from orders.broker_model import BrokerOrder as BrokerOrder
from orders.broker_model import BrokerOrderIds as BrokerOrderIds
from orders.broker_model import BrokerOrders as BrokerOrders
from orders.broker_model import Cancellation as Cancellation
from orders.broker_model import Severity as Severity
from orders.broker_model import Violation as Violation
from orders.lease import Lease as Lease
from orders.people import EVERY_GROUP as EVERY_GROUP
from orders.people import Entry as Entry
from orders.people import Permission as Permission
from orders.people import Role as Role
from orders.people import User as User


@dataclass(frozen=True, slots=True)
class Book:
    """Which world the desk works on. `id` stamps the ledger; `as_of` is its business date."""

    id: str  # "demo:7", "csv:<name>:<as_of>", "aladdin:<host>"
    kind: str  # "demo", "csv", "aladdin"
    name: str  # as the screen says it: "demo book, seed 7"
    as_of: date
    groups: tuple[str, ...]
    currency: str = "USD"

    @property
    def pinned(self) -> bool:
        """Whether its business date stands still, as of a book that is not Aladdin's own."""
        return self.kind != "aladdin"


@dataclass(frozen=True, slots=True)
class Group:
    """A portfolio group and its accounts, sorted by id, read together."""

    ticker: str
    accounts: tuple[Account, ...]


@dataclass(frozen=True, slots=True)
class GroupTree:
    """A portfolio group with the groups inside it. `accounts` are those directly in it; an account may be in two
    groups."""

    ticker: str
    groups: tuple[GroupTree, ...] = ()
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PortfolioFound:
    """A portfolio or portfolio group that a search found."""

    ticker: str
    name: str


class OrderState(StrEnum):
    """Where an order is in its life. The steps between are in `orders.lifecycle`."""

    AWAITING = "awaiting approval"  # statement stored; somebody else must approve it
    SCHEDULED = "scheduled"  # to be released at a time
    CONFIRMED = "confirmed"  # nothing is missing: intent in the outbox
    APPROVED = "approved"  # the same, approved by somebody else
    SENDING = "sending"  # about to be posted, or being posted
    SEND_FAILED = "send failed"  # it certainly is not at Aladdin; tried again, and then a person decides
    UNKNOWN = "unknown"  # the answer to the post was lost
    COMPLIANCE = "compliance"  # Aladdin: Compl Pending
    OPEN = "open"  # Aladdin: Open
    AUTHORIZED = "authorized"  # Aladdin: Authorized
    ACTIVE = "active"  # Aladdin: Active, nothing filled yet
    PART_FILLED = "part filled"
    FILLED = "filled"  # all of it, and not booked yet
    MODIFY_PENDING = "modify pending"  # the new terms are stored; whether Aladdin takes them is not known yet
    CANCEL_PENDING = "cancel pending"  # to be canceled, or on its way; a fill may still be quicker
    FOREIGN = "foreign"  # Aladdin reports a status we do not know: kept visible and live
    BOOKED = "booked"  # Aladdin: Booked
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"  # refused by Aladdin, or by compliance; or declined by a second person


DECLINED = "Declined by "  # how the message of an order begins that a second person declined


@dataclass(frozen=True, slots=True)
class Statement:
    """The frozen allocation: canonical JSON of every input and result, and its SHA-256."""

    id: str
    order_id: str
    version: int
    created_at: datetime
    created_by: str
    body: str  # canonical JSON
    sha256: str  # of `body` in UTF-8, hexadecimal


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One account's part of an order. `booked` is what Aladdin says it received."""

    account_id: str
    face: int
    booked: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Order:
    """One block order, as the ledger has it. `version` counts its changes."""

    id: str  # ours, and the external reference at Aladdin (at most 64 characters)
    version: int
    state: OrderState
    group: str
    asset_id: str
    label: str  # the bond as traders say it
    currency: str
    side: Side
    ordered: int  # face asked for
    face: int  # face allocated: the sum of the lines
    settlement: date
    trade_date: date
    limit: Decimal | None
    engine: str
    lines: tuple[OrderLine, ...]
    statement_id: str
    statement_sha256: str
    comment: str
    created_by: str
    created_at: datetime
    updated_at: datetime
    broker_id: str = ""  # Aladdin's order id
    broker_status: str = ""  # Aladdin's word
    filled: Decimal = Decimal(0)  # face
    average_price: Decimal | None = None
    message: str = ""  # what went wrong, for the screen
    # the order memorandum's own; the rest of it is above
    recommended_by: str = ""  # a username
    placed_by: str = ""  # a username: who had it sent
    discretionary: bool = True  # entered under discretionary power, as all orders of an allocation are by default
    entered_at: datetime | None = None  # when the first post left that Aladdin may have; None while it has none
    release_at: datetime | None = None  # not sent before
    batch: str = ""  # the id of the batch it was confirmed in

    @property
    def declined(self) -> bool:
        """Whether a second person declined it: another that is rejected was refused by Aladdin, or by compliance."""
        return self.state is OrderState.REJECTED and not self.broker_id and self.message.startswith(DECLINED)

    @property
    def progress(self) -> float:
        """Filled over allocated face, 0..1."""
        return float(self.filled / self.face) if self.face else 0.0


@dataclass(frozen=True, slots=True)
class Event:
    """One line of an order's history."""

    order_id: str
    at: datetime
    actor: str  # a username, or "worker"
    event: str  # of orders.lifecycle.Event
    state: OrderState  # after it
    detail: str
    reason: str = ""  # why a person modified or canceled the order, in their words


class Kind(StrEnum):
    """What the worker can be asked to do."""

    SEND = "send"
    MODIFY = "modify"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Intent:
    """Something the worker has been asked to do with an order."""

    id: str
    order_id: str
    kind: Kind
    created_at: datetime
    reference: str = ""  # of what a person did to ask for it


@dataclass(frozen=True, slots=True)
class Draft:
    """A request that a user has begun and not confirmed."""

    id: str
    username: str
    saved_at: datetime
    body: str  # canonical JSON


@dataclass(frozen=True, slots=True)
class BatchRun:
    """How far a batch is: it is noted when it begins and after each of its blocks, so that one that was broken off says
    where."""

    username: str
    id: str
    name: str  # as somebody gave it; empty where the id was made up
    blocks: int
    tried: int
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """One step of one order, to be written with its audit entry. None leaves a field as it is. A step that changes the
    terms (from `ordered` on) is a modification: it has a reason, and a new version of the statement beside it."""

    order_id: str
    version: int  # the version this change was made from
    state: OrderState
    event: str
    actor: str
    at: datetime
    detail: str = ""
    broker_id: str | None = None
    broker_status: str | None = None
    filled: Decimal | None = None
    average_price: Decimal | None = None
    booked: Mapping[str, Decimal] | None = None  # by account id
    message: str | None = None
    closes_intent: str | None = None  # id of the intent this step completes, or takes back
    opens_intent: Kind | None = None  # what the worker is asked to do from now on
    reason: str = ""  # why a person modified or canceled the order, in their words
    cleared: frozenset[Literal["average_price", "limit"]] = frozenset()  # what has no value any more
    ordered: int | None = None
    face: int | None = None  # the sum of the lines
    limit: Decimal | None = None
    settlement: date | None = None
    lines: tuple[OrderLine, ...] | None = None  # all of them anew; what they have booked stays as it is
    engine: str | None = None  # which split it so

    @property
    def modifies(self) -> bool:
        """Whether the terms are others after it."""
        terms = (self.ordered, self.face, self.limit, self.settlement, self.lines, self.engine)
        return "limit" in self.cleared or any(term is not None for term in terms)


@dataclass(frozen=True, slots=True)
class Ticket:
    """An order as it is posted: one order with one detail per account."""

    reference: str  # our order id, the external reference
    asset_id: str
    side: Side
    settlement: date
    trade_date: date
    limit: Decimal | None
    lines: tuple[OrderLine, ...]
    comment: str


@dataclass(frozen=True, slots=True)
class LimitVersion:
    """One version of the limits table, and who wrote it."""

    at: datetime
    by: str  # a username, or where it was imported from
    comment: str
    table: LimitTable

    @property
    def version(self) -> int:
        return self.table.version


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of the hash-chained audit log, newest last in its stream."""

    stream: str
    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    body: str  # canonical JSON
    previous: str
    sha256: str

    @property
    def reference(self) -> str:
        """Of what was being done when it was written: log lines and requests to Aladdin have it too. Empty in entries
        from before there were any, and in one whose body was rewritten."""
        try:
            return str(json.loads(self.body).get("reference", ""))
        except (ValueError, AttributeError):
            return ""
