from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from allocation.model import Bond
from orders.errors import NotFound, RateLimited, Unavailable
from orders.searching import Suggested
from tests.allocation.desk import account, bond
from tests.orders.desk import ANALYST, COMPLIANCE, TODAY, FakeMarket
from tests.pages.front import Front, buttons, press, told, words
from ui import finding
from ui.session import Pulse


def type_in(page: AppTest, text: str) -> AppTest:
    return page.text_input("securities.text").set_value(text).run()


def search(page: AppTest, text: str, asset_id: str = "B") -> AppTest:
    """Type, and click one of those found; it is taken at once where the text is its identifier."""
    type_in(page, text)
    click = f"take.hit.{asset_id}"
    return page.button(click).click().run() if click in [button.key for button in page.button] else page


def second(**also: object) -> Bond:
    return replace(bond(), asset_id="C", description="Another bond", price_date=TODAY, **also)  # type: ignore[arg-type]


def test_before_anything_is_typed_what_was_looked_at_and_what_is_held_most_are_one_click_away(front: Front) -> None:
    page = front.visit("securities")
    assert "The accounts of BIG6 hold no bond yet." in page.info[0].value
    front.market.bonds["C"] = second()
    search(page, "another", "C")
    front.market.accounts = (account("A", held="300000"), account("B", held="100000"))
    type_in(page, "")
    said = words(page)
    assert "**Looked at lately**" in said
    assert "**Most held in BIG6**" in said
    assert "2 accounts · 400,000 · 0.20% of NAV" in said
    page.button("take.held.B").click().run()
    assert page.session_state["trip"].asset_id == "B"
    assert page.text_input("securities.text").value == "A bond"
    assert [row["asset_id"] for row in front.memory.get("pm", "recent bonds")] == ["B", "C"]
    again = front.visit("securities")
    assert again.session_state["trip"].asset_id is None
    again.button("take.recent.C").click().run()
    assert again.session_state["trip"].asset_id == "C", "remembered for the user, in another session"


def test_the_bond_found_shows_its_terms_figures_and_holders(front: Front) -> None:
    front.market.accounts = (account("A", held="300000"), account("B", held="100000"))
    front.gate.user = ANALYST
    page = front.visit("groups")
    page.toggle("show.OPNIC").set_value(True).run()
    page.switch_page("pages/securities.py").run()
    said = words(search(page, "a bond"))
    assert "Price: 98.50" in said
    assert "Spread duration: 3.80" in said
    assert "Trades in steps of 1,000" in said
    assert "price read on Fri 20 Nov 2026" in said
    assert "**Held by 2 accounts of BIG6**: 400,000 in all" in said
    table = page.dataframe[0].value
    assert list(table["Group"]) == ["BIG6", "BIG6", "OPNIC", "OPNIC"], "of every group that is looked at"
    assert list(table["% of group"]) == [75.0, 25.0, 75.0, 25.0]
    assert page.query_params["asset"] == "B"


def test_a_bond_nobody_holds_says_so_and_goes_on_to_the_allocation(front: Front) -> None:
    page = search(front.visit("securities"), "a bond")
    assert "No account of BIG6 holds it." in words(page)
    press(page, "Allocate A bond")
    assert page.title[0].value == "Buy A bond for BIG6"


def test_what_was_found_shows_how_old_it_is_and_what_it_lacks(front: Front) -> None:
    front.market.notes = ("GONE was not searched.",)
    page = front.visit("securities")
    said = words(search(page, "a bond"))
    assert ":gray-badge[:material/schedule: read " in said
    assert said.count("GONE was not searched.") == 2, "of the search, and of the bond"
    front.pulses[0] = Pulse("Aladdin", False, "Aladdin is left alone for 30 seconds.", feeds=True)
    page.run()
    assert "what is shown was read on 20 Nov 2026" in page.warning[0].value


def test_a_text_being_typed_asks_aladdin_nothing_and_lists_what_is_at_hand(front: Front) -> None:
    front.market.bonds["C"] = second(cusip="037833100")
    page = front.visit("securities")
    front.market.failure = RateLimited("Aladdin asks us to wait 30 seconds.", "req-9")  # of every call
    type_in(page, "bond")
    assert "A **bond**" in str([button.label for button in page.button])
    assert "Enter takes the first." in words(page)
    assert not page.error
    type_in(page, "zebra")
    assert "Nothing found for “zebra” among the bonds your groups hold" in page.info[0].value
    assert page.session_state["trip"].asset_id is None


