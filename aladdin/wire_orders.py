"""The published shapes of orders, and of what answers when something is done with them, in the fields we use."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field

from aladdin.wire import Count, Day, Number, Page, Text, Wire, blank_is_missing

Moment = Annotated[AwareDatetime | None, BeforeValidator(blank_is_missing)]


class Status(Wire):
    """google.rpc.Status: a failure inside a success."""

    code: int
    message: Text = ""


class PortfolioReference(Wire):
    portfolio_id: Text = ""
    portfolio_ticker: Text = ""


class OrderDetail(Wire):
    portfolio_reference: PortfolioReference = PortfolioReference()
    quantity: Number = None
    quantity_booked: Number = None


class ExternalOrderReference(Wire):
    external_id1: Text = ""


class Order(Wire):
    """An order as it is shown; one that was only checked has neither id nor status, and is not read."""

    id: Annotated[str, Field(min_length=1)]
    order_status: str
    external_order_reference: ExternalOrderReference = ExternalOrderReference()
    asset_id: Text = ""
    transaction_type: Text = ""
    trading_limit_type: Text = ""
    trading_limit_value: Number = None
    settle_date: Day = None
    trade_date: Day = None
    basket_id: Text = ""
    modify_time: Moment = None
    version: Count = None
    face: Number = None
    fill_amount: Number = None
    average_price: Number = None
    order_details: tuple[OrderDetail, ...] = ()


class Orders(Page):
    """`status` tells in words how many of those asked for were not found, or are hidden from us."""

    orders: tuple[Any, ...] = ()  # each is read as an `Order` by itself: one that cannot be must not hide the others
    status: Text = ""


class OrderIds(Page):
    order_ids: tuple[str, ...] = ()


class Violation(Wire):
    rule_id: Text = ""
    portfolio_id: Text = ""
    compliance_severity: Text = ""
    violation_description: Text = ""


class CheckOutput(Wire):
    compliance_violations: tuple[Violation, ...] = ()


class PostOutput(CheckOutput):
    order: Order | None = None


class CheckResult(Wire):
    error: Status | None = None
    output: CheckOutput | None = None


class PostResult(Wire):
    error: Status | None = None
    output: PostOutput | None = None


class CancelResult(Wire):
    error: Status | None = None
    output: Order | None = None


class Results(Wire):
    """What became of each thing that was asked for, in the order asked; each is read by itself."""

    results: tuple[Any, ...]


class Operation(Wire):
    """A long-running operation. Once it is done, it has a response or an error."""

    id: Annotated[str, Field(min_length=1)]
    done: bool = False
    error: Status | None = None
    response: Results | None = None
