from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from allocation.model import Metric, Side
from orders.errors import Unavailable
from tests.allocation.desk import account, bond
from tests.orders.desk import ANALYST, COMPLIANCE, TODAY, dated
from tests.pages.front import Front, buttons, press, told, words

CONFIRM = "Confirm…"


def type_face(page: AppTest, face: str) -> AppTest:
    return page.text_input("allocate.face").set_value(face).run()


def type_price(page: AppTest, price: str) -> AppTest:
    return page.text_input("allocate.limit").set_value(price).run()


def table(page: AppTest) -> Any:
    """The allocation, a row per account, its faces as numbers."""
    found = next(editor.value for editor in page.data_editor if "Headroom" in editor.value.columns)
    return found.assign(Face=[int(text.replace(",", "")) for text in found["Face"]])


# -- before there is anything to allocate ---------------------------------------------------------------------------


def test_without_a_group_the_way_there_is_shown(front: Front) -> None:
    page = front.visit("allocate")
    page.session_state["trip"].group = None
    page.run()
    assert page.info[0].value == "Choose a portfolio group first."
    press(page, "Groups")
    assert page.title[0].value == "Groups"


def test_without_a_bond_the_way_there_is_shown(front: Front) -> None:
    page = front.visit("groups").switch_page("pages/allocate.py").run()
    assert page.info[0].value == "Choose a bond first."
    press(page, "Securities")
    assert page.title[0].value == "Securities"


def test_before_a_face_is_typed_nothing_can_be_confirmed(front: Front) -> None:
    page = front.at_allocate()
    assert page.title[0].value == "Buy A bond for BIG6"
    assert page.info[0].value == "Type a face to see the allocation."
    assert page.date_input("allocate.settlement").value == date(2026, 11, 23)
    assert CONFIRM not in buttons(page)


# -- the preview ----------------------------------------------------------------------------------------------------


def test_a_block_is_previewed_account_by_account(front: Front) -> None:
    front.market.accounts = (account("A", nav="300000000", level=4.0), account("B", level=6.0))
    page = front.at_allocate("4mm")
    assert page.title[0].value == "Buy 4,000,000 A bond for BIG6, settle Mon 23 Nov 2026"
    said = words(page)
    assert "Placed: 100.0%" in said
    assert "Accounts touched: 2 of 2" in said
    assert "Every unit is placed." in said
    assert "Needs USD 3.9mm of USD 10.0mm cash in the group." in said
    assert list(table(page)["Face"]) == [3_000_000, 1_000_000]
    assert front.orders() == ()


def test_another_method_is_another_allocation(front: Front) -> None:
    front.market.accounts = (account("A", nav="300000000"), account("B"))
    page = front.at_allocate("4mm")
    page.segmented_control("allocate.engine").set_value("equal").run()
    assert list(table(page)["Face"]) == [2_000_000, 2_000_000]
    assert "The same face to every account" in words(page)


def test_a_sell_goes_by_holding_and_brings_money(front: Front) -> None:
    front.market.accounts = (account("A", held="3000000"), account("B", held="1000000"))
    page = front.at_allocate("2mm")
    page.segmented_control("allocate.side").set_value(Side.SELL).run()
    assert page.title[0].value.startswith("Sell 2,000,000")
    assert list(table(page)["Face"]) == [1_500_000, 500_000]
    assert "Brings USD 2.0mm" in words(page)
    assert list(table(page)["Held"]) == [3_000_000, 1_000_000]
    assert list(table(page)["Left"]) == [1_500_000, 500_000]


def test_money_of_different_currencies_stands_side_by_side(front: Front) -> None:
    yen = account("B", nav="15000000000", cash="750000000", currency="JPY", fx={"USD": Decimal(150)})
    front.market.accounts = (account("A"), yen)
    page = front.at_allocate("2mm")
    assert "of JPY 750.0mm + USD 5.0mm cash in the group." in words(page)
    assert list(table(page)["Currency"]) == ["USD", "JPY"]


def test_every_lines_reason_stands_in_full_with_what_it_does(front: Front) -> None:
    page = front.at_allocate("2mm")
    (whys,) = [said.value for said in page.markdown if said.value.startswith("| Account")]
    for line in page.session_state["trip"].preview.proposal.lines:
        assert f"| **{line.account_id}** | 1,000,000 | 5.000\u00a0→\u00a05.037 |  | {line.reason} |" in whys.replace(
            "\\", ""
        )


