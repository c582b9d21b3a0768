"""Decisions about an order in a real browser: a second person's, and a dialog that outlives the page's ticks."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import AppServer, accept_warnings, choose, chromium, idle
from tests.browser.test_confirming import open_dialog, type_into

pytestmark = [pytest.mark.browser, pytest.mark.soak]

SEVERAL_TICKS = 5_000  # milliseconds


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    settings = {"DEMO_FILL_SECONDS": "3600", "APPROVAL_FROM_FACE": "10000000"}
    with AppServer(tmp_path_factory.mktemp("deciding"), settings) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def signed_in(browser: Browser, server: AppServer, username: str) -> Page:
    expect.set_options(timeout=20_000)
    page = browser.new_context(viewport={"width": 1440, "height": 1100}).new_page()
    page.goto(server.url)
    idle(page)
    page.get_by_role("textbox", name="Username").fill(username)
    page.get_by_role("textbox", name="Password").fill(f"{username}-demo")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Groups", exact=True)).to_be_visible()
    return page


def confirmed(page: Page, face: str, button: str) -> str:
    """The id of an order for BIG6 that was confirmed in this window."""
    choose(page, "BIG6")
    expect(page.get_by_text("BIG6 is chosen.")).to_be_visible()
    bottom = page.get_by_test_id("stBottomBlockContainer")
    bottom.get_by_role("button", name="Find a bond").click()
    type_into(page, "Find a bond", "T 4 12/15/27")
    bottom.get_by_role("button", name="Allocate T 4 12/15/27").click()
    type_into(page, "Face", face)
    expect(page.get_by_test_id("stMetric").filter(has_text="Filled")).to_be_visible()
    open_dialog(page)
    accept_warnings(page)
    page.get_by_role("dialog").get_by_role("button", name=button).click()
    page.wait_for_url(re.compile(r"/orders\?order=EL-"))
    return page.url.split("order=")[1]


def history(server: AppServer, order: str) -> list[str]:
    with closing(sqlite3.connect(server.data_dir / "ledger.db")) as ledger:
        rows = ledger.execute("SELECT event FROM order_events WHERE order_id = ? ORDER BY version", (order,))
        return [event for (event,) in rows]


def state(page: Page, word: str) -> None:
    expect(page.get_by_test_id("stMetricValue").filter(has_text=word)).to_be_visible()


def test_a_large_order_is_approved_by_somebody_else_and_canceled_with_a_reason_each_once(
    server: AppServer, browser: Browser
) -> None:
    page = signed_in(browser, server, "pm")
    order = confirmed(page, "12mm", "Confirm and ask for approval")
    state(page, "awaiting approval")
    expect(page.get_by_role("button", name="Approve…")).to_have_count(0)

    second = signed_in(browser, server, "approver")
    second.get_by_test_id("stSidebarNav").get_by_role("link", name="Approvals").click()
    second.get_by_role("button", name="Approve…").click()
    dialog = second.get_by_role("dialog")
    expect(dialog.get_by_text(re.compile("SHA-256 [0-9a-f]{64}"))).to_be_visible()
    dialog.get_by_role("button", name="Approve this statement").dblclick()
    expect(second.get_by_text(f"{order}: approved.")).to_be_visible()
    expect(second.get_by_text("Nothing waits for approval.")).to_be_visible()
    assert history(server, order).count("approve") == 1

    page.get_by_role("button", name="Cancel…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Reason (required)").fill("The client changed its mind")
    page.wait_for_timeout(SEVERAL_TICKS)
    expect(dialog.get_by_role("textbox", name="Reason (required)")).to_have_value("The client changed its mind")
    dialog.get_by_role("button", name="Cancel the order").dblclick()
    expect(page.get_by_text(f"{order}: Aladdin is asked to cancel it.")).to_be_visible()
    expect(dialog).to_have_count(0)
    state(page, "canceled")
    assert history(server, order).count("cancel") == 1


def test_a_dialog_that_is_dismissed_is_gone_and_the_order_as_it_was(server: AppServer, browser: Browser) -> None:
    page = signed_in(browser, server, "pm")
    order = confirmed(page, "3mm", "Confirm and send")
    page.get_by_role("button", name="Cancel…").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.wait_for_timeout(SEVERAL_TICKS)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "cancel" not in history(server, order)
