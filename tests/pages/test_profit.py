"""The page of profit and loss, over real orders that were confirmed, sent and booked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from allocation.model import Choices, Metric, Side
from orders.desk import Request
from orders.model import Order
from tests.allocation.desk import bond
from tests.orders.desk import ANALYST, COMPLIANCE, PM, dated
from tests.pages.front import Front, words


@pytest.fixture
def front(front: Front) -> Front:
    front.market.bonds["B"] = dated(bond(price="98.5", accrued="0.5"))
    return front


def traded(front: Front, command: str, face: int, price: str, side: Side = Side.BUY, **booked: int) -> Order:
    """A block confirmed, sent, and booked at this price a minute later."""
    parameters = {"by": "holding"} if side is Side.SELL else {}
    choices = Choices(parameters=parameters, metric=Metric.DURATION)
    seen = front.desk.preview(PM, Request("BIG6", "B", side, face, date(2026, 11, 23), choices=choices))
    order = front.desk.confirm(PM, seen, "", command, accepted=dict.fromkeys(seen.warnings, "meant"))
    front.work()
    front.clock.pass_(65)
    front.broker.fill("Booked", **booked)
    last = list(front.broker.book)[-1]
    front.broker.book[last] = replace(front.broker.book[last], average_price=Decimal(price))
    front.work()
    return order


def test_before_the_first_fill_the_page_says_what_to_do(front: Front) -> None:
    page = front.visit("profit")
    assert page.info[0].value.startswith("Nothing was booked for an account of BIG6 yet. Allocate a block")
    assert not page.dataframe


def test_what_was_earned_stands_by_account_and_bond_and_trade_by_trade(front: Front) -> None:
    order = traded(front, "c1", 2_000_000, "98", A=1_000_000, B=1_000_000)
    page = front.visit("profit")
    earned, trades = page.dataframe[0].value, page.dataframe[1].value
    assert list(earned["Account"]) == ["A", "B"]
    assert list(earned["Unrealised"]) == [5_000.0, 5_000.0]
    assert earned["Realised"].isna().all()
    assert list(trades["Order"]) == [order.id, order.id]
    assert list(trades["First day"]) == [5_000.0, 5_000.0]
    assert list(trades["First fill"]) == ["1 min 05 s"] * 2
    assert list(trades["Not known"]) == ["The day is not over: so far."] * 2
    assert {figure.label: figure.value for figure in page.metric} == {
        "Realised": "USD 0", "Unrealised": "+USD 10,000", "First day": "+USD 10,000", "Lines booked": "2",
    }  # fmt: skip


def test_what_is_not_known_is_said_and_is_no_zero(front: Front) -> None:
    traded(front, "c1", 2_000_000, "98", A=1_000_000, B=1_000_000)
    front.market.bonds["B"] = replace(front.market.bonds["B"], price=None)
    page = front.visit("profit")
    assert {figure.label: figure.value for figure in page.metric}["Unrealised over 0 of 2"] == "–"
    assert "A bond has no price: what is held of it is not valued." in words(page)
    assert page.dataframe[0].value["Unrealised"].isna().all()
    assert list(page.dataframe[1].value["Not known"]) == ["No mark of 20 Nov 2026 is known."] * 2


def test_the_first_day_of_an_earlier_day_is_not_told_at_today_s_mark(front: Front) -> None:
    traded(front, "c1", 2_000_000, "98", A=1_000_000, B=1_000_000)
    front.clock.today_ = date(2026, 11, 23)
    front.market.bonds["B"] = dated(bond(price="99", accrued="0.5"), date(2026, 11, 23), date(2026, 11, 23))
    page = front.visit("profit")
    assert {figure.label: figure.value for figure in page.metric}["First day over 0 of 2"] == "–"
    assert "No mark of" in page.dataframe[1].value["Not known"][0]


def test_both_tables_can_be_downloaded(front: Front) -> None:
    traded(front, "c1", 2_000_000, "98", A=1_000_000, B=1_000_000)
    labels = [button.label for button in front.visit("profit").download_button]
    tables = ("By account and bond", "Trade by trade")
    assert labels == [f"{table} as {kind}" for table in tables for kind in ("CSV", "Excel")]


@pytest.mark.parametrize("user", [ANALYST, COMPLIANCE])
def test_whoever_may_look_sees_it_for_the_groups_they_see(front: Front, user: object) -> None:
    traded(front, "c1", 2_000_000, "98", A=1_000_000, B=1_000_000)
    front.gate.user = user  # type: ignore[assignment]
    page = front.visit("profit")
    assert list(page.selectbox("profit.group").options) == ["BIG6", "OPNIC"]
    assert len(page.dataframe[0].value) == 2
    page.selectbox("profit.group").set_value("OPNIC").run()
    assert page.query_params["group"] == "OPNIC"
    assert front.visit("profit", group="OPNIC").selectbox("profit.group").value == "OPNIC"
    assert "what its accounts traded in other groups counts too" in words(page)
    assert {figure.label: figure.value for figure in page.metric}["Lines booked"] == "2"
    assert list(page.dataframe[1].value["Group"]) == ["BIG6", "BIG6"]
    front.gate.user = replace(PM, groups=frozenset())
    assert "Your user sees no portfolio group yet." in words(front.visit("profit"))
