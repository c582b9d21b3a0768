"""Custom, locked and targeted lines typed into the table of accounts in a real browser, and sent."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import AppServer, chromium, idle
from tests.browser.test_confirming import type_into
from tests.browser.test_the_whole_job import metric, next_step, shot, sign_in

pytestmark = pytest.mark.browser
BOND = "FFCB 3.5 05/15/36"
ROWS = ("ALDEPF", "DOVEER", "DOVETR", "IRONTR", "QUINER", "STONER")  # of BIG6
TODAY = 3  # the last column of the table of accounts that nobody types into


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with AppServer(tmp_path_factory.mktemp("allocating"), {"DEMO_FILL_SECONDS": "3600"}) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(server: AppServer, browser: Browser) -> Iterator[Page]:
    """A portfolio manager at the allocation of a bond for BIG6, 25,000,000 typed."""
    page = browser.new_page(viewport={"width": 1440, "height": 1700})
    page.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    sign_in(page, server.url)
    expect(page.get_by_role("heading", name="Groups", exact=True)).to_be_visible()
    idle(page)
    page.locator(".st-key-choose-BIG6 button").click()
    expect(page.get_by_text("BIG6 is chosen.")).to_be_visible()
    next_step(page, "Find a bond")
    type_into(page, "Find a bond", BOND)
    next_step(page, f"Allocate {BOND}")
    type_into(page, "Face", "25mm")
    expect(page.get_by_test_id("stMetric").filter(has_text="Filled")).to_be_visible()
    yield page
    page.close()


def method(page: Page, label: str, sentence: str) -> None:
    page.get_by_text(label, exact=True).click()
    expect(page.get_by_text(sentence)).to_be_visible()
    settle(page)


def settle(page: Page) -> None:
    """The run that an input starts begins a moment later."""
    page.wait_for_timeout(500)
    idle(page)


def type_cell(page: Page, account: str, column: int, text: str) -> None:
    """Type into the table of accounts, into the `column`th of those that can be typed into."""
    grid = page.get_by_test_id("stDataFrame").first
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 25, box["y"] + 35 * (ROWS.index(account) + 1) + 17)  # the account itself
    for _ in range(TODAY + column):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator("input.gdg-input, textarea.gdg-input").fill(text)
    page.keyboard.press("Enter")
    settle(page)


def frozen(server: AppServer, order_id: str) -> dict[str, Any]:
    """What the ledger's statement says of an order."""
    with closing(sqlite3.connect(server.data_dir / "ledger.db")) as ledger:
        (body,) = ledger.execute("SELECT body FROM statements WHERE order_id = ?", (order_id,)).fetchone()
    found: dict[str, Any] = json.loads(body)
    return found


def test_custom_asks_and_a_locked_line_are_typed_mended_kept_and_sent(server: AppServer, page: Page) -> None:
    method(page, "Custom", "What you ask for each account")
    expect(page.get_by_text("Ask for something for at least one account")).to_be_visible()
    type_cell(page, "ALDEPF", 1, "25%")
    type_cell(page, "DOVEER", 1, "$2mm")
    type_cell(page, "DOVETR", 1, "abc")
    expect(page.get_by_text("DOVETR, Ask: “abc” is not an ask: type 25% of the order, 5mm of face")).to_be_visible()
    type_cell(page, "DOVETR", 1, "5mm")
    type_cell(page, "DOVETR", 3, "4mm")  # its max
    type_cell(page, "STONER", 5, "1.5mm")  # its lock
    expect(page.get_by_text("is not an ask")).to_have_count(0)
    assert metric(page, "Accounts touched") == "4 of 6"
    shot(page, "allocate-custom")

    # a target engine solves the rest around the lock, and the asks are still there afterwards
    method(page, "To target", "Closes each account's gap")
    expect(page.get_by_text("Type the level of Active spread duration")).to_be_visible()
    type_into(page, "Level, years", "0.25")
    expect(page.get_by_text("grey ticks are targets")).to_be_visible()
    expect(page.get_by_text("Per account: lock · 1 cell filled in")).to_be_visible()
    shot(page, "allocate-to-target")
    method(page, "Custom", "What you ask for each account")
    expect(page.get_by_text("Per account: ask, min, max, priority, lock · 5 cells filled in")).to_be_visible()
    assert metric(page, "Accounts touched") == "4 of 6"

    next_step(page, "Confirm…")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("as one order with 4 details, custom")).to_be_visible()
    dialog.get_by_role("button", name="Confirm and send").click()
    page.wait_for_url(re.compile(r"/orders\?order=EL-"))
    body = frozen(server, page.url.split("order=")[1])
    faces = {line["account_id"]: line["face"] for line in body["lines"] if line["face"]}
    assert faces == {"ALDEPF": 6_250_000, "DOVEER": faces["DOVEER"], "DOVETR": 4_000_000, "STONER": 1_500_000}
    assert 2_000_000 < faces["DOVEER"] < 2_200_000, "two million dollars at a price below par"
    assert body["choices"]["locked"] == {"STONER": 1_500_000}
