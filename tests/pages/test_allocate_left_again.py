"""What was left is taken up where it is safe: once, not over what is typed, and not after it became an order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from allocation.model import Side
from orders.errors import Unavailable
from orders.model import Role
from tests.orders.desk import ANALYST, PM
from tests.pages.allocating import cells, choose, chosen, errors, faces, method, settled, shown, switch, three_accounts
from tests.pages.front import Front, buttons, press, told, words
from tests.pages.test_allocate import CONFIRM
from ui import confirming


@pytest.fixture
def group(front: Front) -> Front:
    front.market.bonds["C"] = replace(front.market.bonds["B"], asset_id="C", description="Other bond")
    return three_accounts(front)


def to(page: AppTest, asset_id: str) -> AppTest:
    page.session_state["trip"].asset_id = asset_id
    return page.run()


def face(page: AppTest) -> str:
    return str(page.text_input("allocate.face").value)


def send(page: AppTest) -> AppTest:
    press(page, CONFIRM)
    for text in page.text_input:
        if "accept" in str(text.key):
            text.set_value("it is known")
    return page.button("allocate.send").click().run()


def test_a_block_that_is_being_confirmed_is_forgotten_first_and_back_where_it_was_refused(
    group: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, found = group.at_allocate("2mm"), []
    real = type(group.desk).confirm

    def reloaded(*args: object, **kwargs: object) -> object:  # what a page that is reloaded meanwhile would find
        found.append([group.memory.get("pm", name) for name in ("bond of BIG6", "block of BIG6 B")])
        return real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(type(group.desk), "confirm", reloaded)
    group.market.fresh_failure = Unavailable("Aladdin gave no answer.", "req-9")
    send(page)
    assert face(group.visit("allocate")) == "2mm", "nothing was sent, so it is a block again"
    group.market.fresh_failure = None
    press(page, "Try again")
    assert found == [[None, None]] * 2
    assert len(group.orders()) == 1
    assert "Choose a bond first." in words(group.visit("allocate"))


def test_a_block_that_became_an_order_in_another_process_is_not_offered_again_and_the_order_is_named(
    group: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirming, "RECENT", timedelta(days=10_000))
    page, other = group.at_allocate("2mm"), group.visit("allocate")
    trip = page.session_state["trip"]
    to(other, "C")
    order = group.desk.confirm(
        PM, trip.preview, "", trip.command_id, accepted=dict.fromkeys(trip.preview.warnings, "x")
    )
    for again in (group.visit("allocate"), to(other, "B")):
        assert (face(again), CONFIRM in buttons(again)) == ("", False)
        assert f"you confirmed {order.id}" in words(again)
    again.text_input("allocate.face").set_value("4mm").run()
    assert face(group.visit("allocate")) == "4mm", "what is typed after the order is another block"


def test_the_usual_settlement_is_that_of_the_day_and_what_is_older_than_the_book_is_said(group: Front) -> None:
    page = group.at_allocate("3mm")
    page.text_input("allocate.limit").set_value("98.6").run()
    assert page.date_input("allocate.settlement").value == date(2026, 11, 23)
    assert not page.warning
    group.clock.today_ = date(2026, 11, 23)
    group.clock.at += timedelta(days=3)
    for again in (group.visit("allocate"), page.run()):  # another session, and the one that stayed open
        assert again.date_input("allocate.settlement").value == date(2026, 11, 24)
        assert "The limit of 98.6 was typed on Fri 20 Nov 2026" in words(again)
    compared = group.visit("compare")
    assert compared.session_state["trip"].request.settlement == date(2026, 11, 24)
    again.date_input("allocate.settlement").set_value(date(2026, 11, 23)).run()
    assert again.run().date_input("allocate.settlement").value == date(2026, 11, 23), "as typed today"
    group.clock.today_ = date(2026, 11, 24)
    late = group.visit("allocate")
    assert late.date_input("allocate.settlement").value == date(2026, 11, 25)
    assert "Settlement was left on Mon 23 Nov 2026, which is early by now" in words(late)
    late.text_input("allocate.limit").set_value("98.7").run()
    assert "The limit of" not in words(late)


def test_two_windows_do_not_type_into_each_other(group: Front) -> None:
    first, second = group.at_allocate(), group.at_allocate("9mm")
    second.text_input("allocate.limit").set_value("97").run()
    first.text_input("allocate.face").set_value("3mm").run()
    assert (face(first), first.text_input("allocate.limit").value) == ("3mm", "")
    settled(faces(first, A="1mm"))
    third = group.visit("allocate")
    assert chosen(third).locked == {"A": 1_000_000}
    to(third, "C")
    first.button("lines.free").click().run()
    first.text_input("allocate.face").set_value("5mm").run()
    to(third, "B")
    assert (face(third), chosen(third).locked) == ("3mm", {"A": 1_000_000}), "its own block, whole"
    assert "As you left it" in words(third)
    fourth = group.visit("allocate")
    assert (face(fourth), chosen(fourth).locked) == ("5mm", {}), "the one typed last, whole"


def test_a_bond_that_was_put_away_is_not_gone_on_with(group: Front) -> None:
    page = group.at_allocate("3mm")
    page.switch_page("pages/securities.py").run()
    page.text_input("securities.text").set_value("bon").run()
    page.switch_page("pages/allocate.py").run()
    assert "Choose a bond first." in words(page)
    assert "Choose a bond first." in words(group.visit("allocate")), "nor in a session that begins"


def test_what_is_chosen_for_the_group_is_kept_once_and_a_block_brings_nothing_else_back(group: Front) -> None:
    page = choose(method(group.at_allocate("3mm"), "min_dispersion"), "centre", "targets")
    cells(page, A={"targets": "4.125"}, B={"targets": "5"}, C={"targets": "6"})
    to(page, "C").text_input("allocate.face").set_value("1mm").run()
    cells(page, A={"targets": ""}, B={"targets": "4.5"})
    to(page, "B")
    typed = page.session_state["sheet.cells"]["BIG6"]
    assert [typed[account, "targets.asd"] for account in "ABC"] == ["", "4.5", "6"]
    assert (face(page), face(to(page, "C"))) == ("3mm", "1mm")
    assert shown(group.visit("allocate"), "targets") == ["", "4.5", "6"]
    cells(page, B={"targets": "4.25"})
    compared = to(group.visit("compare"), "B")
    assert "Type its side and face on Allocate." in words(compared), "it was read with other targets"


def test_switches_of_a_confirmed_block_do_not_come_back_with_the_next_of_its_bond(group: Front) -> None:
    page = group.at_allocate("2mm")
    page.text_input("allocate.BIG6.least.B.0").set_value("500k").run()
    switch(page, "cash", False)
    again = group.visit("allocate")
    assert (chosen(again).respect_cash, chosen(again).min_allocation) == (False, 500_000), "of a block that is left"
    press(page, CONFIRM)
    page.text_area("allocate.override").set_value("A client's letter")
    page.button("allocate.send").click().run()
    assert len(group.orders()) == 1
    page.switch_page("pages/compare.py").run()
    assert "Type its side and face on Allocate." in words(page), "an order is no block any more"
    page.switch_page("pages/allocate.py").run()
    to(page, "C").text_input("allocate.face").set_value("1mm").run()
    fresh = to(group.visit("allocate"), "B")
    fresh.text_input("allocate.face").set_value("2mm").run()
    assert (chosen(fresh).respect_cash, chosen(fresh).min_allocation) == (True, 0)


def test_while_aladdin_is_away_what_was_left_is_a_sentence_on_both_pages(group: Front) -> None:
    group.at_allocate("3mm")
    group.market.failure = Unavailable("Aladdin does not answer.", "req-1")
    for page in (group.visit("allocate"), group.visit("compare")):
        assert [told(error) for error in errors(page)] == ["Aladdin does not answer. Reference …."]
    group.market.failure = None
    assert face(group.visit("allocate")) == "3mm"


def test_another_group_or_bond_begins_with_nothing_of_the_block_before(group: Front) -> None:
    group.gate.user = replace(ANALYST, roles=frozenset({Role.PORTFOLIO_MANAGER}))
    page = group.at_allocate("3mm")
    page.segmented_control("allocate.side").set_value(Side.SELL)
    page.date_input("allocate.settlement").set_value(date(2026, 11, 25))
    page.text_input("allocate.limit").set_value("97").run()
    page.session_state["allocate.override"] = page.session_state["allocate.comment"] = "A letter of BIG6's client"
    page.query_params["group"] = "OPNIC"
    page.run()
    for began in (page, to(page, "C")):
        assert began.title[0].value.startswith("Buy ")
        assert began.title[0].value.endswith("for OPNIC")
        assert (face(began), began.text_input("allocate.limit").value) == ("", "")
        assert began.date_input("allocate.settlement").value == date(2026, 11, 23)
        assert {page.session_state[f"allocate.{name}"] for name in ("override", "comment")} == {""}
        assert CONFIRM not in buttons(began)
    assert group.memory.get("ana", "block of OPNIC B") is None, "nobody typed it"
    page.query_params["group"], page.query_params["asset"] = "BIG6", "B"
    page.run()
    assert (face(page), page.segmented_control("allocate.side").value) == ("3mm", Side.SELL)
    assert page.date_input("allocate.settlement").value == date(2026, 11, 25)
