"""Custom, locked and targeted lines typed into the table of accounts in a real browser, and sent."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.grid import PACE, Grid
from tests.browser.server import AppServer, accept_warnings, choose, chromium, idle
from tests.browser.test_confirming import type_into
from tests.browser.test_the_whole_job import next_step, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.soak]
BOND = "FFCB 3.5 05/15/36"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with AppServer(tmp_path_factory.mktemp("allocating"), {"DEMO_FILL_SECONDS": "3600"}) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(server: AppServer, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A portfolio manager at the allocation of a bond for BIG6, 25,000,000 typed, in a window as wide as asked for."""
    page = browser.new_page(viewport={"width": request.param, "height": 1700})
    page.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    sign_in(page, server.url)
    expect(page.get_by_role("heading", name="Groups", exact=True)).to_be_visible()
    idle(page)
    choose(page, "BIG6")
    expect(page.get_by_text("BIG6 is chosen.")).to_be_visible()
    next_step(page, "Find a bond")
    type_into(page, "Find a bond", BOND)
    next_step(page, f"Allocate {BOND}")
    expect(page.get_by_role("radio", name="Custom", exact=True)).to_be_visible()
    settle(page)
    if page.get_by_role("button", name="Start afresh").count():  # another test left something
        page.get_by_role("button", name="Start afresh").click()
        settle(page)
    type_into(page, "Face", "25mm")
    expect(page.get_by_test_id("stMetric").filter(has_text="Filled")).to_be_visible()
    yield page
    page.close()


def method(page: Page, label: str, sentence: str) -> None:
    page.get_by_role("radio", name=label, exact=True).click()
    expect(page.get_by_text(sentence)).to_be_visible()
    settle(page)


def settle(page: Page) -> None:
    """The run that an input starts begins a moment later."""
    page.wait_for_timeout(500)
    idle(page)


def type_cell(page: Page, account: str, column: str, text: str) -> None:
    """Type into the table of accounts."""
    Grid(page, "what each account is to get, a row per account").type(account, column, text)


def type_face(page: Page, account: str, text: str) -> None:
    """Type a face into the allocation itself."""
    grid = Grid(page, "the allocation, a row per account")
    field = grid.open(account, "Face")
    for key in ("ControlOrMeta+a", "Delete", *text, "Enter"):
        field.press(key)
        page.wait_for_timeout(PACE)
    settle(page)


def line(page: Page, account: str) -> Locator:
    """An account's row of the allocation, as those hear it who do not see it."""
    grid = page.get_by_test_id("stDataFrame").filter(has=page.get_by_label("the allocation, a row per account")).first
    return grid.locator("canvas tbody tr").filter(has_text=account)


def touched(page: Page, accounts: str) -> None:
    """The preview comes to touch so many accounts: the run that makes it may begin late on a busy machine."""
    figure = page.get_by_test_id("stMetric").filter(has_text="Accounts touched").get_by_test_id("stMetricValue")
    expect(figure).to_have_text(accounts)


def frozen(server: AppServer, order_id: str) -> dict[str, Any]:
    """What the ledger's statement says of an order."""
    with closing(sqlite3.connect(server.data_dir / "ledger.db")) as ledger:
        (body,) = ledger.execute("SELECT body FROM statements WHERE order_id = ?", (order_id,)).fetchone()
    found: dict[str, Any] = json.loads(body)
    return found


@pytest.mark.parametrize("page", [1440], indirect=True)
def test_custom_asks_and_a_locked_line_are_typed_mended_kept_and_sent(server: AppServer, page: Page) -> None:
    method(page, "Custom", "What you ask for each account")
    expect(page.get_by_text("Ask for something for at least one account")).to_be_visible()
    type_cell(page, "ALDEPF", "Ask", "25%")
    type_cell(page, "DOVEER", "Ask", "$2mm")
    type_cell(page, "DOVETR", "Ask", "abc")
    expect(page.get_by_text("DOVETR, Ask: “abc” is not an ask: type 25% of the order, 5mm of face")).to_be_visible()
    type_cell(page, "DOVETR", "Ask", "5mm")
    type_cell(page, "DOVETR", "Max", "4mm")  # its max
    expect(page.get_by_text("is not an ask")).to_have_count(0)
    touched(page, "3 of 6")
    type_face(page, "STONER", "1.5mm")
    expect(page.get_by_text("1 line locked.")).to_be_visible()
    touched(page, "4 of 6")
    shot(page, "allocate-custom")

    # a target engine solves the rest around the lock, and the asks are still there afterwards
    method(page, "To target", "Closes each account's gap")
    expect(page.get_by_text("Type the level of Active spread duration")).to_be_visible()
    type_into(page, "Level, years", "0.25")
    expect(page.get_by_text("grey ticks are targets")).to_be_visible()
    expect(line(page, "STONER")).to_contain_text("1,500,000")
    shot(page, "allocate-to-target")
    method(page, "Custom", "What you ask for each account")
    expect(page.get_by_text("Per account: ask, min, max, priority · 4 cells filled in")).to_be_visible()
    touched(page, "4 of 6")

    next_step(page, "Confirm…")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("as one order with 4 lines, custom")).to_be_visible()
    accept_warnings(page)
    dialog.get_by_role("button", name="Confirm and send").click()
    page.wait_for_url(re.compile(r"/orders\?order=EL-"))
    body = frozen(server, page.url.split("order=")[1])
    faces = {line["account_id"]: line["face"] for line in body["lines"] if line["face"]}
    assert faces == {"ALDEPF": 6_250_000, "DOVEER": faces["DOVEER"], "DOVETR": 4_000_000, "STONER": 1_500_000}
    assert 2_000_000 < faces["DOVEER"] < 2_200_000, "two million dollars at a price below par"
    assert body["choices"]["locked"] == {"STONER": 1_500_000}


