"""Confirming an allocation: once, by whoever may, and never a preview the world has left behind."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from orders.confirmation import order_id
from orders.errors import Unavailable
from orders.model import OrderState
from tests.allocation.desk import account
from tests.orders.desk import ANALYST, PM
from tests.pages.front import Front, press, told, words
from tests.pages.test_allocate import CONFIRM, table, type_face
from ui import confirming


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
    assert "2,000,000 will be sent to Aladdin as one order with 2 lines, pro rata." in said
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
    assert told(page.error[0].value).endswith("Reference ….")
    assert page.button("allocate.look").label == "Look at the figures again"


def test_another_try_after_an_outage_keeps_the_comment_and_the_command(front: Front) -> None:
    page = front.at_allocate("2mm")
    command = page.session_state["trip"].command_id
    front.market.fresh_failure = Unavailable("Aladdin gave no answer in 10 seconds.", "req-77")
    send(page, "Invest the inflow")
    assert front.orders() == ()
    page.button("allocate.again").click().run()
    assert front.orders() == ()
    front.market.fresh_failure = None
    page.button("allocate.again").click().run()
    (order,) = front.orders()
    assert (order.id, order.comment) == (order_id(command), "Invest the inflow")
    assert page.title[0].value == "Orders"


def test_the_comment_is_still_there_after_a_look_at_the_figures_and_gone_for_the_next_block(front: Front) -> None:
    page = front.at_allocate("2mm")
    front.market.fresh_failure = Unavailable("Aladdin gave no answer in 10 seconds.", "req-77")
    send(page, "Invest the inflow")
    page.button("allocate.look").click().run()
    front.market.fresh_failure = None
    press(page, CONFIRM)
    assert page.text_area("allocate.comment").value == "Invest the inflow"
    page.button("allocate.send").click().run()
    page.switch_page("pages/allocate.py").run()
    press(type_face(page, "1mm"), CONFIRM)
    assert page.text_area("allocate.comment").value == ""


def test_while_it_is_confirmed_the_dialog_says_that_closing_does_not_stop_it(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = front.at_allocate("2mm")
    press(page, CONFIRM)
    said: list[str] = []
    info = DeltaGenerator.info

    def heard(self: DeltaGenerator, body: str, **also: Any) -> DeltaGenerator:
        said.append(f"{len(front.orders())} orders: {body}")
        return info(self, body, **also)

    monkeypatch.setattr(DeltaGenerator, "info", heard)
    page.button("allocate.send").click().run()
    assert len(front.orders()) == 1
    assert any(text.startswith("0 orders: Being confirmed") and "does not stop it" in text for text in said)
    assert not page.info


def test_an_order_of_a_moment_ago_is_named_to_a_session_that_knows_nothing_of_it(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirming, "RECENT", timedelta(days=10_000))  # the test's clock stands still
    send(front.at_allocate("2mm"))
    (order,) = front.orders()
    fresh = front.visit("allocate")
    assert f"you confirmed {order.id}: buy 2,000,000 A bond for BIG6 (confirmed)." in fresh.info[1].value
    again = front.at_allocate("3mm")
    press(again, CONFIRM)
    assert any(f"you confirmed {order.id}" in w.value and "another order" in w.value for w in again.warning)
    front.gate.user = replace(PM, username="somebody-else")
    assert len(front.visit("allocate").info) == 1


def test_an_order_that_ended_unfilled_is_named_as_such_and_warned_of_no_more(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirming, "RECENT", timedelta(days=10_000))
    send(front.at_allocate("2mm"))
    (order,) = front.orders()
    front.desk.orders.withdraw(PM, order_id=order.id, reason="Another price", command_id="w1")
    page = front.at_allocate("2mm")
    press(page, CONFIRM)
    assert any(f"you confirmed {order.id}" in said.value and "(canceled)" in said.value for said in page.info)
    assert not any(order.id in said.value for said in page.warning)


def test_the_account_that_gets_nothing_is_named_where_it_is_decided(front: Front) -> None:
    front.market.accounts = (account("A"), account("B", cash="5"), account("C"))
    page = front.at_allocate("2mm")
    press(page, CONFIRM)
    assert "1 of 3 accounts gets nothing: **B** (" in words(page)


def test_figures_that_cannot_be_read_anew_leave_those_that_are_kept(front: Front) -> None:
    page = front.at_allocate("2mm")
    front.market.fresh_failure = Unavailable("Aladdin gave no answer in 10 seconds.", "req-77")
    page.button("strip.refresh").click().run()
    assert [told(error.value) for error in page.error] == ["Aladdin gave no answer in 10 seconds. Reference …."]
    assert len(table(page)) == 2
    assert "Mend" not in words(page)


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


def test_the_hash_in_the_dialog_is_the_one_the_statement_carries(front: Front) -> None:
    page = front.at_allocate("2mm")
    press(page, CONFIRM)
    (shown,) = [caption for caption in page.caption if "Allocation `" in caption.value]
    page.button("allocate.send").click().run()
    (order,) = front.orders()
    carried = json.loads(front.ledger.statement(order.id).body)["allocation_sha256"]
    assert f"Allocation `{carried[:16]}…`" in shown.value
    assert carried in shown.help
