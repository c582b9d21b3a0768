from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from allocation.model import Side
from orders.checks import Policy
from orders.differing import Difference, Finding
from orders.errors import IllegalTransition, NotFound, NotPermitted, Rejected, SettingsError
from orders.lifecycle import FINAL, reported, step
from orders.model import BrokerOrder, BrokerOrderIds, BrokerOrders, OrderState
from orders.reconcile import Reconciling
from tests.allocation.desk import account
from tests.orders.desk import ANALYST, BOOK, COMPLIANCE, PM, FakeBroker
from tests.orders.test_desk import preview
from tests.orders.watch import Watch, watching


@dataclass
class FakeBlotter:
    """What the broker has, as its blotter shows it."""

    broker: FakeBroker
    remarks: tuple[str, ...] = ()

    def _live(self) -> tuple[BrokerOrder, ...]:
        return tuple(o for o in self.broker.book.values() if step(OrderState.OPEN, reported(o)) not in FINAL)

    def find_orders(self, references: Any) -> tuple[BrokerOrder, ...]:
        return tuple(order for order in self.broker.book.values() if order.reference in references)

    def orders(self, broker_ids: Any) -> tuple[BrokerOrder, ...]:
        return self.broker.orders(broker_ids)

    def live_orders(self, group: str) -> BrokerOrders:
        return BrokerOrders(self._live(), self.remarks)

    def live_order_ids(self, group: str) -> BrokerOrderIds:
        return BrokerOrderIds(tuple(order.id for order in self._live()))

    def modified_since(self, group: str, since: datetime, until: datetime) -> BrokerOrders:
        return BrokerOrders(tuple(o for o in self.broker.book.values() if o.modified_at is not None), self.remarks)

    def in_basket(self, basket: str, on: date) -> BrokerOrders:
        return BrokerOrders(())

    def ids_in_basket(self, basket: str, on: date) -> BrokerOrderIds:
        return BrokerOrderIds(())


@dataclass
class Both:
    """A desk and Aladdin, with an order that is live on both sides."""

    watch: Watch
    blotter: FakeBlotter
    use: Reconciling

    def differences(self) -> tuple[Difference, ...]:
        return self.use.compare(PM, "BIG6").differences

    def only(self) -> Difference:
        (difference,) = self.differences()
        return difference

    def entered(self, name: str = "77", **otherwise: Any) -> BrokerOrder:
        """An order that somebody entered in Aladdin itself."""
        made = BrokerOrder(
            name, "", "Active", Decimal(900_000), Decimal(0), None, {}, asset_id="B", side=Side.BUY,
            asked={"A": Decimal(600_000), "B": Decimal(300_000)}, limit=Decimal(99), limit_type="Price",
            settlement=date(2026, 11, 23), trade_date=date(2026, 11, 20),
        )  # fmt: skip
        self.watch.broker.book[name] = replace(made, **otherwise)
        return self.watch.broker.book[name]


@pytest.fixture
def both(tmp_path: Path) -> Both:
    watch = watching(tmp_path)
    watch.round()
    blotter = FakeBlotter(watch.broker)
    return Both(watch, blotter, over(watch, blotter))


def over(watch: Watch, blotter: FakeBlotter | None) -> Reconciling:
    """The use cases with Aladdin's orders at hand; the worker works when the test says so."""
    at = watch.at
    return Reconciling(blotter, at.desk, at.ledger, at.clock, BOOK, Policy(), watch.worker.wake)


# -- compared ----------------------------------------------------------------------------------------------------------


def test_orders_that_are_the_same_are_counted(both: Both) -> None:
    found = both.use.compare(PM, "BIG6")
    assert (found.same, found.differences) == (1, ())


def test_an_order_aladdin_does_not_show_is_missing(both: Both) -> None:
    order = both.watch.order()
    both.watch.broker.book.clear()
    found = both.only()
    assert (found.finding, found.order_id, found.adoptable) == (Finding.MISSING, order.id, False)
    assert found.sentence == (
        f"{order.id} (BUY 2,000,000 A bond) is open here; Aladdin does not show its {order.broker_id}."
    )


def test_an_order_that_has_ended_there_is_found_by_its_number(both: Both) -> None:
    both.watch.broker.fill("Booked", A=1_000_000, B=1_000_000)
    found = both.only()
    assert (found.finding, found.adoptable) == (Finding.STATE, True)
    assert found.sentence.endswith("is open, 0 filled here; Aladdin says Booked, 2,000,000 filled.")


