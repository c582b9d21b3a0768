"""The orders page goes on by itself in a real browser, and takes nothing out of anybody's hands while it does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.browser.server import AppServer
from tests.browser.test_deciding import confirmed

pytestmark = [pytest.mark.browser, pytest.mark.soak]

REASON = "The client took a part of the money back"
SLOWLY = 250  # milliseconds between two keys: the page ticks several times, and fills come in


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with AppServer(tmp_path_factory.mktemp("live"), {"DEMO_FILL_SECONDS": "120"}) as running:
        yield running


def filled(page: Page) -> str:
    """How much is filled, as the page says, behind a dialog too."""
    return page.get_by_test_id("stMetric").filter(has_text="Filled").inner_text()


def test_what_is_typed_into_a_dialog_and_where_the_page_was_scrolled_to_survive_the_fills(
    browser: Browser, server: AppServer
) -> None:
    page = steps.window(browser, server.url)
    steps.sign_in(page, "pm")
    confirmed(page, "5mm", "Confirm and send")
    page.get_by_role("button", name="Modify…").wait_for()
    main = page.get_by_test_id("stMain")
    main.evaluate("main => main.scrollTo(0, 150)")
    page.get_by_role("button", name="Cancel…").click()
    reason = page.get_by_role("dialog").get_by_role("textbox")
    reason.click()
    before, scrolled = filled(page), main.evaluate("main => main.scrollTop")
    for key in REASON:
        page.keyboard.type(key)
        page.wait_for_timeout(SLOWLY)
    expect(page.get_by_test_id("stMetric").filter(has_text="Filled")).not_to_have_text(before, timeout=60_000)
    head = page.get_by_role("dialog").get_by_text(re.compile(r"part filled · [\d,]+ filled, "))
    expect(head).to_be_visible()  # whoever decides sees it where they decide
    expect(reason).to_have_value(REASON)
    expect(reason).to_be_focused()
    expect(page.get_by_role("dialog").get_by_role("button", name="Cancel the order", exact=True)).to_be_visible()
    assert main.evaluate("main => main.scrollTop") == scrolled > 0
    page.context.close()
