"""The confirmation in a real browser: what a double click does, and two windows that want the same cash."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from aladdin.simulator import console
from tests.browser.server import AppServer, accept_warnings, choose, chromium, idle

pytestmark = [pytest.mark.browser, pytest.mark.soak]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with AppServer(tmp_path_factory.mktemp("confirming"), {"DEMO_FILL_SECONDS": "3600"}) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def desk(browser: Browser, server: AppServer) -> Iterator[BrowserContext]:
    """A portfolio manager's browser, signed in."""
    context = browser.new_context(viewport={"width": 1440, "height": 1100})
    context.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    page = context.new_page()
    page.goto(server.url)
    idle(page)
    page.get_by_role("textbox", name="Username").fill("pm")
    page.get_by_role("textbox", name="Password").fill("pm-demo")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Groups", exact=True)).to_be_visible()
    for _ in range(100):  # the other windows come in by the cookie
        if any(cookie["name"] == "evenlot" for cookie in context.cookies()):
            break
        page.wait_for_timeout(100)
    yield context
    context.close()


def preview(context: BrowserContext, server: AppServer, face: str) -> Page:
    """A window at the preview of a block of the same bond for BIG6."""
    page = context.new_page()
    page.goto(server.url)
    idle(page)
    choose(page, "BIG6")
    expect(page.get_by_text("BIG6 is chosen.")).to_be_visible()
    bottom = page.get_by_test_id("stBottomBlockContainer")
    bottom.get_by_role("button", name="Find a bond").click()
    expect(page.get_by_role("heading", name="Securities")).to_be_visible()
    type_into(page, "Find a bond", "T 4 12/15/27")
    bottom.get_by_role("button", name="Allocate T 4 12/15/27").click()
    type_into(page, "Face", face)
    expect(page.get_by_test_id("stMetric").filter(has_text="Filled")).to_be_visible()
    return page


def type_into(page: Page, field: str, text: str) -> None:
    box = page.locator(f'input[aria-label="{field}"]')
    box.fill(text)
    box.press("Enter")
    page.wait_for_timeout(300)
    idle(page)


def open_dialog(page: Page) -> None:
    page.get_by_test_id("stBottomBlockContainer").get_by_role("button", name="Confirm…").click()
    expect(page.get_by_role("dialog").get_by_text("The allocation is frozen and stored first.")).to_be_visible()
    idle(page)
    accept_warnings(page)


def orders(server: AppServer) -> set[str]:
    """The ids of all orders in the ledger."""
    with closing(sqlite3.connect(server.data_dir / "ledger.db")) as ledger:
        return {order for (order,) in ledger.execute("SELECT id FROM orders")}


def test_a_double_click_on_confirm_is_one_order(server: AppServer, desk: BrowserContext) -> None:
    before = orders(server)
    page = preview(desk, server, "5mm")
    open_dialog(page)
    page.get_by_role("dialog").get_by_role("textbox", name="Comment").fill("twice")
    page.get_by_role("dialog").get_by_role("button", name="Confirm and send").dblclick()
    page.wait_for_url(re.compile(r"/orders\?order=EL-"))
    idle(page)
    page.wait_for_timeout(1000)
    assert orders(server) - before == {page.url.split("order=")[1]}
    expect(page.get_by_text("“twice”")).to_be_visible()


def test_a_confirmation_in_a_window_that_was_signed_out_elsewhere_sends_nothing(
    server: AppServer, desk: BrowserContext
) -> None:
    page = preview(desk, server, "100")
    open_dialog(page)
    before = orders(server)
    other = desk.new_page()
    other.goto(server.url)
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Confirm and send").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert orders(server) == before


def test_a_slow_confirmation_says_so_cannot_be_dismissed_and_is_told_to_a_page_that_was_reloaded(
    server: AppServer, desk: BrowserContext
) -> None:
    page = preview(desk, server, "3mm")
    open_dialog(page)
    before = orders(server)
    dialog = page.get_by_role("dialog")
    assert console.main(["--data", str(server.data_dir), "add", "latency seconds=2"]) == 0
    try:
        dialog.get_by_role("button", name="Confirm and send").click()
        said = dialog.get_by_text("Closing or reloading the page does not stop it.")
        expect(said).to_be_visible()
        page.keyboard.press("Escape")
        page.wait_for_timeout(500)
        expect(said).to_be_visible()
        expect(dialog.get_by_role("button", name="Confirm and send")).to_have_count(0)
        page.reload()
        expect(page.get_by_text("Choose a bond first.")).to_be_visible()
        page.wait_for_timeout(12_000)
    finally:
        assert console.main(["--data", str(server.data_dir), "clear"]) == 0
    (made,) = orders(server) - before
    page.reload()
    expect(page.get_by_text(f"you confirmed {made}")).to_be_visible()


def test_cash_another_window_has_taken_is_said_in_the_dialog_and_nothing_is_sent(
    server: AppServer, desk: BrowserContext
) -> None:
    # the last test of this file: it leaves the group without cash
    slow = preview(desk, server, "25mm")
    open_dialog(slow)
    quick = preview(desk, server, "50bn")
    open_dialog(quick)
    quick.get_by_role("dialog").get_by_role("button", name="Confirm and send").click()
    quick.wait_for_url(re.compile(r"/orders\?order=EL-"))
    before = orders(server)
    slow.get_by_role("dialog").get_by_role("button", name="Confirm and send").click()
    expect(slow.get_by_role("dialog").get_by_text("The figures moved since this preview")).to_be_visible()
    expect(slow.get_by_role("dialog").get_by_text(re.compile(r"[\d,]+ → 0 \(Nothing: cash")).first).to_be_visible()
    assert orders(server) == before
