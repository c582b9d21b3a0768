"""Drafts: a block as typed is kept for its user, and taken up as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from streamlit.testing.v1 import AppTest

from allocation.model import Metric, Side
from orders.errors import Unavailable
from tests.allocation.desk import account
from tests.orders.desk import ANALYST, COMPLIANCE, PM
from tests.pages.allocating import cells, choose, chosen, errors, faces, method, settled, shown, three_accounts
from tests.pages.front import Front, buttons, press, told, words
from tests.pages.test_allocate import CONFIRM


def saved(page: AppTest) -> AppTest:
    return press(page, "Save draft")


def test_a_draft_is_saved_and_said_to_be(front: Front) -> None:
    page = saved(front.at_allocate("2mm"))
    (draft,) = front.desk.drafts(PM)
    assert (draft.request.face, draft.request.group, draft.request.asset_id) == (2_000_000, "BIG6", "B")
    assert "The draft is saved" in page.toast[0].value
    assert "**Buy 2,000,000 A bond for BIG6** · saved just now" in words(page)
    assert front.orders() == ()


def test_nothing_can_be_saved_before_a_face_is_typed(front: Front) -> None:
    assert "Save draft" not in buttons(front.at_allocate())


def test_another_session_takes_the_block_up_as_it_was_typed(front: Front) -> None:
    page = three_accounts(front).at_allocate("3mm")
    page.segmented_control("allocate.side").set_value(Side.BUY)
    page.text_input("allocate.limit").set_value("98-16+")
    page.date_input("allocate.settlement").set_value(date(2026, 11, 25)).run()
    choose(method(page, "min_dispersion"), "centre", "targets")
    page.segmented_control("metric").set_value(Metric.DURATION).run()
    cells(page, A={"targets": "4.125"}, B={"targets": "5"}, C={"targets": "6"})
    settled(faces(page, C="50k"))
    page.number_input("allocate.BIG6.tolerance.duration").set_value(0.25)
    page.text_input("allocate.BIG6.least.B.0").set_value("10k").run()
    assert errors(page) == []
    request = page.session_state["trip"].preview.request
    saved(page)

    fresh = press(front.visit("allocate"), "Take up")
    assert fresh.session_state["trip"].preview.request == request
    assert fresh.text_input("allocate.limit").value == "98.515625"
    assert shown(fresh, "targets") == ["4.125", "5", "6"]
    assert chosen(fresh).locked == {"C": 50_000}


def test_asks_by_account_come_back_as_texts(front: Front) -> None:
    page = method(three_accounts(front).at_allocate("3mm"), "custom")
    cells(page, A={"ask": "25%", "priority": "2"}, B={"ask": "1mm", "least": "200k", "most": "1.5mm"})
    asked = chosen(page)
    saved(page)
    fresh = press(front.visit("allocate"), "Take up")
    assert chosen(fresh) == asked
    assert shown(fresh, "ask") == ["25%", "1,000,000", ""]


def test_a_draft_put_over_another_block_leaves_nothing_of_that_one(front: Front) -> None:
    page = saved(three_accounts(front).at_allocate("2mm"))
    page.text_input("allocate.limit").set_value("98.5")
    settled(faces(page, A="400k"))
    page.toggle("allocate.BIG6.cash.B.0").set_value(False).run()
    press(page, "Take up")
    assert page.text_input("allocate.limit").value == ""
    assert (chosen(page).locked, chosen(page).respect_cash) == ({}, True)


def test_a_draft_that_was_taken_up_is_saved_in_its_own_place(front: Front) -> None:
    saved(front.at_allocate("2mm"))
    page = press(front.visit("allocate"), "Take up")
    saved(page.text_input("allocate.face").set_value("3mm").run())
    assert [draft.request.face for draft in front.desk.drafts(PM)] == [3_000_000]


def test_a_draft_is_thrown_away(front: Front) -> None:
    page = press(saved(front.at_allocate("2mm")), "Throw away")
    assert front.desk.drafts(PM) == ()
    assert page.toast[0].value == "The draft is thrown away."
    assert "Take up" not in buttons(page)


def test_a_draft_that_was_confirmed_is_gone_and_others_stay(front: Front) -> None:
    saved(front.at_allocate("2mm"))
    saved(front.at_allocate("1mm"))
    page = front.visit("allocate")
    (mine,) = [draft.id for draft in front.desk.drafts(PM) if draft.request.face == 2_000_000]
    page.button(f"drafts.take.{mine}").click().run()
    press(page, CONFIRM)
    page.button("allocate.send").click().run()
    assert len(front.orders()) == 1
    assert [draft.request.face for draft in front.desk.drafts(PM)] == [1_000_000]


def test_drafts_are_for_whoever_saved_them(front: Front) -> None:
    saved(front.at_allocate("2mm"))
    front.gate.user = ANALYST
    assert "Take up" not in buttons(front.visit("allocate"))
    saved(front.at_allocate("1mm"))
    assert [draft.request.face for draft in front.desk.drafts(ANALYST)] == [1_000_000]
    assert len(front.desk.drafts(PM)) == 1


def test_a_role_that_ended_meanwhile_saves_nothing(front: Front) -> None:
    page = front.at_allocate("2mm")
    front.gate.user = replace(COMPLIANCE, username=PM.username)
    saved(page)
    assert front.desk.drafts(PM) == ()


def test_an_account_that_left_the_group_is_named(front: Front) -> None:
    page = three_accounts(front).at_allocate("2mm")
    saved(settled(faces(page, A="400k", C="100k")))
    front.market.accounts = (account("A"), account("B"))
    fresh = press(front.visit("allocate"), "Take up")
    assert "Not in BIG6 any more: C. What was typed for them is left out." in words(fresh)
    assert chosen(fresh).locked == {"A": 400_000}


def test_a_draft_taken_up_during_an_outage_says_so_and_can_be_taken_up_again(front: Front) -> None:
    saved(front.at_allocate("2mm"))
    page = front.visit("allocate")
    front.market.failure = Unavailable("Aladdin gave no answer in 10 seconds.", "req-77")
    press(page, "Take up")
    assert "Aladdin gave no answer in 10 seconds. Reference …." in told(words(page))
    front.market.failure = None
    assert chosen(press(page.run(), "Take up")).engine == "pro_rata"