def test_an_order_entered_elsewhere_is_told_with_what_can_be_done(both: Both) -> None:
    both.entered()
    found = both.only()
    assert (found.finding, found.broker_id, found.adoptable) == (Finding.ELSEWHERE, "77", True)
    assert found.sentence == (
        "Aladdin's order 77 (BUY 900,000 B, Active) is not in this ledger: it was entered elsewhere."
    )
    assert found.advice.startswith("Take it over")


def test_an_order_entered_elsewhere_that_ended_is_told_where_it_has_a_fill(both: Both) -> None:
    moment = both.watch.at.clock.now()
    both.entered("77", status="Canceled", modified_at=moment)
    assert both.differences() == ()
    both.entered("78", status="Booked", modified_at=moment, filled=Decimal(900_000))
    assert both.only().broker_id == "78"


def test_what_was_changed_is_looked_for_around_the_business_date_however_long_ago_it_is(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[datetime, datetime]] = []

    def noting(group: str, since: datetime, until: datetime) -> BrokerOrders:
        asked.append((since, until))
        return BrokerOrders(())

    monkeypatch.setattr(both.blotter, "modified_since", noting)
    both.differences()
    both.watch.at.clock.pass_(400 * 86_400)
    both.differences()
    assert [since for since, _ in asked] == [datetime(2026, 11, 19, tzinfo=UTC)] * 2
    assert asked[0][1].date() == date(2026, 11, 20)
    assert asked[1][1] == datetime(2026, 11, 22, tzinfo=UTC)


def test_an_order_of_another_group_is_compared_there(both: Both) -> None:
    everywhere = replace(PM, groups=frozenset({"*"}))
    both.entered()
    both.use.adopt(everywhere, "OPNIC", "77", "x", "a1")
    assert both.use.compare(PM, "BIG6").differences == ()
    assert [one.order_id for one in both.use.compare(everywhere, "OPNIC").differences] == ["AL-77"]
    with pytest.raises(NotFound, match="is not one of BIG6"):
        both.use.adopt(PM, "BIG6", "77", "x", "a2")


def test_an_order_with_a_reference_this_ledger_does_not_have_is_told_apart(both: Both) -> None:
    both.entered(reference="EL-0123456789AB")
    assert both.only().finding is Finding.NOT_HERE
    assert "carries the reference EL-0123456789AB" in both.only().sentence


def test_other_terms_are_told_on_both_sides(both: Both) -> None:
    both.watch.shown(face=Decimal(1_500_000), asked={"A": Decimal(500_000), "B": Decimal(1_000_000)})
    found = both.only()
    assert (found.finding, found.adoptable) == (Finding.TERMS, True)
    assert "its face is 1,500,000, not 2,000,000; A has 500,000, not 1,000,000" in found.sentence


def test_another_order_under_our_name_is_no_terms_to_take_over(both: Both) -> None:
    both.watch.shown(asset_id="C")
    found = both.only()
    assert (found.finding, found.adoptable) == (Finding.MISTAKEN, False)
    with pytest.raises(IllegalTransition, match="its security is C, not B"):
        both.use.adopt(PM, "BIG6", found.broker_id, "x", "a1")


def test_an_order_that_ended_here_and_lives_there_is_to_be_canceled_there(both: Both) -> None:
    order = both.watch.order()
    both.watch.shown(status="Canceled")
    both.watch.round()
    both.watch.shown(status="Active")
    found = both.only()
    assert (found.finding, found.adoptable) == (Finding.STATE, False)
    assert found.sentence == (
        f"{order.id} (BUY 2,000,000 A bond) is canceled, 0 filled here; Aladdin says Active, 0 filled."
    )
    with pytest.raises(IllegalTransition, match="Cancel it in Aladdin"):
        both.use.adopt(PM, "BIG6", order.broker_id, "x", "a1")


def test_an_order_that_was_not_sent_from_here_and_is_there_is_not_to_be_sent(both: Both) -> None:
    made = preview(both.watch.at)
    order = both.watch.at.desk.confirm(PM, made, "", "c2")
    both.entered("78", reference=order.id, asked={"A": Decimal(1_000_000), "B": Decimal(1_000_000)})
    assert "Do not send it" in both.only().advice


def test_what_aladdin_says_it_did_not_show_is_a_difference_once(both: Both) -> None:
    both.blotter.remarks = ("Aladdin says while reading: 2 orders are hidden.",)
    found = both.only()
    assert (found.finding, found.sentence) == (Finding.REMARK, "Aladdin says while reading: 2 orders are hidden.")


# -- taken over --------------------------------------------------------------------------------------------------------


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
    assert both.differences()[0].finding is Finding.STATE  # what it is, the worker writes
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


def test_a_desk_without_aladdins_orders_says_so(both: Both) -> None:
    with pytest.raises(SettingsError, match="nothing to compare with"):
        over(both.watch, None).compare(PM, "BIG6")