def test_what_cannot_be_placed_is_listed_with_reasons_that_add_up(front: Front) -> None:
    page = front.at_allocate("30mm")
    not_placed = next(frame.value for frame in page.dataframe if "Reason" in frame.value.columns)
    placed = table(page)["Face"].sum()
    assert not_placed["Face"].sum() == 30_000_000 - placed
    assert f"Not placed: {30_000_000 - placed:,}" in words(page)
    assert f"In all {30_000_000 - placed:,} = 30,000,000 ordered − {placed:,} placed." in words(page)
    assert set(table(page)["Cap"]) == {"cash"}


def test_a_limit_is_shown_with_the_mark_and_how_far_it_is_from_it(front: Front) -> None:
    page = front.at_allocate("2mm").text_input("allocate.limit").set_value("103").run()
    assert "Limit 103.00, +4.6% from the mark of 98.50." in words(page)
    assert "The limit of 103.00 is above the mark by more than the 3% that are usual. Is it meant?" in words(page)


def test_an_analyst_previews_and_is_told_who_confirms(front: Front) -> None:
    front.gate.user = ANALYST
    page = front.at_allocate("2mm")
    assert "Placed: 100.0%" in words(page)
    assert "Confirming is for portfolio managers." in words(page)
    assert CONFIRM not in buttons(page)


def test_compliance_is_told_who_can_use_the_page(front: Front) -> None:
    front.gate.user = COMPLIANCE
    page = front.visit("allocate")
    assert page.title[0].value == "Not permitted"
    assert "An analyst or portfolio manager can." in page.warning[0].value
    assert not page.text_input


# -- what a person types wrong --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("abc", "“abc” is not a face: type 25,000,000 or 25mm."),
        ("0", "The face must be above zero and below 1,000,000,000,000."),
        ("-5mm", "“-5mm” is not a face: type 25,000,000 or 25mm."),
        ("25,00", "“25,00” has its commas in odd places: type 25,000,000 or 25mm."),
    ],
)
def test_a_face_that_is_none_is_a_sentence_and_no_preview(front: Front, typed: str, sentence: str) -> None:
    page = front.at_allocate(typed)
    assert [error.value for error in page.error] == [sentence]
    assert "Mend what is marked above." in words(page)
    assert not page.metric
    assert CONFIRM not in buttons(page)


def test_a_face_between_lots_proposes_the_nearest_and_the_button_takes_one_over(front: Front) -> None:
    page = front.at_allocate("2,000,500")
    assert "not a whole number of increments of 1,000" in page.error[0].value
    assert {"Use 2,000,000", "Use 2,001,000"} <= set(buttons(page))
    press(page, "Use 2,001,000")
    assert page.text_input("allocate.face").value == "2,001,000"
    assert not page.error
    assert table(page)["Face"].sum() == 2_001_000


def test_a_face_below_the_piece_proposes_the_piece(front: Front) -> None:
    front.market.bonds["B"] = replace(bond(200_000, 1_000), price_date=TODAY)
    page = front.at_allocate("150k")
    assert "150,000 is below the minimum piece of 200,000" in page.error[0].value
    press(page, "Use 200,000")
    assert page.text_input("allocate.face").value == "200,000"
    assert table(page)["Face"].sum() == 200_000


def test_a_holiday_proposes_the_next_business_day_and_the_button_takes_it_over(front: Front) -> None:
    page = front.at_allocate("2mm")
    page.date_input("allocate.settlement").set_value(date(2026, 11, 26)).run()
    assert "Thu 26 Nov 2026 is a holiday of the US bond market" in page.error[0].value
    press(page, "Use Fri 27 Nov 2026")
    assert page.date_input("allocate.settlement").value == date(2026, 11, 27)
    assert "settle Fri 27 Nov" in page.title[0].value
    assert not page.error


def test_no_settlement_date_is_said(front: Front) -> None:
    page = front.at_allocate("2mm")
    page.date_input("allocate.settlement").set_value(None).run()
    assert "Choose a settlement date." in words(page)
    assert CONFIRM not in buttons(page)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("cheap", "“cheap” is not a price per 100: type 98.515625 or 98-16+."),
        ("985156", "A price of 985156 per 100 is not plausible: type it per 100 face, like 98.5."),
        ("98-40", "“98-40” is not a price per 100: type 98.515625 or 98-16+."),
    ],
)
def test_a_price_that_is_none_is_a_sentence_and_no_preview(front: Front, typed: str, sentence: str) -> None:
    page = type_price(front.at_allocate("2mm"), typed)
    assert [error.value for error in page.error] == [sentence]
    assert not page.metric
    assert CONFIRM not in buttons(page)


