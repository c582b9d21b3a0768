"""Between the desk's ticket and Aladdin's order."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aladdin import wire
from aladdin import wire_orders as shapes
from aladdin.ordering import tickets
from allocation.model import Side
from orders.errors import Malformed, Rejected
from orders.model import BrokerOrder, Cancellation, OrderLine, Severity, Ticket, Violation

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
    assert json.loads(json.dumps(tickets.order_body(TICKET))) == {
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


def test_orders_are_posted_for_good_and_checked_as_a_what_if() -> None:
    assert tickets.placing(10) == {"whatIf": False, "runCompliance": True, "complianceTimeout": "10s"}
    assert tickets.CHECKING == {"whatIf": True, "runCompliance": True}


def test_a_ticket_without_a_limit_is_a_market_order() -> None:
    order = tickets.order_body(replace(TICKET, limit=None, comment=""))
    assert order["orderType"] == "Market"
    assert not {"tradingLimitType", "tradingLimitValue", "orderComments"} & order.keys()


def test_a_modification_names_the_order_and_gives_all_its_details() -> None:
    order = tickets.order_body(TICKET, broker_id="100001")
    assert order == {"id": "100001"} | tickets.order_body(TICKET)


def test_the_account_code_goes_along_with_the_reference_where_there_is_one() -> None:
    named = {"externalId1": "EV-1", "accountCode": "77"}
    assert tickets.order_body(TICKET, "77")["externalOrderReference"] == named
    assert tickets.cancel_body(Cancellation("why", reference="EV-1"), "77")["externalReference"] == named


def test_a_cancel_names_the_order_and_gives_the_reason() -> None:
    comments = [{"orderCommentKey": "General", "orderCommentValue": "the client called"}]
    by_id = tickets.cancel_body(Cancellation("the client called", broker_id="100001"), "77")
    assert by_id == {"orderId": "100001", "orderComments": comments}
    by_reference = tickets.cancel_body(Cancellation("the client called", reference="EV-1"))
    assert by_reference == {"externalReference": {"externalId1": "EV-1"}, "orderComments": comments}


@pytest.mark.parametrize("named", [{}, {"broker_id": "1", "reference": "EV-1"}])
def test_a_cancellation_has_exactly_one_name_and_a_reason(named: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="give one of them"):
        Cancellation("why", **named)
    with pytest.raises(ValueError, match="for a reason"):
        Cancellation("  ", broker_id="1")


@pytest.mark.parametrize(("broker_id", "says"), [("", "no account trades"), ("100001", "cancel it instead")])
def test_a_ticket_nobody_trades_is_refused_before_it_is_sent(broker_id: str, says: str) -> None:
    nothing = replace(TICKET, lines=(OrderLine("ACC1", 0),))
    with pytest.raises(Rejected, match=f"Order EV-1 has no face.*{says}.*Nothing was sent"):
        tickets.order_body(nothing, broker_id=broker_id)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"limit": Decimal("98.1234567890123456789")}, r"limit of order EV-1, 98\.1234567890123456789,"),
        ({"lines": (OrderLine("ACC1", 2**53), OrderLine("ACC2", 1))}, r"face of order EV-1, 9,007,199,254,740,993,"),
    ],
)
def test_a_figure_that_would_not_arrive_as_it_is_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(Rejected, match=f"{says} has more digits"):
        tickets.order_body(replace(TICKET, **changes))


def order(**changes: Any) -> shapes.Order:
    given: dict[str, Any] = {
        "id": 100001,
        "orderStatus": "Some new status",
        "externalOrderReference": {"externalId1": "EV-1"},
        "assetId": "BOND1",
        "transactionType": "SELL",
        "orderType": "Limit",
        "tradingLimitType": "Price",
        "tradingLimitValue": "98.125",
        "settleDate": "2026-11-24",
        "tradeDate": "2026-11-20",
        "basketId": "B-7",
        "modifyTime": "2026-11-20T10:00:00.250-05:00",
        "version": 3,
        "face": 500_000,
        "fillAmount": "150000",
        "averagePrice": 98.1,
        "orderDetails": [
            {"portfolioReference": {"portfolioTicker": "ACC1"}, "quantity": 200_000, "quantityBooked": 60_000},
            {"portfolioReference": {"portfolioId": "1003"}, "quantity": 300_000},
        ],
    }
    return wire.parse(shapes.Order, given | changes, "an order")


def test_an_order_is_reported_with_its_own_word_for_the_status() -> None:
    assert tickets.broker_order(order(), {"1003": "ACC3"}) == BrokerOrder(
        id="100001",
        reference="EV-1",
        status="Some new status",
        face=Decimal(500_000),
        filled=Decimal(150_000),
        average_price=Decimal("98.1"),
        booked={"ACC1": Decimal(60_000), "ACC3": Decimal(0)},
        asset_id="BOND1",
        side=Side.SELL,
        asked={"ACC1": Decimal(200_000), "ACC3": Decimal(300_000)},
        limit=Decimal("98.125"),
        limit_type="Price",
        settlement=date(2026, 11, 24),
        trade_date=date(2026, 11, 20),
        basket="B-7",
        modified_at=datetime(2026, 11, 20, 15, 0, 0, 250_000, tzinfo=UTC),
        version=3,
    )


def test_what_aladdin_leaves_out_is_missing() -> None:
    bare = wire.parse(shapes.Order, {"id": "1", "orderStatus": "Open"}, "an order")
    assert tickets.broker_order(bare, {}) == BrokerOrder("1", "", "Open", Decimal(0), Decimal(0), None, {})


def test_a_yield_limit_is_not_taken_for_a_price() -> None:
    reported = tickets.broker_order(order(tradingLimitType="Yield", tradingLimitValue=4.5), {"1003": "ACC3"})
    assert (reported.limit_type, reported.limit) == ("Yield", Decimal("4.5"))


@pytest.mark.parametrize(("word", "side"), [("buy", Side.BUY), ("SHORT SELL", None), ("", None)])
def test_a_transaction_that_is_no_buy_and_no_sale_has_no_side(word: str, side: Side | None) -> None:
    assert tickets.broker_order(order(transactionType=word), {"1003": "ACC3"}).side is side


def test_face_left_out_is_the_sum_of_the_details_and_a_price_of_zero_is_none() -> None:
    left_out = order(face=None, averagePrice=0, fillAmount=None, tradingLimitValue=0)
    reported = tickets.broker_order(left_out, {"1003": "ACC3"})
    assert (reported.face, reported.filled, reported.average_price) == (Decimal(500_000), Decimal(0), None)
    assert reported.limit is None


def test_a_detail_for_a_portfolio_nobody_can_name_is_malformed() -> None:
    assert tickets.unnamed_portfolios([order()]) == {"1003"}
    with pytest.raises(Malformed, match="order 100001 has a detail for a portfolio \\(number 1003\\)"):
        tickets.broker_order(order(), {})


PUBLISHED = {
    "COMPLIANCE_SEVERITY_WARNING": Severity.WARNING,
    "COMPLIANCE_SEVERITY_RESTRICTION": Severity.RESTRICTION,
    "COMPLIANCE_SEVERITY_SILENT_ALARM": Severity.SILENT_ALARM,
    "COMPLIANCE_SEVERITY_SECURITY_LANDING": Severity.SECURITY_LANDING,
    "COMPLIANCE_SEVERITY_TIMING_ISSUE": Severity.TIMING_ISSUE,
    "COMPLIANCE_SEVERITY_GAIN_LOSS_SENSITIVE": Severity.GAIN_LOSS_SENSITIVE,
    "COMPLIANCE_SEVERITY_UNSPECIFIED": Severity.UNKNOWN,
    "COMPLIANCE_SEVERITY_OF_TOMORROW": Severity.UNKNOWN,
    "": Severity.UNKNOWN,
}


@pytest.mark.parametrize(("word", "severity"), PUBLISHED.items())
def test_each_published_severity_has_its_name_and_any_other_is_unknown(word: str, severity: Severity) -> None:
    given = wire.parse(shapes.Violation, {"ruleId": "R1", "complianceSeverity": word}, "a violation")
    assert tickets.violation(given, {}) == Violation("R1", "", severity, "")
    assert set(PUBLISHED.values()) == set(Severity)


def test_a_violation_names_its_account_or_keeps_the_number() -> None:
    given = wire.parse(shapes.Violation, {"portfolioId": -1123}, "a violation")
    assert tickets.violation(given, {"-1123": "ACC1"}).account_id == "ACC1"
    assert tickets.violation(given, {}).account_id == "-1123"


faces = st.integers(0, 10**12) | st.integers(0, 5 * 10**14)
prices = st.integers(1, 999 * 10**12).map(lambda units: Decimal(units) / 10**12)
long_prices = st.integers(1, 10**21).map(lambda units: Decimal(units) / 10**12)
days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=64)
any_ticket = st.builds(
    Ticket,
    reference=names,
    asset_id=names,
    side=st.sampled_from(Side),
    settlement=days,
    trade_date=days,
    limit=st.none() | prices | long_prices,
    lines=st.lists(st.builds(OrderLine, account_id=names, face=faces), max_size=8, unique_by=lambda x: x.account_id)
    .map(lambda lines: (*lines, OrderLine("one that trades" * 5, 1000)))
    .map(tuple),
    comment=st.text(max_size=20),
)


@given(any_ticket)
def test_every_figure_of_a_ticket_comes_back_from_the_wire_as_it_was(ticket: Ticket) -> None:
    lines = {line.account_id: Decimal(line.face) for line in ticket.lines if line.face}
    if ticket.limit is not None and Decimal(repr(float(ticket.limit))) != ticket.limit:
        with pytest.raises(Rejected, match="more digits"):  # never sent otherwise than it is
            tickets.order_body(ticket)
        return
    sent = json.dumps(tickets.order_body(ticket))
    # As by a server whose every number is a double.
    echoed = json.loads(sent, parse_int=float) | {"id": "1", "orderStatus": "Open"}
    reported = tickets.broker_order(wire.parse(shapes.Order, wire.read_json(json.dumps(echoed)), "an order"), {})
    assert reported.asked == lines
    assert reported.face == sum(lines.values())
    assert (reported.limit, reported.limit_type) == (ticket.limit, "Price" if ticket.limit is not None else "")
    assert (reported.settlement, reported.trade_date) == (ticket.settlement, ticket.trade_date)
    assert (reported.reference, reported.asset_id, reported.side) == (ticket.reference, ticket.asset_id, ticket.side)


@given(prices)
def test_prices_below_a_thousand_keep_their_twelve_decimals(price: Decimal) -> None:
    assert Decimal(repr(tickets.order_body(replace(TICKET, limit=price))["tradingLimitValue"])) == price
