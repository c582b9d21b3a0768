"""Custom, locked and targeted lines typed into the table of accounts in a real browser, and sent."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser import behind, steps
from tests.browser.conftest import Somebody
from tests.browser.server import AppServer

pytestmark = [pytest.mark.browser, pytest.mark.soak]
BOND = "FFCB 3.5 05/15/36"


def at_allocate(somebody: Somebody, width: int) -> Page:
    """A portfolio manager at the allocation of a bond for BIG6, 25,000,000 typed."""
    page = somebody(width=width, height=1700)
    steps.to_allocate(page, "BIG6", BOND)
    steps.face(page, "25mm")
    steps.previewed(page)
    return page


def test_custom_asks_and_a_locked_line_are_typed_mended_kept_and_sent(shared: AppServer, somebody: Somebody) -> None:
    page = at_allocate(somebody, 1440)
    steps.method(page, "custom")
    expect(page.get_by_text("Ask for something for at least one account")).to_be_visible()
    steps.cell(page, "ALDEPF", "Ask", "25%")
    steps.cell(page, "DOVEER", "Ask", "$2mm")
    steps.cell(page, "DOVETR", "Ask", "abc")
    expect(page.get_by_text("DOVETR, Ask: “abc” is not an ask: type 25% of the order, 5mm of face")).to_be_visible()
    steps.cell(page, "DOVETR", "Ask", "5mm")
    steps.cell(page, "DOVETR", "Max", "4mm")  # its max
    steps.lock(page, "STONER", "1.5mm")
    expect(page.get_by_text("is not an ask")).to_have_count(0)
    steps.touched(page, "4 of 6")
    steps.shot(page, "allocate-custom")

    # a target engine solves the rest around the lock, and the asks are still there afterwards
    steps.method(page, "to_target")
    expect(page.get_by_text("Type the level of Active spread duration")).to_be_visible()
    steps.type_into(page, "Level, years", "0.25")
    expect(page.get_by_text("grey ticks are targets")).to_be_visible()
    steps.filled_in(page)
    steps.shot(page, "allocate-to-target")
    steps.method(page, "custom")
    steps.filled_in(page)
    steps.touched(page, "4 of 6")

    dialog = steps.open_confirmation(page)
    expect(dialog.get_by_text("as one order with 4 lines, custom")).to_be_visible()
    order = steps.confirm(page)
    body, faces = behind.frozen(shared, order), behind.faces(shared, order)
    assert faces == {"ALDEPF": 6_250_000, "DOVEER": faces["DOVEER"], "DOVETR": 4_000_000, "STONER": 1_500_000}
    assert 2_000_000 < faces["DOVEER"] < 2_200_000, "two million dollars at a price below par"
    assert body["choices"]["locked"] == {"STONER": 1_500_000}
    assert behind.placed(shared, order) == faces


def test_one_target_for_all_fills_the_column_and_one_is_changed_by_hand(somebody: Somebody) -> None:
    page = at_allocate(somebody, 1024)  # some columns are out of sight
    steps.method(page, "to_target")
    page.locator(".stSelectbox").first.click()
    page.get_by_text("its own target").click()
    steps.settle(page, 500)
    steps.type_into(page, "Same target for all, years", "0.3")
    steps.filled_in(page)
    steps.touched(page, "6 of 6")
    steps.cell(page, "DOVEER", "Target", "-1")
    steps.touched(page, "5 of 6")

    # another page and back: the cells are there, and go on being typed into
    steps.go_to(page, "Orders")
    steps.heading(page, "Orders")
    steps.go_to(page, "Allocate")
    steps.filled_in(page)
    steps.settle(page, 500)
    steps.touched(page, "5 of 6")
    steps.cell(page, "DOVEER", "Target", "0.3")
    steps.touched(page, "6 of 6")
    steps.lock(page, "STONER", "0")
    steps.touched(page, "5 of 6")
    steps.free(page, "STONER")
    steps.touched(page, "6 of 6")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("have no target for Active spread duration")).to_be_visible()
