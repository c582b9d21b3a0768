"""Our ledger held against Aladdin's orders: what is told of each that differs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from orders.differing import Finding
from orders.errors import IllegalTransition, NotFound, SettingsError
from orders.model import BrokerOrders
from tests.orders.both import Both, over
from tests.orders.desk import PM
from tests.orders.test_desk import preview


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
    both.watch.shown(status="Canceled")
    found = both.only()
    assert (found.finding, found.adoptable) == (Finding.STATE, True)
    assert found.sentence.endswith("is open, 0 filled here; Aladdin says Canceled, 0 filled.")


@pytest.mark.parametrize(("status", "face"), [("Active", 400_000), ("Active", 0), ("Booked", 1_000_000)])
def test_an_order_that_only_went_on_there_is_no_difference(both: Both, status: str, face: int) -> None:
    both.watch.broker.fill(status, A=face, B=face)
    found = both.use.compare(PM, "BIG6")
    assert (found.same, found.differences) == (0, ())
    (behind,) = found.behind
    assert (behind.finding, behind.adoptable) == (Finding.BEHIND, False)
    assert behind.sentence.endswith(f"is open, 0 filled here; Aladdin says {status}, {2 * face:,} filled.")
    both.watch.round()
    assert both.use.compare(PM, "BIG6").behind == ()


def test_a_fill_that_was_taken_back_there_is_a_difference(both: Both) -> None:
    both.watch.broker.fill("Active", A=400_000, B=400_000)
    both.watch.round()
    both.watch.broker.fill("Active", A=400_000, B=300_000)
    assert both.only().finding is Finding.STATE


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
    there = both.use.compare(PM, "BIG6")
    assert (there.differences, there.behind) == ((), ())
    assert [one.order_id for one in both.use.compare(everywhere, "OPNIC").behind] == ["AL-77"]
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


def test_a_desk_without_aladdins_orders_says_so(both: Both) -> None:
    with pytest.raises(SettingsError, match="without Aladdin's orders"):
        over(both.watch, None).compare(PM, "BIG6")
