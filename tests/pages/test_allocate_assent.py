"""What is said with a confirmation: why each warning does not matter, when to send it, and who else must agree."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time

from streamlit.testing.v1 import AppTest

from allocation.model import Measures
from allocation.partial_fill import FillPolicy
from orders.errors import Unavailable
from orders.model import OrderState, Severity, Violation
from tests.allocation.desk import bond
from tests.orders.desk import dated
from tests.pages.front import Front, press, words
from tests.pages.test_allocate import CONFIRM

RESTRICTED = Violation("R1", "A", Severity.WARNING, "Issuer is on the watch list")


def reasons(page: AppTest) -> list[str]:
    """The keys of the fields for reasons, in the order of the warnings."""
    return [str(field.key) for field in page.text_input if str(field.key).startswith("accept.")]


def label(page: AppTest) -> str:
    return str(page.button("allocate.send").label)


def accepted(front: Front) -> dict[str, str]:
    (order,) = front.orders()
    said: dict[str, str] = json.loads(front.ledger.statement(order.id).body)["accepted"]
    return said


def test_without_a_warning_the_dialog_says_that_compliance_was_asked(front: Front) -> None:
    page = front.at_allocate("2mm")
    press(page, CONFIRM)
    assert "Aladdin's compliance was asked, and has nothing against it." in words(page)
    assert label(page) == "Confirm and send"
    assert not reasons(page)


def test_each_warning_is_accepted_by_itself_and_its_reason_is_kept(front: Front) -> None:
    front.compliance.found = (RESTRICTED,)
    page = front.at_allocate("2mm").text_input("allocate.limit").set_value("120").run()
    press(page, CONFIRM)
    assert "watch list" in words(page)
    far, listed = reasons(page)
    assert label(page) == "Confirm and send (2 reasons missing)"
    page.text_input(far).set_value("A squeeze")
    page.button("allocate.send").click().run()
    assert front.orders() == ()
    press(page, CONFIRM)
    assert page.text_input(far).value == "A squeeze"
    assert label(page) == "Confirm and send (1 reason missing)"
    page.text_input(listed).set_value("  Cleared with Connie ")
    page.button("allocate.send").click().run()
    said = accepted(front)
    assert sorted(said.values()) == ["A squeeze", "Cleared with Connie"]
    assert all("watch list" in warning for warning, reason in said.items() if reason.startswith("Cleared"))


def test_compliance_that_cannot_be_asked_is_a_warning_to_be_accepted(front: Front) -> None:
    front.compliance.failure = Unavailable("Aladdin gave no answer in 10 seconds.")
    page = front.at_allocate("2mm")
    press(page, CONFIRM)
    (field,) = reasons(page)
    page.text_input(field).set_value("It was asked this morning")
    page.button("allocate.send").click().run()
    assert [order.state for order in front.orders()] == [OrderState.CONFIRMED]
    assert "could not be asked" in next(iter(accepted(front)))


def test_what_compliance_finds_after_the_dialog_was_opened_is_shown_and_nothing_is_sent(front: Front) -> None:
    page = front.at_allocate("2mm")
    press(page, CONFIRM)
    front.compliance.found = (RESTRICTED,)
    page.button("allocate.send").click().run()
    assert front.orders() == ()
    assert any("watch list" in change for change in page.session_state["allocate.refused"].changes)
    press(page, CONFIRM)
    assert label(page) == "Confirm and send (1 reason missing)"


def test_the_reason_for_not_respecting_cash_is_asked_for_once(front: Front) -> None:
    page = front.at_allocate("2mm")
    page.toggle("allocate.BIG6.cash.B.0").set_value(False).run()
    press(page, CONFIRM)
    assert not reasons(page)
    assert label(page) == "Confirm and send (say why cash is not respected)"
    page.text_area("allocate.override").set_value("Funded tomorrow")
    page.button("allocate.send").click().run()
    assert accepted(front) == {"Cash was not respected: accounts may be overdrawn.": "Funded tomorrow"}


def scope(page: AppTest) -> str:
    return str(page.session_state["trip"].command_id)


def later(front: Front, day: date, at: time) -> AppTest:
    """The dialog of a block that settles on the 25th, with this release typed."""
    page = front.at_allocate("2mm")
    page.date_input("allocate.settlement").set_value(date(2026, 11, 25)).run()
    press(page, CONFIRM)
    name = f"release.{scope(page)}"
    page.segmented_control(f"{name}.when").set_value("at a time").run()
    press(page, CONFIRM)
    page.date_input(f"{name}.day").set_value(day)
    page.time_input(f"{name}.time").set_value(at).run()
    return press(page, CONFIRM)


def test_a_release_is_typed_in_the_market_s_clock_and_shown_in_utc_too(front: Front) -> None:
    page = later(front, date(2026, 11, 23), time(9, 30))
    assert "To be released Mon 23 Nov 2026, 09:30 New York (14:30 UTC)." in words(page)
    assert label(page) == "Confirm and schedule"
    page.button("allocate.send").click().run()
    (order,) = front.orders()
    assert (order.state, order.release_at) == (OrderState.SCHEDULED, datetime(2026, 11, 23, 14, 30, tzinfo=UTC))
    assert order.trade_date == date(2026, 11, 20)  # the book's own, which stands still
    assert "To be released **Mon 23 Nov 2026, 09:30 New York (14:30 UTC)**." in words(page)


def test_a_release_on_a_holiday_or_in_the_past_is_said_and_cannot_be_confirmed(front: Front) -> None:
    for day, said in ((date(2026, 11, 22), "The USD bond market is closed"), (date(2026, 11, 19), "has passed")):
        page = later(front, day, time(9, 30))
        assert any(said in error.value for error in page.error)
        assert label(page) == "Confirm and schedule (choose another time)"
        assert page.button("allocate.send").disabled


def test_a_release_moves_a_settlement_that_is_too_early_to_the_usual_day_after_it(front: Front) -> None:
    page = front.at_allocate("2mm")
    press(page, CONFIRM)
    assert "settle Mon 23 Nov 2026**" in words(page)
    page.segmented_control(f"release.{scope(page)}.when").set_value("at a time").run()
    press(page, CONFIRM)
    assert "settle Tue 24 Nov 2026**" in words(page)
    assert "Settles Tue 24 Nov 2026, the usual day for that release." in words(page)
    assert label(page) == "Confirm and schedule"
    page.button("allocate.send").click().run()
    (order,) = front.orders()
    assert (order.state, order.settlement) == (OrderState.SCHEDULED, date(2026, 11, 24))


def test_what_only_is_good_to_know_is_shown_and_wants_no_reason(front: Front) -> None:
    front.market.bonds["B"] = dated(bond(measures=Measures(0.0, 4.0, 100.0)))
    page = front.at_allocate("2mm")
    press(page, CONFIRM)
    assert "A bond has a spread duration of 0: Active spread duration moves for nobody." in words(page)
    assert not reasons(page)
    page.button("allocate.send").click().run()
    (order,) = front.orders()
    assert json.loads(front.ledger.statement(order.id).body)["notes"]


def test_a_face_that_looks_mistyped_wants_a_reason(front: Front) -> None:
    page = front.at_allocate("900bn")
    assert "can be placed: look whether a face of 900,000,000,000 is meant." in words(page)
    press(page, CONFIRM)
    assert label(page) == "Confirm and send (1 reason missing)"


def test_the_next_block_is_sent_at_once_again(front: Front) -> None:
    page = later(front, date(2026, 11, 23), time(9, 30))
    page.button("allocate.send").click().run()
    page.switch_page("pages/allocate.py").run()
    page.text_input("allocate.face").set_value("1mm").run()
    press(page, CONFIRM)
    assert label(page) == "Confirm and send"


def test_from_the_size_of_the_setting_on_the_dialog_asks_for_approval(four_eyes: Front) -> None:
    page = four_eyes.at_allocate("2mm")
    press(page, CONFIRM)
    assert "An order of 2,000,000 or more needs a second person" in words(page)
    assert label(page) == "Confirm and ask for approval"
    page.button("allocate.send").click().run()
    assert [order.state for order in four_eyes.orders()] == [OrderState.AWAITING]
    assert four_eyes.ledger.intents() == ()


def test_below_that_size_nobody_else_is_asked(four_eyes: Front) -> None:
    page = four_eyes.at_allocate("1mm")
    press(page, CONFIRM)
    assert "second person" not in words(page)
    page.button("allocate.send").click().run()
    assert [order.state for order in four_eyes.orders()] == [OrderState.CONFIRMED]


def test_a_reason_is_of_one_block_only(front: Front) -> None:
    front.compliance.found = (RESTRICTED,)
    page = front.at_allocate("2mm")
    press(page, CONFIRM)
    (field,) = reasons(page)
    page.text_input(field).set_value("Cleared").run()
    page.text_input("allocate.face").set_value("1mm").run()
    press(page, CONFIRM)
    assert label(page) == "Confirm and send (1 reason missing)"


def test_how_a_part_is_shared_out_is_chosen_with_the_confirmation_and_shown_with_the_order(front: Front) -> None:
    page = front.at_allocate("2mm")
    press(page, CONFIRM)
    box = page.selectbox(f"filling.{scope(page)}")
    assert (box.options, box.value) == (
        ["Pro rata", "Smallest line first", "Minimum piece first"], FillPolicy.PRO_RATA,
    )  # fmt: skip
    box.set_value(FillPolicy.SMALLEST_FIRST).run()
    press(page, CONFIRM)
    assert "the smallest first" in words(page)
    page.button("allocate.send").click().run()
    (order,) = front.orders()
    assert json.loads(front.ledger.statement(order.id).body)["partial_fills"] == "smallest_first"
    assert "Partial fills: **smallest line first**." in words(front.visit("orders", order=order.id))


def test_the_next_block_is_shared_out_pro_rata_again(front: Front) -> None:
    page = front.at_allocate("2mm")
    press(page, CONFIRM)
    page.selectbox(f"filling.{scope(page)}").set_value(FillPolicy.SMALLEST_FIRST).run()
    press(page, CONFIRM)
    page.button("allocate.send").click().run()
    page.switch_page("pages/allocate.py").run()
    page.text_input("allocate.face").set_value("1mm").run()
    press(page, CONFIRM)
    assert page.selectbox(f"filling.{scope(page)}").value is FillPolicy.PRO_RATA
