"""What Aladdin has, taken over."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from orders.differing import Finding
from orders.errors import IllegalTransition, NotFound, NotPermitted, Rejected
from orders.model import OrderState
from tests.allocation.desk import account
from tests.orders.both import Both
from tests.orders.desk import ANALYST, COMPLIANCE, PM


def test_an_order_entered_elsewhere_becomes_one_of_ours_which_the_worker_follows(both: Both) -> None:
    both.entered()
    order = both.use.adopt(PM, "BIG6", "77", "entered by phone", "a1")
    assert (order.id, order.state, order.engine, order.broker_id) == ("AL-77", OrderState.OPEN, "elsewhere", "77")
    assert [(line.account_id, line.face) for line in order.lines] == [("A", 600_000), ("B", 300_000)]
    assert (order.limit, order.created_by, order.placed_by) == (Decimal(99), "pm", "")
    body = json.loads(both.watch.at.desk.past.statement(PM, order.id).body)
    assert body["confirmed"]["comment"] == "Entered in Aladdin as 77, taken over: entered by phone"
    assert body["lines"][0]["reason"] == "As entered in Aladdin: nothing was decided about it here."
    assert not [intent for intent in both.watch.at.ledger.intents() if intent.order_id == order.id]
    assert both.use.compare(PM, "BIG6").behind[0].order_id == order.id  # what it is, the worker writes
    both.entered(status="Booked", filled=Decimal(900_000), average_price=Decimal("98.9"),
                 booked={"A": Decimal(600_000), "B": Decimal(300_000)})  # fmt: skip
    both.watch.round()
    after = both.watch.at.ledger.order("AL-77")
    assert (after.state, after.filled, after.average_price) == (OrderState.BOOKED, Decimal(900_000), Decimal("98.9"))
    assert len(both.watch.broker.posted) == 1  # the other one
    assert both.differences() == ()
    assert both.watch.at.ledger.verify() == ()


def test_its_effect_is_from_before_it_as_aladdins_figures_count_it_already(both: Both) -> None:
    both.watch.at.market.accounts = (account("A", held="600000", cash="1000000"), account("B", held="300000"))
    both.entered()
    both.use.adopt(PM, "BIG6", "77", "x", "a1")
    body = json.loads(both.watch.at.ledger.statement("AL-77").body)
    line = body["lines"][0]
    assert Decimal(line["cash_before"]) - Decimal(line["money"]) == Decimal(line["cash_after"])
    assert body["accounts"][0]["held"] == "0"


def test_an_order_whose_reference_aladdin_does_not_show_is_the_one_of_its_number(both: Both) -> None:
    """Else it would be a second order of the same fills."""
    order = both.watch.order()
    both.watch.shown(reference="", limit=Decimal(98), limit_type="Price")
    assert both.only().order_id == order.id
    after = both.use.adopt(PM, "BIG6", order.broker_id, "agreed by phone", "a1")
    assert (after.id, after.limit) == (order.id, Decimal(98))
    assert len(both.watch.at.ledger.orders()) == 1
    assert both.differences() == ()


def test_a_second_order_under_our_reference_is_told_and_not_taken_over(both: Both) -> None:
    order = both.watch.order()
    both.entered(reference=order.id)
    found = both.only()
    assert (found.finding, found.broker_id, found.adoptable) == (Finding.MISTAKEN, "77", False)
    assert f"is Aladdin's {order.broker_id}, and order 77 (BUY 900,000 B, Active) there carries" in found.sentence
    with pytest.raises(IllegalTransition, match="carries its reference too"):
        both.use.adopt(PM, "BIG6", "77", "x", "a1")
    assert both.watch.at.ledger.statement(order.id).version == 1


def test_what_another_order_under_our_reference_came_to_is_no_correction_of_ours(both: Both) -> None:
    both.watch.broker.fill("Booked", A=1_000_000, B=1_000_000)
    order = both.watch.round()
    both.watch.broker.book["9"] = replace(
        both.watch.broker.book[order.broker_id], id="9", status="Canceled", filled=Decimal(0), booked={}
    )
    with pytest.raises(IllegalTransition, match="carries its reference too"):
        both.use.adopt(PM, "BIG6", "9", "x", "a1")
    assert both.watch.at.ledger.order(order.id) == order


def test_the_same_adoption_twice_is_one_order(both: Both) -> None:
    both.entered()
    first = both.use.adopt(PM, "BIG6", "77", "x", "a1")
    assert both.use.adopt(PM, "BIG6", "77", "x", "a1") == first
    assert both.use.adopt(PM, "BIG6", "77", "x", "another click").id == first.id
    assert len(both.watch.at.ledger.orders()) == 2


def test_an_order_entered_elsewhere_is_modified_by_hand_and_canceled_like_any_other(both: Both) -> None:
    desk = both.watch.at.desk
    both.entered()
    both.use.adopt(PM, "BIG6", "77", "x", "a1")
    both.watch.round()
    wanted = desk.modifying.request(PM, "AL-77")
    smaller = replace(wanted, face=700_000, choices=replace(wanted.choices, locked={"A": 400_000, "B": 300_000}))
    seen = desk.preview(PM, smaller)
    desk.modifying.modify(PM, seen, "half of it", "m1", dict.fromkeys(seen.warnings, "meant"))
    both.watch.round()
    assert both.watch.broker.book["77"].asked == {"A": 400_000, "B": 300_000}
    desk.orders.cancel(PM, "AL-77", "not wanted", "k1")
    both.watch.round()
    both.watch.round()
    assert both.watch.at.ledger.order("AL-77").state is OrderState.CANCELED


def test_terms_changed_in_aladdin_become_the_next_version_of_the_statement(both: Both) -> None:
    asked = {"A": Decimal(500_000), "B": Decimal(1_000_000)}
    both.watch.shown(face=Decimal(1_500_000), asked=asked, settlement=date(2026, 11, 24))
    before = both.watch.round()
    assert "not what was confirmed" in before.message
    after = both.use.adopt(PM, "BIG6", before.broker_id, "agreed by phone", "a1")
    assert (after.state, after.face, after.settlement) == (before.state, 1_500_000, date(2026, 11, 24))
    assert {line.account_id: line.face for line in after.lines} == asked
    assert both.watch.at.ledger.statement(after.id).version == 2
    event = both.watch.at.ledger.events(after.id)[-1]
    assert (event.event, event.reason, event.actor) == ("adopted", "agreed by phone", "pm")
    assert both.watch.round().message == ""
    assert both.differences() == ()
    assert both.watch.at.ledger.verify() == ()


def test_an_account_added_in_aladdin_can_be_taken_over(both: Both) -> None:
    both.watch.at.market.accounts = (account("A"), account("B"), account("C"))
    asked = {"A": Decimal(1_000_000), "B": Decimal(500_000), "C": Decimal(500_000)}
    both.watch.shown(asked=asked)
    order = both.watch.round()
    assert both.only().finding is Finding.TERMS
    both.use.adopt(PM, "BIG6", order.broker_id, "C was added there", "a1")
    both.watch.round()
    assert both.differences() == ()


def test_of_another_state_the_worker_is_asked_to_look_and_writes_it(both: Both) -> None:
    both.watch.broker.fill("Active", A=500_000)
    order = both.watch.order()
    assert both.use.adopt(PM, "BIG6", order.broker_id, "now please", "a1") == order
    after = both.watch.tick()
    assert after.filled == 500_000
    assert both.watch.at.ledger.events(after.id)[-1].actor == "worker"


@pytest.mark.parametrize(
    ("otherwise", "why"),
    [
        ({"asked": {}}, "shows no account in it"),
        ({"asked": {"A": Decimal(900_000), "Z": Decimal(1)}}, "Z is not in BIG6"),
        ({"asked": {"A": Decimal(1)}}, "its face is 900,000, and its accounts have 1"),
        ({"asked": {"A": Decimal("900000.5")}, "face": Decimal("900000.5")}, "which is not whole"),
        ({"booked": {"A": Decimal(1)}, "asked": {"B": Decimal(900_000)}}, "A has something booked and nothing asked"),
        ({"side": None}, "neither a buy nor a sale"),
        ({"settlement": None}, "when it settles"),
        ({"limit_type": "Yield"}, "its limit is a yield"),
    ],
)
def test_an_order_of_which_too_little_is_told_is_not_taken_over(both: Both, otherwise: Any, why: str) -> None:
    both.entered(**otherwise)
    with pytest.raises(Rejected, match=why):
        both.use.adopt(PM, "BIG6", "77", "x", "a1")
    assert len(both.watch.at.ledger.orders()) == 1


def test_who_may_look_compares_and_only_who_may_confirm_takes_over(both: Both) -> None:
    both.entered()
    assert both.use.compare(ANALYST, "BIG6").differences
    for user in (ANALYST, COMPLIANCE):
        with pytest.raises(NotPermitted, match="portfolio manager can"):
            both.use.adopt(user, "BIG6", "77", "x", "a1")
    with pytest.raises(NotPermitted, match="not entitled to the group OPNIC"):
        both.use.compare(PM, "OPNIC")
    with pytest.raises(NotPermitted, match="Say why"):
        both.use.adopt(PM, "BIG6", "77", " ", "a1")
    with pytest.raises(NotFound, match="does not show its order 404"):
        both.use.adopt(PM, "BIG6", "404", "x", "a1")
