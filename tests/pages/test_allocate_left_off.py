"""What is typed and not confirmed outlasts the session it was typed in."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from allocation.model import Metric, Side
from tests.pages.allocating import cells, choose, chosen, errors, faces, method, settled, shown, three_accounts
from tests.pages.front import Front, buttons, press, words
from tests.pages.test_allocate import CONFIRM


@pytest.fixture
def group(front: Front) -> Front:
    return three_accounts(front)


def test_a_new_session_goes_on_where_the_last_one_was_left_readable_or_not(group: Front) -> None:
    page = group.at_allocate("3mm")
    page.text_input("allocate.limit").set_value("98-16+")
    page.date_input("allocate.settlement").set_value(date(2026, 11, 25))
    page.segmented_control("metric").set_value(Metric.DURATION).run()
    choose(method(page, "min_dispersion"), "centre", "targets")
    cells(page, A={"targets": "4.125"}, B={"targets": "5"}, C={"targets": "6"})
    page.text_input("allocate.BIG6.least.B.0").set_value("10k").run()
    settled(faces(page, C="50k"))
    request = page.session_state["trip"].request
    assert request == page.session_state["trip"].preview.request

    group.clock.at += timedelta(minutes=12)
    again = group.visit("allocate")
    assert errors(again) == []
    assert again.session_state["trip"].preview.request == request
    assert again.text_input("allocate.limit").value == "98-16+", "as it was typed"
    assert "As you left it 12 min ago" in words(again)
    compared = group.visit("compare")
    assert compared.title[0].value == "Compare: buy 3,000,000 A bond for BIG6 at 98.515625"
    assert compared.session_state["trip"].request == request

    faces(again, B="x")
    cells(again, A={"targets": "high"})
    third = group.visit("allocate")
    assert "As you left it" in words(third)
    assert shown(third, "targets") == ["high", "5", "6"]
    assert any("“x” is not a face" in said for said in errors(cells(third, A={"targets": "4"})))
    third.text_input("allocate.face").set_value("lots").run()
    assert "As you left it" not in words(third), "it is not as it was left any more"
    assert group.visit("allocate").text_input("allocate.face").value == "lots"


def test_each_bond_has_a_block_of_its_own_and_start_afresh_empties_one(group: Front) -> None:
    group.market.bonds["C"] = replace(group.market.bonds["B"], asset_id="C")
    page = choose(method(settled(faces(group.at_allocate("3mm"), A="1mm")), "custom"), "remainder", "equal")
    trip = page.session_state["trip"]
    trip.asset_id = "C"
    page.run().segmented_control("allocate.side").set_value(Side.SELL)
    page.text_input("allocate.face").set_value("1mm").run()
    trip.asset_id = "B"
    page.run()
    assert (chosen(page).locked, chosen(page).parameters["remainder"]) == ({"A": 1_000_000}, "equal")
    assert page.segmented_control("allocate.side").value is Side.BUY
    press(page, "Start afresh")
    assert (page.text_input("allocate.face").value, "Start afresh" in buttons(page)) == ("", False)
    page.text_input("allocate.face").set_value("2mm").run()
    assert (chosen(page).engine, chosen(page).locked) == ("pro_rata", {})
    trip.asset_id = "C"
    page.run()
    assert page.text_input("allocate.face").value == "1mm"


def test_what_was_confirmed_or_is_another_users_is_not_there_again(group: Front) -> None:
    page = group.at_allocate("2mm")
    press(page, CONFIRM)
    page.button("allocate.send").click().run()
    assert len(group.orders()) == 1
    fresh = group.at_allocate()
    assert (fresh.text_input("allocate.face").value, "As you left it" in words(fresh)) == ("", False)
    assert group.memory.get("somebody-else", "bond of BIG6") is None


def test_what_another_version_left_is_put_aside(group: Front) -> None:
    group.memory.put("pm", "block of BIG6 B", {"at": "2026-11-20", "left": {"fields": {"allocate.side": "LEND"}}})
    page = group.at_allocate("2mm")
    assert errors(page) == []
    assert chosen(page).engine == "pro_rata"
