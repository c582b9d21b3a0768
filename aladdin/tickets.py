"""From the desk's ticket to Aladdin's order, and from Aladdin's order to what the desk follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from aladdin import wire
from orders.errors import Malformed
from orders.model import BrokerOrder, Ticket

RESTRICTION = "COMPLIANCE_SEVERITY_RESTRICTION"

PRICE_DECIMALS = 12


def post_body(ticket: Ticket, compliance_timeout: int) -> dict[str, Any]:
    """The body of `order:post`: one order with one detail per account that trades, checked by compliance for at most
    `compliance_timeout` seconds."""
    lines = [line for line in ticket.lines if line.face]
    order: dict[str, Any] = {
        "assetId": ticket.asset_id,
        "transactionType": ticket.side.value,
        "orderType": "Market",
        "settleDate": ticket.settlement.isoformat(),
        "tradeDate": ticket.trade_date.isoformat(),
        "face": sum(line.face for line in lines),
        "externalOrderReference": {"externalId1": ticket.reference},
        "orderDetails": [
            {"portfolioReference": {"portfolioTicker": line.account_id}, "quantity": line.face} for line in lines
        ],
    }
    if ticket.limit is not None:
        order |= {
            "orderType": "Limit",
            "tradingLimitType": "Price",
            "tradingLimitValue": float(ticket.limit),
        }  # a double there
    if ticket.comment:
        order["orderComments"] = [{"orderCommentKey": "General", "orderCommentValue": ticket.comment}]
    config = {"whatIf": False, "runCompliance": True, "complianceTimeout": f"{compliance_timeout}s"}
    return {"postOrderConfig": config, "order": order}


def broker_order(order: wire.Order, tickers: Mapping[str, str]) -> BrokerOrder:
    """An order as Aladdin reports it. `tickers` names accounts whose details carry only the portfolio number;
    `Malformed` when one of them is not in it."""
    booked: dict[str, Decimal] = {}
    for detail in order.order_details:
        account = _account(detail, tickers, order.id)
        # A quantity of zero is left out of the answer, as all zeros may be: nothing booked is what it says.
        booked[account] = booked.get(account, Decimal(0)) + (detail.quantity_booked or Decimal(0))
    quantities = sum((detail.quantity or Decimal(0) for detail in order.order_details), Decimal(0))
    return BrokerOrder(
        id=order.id,
        reference=order.external_order_reference.external_id1,
        status=order.order_status,
        face=order.face if order.face is not None else quantities,
        filled=order.fill_amount or Decimal(0),
        # a price of zero stands for no fill yet; averages may run on for ever, and ours end at the ledger's decimals
        average_price=round(order.average_price, PRICE_DECIMALS) if order.average_price else None,
        booked=booked,
    )


def unnamed_portfolios(orders: Iterable[wire.Order]) -> frozenset[str]:
    """The portfolio numbers of details that carry no ticker."""
    references = [detail.portfolio_reference for order in orders for detail in order.order_details]
    return frozenset(ref.portfolio_id for ref in references if not ref.portfolio_ticker and ref.portfolio_id)


def _account(detail: wire.OrderDetail, tickers: Mapping[str, str], order_id: str) -> str:
    named = detail.portfolio_reference.portfolio_ticker or tickers.get(detail.portfolio_reference.portfolio_id, "")
    if not named:
        number = detail.portfolio_reference.portfolio_id or "none"
        raise Malformed(f"Aladdin's order {order_id} has a detail for a portfolio (number {number}) we cannot name.")
    return named