@pytest.mark.parametrize("page", [1024], indirect=True)  # some columns are out of sight
def test_one_target_for_all_fills_the_column_and_one_is_changed_by_hand(page: Page) -> None:
    method(page, "To target", "Closes each account's gap")
    page.locator(".stSelectbox").first.click()
    page.get_by_text("its own target").click()
    settle(page)
    type_into(page, "Same target for all, years", "0.3")
    expect(page.get_by_text("Per account: target · 6 cells filled in")).to_be_visible()
    touched(page, "6 of 6")
    type_cell(page, "DOVEER", "Target", "-1")
    touched(page, "5 of 6")

    # another page and back: the cells are there, and go on being typed into
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Orders").click()
    expect(page.get_by_role("heading", name="Orders", exact=True)).to_be_visible()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Allocate").click()
    expect(page.get_by_text("Per account: target · 6 cells filled in")).to_be_visible()
    settle(page)
    touched(page, "5 of 6")
    type_cell(page, "DOVEER", "Target", "0.3")
    touched(page, "6 of 6")
    type_face(page, "STONER", "0")
    touched(page, "5 of 6")
    page.get_by_role("button", name="Free all").click()
    touched(page, "6 of 6")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("have no target for Active spread duration")).to_be_visible()


@pytest.mark.parametrize("page", [1440], indirect=True)
def test_lines_are_edited_one_after_the_other_without_a_pause_and_the_rest_is_solved_again(page: Page) -> None:
    method(page, "Minimum dispersion", "Places all that can be placed")
    grid = page.get_by_test_id("stDataFrame").filter(has=page.get_by_label("the allocation, a row per account")).first
    grid.scroll_into_view_if_needed()
    page.wait_for_timeout(2_000)  # what the charts below draw for the first time takes the grid's attention
    idle(page)
    box = grid.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 120, box["y"] + 50)  # the first face
    page.wait_for_timeout(300)
    for text in ("2mm", "250k", "1,000,000"):  # typed over cell after cell: the page must not take the keys away
        page.keyboard.type(text, delay=90)
        page.keyboard.press("Enter")
        page.wait_for_timeout(90)
    for account, face in (("ALDEPF", "2,000,000"), ("DOVEER", "250,000"), ("DOVETR", "1,000,000")):
        expect(line(page, account)).to_contain_text(face)
    expect(page.get_by_text("3 lines locked.")).to_be_visible()

    type_face(page, "QUINER", "3mm")  # more than its cash buys
    expect(page.get_by_text("QUINER cannot be locked at 3,000,000: cash of")).to_be_visible()
    expect(line(page, "QUINER")).to_contain_text("3mm")
    shot(page, "allocate-refused-lock")
    page.get_by_role("button", name=re.compile("Lock QUINER at ")).click()
    expect(page.get_by_text("4 lines locked.")).to_be_visible()
    expect(page.get_by_text("QUINER cannot be locked")).to_have_count(0)
    page.get_by_role("button", name="Free all").click()
    touched(page, "3 of 6")


@pytest.mark.parametrize("page", [1440], indirect=True)
def test_the_wizard_is_as_it_was_left_after_a_reload_and_a_restart(server: AppServer, page: Page) -> None:
    method(page, "Custom", "What you ask for each account")
    type_cell(page, "ALDEPF", "Ask", "25%")
    type_cell(page, "DOVETR", "Ask", "abc")
    type_into(page, "Limit, per 100", "101-16")
    for restarted in (False, True):
        if restarted:
            server.restart()
        page.reload()
        expect(page.get_by_text("DOVETR, Ask: “abc” is not an ask")).to_be_visible(timeout=60_000)
        settle(page)
        assert page.locator('input[aria-label="Face"]').input_value() == "25mm"
        assert page.locator('input[aria-label="Limit, per 100"]').input_value() == "101-16"
        expect(page.get_by_text("As you left it")).to_be_visible()
        expect(page.get_by_role("radio", name="Custom", exact=True)).to_have_attribute("aria-checked", "true")
    type_cell(page, "DOVETR", "Ask", "1mm")
    touched(page, "2 of 6")
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Compare").click()
    heading = page.get_by_role("heading", name=f"Compare: buy 25,000,000 {BOND} for BIG6 at 101.50")
    expect(heading).to_be_visible()
    page.reload()
    expect(heading).to_be_visible()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Allocate").click()
    page.get_by_role("button", name="Start afresh").click()
    expect(page.get_by_text("Type a face to see the allocation.").first).to_be_visible()
    page.reload()
    expect(page.get_by_text("Type a face to see the allocation.").first).to_be_visible()
    expect(page.get_by_text("As you left it")).to_have_count(0)
