"""From the desk's ticket to Aladdin's order, and from Aladdin's order to what the desk follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from typing import Any

from aladdin import wire_orders as wire
from allocation.model import Side
from orders.errors import Malformed, Rejected
from orders.model import BrokerOrder, Cancellation, Severity, Ticket, Violation

PRICE_DECIMALS = 12

# A check is not cut short: a run that was would have found nothing, and read as one that found nothing wrong.
CHECKING: Mapping[str, Any] = {"whatIf": True, "runCompliance": True}

_SEVERITIES = {f"COMPLIANCE_SEVERITY_{severity.name}": severity for severity in Severity}
_SIDES = {side.value: side for side in Side}


def placing(compliance_timeout: int) -> dict[str, Any]:
    """How orders are posted for good: checked by compliance for at most `compliance_timeout` seconds."""
    return {"whatIf": False, "runCompliance": True, "complianceTimeout": f"{compliance_timeout}s"}


def order_body(ticket: Ticket, account_code: str = "", broker_id: str = "") -> dict[str, Any]:
    """The order to post: one detail per account that trades, all of them also where it modifies the order `broker_id`.
    `Rejected` when nobody trades, or a figure would not arrive as it is."""
    lines = [line for line in ticket.lines if line.face]
    if not lines:
        what = "modify it to nothing: cancel it instead" if broker_id else "post: no account trades"
        raise Rejected(f"Order {ticket.reference} has no face, so there is nothing to {what}. Nothing was sent.")
    face = sum(line.face for line in lines)
    if float(face) != face:
        raise _too_long(f"The face of order {ticket.reference}, {face:,},")
    order: dict[str, Any] = {"id": broker_id} if broker_id else {}
    order |= {
        "assetId": ticket.asset_id,
        "transactionType": ticket.side.value,
        "orderType": "Market",
        "settleDate": ticket.settlement.isoformat(),
        "tradeDate": ticket.trade_date.isoformat(),
        "face": face,
        "externalOrderReference": _reference(ticket.reference, account_code),
        "orderDetails": [
            {"portfolioReference": {"portfolioTicker": line.account_id}, "quantity": line.face} for line in lines
        ],
    }
    if ticket.limit is not None:
        price = float(ticket.limit)  # a double there
        if Decimal(repr(price)) != ticket.limit:
            raise _too_long(f"The limit of order {ticket.reference}, {ticket.limit},")
        order |= {"orderType": "Limit", "tradingLimitType": "Price", "tradingLimitValue": price}
    if ticket.comment:
        order["orderComments"] = _comments(ticket.comment)
    return order


def cancel_body(cancellation: Cancellation, account_code: str = "") -> dict[str, Any]:
    """The body of `order:cancel`."""
    named: dict[str, Any] = {"orderId": cancellation.broker_id}
    if cancellation.reference:
        named = {"externalReference": _reference(cancellation.reference, account_code)}
    return named | {"orderComments": _comments(cancellation.reason)}


def _too_long(what: str) -> Rejected:
    return Rejected(f"{what} has more digits than Aladdin's numbers keep: round it. Nothing was sent.")


def _reference(reference: str, account_code: str) -> dict[str, str]:
    return {"externalId1": reference} | ({"accountCode": account_code} if account_code else {})


def _comments(text: str) -> list[dict[str, str]]:
    return [{"orderCommentKey": "General", "orderCommentValue": text}]


def broker_order(order: wire.Order, tickers: Mapping[str, str], violations: Sequence[Violation] = ()) -> BrokerOrder:
    """An order as Aladdin reports it, with what compliance found. `tickers` names accounts whose details carry only the
    portfolio number; `Malformed` when one of them is not in it."""
    asked: dict[str, Decimal] = {}
    booked: dict[str, Decimal] = {}
    for detail in order.order_details:
        account = _account(detail, tickers, order.id)
        # A quantity of zero is left out of the answer, as all zeros may be: nothing booked is what it says.
        asked[account] = asked.get(account, Decimal(0)) + (detail.quantity or Decimal(0))
        booked[account] = booked.get(account, Decimal(0)) + (detail.quantity_booked or Decimal(0))
    return BrokerOrder(
        id=order.id,
        reference=order.external_order_reference.external_id1,
        status=order.order_status,
        face=order.face if order.face is not None else sum(asked.values(), Decimal(0)),
        filled=order.fill_amount or Decimal(0),
        # a price of zero stands for no fill yet; averages may run on for ever, and ours end at the ledger's decimals
        average_price=round(order.average_price, PRICE_DECIMALS) if order.average_price else None,
        booked=booked,
        message=restrictions(violations),
        violations=tuple(violations),
        asset_id=order.asset_id,
        side=_SIDES.get(order.transaction_type.upper()),
        asked=asked,
        limit=order.trading_limit_value or None,  # as of a price, a limit of zero is none
        limit_type=order.trading_limit_type,
        settlement=order.settle_date,
        trade_date=order.trade_date,
        basket=order.basket_id,
        modified_at=order.modify_time.astimezone(UTC) if order.modify_time is not None else None,
        version=order.version,
    )


def violation(given: wire.Violation, tickers: Mapping[str, str]) -> Violation:
    """One thing that compliance found; a portfolio that is not in `tickers` keeps its number."""
    return Violation(
        rule=given.rule_id,
        account_id=tickers.get(given.portfolio_id, given.portfolio_id),
        severity=_SEVERITIES.get(given.compliance_severity, Severity.UNKNOWN),
        description=given.violation_description,
    )


def restrictions(violations: Iterable[Violation]) -> str:
    """What compliance holds an order up for, as one text."""
    return "; ".join(v.sentence for v in violations if v.severity is Severity.RESTRICTION)


def unnamed_portfolios(orders: Iterable[wire.Order]) -> frozenset[str]:
    """The portfolio numbers of details that carry no ticker."""
    references = [detail.portfolio_reference for order in orders for detail in order.order_details]
    return frozenset(ref.portfolio_id for ref in references if not ref.portfolio_ticker and ref.portfolio_id)


def named_portfolios(orders: Iterable[wire.Order]) -> dict[str, str]:
    """Tickers by portfolio number, as far as details carry both."""
    references = [detail.portfolio_reference for order in orders for detail in order.order_details]
    return {ref.portfolio_id: ref.portfolio_ticker for ref in references if ref.portfolio_id and ref.portfolio_ticker}


def _account(detail: wire.OrderDetail, tickers: Mapping[str, str], order_id: str) -> str:
    named = detail.portfolio_reference.portfolio_ticker or tickers.get(detail.portfolio_reference.portfolio_id, "")
    if not named:
        number = detail.portfolio_reference.portfolio_id or "none"
        raise Malformed(f"Aladdin's order {order_id} has a detail for a portfolio (number {number}) we cannot name.")
    return named