def test_a_whole_identifier_that_is_not_at_hand_is_asked_for_once(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def find(self: FakeMarket, text: str, *_: object) -> object:
        asked.append(text)
        raise NotFound(f"No security has the CUSIP {text}.", ("a bond",))

    monkeypatch.setattr(FakeMarket, "suggest", lambda *_, **__: Suggested((), elsewhere=True))
    monkeypatch.setattr(FakeMarket, "find", find)
    page = type_in(front.visit("securities"), "594918BW3")
    page.run()
    assert page.error[0].value == "No security has the CUSIP 594918BW3."
    assert asked == ["594918BW3"]
    press(page, "a bond")
    assert page.text_input("securities.text").value == "a bond"


def test_an_identifier_typed_in_full_takes_its_bond_and_other_words_leave_none_chosen(front: Front) -> None:
    page = type_in(front.visit("securities"), "B")
    assert "Price: 98.50" in words(page)
    assert page.session_state["trip"].asset_id == "B"
    type_in(page, "A bon")
    assert page.session_state["trip"].asset_id is None, "Allocate must not go on with the one before"
    assert not any(label.startswith("Allocate") for label in buttons(page))
    page.switch_page("pages/allocate.py").run()
    assert page.info[0].value == "Choose a bond first."


def test_an_old_price_is_amber_and_one_too_old_to_trade_on_is_red(front: Front) -> None:
    front.market.bonds["B"] = replace(bond(), price_date=date(2026, 11, 18), measures_date=date(2026, 11, 10))
    said = words(search(front.visit("securities"), "bond"))
    assert ":orange[price read on Wed 18 Nov 2026, 2 business days old]" in said
    assert ":red[analytics of Tue 10 Nov 2026, 7 business days old: too old to trade on]" in said


def test_a_bond_without_price_or_figures_says_no_price_and_shows_no_zero(front: Front) -> None:
    front.market.bonds = {"B": replace(bond(price=None), measures=type(bond().measures)())}
    said = words(search(front.visit("securities"), "bond"))
    assert "no price · no analytics" in said
    assert "Price: –" in said
    assert "OAS, bp: –" in said


def test_a_bond_whose_market_has_no_calendar_is_a_sentence_and_not_a_defect(front: Front) -> None:
    front.market.bonds = {"C": replace(second(currency="BRL"), price_date=date(2026, 11, 19))}
    page = search(front.visit("securities"), "another", "C")
    assert "No settlement calendar is set up for BRL" in page.error[0].value
    assert not page.exception


def test_an_outage_is_a_sentence_with_a_reference_and_what_was_read_before_is_searched(front: Front) -> None:
    page = front.visit("securities")
    front.market.failure = Unavailable("Aladdin gave no answer.", "req-9")
    search(page, "bond")
    assert told(page.error[0].value) == "Aladdin gave no answer. Reference …."
    front.market.failure = None
    assert "Price: 98.50" in words(page.run())


def test_a_bond_taken_is_still_there_after_a_look_at_another_page(front: Front) -> None:
    page = search(front.visit("securities"), "bond")
    press(page, "Groups")
    page.switch_page("pages/securities.py").run()
    assert page.text_input("securities.text").value == "A bond"
    assert "Allocate A bond" in buttons(page)


def test_a_link_opens_its_bond_and_one_that_nobody_knows_is_said(front: Front) -> None:
    page = front.visit("securities", group="BIG6", asset="B")
    assert page.text_input("securities.text").value == "A bond"
    assert "Allocate A bond" in buttons(page)
    page = front.visit("securities", group="BIG6", asset="ZZZ")
    assert "No bond has the CUSIP, ISIN, SEDOL or asset id ZZZ" in page.error[0].value


def test_whoever_may_not_allocate_is_not_sent_there(front: Front) -> None:
    assert "Allocate A bond" in buttons(search(front.visit("securities"), "a bond"))
    front.gate.user = COMPLIANCE
    page = search(front.visit("securities"), "a bond")
    assert not any(label.startswith("Allocate") for label in buttons(page))


def test_enter_takes_no_bond_that_nobody_has_seen(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    front.market.bonds["C"] = second()
    pressed: list[str | None] = [None]
    monkeypatch.setattr(finding, "entered", lambda *_, **__: pressed[0])
    page = type_in(front.visit("securities"), "another")
    pressed[0] = "bond"  # typed and entered before the list of it was there
    type_in(page, "bond")
    assert page.session_state["trip"].asset_id is None
    assert {"take.hit.B", "take.hit.C"} <= {button.key for button in page.button}
    page.run()
    assert page.session_state["trip"].asset_id == "B", "the first of the list that was seen"

    monkeypatch.setattr(FakeMarket, "suggest", lambda *_, **__: Suggested(()))
    pressed[0] = "another"
    type_in(page, "another")
    assert page.session_state["trip"].asset_id is None, "found by words, it is there to click"
    assert "No bond carries “another” itself. Aladdin found:" in words(page)
    pressed[0] = None
    page.button("take.asked.C").click().run()
    assert page.session_state["trip"].asset_id == "C"
