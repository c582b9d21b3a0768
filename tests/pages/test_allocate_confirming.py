"""Confirming an allocation: once, by whoever may, and never a preview the world has left behind."""

from __future__ import annotations

from decimal import Decimal

from streamlit.testing.v1 import AppTest

from orders.errors import Unavailable
from orders.model import OrderState
from tests.allocation.desk import account
from tests.orders.desk import ANALYST
from tests.pages.front import Front, press, words
from tests.pages.test_allocate import CONFIRM, table, type_face


def send(page: AppTest, comment: str = "") -> AppTest:
    """Open the dialog and confirm in it."""
    press(page, CONFIRM)
    page.text_area("allocate.comment").set_value(comment)
    return page.button("allocate.send").click().run()


def test_confirming_sends_what_was_shown_and_leads_to_the_order(front: Front) -> None:
    page = front.at_allocate("2mm")
    press(page, CONFIRM)
    said = words(page)
    assert "**Buy 2,000,000 A bond for BIG6, settle Mon 23 Nov 2026**" in said
    assert "2,000,000 will be sent to Aladdin as one order with 2 details, pro rata." in said
    page.text_area("allocate.comment").set_value("  Invest the inflow ")
    page.button("allocate.send").click().run()
    (order,) = front.orders()
    assert (order.state, order.face, order.comment) == (OrderState.CONFIRMED, 2_000_000, "Invest the inflow")
    assert page.title[0].value == "Orders"
    assert page.query_params["order"] == order.id
    page.switch_page("pages/allocate.py").run()
    assert page.text_input("allocate.face").value == ""


def test_cancelling_the_dialog_sends_nothing(front: Front) -> None:
    page = front.at_allocate("2mm")
    press(page, CONFIRM)
    page.run()
    assert front.orders() == ()
    assert "allocate.send" not in [button.key for button in page.button]


def test_a_confirmation_that_arrives_twice_is_one_order(front: Front) -> None:
    page, twin = front.at_allocate("2mm"), front.at_allocate("2mm")
    twin.session_state["trip"].command_id = page.session_state["trip"].command_id
    send(page)
    send(twin)
    (order,) = front.orders()
    assert page.query_params["order"] == twin.query_params["order"] == order.id


def test_the_next_confirmation_is_another_order(front: Front) -> None:
    page = front.at_allocate("2mm")
    send(page)
    page.switch_page("pages/allocate.py").run()
    send(type_face(page, "1mm"))
    assert [order.face for order in front.orders()] == [1_000_000, 2_000_000]


def test_the_next_block_of_the_bond_starts_without_the_price_of_this_one(front: Front) -> None:
    page = front.at_allocate("2mm")
    send(page.text_input("allocate.limit").set_value("98.75").run())
    assert front.orders()[0].limit == Decimal("98.75")
    page.switch_page("pages/allocate.py").run()
    assert page.text_input("allocate.limit").value == ""


def test_a_world_that_moved_is_shown_and_nothing_is_written(front: Front) -> None:
    page = front.at_allocate("2mm")
    press(page, CONFIRM)
    front.market.accounts = (account("A", cash="100000"), account("B"))
    page.button("allocate.send").click().run()
    assert front.orders() == ()
    assert front.ledger.intents() == ()
    # AppTest runs the page, not the dialog alone: what the dialog shows next is kept for it, and the page is new
    assert "A: 1,000,000 -> 101,000" in "\n".join(page.session_state["allocate.refused"].changes)
    assert list(table(page)["Face"]) == [101_000, 1_899_000]
    send(page)
    assert [order.face for order in front.orders()] == [2_000_000]


def test_a_confirmation_during_an_outage_writes_nothing(front: Front) -> None:
    page = front.at_allocate("2mm")
    press(page, CONFIRM)
    front.market.failure = Unavailable("Aladdin gave no answer in 10 seconds.", "req-77")
    page.button("allocate.send").click().run()
    assert front.orders() == ()
    assert page.session_state["allocate.refused"].reference == "req-77"


def test_a_role_taken_away_meanwhile_cannot_confirm(front: Front) -> None:
    page = front.at_allocate("2mm")
    press(page, CONFIRM)
    front.gate.user = ANALYST
    page.button("allocate.send").click().run()
    assert front.orders() == ()
    assert "As analyst you may not confirm" in str(page.session_state["allocate.refused"])


def test_a_sign_in_that_has_ended_meanwhile_cannot_confirm(front: Front) -> None:
    page = front.at_allocate("2mm")
    press(page, CONFIRM)
    front.gate.user = None
    page.button("allocate.send").click().run()
    assert front.orders() == ()
    assert page.title[0].value == "Evenlot"
