from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from allocation.model import Bond
from orders.errors import NotFound, RateLimited
from tests.allocation.desk import account, bond
from tests.orders.desk import ANALYST, COMPLIANCE, TODAY
from tests.pages.front import Front, buttons, press, words
from ui.session import Pulse


def search(page: AppTest, text: str) -> AppTest:
    return page.text_input("securities.text").set_value(text).run()


def second(**also: object) -> Bond:
    return replace(bond(), asset_id="C", description="Another bond", price_date=TODAY, **also)  # type: ignore[arg-type]


def test_before_a_search_the_page_says_what_to_type(front: Front) -> None:
    page = front.visit("securities")
    assert "Type an identifier, a ticker or words" in page.info[0].value
    assert not page.dataframe


def test_the_bond_found_shows_its_terms_figures_and_holders(front: Front) -> None:
    front.market.accounts = (account("A", held="300000"), account("B"))
    page = front.visit("groups").switch_page("pages/securities.py").run()
    said = words(search(page, "a bond"))
    assert "Price: 98.50" in said
    assert "Spread duration: 3.80" in said
    assert "Trades in steps of 1,000" in said
    assert "price read on Fri 20 Nov 2026" in said
    assert "**Held by 1 account of BIG6**" in said
    assert page.session_state["trip"].asset_id == "B"


def test_a_bond_nobody_holds_says_so(front: Front) -> None:
    page = front.visit("groups").switch_page("pages/securities.py").run()
    assert "No account of BIG6 holds it." in words(search(page, "bond"))


def test_going_on_to_the_allocation_takes_the_bond_along(front: Front) -> None:
    page = front.visit("groups").switch_page("pages/securities.py").run()
    press(search(page, "a bond"), "Allocate A bond")
    assert page.title[0].value == "Buy A bond for BIG6"


def test_what_was_found_shows_how_old_it_is_and_what_it_lacks(front: Front) -> None:
    page = front.visit("securities")
    assert "read " not in words(page)
    front.market.notes = ("GONE was not searched.",)
    said = words(search(page, "a bond"))
    assert ":gray-badge[:material/schedule: read " in said
    assert said.count("GONE was not searched.") == 2, "of the search, and of the bond"
    front.pulses[0] = Pulse("Aladdin", False, "Aladdin is left alone for 30 seconds.", feeds=True)
    assert "what is shown was read on 20 Nov 2026" in search(page, "bond").warning[0].value


def test_nothing_found_says_where_was_searched(front: Front) -> None:
    page = search(front.visit("securities"), "zebra")
    assert "Nothing found for “zebra” among the bonds your groups hold" in page.info[0].value
    assert page.session_state["trip"].asset_id is None


def test_a_mistyped_identifier_proposes_the_ones_meant_and_a_click_searches_for_it(front: Front) -> None:
    front.market.failure = NotFound("The check digit of 037833101 does not fit.", ("bond",))  # type: ignore[assignment]
    page = search(front.visit("securities"), "037833101")
    assert "check digit" in page.error[0].value
    front.market.failure = None
    press(page, "bond")
    assert page.text_input("securities.text").value == "bond"
    assert "Price: 98.50" in words(page)


def test_an_old_price_is_amber_and_one_too_old_to_trade_on_is_red(front: Front) -> None:
    front.market.bonds["B"] = replace(bond(), price_date=date(2026, 11, 18), measures_date=date(2026, 11, 10))
    said = words(search(front.visit("securities"), "bond"))
    assert ":orange[price read on Wed 18 Nov 2026]" in said
    assert ":red[analytics of Tue 10 Nov 2026: too old to trade on]" in said


def test_a_bond_without_price_or_figures_says_no_price_and_shows_no_zero(front: Front) -> None:
    front.market.bonds = {"B": replace(bond(price=None), measures=type(bond().measures)())}
    said = words(search(front.visit("securities"), "bond"))
    assert "no price · no analytics" in said
    assert "Price: –" in said
    assert "OAS, bp: –" in said


def test_a_bond_whose_market_has_no_calendar_is_a_sentence_and_not_a_defect(front: Front) -> None:
    front.market.bonds = {"C": replace(second(currency="BRL"), price_date=date(2026, 11, 19))}
    page = search(front.visit("securities"), "another")
    assert "No settlement calendar is set up for BRL" in page.error[0].value
    assert not page.exception


def test_too_many_requests_are_a_sentence_with_a_reference(front: Front) -> None:
    front.market.failure = RateLimited("Aladdin asks us to wait 30 seconds.", "req-9")
    page = search(front.visit("securities"), "bond")
    assert page.error[0].value == "Aladdin asks us to wait 30 seconds. Reference req-9."


def test_several_found_are_listed_and_the_first_is_shown_but_not_chosen(front: Front) -> None:
    front.market.bonds["C"] = second()
    page = search(front.visit("securities"), "bond")
    assert "2 found" in words(page)
    assert len(page.dataframe[0].value) == 2
    assert page.session_state["trip"].asset_id is None, "nobody has picked one"
    press(page, "Allocate A bond")
    assert page.title[0].value == "Buy A bond for BIG6"
    page.switch_page("pages/securities.py").run()
    assert page.session_state["trip"].asset_id == "B", "the one chosen stays so"


@pytest.mark.parametrize("text", ["", "zebra", "037833101", "bond"])
def test_a_search_that_finds_no_bond_leaves_none_chosen(front: Front, text: str) -> None:
    page = search(front.visit("securities"), "a bond")
    assert page.session_state["trip"].asset_id == "B"
    if text == "037833101":
        front.market.failure = NotFound("The check digit does not fit.")  # type: ignore[assignment]
    elif text == "bond":
        front.market.failure = RateLimited("Aladdin asks us to wait 30 seconds.", "req-9")
    search(page, text)
    assert page.session_state["trip"].asset_id is None
    page.switch_page("pages/allocate.py").run()
    assert page.info[0].value == "Choose a bond first."


def test_the_search_is_still_there_after_a_look_at_another_page(front: Front) -> None:
    front.gate.user = ANALYST
    page = search(front.visit("securities"), "a bond")
    press(page, "Groups")
    assert page.title[0].value == "Groups"
    page.switch_page("pages/securities.py").run()
    assert page.text_input("securities.text").value == "a bond"
    assert "Allocate A bond" in buttons(page)


def test_whoever_may_not_allocate_is_not_sent_there(front: Front) -> None:
    page = search(front.visit("securities"), "a bond")
    assert "Allocate A bond" in buttons(page)
    front.gate.user = COMPLIANCE
    page = search(front.visit("securities"), "a bond")
    assert not any(label.startswith("Allocate") for label in buttons(page))
