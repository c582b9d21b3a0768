"""Between the desk's ticket and Aladdin's order."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from aladdin import tickets, wire
from allocation.model import Side
from orders.errors import Malformed
from orders.model import BrokerOrder, OrderLine, Ticket

TICKET = Ticket(
    reference="EV-1",
    asset_id="BOND1",
    side=Side.SELL,
    settlement=date(2026, 11, 24),
    trade_date=date(2026, 11, 20),
    limit=Decimal("98.125"),
    lines=(OrderLine("ACC1", 200_000), OrderLine("ACC2", 0), OrderLine("ACC3", 300_000)),
    comment="for the record",
)


def test_a_ticket_is_one_order_with_one_detail_per_account_that_trades() -> None:
    body = json.loads(json.dumps(tickets.post_body(TICKET, 10)))
    assert body["postOrderConfig"] == {"whatIf": False, "runCompliance": True, "complianceTimeout": "10s"}
    assert body["order"] == {
        "assetId": "BOND1",
        "transactionType": "SELL",
        "orderType": "Limit",
        "tradingLimitType": "Price",
        "tradingLimitValue": 98.125,
        "settleDate": "2026-11-24",
        "tradeDate": "2026-11-20",
        "face": 500_000,
        "externalOrderReference": {"externalId1": "EV-1"},
        "orderDetails": [
            {"portfolioReference": {"portfolioTicker": "ACC1"}, "quantity": 200_000},
            {"portfolioReference": {"portfolioTicker": "ACC3"}, "quantity": 300_000},
        ],
        "orderComments": [{"orderCommentKey": "General", "orderCommentValue": "for the record"}],
    }


def test_a_ticket_without_a_limit_is_a_market_order() -> None:
    order = tickets.post_body(replace(TICKET, limit=None, comment=""), 10)["order"]
    assert order["orderType"] == "Market"
    assert not {"tradingLimitType", "tradingLimitValue", "orderComments"} & order.keys()


def order(**changes: Any) -> wire.Order:
    given: dict[str, Any] = {
        "id": 100001,
        "orderStatus": "Some new status",
        "externalOrderReference": {"externalId1": "EV-1"},
        "face": 500_000,
        "fillAmount": "150000",
        "averagePrice": 98.1,
        "orderDetails": [
            {"portfolioReference": {"portfolioTicker": "ACC1"}, "quantity": 200_000, "quantityBooked": 60_000},
            {"portfolioReference": {"portfolioId": "1003"}, "quantity": 300_000},
        ],
    }
    return wire.parse(wire.Order, given | changes, "an order")


def test_an_order_is_reported_with_its_own_word_for_the_status() -> None:
    assert tickets.broker_order(order(), {"1003": "ACC3"}) == BrokerOrder(
        id="100001",
        reference="EV-1",
        status="Some new status",
        face=Decimal(500_000),
        filled=Decimal(150_000),
        average_price=Decimal("98.1"),
        booked={"ACC1": Decimal(60_000), "ACC3": Decimal(0)},
    )


def test_face_left_out_is_the_sum_of_the_details_and_a_price_of_zero_is_none() -> None:
    reported = tickets.broker_order(order(face=None, averagePrice=0, fillAmount=None), {"1003": "ACC3"})
    assert (reported.face, reported.filled, reported.average_price) == (Decimal(500_000), Decimal(0), None)


def test_a_detail_for_a_portfolio_nobody_can_name_is_malformed() -> None:
    assert tickets.unnamed_portfolios([order()]) == {"1003"}
    with pytest.raises(Malformed, match="order 100001 has a detail for a portfolio \\(number 1003\\)"):
        tickets.broker_order(order(), {})
