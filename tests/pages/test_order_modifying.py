"""Changing an order on its page: new terms as people type them, seen before they are stored, and stored once."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from orders.errors import NotPermitted, Unavailable
from orders.lifecycle import Event
from orders.model import Order, OrderState, Severity, Violation
from tests.orders.desk import ANALYST, PM
from tests.pages.front import Front, told, words
from tests.pages.test_order_decisions import APPROVER, at_aladdin, confirmed, decide, dialog, now, toasts


def type_(page: AppTest, name: str, text: str) -> AppTest:
    """Type into a field of the dialog; AppTest runs the whole page, which keeps the dialog open."""
    return page.text_input(page.session_state["deciding.opened"].key(name)).set_value(text).run()


def by_hand(page: AppTest, **faces: str) -> AppTest:
    """Set lines of A and B by hand."""
    rows = {"A": 0, "B": 1}
    key = page.session_state["deciding.opened"].key("lines")
    edits = {rows[name]: {"Set to": text} for name, text in faces.items()}
    page.session_state[key] = {"edited_rows": edits, "added_rows": [], "deleted_rows": []}
    return page.run()


def label(page: AppTest) -> str:
    return str(page.button("deciding.do.MODIFY").label)


def lines(order: Order) -> dict[str, int]:
    return {line.account_id: line.face for line in order.lines}


def test_the_dialog_begins_with_the_terms_as_they_are_and_says_that_nothing_is_changed(front: Front) -> None:
    page = dialog(front, at_aladdin(front), "Modify")
    assert page.text_input(page.session_state["deciding.opened"].key("face")).value == "2,000,000"
    assert label(page) == "Modify (nothing is changed yet)"
    assert page.button("deciding.do.MODIFY").disabled
    assert "**Face 2,000,000, as it is**" in words(page)


def test_a_smaller_face_is_shown_by_account_before_it_is_stored(front: Front) -> None:
    order = at_aladdin(front)
    page = type_(dialog(front, order, "Modify"), "face", "1mm")
    assert "**Face 2,000,000 → 1,000,000**" in words(page)
    table = page.dataframe[-1].value
    assert list(table["Now"]) == [1_000_000, 1_000_000]
    assert list(table["Then"]) == [500_000, 500_000]
    assert list(table["Change"]) == ["-500,000", "-500,000"]
    assert label(page) == "Modify (1 reason missing)"
    assert now(front, order).state is OrderState.OPEN
    page = decide(page, Event.MODIFY, "The client takes half")
    changed = now(front, order)
    assert (changed.state, changed.ordered) == (OrderState.MODIFY_PENDING, 1_000_000)
    assert lines(changed) == {"A": 500_000, "B": 500_000}
    assert toasts(page) == [f"{order.id}: the new terms are on their way to Aladdin."]
    assert front.ledger.statement(order.id).version == 2
    assert "The client takes half" in front.ledger.statement(order.id).body
    history = front.visit("orders", order=order.id).dataframe[2].value
    assert history["Detail"][0] == "face 2,000,000 → 1,000,000: “The client takes half”"
    assert history["Event"][0] == "new terms given"


def test_a_market_order_gets_a_limit_and_loses_it_again(front: Front) -> None:
    order = at_aladdin(front)
    page = dialog(front, order, "Modify")
    kind = page.session_state["deciding.opened"].key("kind")
    page.segmented_control(kind).set_value("limit").run()
    assert "Type the limit, like 98.515625 or 98-16+, or choose market." in words(page)
    decide(type_(page, "limit", "98-16"), Event.MODIFY, "Patience")
    assert now(front, order).limit == Decimal("98.5")
    front.work()
    front.work()
    page = dialog(front, order, "Modify")
    kind = page.session_state["deciding.opened"].key("kind")
    decide(page.segmented_control(kind).set_value("market").run(), Event.MODIFY, "Haste")
    assert now(front, order).limit is None


def test_a_line_set_by_hand_stays_and_the_rest_is_split_anew(front: Front) -> None:
    order = at_aladdin(front)
    page = by_hand(dialog(front, order, "Modify"), A="400k")
    assert list(page.dataframe[-1].value["Then"]) == [400_000, 1_600_000]
    decide(page, Event.MODIFY, "A has other plans")
    assert lines(now(front, order)) == {"A": 400_000, "B": 1_600_000}
    choices = json.loads(front.ledger.statement(order.id).body)["choices"]
    assert choices["locked"] == {"A": 400_000}


def test_what_cannot_be_read_or_traded_is_a_sentence_in_the_dialog(front: Front) -> None:
    order = at_aladdin(front)
    page = type_(dialog(front, order, "Modify"), "face", "a lot")
    assert "“a lot” is not a face" in words(page)
    assert "deciding.do.MODIFY" not in [button.key for button in page.button]
    assert "The nearest faces that can be traded" in words(type_(page, "face", "1,000,001"))
    assert label(type_(page, "face", "1mm")) == "Modify (1 reason missing)"


def test_less_than_what_is_filled_is_refused_in_the_dialog(front: Front) -> None:
    order = at_aladdin(front)
    front.broker.fill("Active", A=400_000, B=300_000)
    front.work()
    page = type_(dialog(front, order, "Modify"), "face", "600k")
    assert f"700,000 of {order.id} is filled already: its face cannot be less." in words(page)


def test_a_warning_of_the_new_terms_is_accepted_with_a_reason(front: Front) -> None:
    order = at_aladdin(front)
    page = dialog(front, order, "Modify")
    page.segmented_control(page.session_state["deciding.opened"].key("kind")).set_value("limit").run()
    type_(page, "limit", "120")
    assert label(page) == "Modify (2 reasons missing)"
    decide(page, Event.MODIFY, "A squeeze")
    assert now(front, order).state is OrderState.OPEN
    (field,) = [field for field in page.text_input if str(field.key).startswith("accept.")]
    field.set_value("Seen and meant")
    decide(page, Event.MODIFY)
    assert now(front, order).limit == Decimal(120)
    assert "Seen and meant" in front.ledger.statement(order.id).body


def test_a_modification_that_arrives_twice_is_one(front: Front) -> None:
    order = at_aladdin(front)
    page, twin = dialog(front, order, "Modify"), dialog(front, order, "Modify")
    twin.session_state["deciding.opened"] = page.session_state["deciding.opened"]
    twin.run()
    for window in (page, twin):
        type_(window, "face", "1mm")
    for window in (page, twin):
        decide(window, Event.MODIFY, "Half")
    assert [event.event for event in front.ledger.events(order.id)].count("modify") == 1


def test_figures_that_cannot_be_read_anew_leave_the_order_and_what_was_typed(front: Front) -> None:
    order = at_aladdin(front)
    page = type_(dialog(front, order, "Modify"), "face", "1mm")
    front.market.fresh_failure = Unavailable("Aladdin gave no answer in 10 seconds.", "req-77")
    decide(page, Event.MODIFY, "Half")
    assert now(front, order).state is OrderState.OPEN
    assert "Aladdin gave no answer in 10 seconds. Reference …." in told(words(page))
    front.market.fresh_failure = None
    decide(page, Event.MODIFY)
    assert now(front, order).ordered == 1_000_000


def test_an_order_of_a_second_person_s_size_is_made_smaller_but_not_larger(four_eyes: Front) -> None:
    order = confirmed(four_eyes)
    four_eyes.desk.orders.approve(APPROVER, order.id, order.statement_sha256, "a1")
    four_eyes.work()
    page = type_(dialog(four_eyes, order, "Modify"), "face", "3mm")
    decide(page, Event.MODIFY, "More")
    assert "alone you can only make it smaller" in words(page)
    decide(type_(page, "face", "1.5mm"), Event.MODIFY)
    assert now(four_eyes, order).ordered == 1_500_000


def test_a_role_taken_away_meanwhile_modifies_nothing(front: Front) -> None:
    order = at_aladdin(front)
    page = type_(dialog(front, order, "Modify"), "face", "1mm")
    front.gate.user = replace(ANALYST, username="pm")
    decide(page, Event.MODIFY, "Half")
    assert now(front, order).state is OrderState.OPEN


def test_the_terms_an_order_has_already_are_refused(front: Front) -> None:
    order = at_aladdin(front)
    seen = front.desk.preview(PM, front.desk.modifying.request(PM, order.id))
    with pytest.raises(NotPermitted, match="Nothing would change"):
        front.desk.modifying.modify(PM, seen, "No reason at all", "m1")


def test_the_history_tells_which_lines_were_set_by_hand_and_the_limit_as_everywhere(front: Front) -> None:
    order = at_aladdin(front)
    page = by_hand(dialog(front, order, "Modify"), A="500k")
    page.segmented_control(page.session_state["deciding.opened"].key("kind")).set_value("limit").run()
    decide(type_(page, "limit", "98.6"), Event.MODIFY, "Its client took part of it back")
    (detail,) = [event.detail for event in front.ledger.events(order.id) if event.event == Event.MODIFY]
    assert detail == "limit market → 98.60; A 1,000,000 → 500,000 by hand"


def test_what_compliance_says_of_the_new_terms_is_accepted_beside_ours_and_asked_once(front: Front) -> None:
    order = at_aladdin(front)
    front.compliance.asked.clear()
    page = dialog(front, order, "Modify")
    assert front.compliance.asked == []  # nothing is changed yet
    type_(page, "face", "900k")
    assert "Aladdin's compliance was asked, and has nothing against it." in words(page)
    assert "Aladdin still holds the order as it is" in words(page)
    front.compliance.found = (Violation("R1", "A", Severity.WARNING, "Near the issuer limit"),)
    type_(page, "face", "1mm")
    page.text_input(page.session_state["deciding.opened"].key("reason")).set_value("Half").run()
    assert len(front.compliance.asked) == 2
    assert front.compliance.asked[-1][1] == order.broker_id
    assert "Aladdin's compliance, warning: Near the issuer limit (A)." in words(page)
    assert label(page) == "Modify (1 reason missing)"
    (field,) = [field for field in page.text_input if str(field.key).startswith("accept.")]
    field.set_value("The issuer is redeemed tomorrow")
    decide(page, Event.MODIFY)
    assert now(front, order).ordered == 1_000_000
    assert "The issuer is redeemed tomorrow" in front.ledger.statement(order.id).body


def test_what_compliance_finds_only_at_the_click_is_shown_to_be_accepted(front: Front) -> None:
    order = at_aladdin(front)
    page = type_(dialog(front, order, "Modify"), "face", "1mm")
    front.compliance.found = (Violation("R1", "A", Severity.WARNING, "Near the issuer limit"),)
    decide(page, Event.MODIFY, "Half")
    assert now(front, order).state is OrderState.OPEN
    assert label(page) == "Modify (1 reason missing)"
    (field,) = [field for field in page.text_input if str(field.key).startswith("accept.")]
    field.set_value("Seen")
    decide(page, Event.MODIFY)
    assert now(front, order).ordered == 1_000_000
