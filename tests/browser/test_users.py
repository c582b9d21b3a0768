"""An administrator resets a password, and the user with it goes through the choice of another; one who is disabled is
out at the next click."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.browser.server import AppServer

pytestmark = [pytest.mark.browser, pytest.mark.soak]
NEW = "correct horse battery"
ANALYST, PM = 1, 4  # rows of the table


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with AppServer(tmp_path_factory.mktemp("users"), {"DEMO_FILL_SECONDS": "3600"}) as running:
        yield running


def pick(page: Page, row: int, name: str) -> None:
    """Tick a row of the users."""
    steps.settled(page)
    box = page.locator("canvas").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 8, box["y"] + 35 * (row + 1.5))
    steps.heading(page, name)


def test_a_reset_password_is_replaced_at_the_next_sign_in_and_a_disabled_user_is_out(
    server: AppServer, browser: Browser
) -> None:
    office, desk = (steps.window(browser, server.url) for _ in range(2))
    steps.sign_in(desk, "pm")
    steps.sign_in(office, "administrator")
    office.get_by_role("link", name="Users").click()
    pick(office, PM, "Paula Mercer (pm)")
    office.get_by_role("button", name="Reset password").click()
    steps.said(office, "pm has a new password, and was signed out.")
    password = office.locator("code").first.inner_text()

    desk.get_by_role("link", name="Orders").click()
    steps.said(desk, "Your password has changed; sign in with the new one.")
    steps.sign_in(desk, "pm", password, at="Choose your password")
    for label, typed in (("The password you came in with", password), ("New password", NEW)):
        desk.get_by_label(label, exact=True).fill(typed)
    desk.get_by_label("New password, once more").fill(NEW)
    desk.get_by_role("button", name="Change password").click()
    steps.said(desk, "Your password is changed.")
    steps.remembered(desk)
    desk.reload()
    steps.heading(desk, "Orders")

    steps.settled(office)
    office.get_by_role("button", name="Disable").click()
    steps.said(office, "pm is out, and cannot sign in.")
    desk.get_by_role("link", name="History").click()
    steps.said(desk, "Your user was disabled; ask whoever administers the users.")
    for page in (office, desk):
        expect(page.get_by_text("Something went wrong")).to_have_count(0)
        page.context.close()
