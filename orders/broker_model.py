"""The nouns of an order at Aladdin: how it is canceled, what compliance finds, what is reported of it. Frozen values,
imported from `orders.model`; faces and prices are `Decimal`, times are UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from allocation.model import Side


@dataclass(frozen=True, slots=True)
class Cancellation:
    """An order to be canceled, by Aladdin's id or by our reference, and why. ValueError when it has not exactly one
    name, or no reason."""

    reason: str
    broker_id: str = ""
    reference: str = ""

    def __post_init__(self) -> None:
        if bool(self.broker_id) == bool(self.reference):
            raise ValueError("An order is canceled by its broker id or by its reference: give one of them.")
        if not self.reason.strip():
            raise ValueError("An order is canceled for a reason: give it.")

    @property
    def name(self) -> str:
        """What the order is called by."""
        return self.broker_id or self.reference


class Severity(StrEnum):
    """How serious compliance finds a violation, as published."""

    WARNING = "warning"
    RESTRICTION = "restriction"  # holds the order up
    SILENT_ALARM = "silent alarm"
    SECURITY_LANDING = "security landing"
    TIMING_ISSUE = "timing issue"
    GAIN_LOSS_SENSITIVE = "gain/loss sensitive"
    UNKNOWN = "unknown"  # left out, or a word we do not know


@dataclass(frozen=True, slots=True)
class Violation:
    """A compliance rule that an order breaks. `account_id` is empty when it is not about one account, and Aladdin's
    portfolio number where that could not be named."""

    rule: str  # Aladdin's rule id
    account_id: str
    severity: Severity
    description: str

    @property
    def sentence(self) -> str:
        """What it is about, without a full stop: the description, or the rule where there is none."""
        return (self.description or f"rule {self.rule}").rstrip(".")


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """An order as Aladdin reports it. `booked` and `asked` are face by account id. What Aladdin leaves out is None, or
    empty."""

    id: str
    reference: str
    status: str  # Aladdin's word, unmapped
    face: Decimal
    filled: Decimal
    average_price: Decimal | None
    booked: Mapping[str, Decimal]
    message: str = ""  # what compliance holds it up for, as answered to the post
    violations: tuple[Violation, ...] = ()  # all that compliance found, as answered to the post
    asset_id: str = ""
    side: Side | None = None  # None too when it is neither a buy nor a sale
    asked: Mapping[str, Decimal] = field(default_factory=dict)
    limit: Decimal | None = None  # in the unit of `limit_type`
    limit_type: str = ""  # Aladdin's word: "Price" is clean per 100 face, "Yield" percent
    settlement: date | None = None
    trade_date: date | None = None
    basket: str = ""
    modified_at: datetime | None = None  # UTC
    version: int | None = None  # Aladdin's, not ours


@dataclass(frozen=True, slots=True)
class BrokerOrders:
    """The orders a search at Aladdin found. `remarks` says in a sentence each what is not among them: an order that
    cannot be read, or that Aladdin says it did not show."""

    orders: tuple[BrokerOrder, ...]
    remarks: tuple[str, ...] = ()
