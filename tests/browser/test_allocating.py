"""Custom, locked and targeted lines typed into the table of accounts in a real browser, and sent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import behind, steps
from tests.browser.conftest import Somebody
from tests.browser.grid import Grid
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
    expect(page.get_by_text("is not an ask")).to_have_count(0)
    steps.touched(page, "3 of 6")
    steps.lock(page, "STONER", "1.5mm")
    expect(page.get_by_text("1 line locked.")).to_be_visible()
    steps.touched(page, "4 of 6")
    steps.shot(page, "allocate-custom")

    # a target engine solves the rest around the lock, and the asks are still there afterwards
    steps.method(page, "to_target")
    expect(page.get_by_text("Type the level of Active spread duration")).to_be_visible()
    steps.type_into(page, "Level, years", "0.25")
    expect(page.get_by_text("grey ticks are targets")).to_be_visible()
    expect(steps.line(page, "STONER")).to_contain_text("1,500,000")
    steps.shot(page, "allocate-to-target")
    steps.method(page, "custom")
    expect(page.get_by_text("Per account: ask, min, max, priority · 4 cells filled in")).to_be_visible()
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
    tops = [figure.bounding_box() for figure in page.get_by_test_id("stMetric").all()[:6]]
    assert len({box["y"] for box in tops if box is not None}) == 1, "the figures stand on one line"
    steps.method(page, "to_target")
    page.locator(".stSelectbox").first.click()
    page.get_by_text("its own target").click()
    steps.settle(page, 500)
    steps.type_into(page, "Same target for all, years", "0.3")
    expect(page.get_by_text("Per account: target · 6 cells filled in")).to_be_visible()
    steps.touched(page, "6 of 6")
    steps.cell(page, "DOVEER", "Target", "-1")
    steps.touched(page, "5 of 6")

    # another page and back: the cells are there, and go on being typed into
    steps.go_to(page, "Orders")
    steps.heading(page, "Orders")
    steps.go_to(page, "Allocate")
    expect(page.get_by_text("Per account: target · 6 cells filled in")).to_be_visible()
    steps.settle(page, 500)
    steps.touched(page, "5 of 6")
    steps.cell(page, "DOVEER", "Target", "0.3")
    steps.touched(page, "6 of 6")
    steps.lock(page, "STONER", "0")
    steps.touched(page, "5 of 6")
    steps.free(page)
    steps.touched(page, "6 of 6")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("have no target for Active spread duration")).to_be_visible()


def test_lines_are_edited_one_after_the_other_without_a_pause_and_the_rest_is_solved_again(somebody: Somebody) -> None:
    page = at_allocate(somebody, 1440)
    steps.method(page, "min_dispersion")
    Grid(page, steps.LINES).go_to("ALDEPF", "Face")
    for text in ("2mm", "250k", "1,000,000"):  # typed over cell after cell: the page must not take the keys away
        page.keyboard.type(text, delay=90)
        page.keyboard.press("Enter")
        page.wait_for_timeout(90)
    for account, face in (("ALDEPF", "2,000,000"), ("DOVEER", "250,000"), ("DOVETR", "1,000,000")):
        expect(steps.line(page, account)).to_contain_text(face)
    expect(page.get_by_text("3 lines locked.")).to_be_visible()

    steps.lock(page, "QUINER", "3mm")  # more than its cash buys
    expect(page.get_by_role("alert").get_by_text("QUINER cannot be locked at 3,000,000: cash of")).to_be_visible()
    expect(steps.line(page, "QUINER")).to_contain_text("3mm")
    steps.shot(page, "allocate-refused-lock")
    page.get_by_role("button", name=re.compile("Lock QUINER at ")).click()
    expect(page.get_by_text("4 lines locked.")).to_be_visible()
    expect(page.get_by_text("QUINER cannot be locked")).to_have_count(0)
    steps.free(page)
    steps.touched(page, "3 of 6")


def test_the_wizard_is_as_it_was_left_after_a_reload_and_a_restart(tmp_path: Path, browser: Browser) -> None:
    with AppServer(tmp_path) as server:
        page = steps.window(browser, server.url, 1440, 1700)
        steps.sign_in(page, "pm")
        steps.to_allocate(page, "BIG6", BOND)
        steps.face(page, "25mm")
        steps.method(page, "custom")
        steps.cell(page, "ALDEPF", "Ask", "25%")
        steps.cell(page, "DOVETR", "Ask", "abc")
        steps.type_into(page, "Limit, per 100", "101-16")
        for restarted in (False, True):
            if restarted:
                server.restart()
            page.reload()
            expect(page.get_by_text("DOVETR, Ask: “abc” is not an ask")).to_be_visible(timeout=60_000)
            steps.settle(page, 500)
            expect(steps.field(page, "Face")).to_have_value("25mm")
            expect(steps.field(page, "Limit, per 100")).to_have_value("101-16")
            expect(page.get_by_text("As you left it")).to_be_visible()
            expect(page.get_by_role("radio", name="Custom", exact=True)).to_have_attribute("aria-checked", "true")
        steps.cell(page, "DOVETR", "Ask", "1mm")
        steps.touched(page, "2 of 6")
        steps.go_to(page, "Compare")
        heading = f"Compare: buy 25,000,000 {BOND} for BIG6 at 101.50"
        steps.heading(page, heading)
        page.reload()
        steps.heading(page, heading)
        steps.go_to(page, "Allocate")
        page.get_by_role("button", name="Start afresh").click()
        steps.said(page, "Type a face to see the allocation.")
        page.reload()
        steps.said(page, "Type a face to see the allocation.")
        expect(page.get_by_text("As you left it")).to_have_count(0)
        page.context.close()