def test_a_limit_is_in_the_sentence_and_reserves_its_money(front: Front) -> None:
    page = type_price(front.at_allocate("2mm"), "99-16")
    assert page.title[0].value == "Buy 2,000,000 A bond for BIG6 at 99.50, settle Mon 23 Nov 2026"
    assert table(page)["Money"].sum() == 1_990_000


# -- what the data lacks --------------------------------------------------------------------------------------------


def test_a_bond_without_price_asks_for_one_and_goes_on_with_it(front: Front) -> None:
    front.market.bonds["B"] = bond(price=None)
    page = front.at_allocate("2mm")
    assert page.error[0].value == "A bond has no price: no account holds it at a usable one. Type a price to go on."
    assert CONFIRM not in buttons(page)
    type_price(page, "97.25")
    assert not page.error
    assert table(page)["Money"].sum() == 1_945_000


def test_a_bond_without_the_metrics_figure_names_the_metrics_it_has(front: Front) -> None:
    measures = replace(bond().measures, oas=None)
    front.market.bonds["B"] = replace(bond(measures=measures), price_date=TODAY)
    page = front.at_allocate("2mm")
    page.segmented_control("metric").set_value(Metric.OAS).run()
    assert "A bond has no OAS" in page.error[0].value
    assert "Choose another metric: Active spread duration, Spread duration, Duration." in page.error[0].value
    page.segmented_control("metric").set_value(Metric.DURATION).run()
    assert not page.error
    assert page.metric


def test_accounts_without_the_metric_are_left_out_only_by_a_tick_and_every_screen_says_so(front: Front) -> None:
    front.market.accounts = (account("A", level=None), account("B"), account("C", level=6.0))
    page = front.at_allocate("3mm")
    assert "1 of 3 accounts has no Active spread duration" in page.error[0].value
    assert "A: half of it has no figure" in words(page)
    assert not page.metric
    assert CONFIRM not in buttons(page)
    assert page.checkbox[0].label == "Leave 1 account out of Active spread duration"
    assert "Who is left out can still get bonds" in words(page)
    page.checkbox("allocate.exclude.BIG6.asd.A").check().run()
    said = words(page)
    assert "Dispersion over 2 of 3 accounts. Left out: A (half of it has no figure)." in said
    assert list(table(page)["Face"]) == [1_000_000] * 3
    press(page, CONFIRM)
    assert "Left out of Active spread duration: A." in words(page)
    page.checkbox("allocate.exclude.BIG6.asd.A").uncheck().run()
    assert not page.metric


def test_leaving_accounts_out_is_chosen_for_one_metric_and_these_accounts_only(front: Front) -> None:
    front.market.accounts = (account("A", level=None), account("B"), account("C", level=6.0))
    page = front.at_allocate("3mm")
    page.checkbox("allocate.exclude.BIG6.asd.A").check().run()
    assert page.metric
    page.segmented_control("metric").set_value(Metric.OAS).run()
    assert not page.metric
    assert page.checkbox[0].value is False
    page.segmented_control("metric").set_value(Metric.ASD).run()
    assert page.metric
    front.market.accounts = (account("A", level=None), account("B", level=None), account("C", level=6.0))
    page.run()
    assert not page.metric
    assert page.checkbox[0].value is False


def test_an_old_price_is_a_warning_and_a_very_old_one_blocks(front: Front) -> None:
    front.market.bonds["B"] = dated(bond(), price=date(2026, 11, 18))
    page = front.at_allocate("2mm")
    assert "The price of A bond: 2 business days old." in words(page)
    assert CONFIRM in buttons(page)
    front.market.bonds["B"] = dated(bond(), price=date(2026, 11, 10))
    page.run()
    assert "too old to trade on. Type a price to go on." in page.error[0].value
    assert CONFIRM not in buttons(page)


def test_a_bond_whose_market_has_no_calendar_is_a_sentence_and_not_a_defect(front: Front) -> None:
    front.market.bonds["C"] = replace(bond(), asset_id="C", currency="BRL")
    page = front.at_allocate(asset_id="C")
    assert "No settlement calendar is set up for BRL" in page.error[0].value
    assert not page.exception


def test_an_outage_is_a_sentence_with_a_reference_and_the_typed_face_stays(front: Front) -> None:
    page = front.at_allocate("2mm")
    front.market.failure = Unavailable("Aladdin gave no answer in 10 seconds.", "req-77")
    page.run()
    assert told(page.error[0].value) == "Aladdin gave no answer in 10 seconds. Reference …."
    assert not page.metric
    front.market.failure = None
    page.run()
    assert page.text_input("allocate.face").value == "2mm"
    assert "Placed: 100.0%" in words(page)
