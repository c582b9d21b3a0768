"""What came of an order: our split beside what was booked, and the departures, explained and approved."""

from __future__ import annotations

from dataclasses import replace

from orders.lifecycle import Event
from orders.model import EVERY_GROUP, Order, OrderState
from tests.orders.desk import ANALYST, PM
from tests.pages.front import Front, buttons, press, words
from tests.pages.test_order_decisions import APPROVER, BOTH, at_aladdin, decide, toasts

REASON = "The dealer filled A first"


def departed(front: Front) -> Order:
    """An order of which A has everything that is filled."""
    order = at_aladdin(front)
    front.broker.fill("Active", A=600_000)
    front.work()
    return order


def test_our_split_stands_beside_what_was_booked(front: Front) -> None:
    order = at_aladdin(front)
    front.broker.fill("Active", A=400_000, B=300_000)
    front.work()
    lines = front.visit("orders", order=order.id).dataframe[1].value
    assert list(lines["Expected"]) == [350_000, 350_000]
    assert list(lines["Booked"]) == [400_000, 300_000]
    assert list(lines["Difference"]) == ["! +50,000", "! -50,000"]


def test_a_difference_that_is_rounding_is_said_to_be_that(front: Front) -> None:
    order = at_aladdin(front)
    front.broker.fill("Active", A=351_000, B=349_000)
    front.work()
    page = front.visit("orders", order=order.id)
    assert list(page.dataframe[1].value["Difference"]) == ["+1,000", "-1,000"]
    assert "A difference without ! is the rounding to whole pieces: there is nothing to explain." in words(page)
    assert "Explain…" not in buttons(page)


def test_before_the_first_fill_nothing_is_expected_and_nothing_departs(front: Front) -> None:
    page = front.visit("orders", order=at_aladdin(front).id)
    assert list(page.dataframe[1].value["Expected"]) == [0, 0]
    assert list(page.dataframe[1].value["Difference"].isna()) == [True, True]
    assert "Explain…" not in buttons(page)


def test_a_departure_is_explained_by_one_person_and_approved_by_another(front: Front) -> None:
    order = departed(front)
    page = front.visit("orders", order=order.id)
    assert "A has 600,000 booked, 300,000 more than due" in words(page)
    assert "Nobody has explained this yet." in words(page)
    page = decide(press(page, "Explain…"), Event.EXPLAINED, REASON)
    assert f"Explained by Paula, not approved yet by somebody else: “{REASON}”" in words(page)
    assert toasts(page) == [f"{order.id}: explained; somebody else has to approve that."]
    assert "Approve the explanation…" not in buttons(page)
    front.gate.user = APPROVER
    page = press(front.visit("orders", order=order.id), "Approve the explanation…")
    page = decide(page, Event.EXPLANATION_APPROVED)
    assert f"Explained by Paula, approved by Arthur: “{REASON}”" in words(page)
    assert not {"Explain…", "Approve the explanation…"} & set(buttons(page))
    assert front.ledger.order(order.id).state is OrderState.PART_FILLED


def test_nobody_approves_what_they_explained_themselves(front: Front) -> None:
    order = departed(front)
    front.gate.user = replace(BOTH, groups=frozenset({EVERY_GROUP}))
    page = decide(press(front.visit("orders", order=order.id), "Explain…"), Event.EXPLAINED, REASON)
    assert "Approve the explanation…" not in buttons(page)


def test_a_fill_that_comes_while_it_is_explained_is_not_explained_by_that(front: Front) -> None:
    order = departed(front)
    page = press(front.visit("orders", order=order.id), "Explain…")
    front.broker.fill("Active", A=900_000)
    front.work()
    decide(page, Event.EXPLAINED, REASON)
    assert "are not those you read" in words(page)
    assert EXPLAINED not in [event.event for event in front.ledger.events(order.id)]


EXPLAINED = Event.EXPLAINED.value


def test_whoever_may_only_look_sees_the_departure_and_no_button(front: Front) -> None:
    order = departed(front)
    front.gate.user = ANALYST
    page = front.visit("orders", order=order.id)
    assert "300,000 more than due" in words(page)
    assert "Explain…" not in buttons(page)
    front.gate.user = PM
    page = press(front.visit("orders", order=order.id), "Explain…")
    front.gate.user = replace(ANALYST, username="pm")
    page.run()
    assert "nothing of" in words(page)


def test_an_explanation_waits_on_the_approvals_page_and_is_approved_from_there(front: Front) -> None:
    order = departed(front)
    decide(press(front.visit("orders", order=order.id), "Explain…"), Event.EXPLAINED, REASON)
    front.gate.user = APPROVER
    page = front.visit("approvals")
    said = words(page)
    assert "Bookings that depart from the statement, explained" in said
    assert f"Explained by Paula, not approved yet by somebody else: “{REASON}”" in said
    assert "Nothing waits for approval" not in said
    page = decide(press(page, "Approve the explanation…"), Event.EXPLANATION_APPROVED)
    assert "Nothing waits for approval" in words(page)
    assert not front.desk.fills.split(PM, order.id).open
