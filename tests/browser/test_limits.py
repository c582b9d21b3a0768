"""The limits in a real browser: cells typed into, a file taken in, and the table a manager then sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import behind, steps
from tests.browser.grid import Grid
from tests.browser.server import AppServer

pytestmark = [pytest.mark.browser, pytest.mark.soak]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with AppServer(tmp_path_factory.mktemp("limits")) as running:
        yield running


def at_limits(browser: Browser, server: AppServer, user: str) -> Page:
    """A window of this demo user at the limits."""
    page = steps.window(browser, f"{server.url}/limits", height=1400)
    steps.sign_in(page, user, at="Limits")
    expect(page.locator("canvas").first).to_be_visible()
    steps.idle(page)
    return page


def editor(page: Page) -> Grid:
    return Grid(page, "limits, to be changed")


def comment(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Comment").fill(text)
    page.keyboard.press("Tab")
    steps.settle(page)


def upload(page: Page, file: Path) -> None:
    """Hand in a file. The uploader of the draft before may still be there for a moment."""
    steps.idle(page)
    uploader = page.locator('input[type="file"]')
    expect(uploader).to_have_count(1)
    uploader.set_input_files(file)


def limits(server: AppServer, version: int) -> list[tuple[str, ...]]:
    """The rows of a version in the ledger."""
    return behind.rows(
        server, "SELECT account_id, rule, about, bound FROM limit_rows WHERE version = ? ORDER BY place", version
    )


def test_what_compliance_types_and_uploads_is_what_holds(server: AppServer, browser: Browser, tmp_path: Path) -> None:
    before = limits(server, 1)
    page = at_limits(browser, server, "compliance")

    # a cell that is still open when the button is clicked is saved with the others, or nothing is
    editor(page).type(1, "Limit", "0.75%")
    expect(page.get_by_role("heading", name="What changes")).to_be_visible()
    comment(page, "Board of 20 November")
    editor(page).open(2, "Limit").fill("9%")
    page.get_by_role("button", name="Save version 2").click()
    expect(page.get_by_text("Version 2 is saved")).to_be_visible()
    changed = [("*", "cash_reserve", "", "0.75%"), ("*", "issuer", "", "9%"), *before[2:]]
    assert limits(server, 2) == changed

    # a file with a fault is taken into the editor, and the mended one is saved
    file = tmp_path / "limits.csv"
    file.write_text("account,rule,of,limit\n*,cash_reserve,,1%\nALDEPX,frozen,,\n")
    upload(page, file)
    expect(page.get_by_text("Did you mean ALDEPF?")).to_be_visible()
    expect(page.get_by_role("button", name="Save version 3")).to_be_disabled()
    file.write_text("account,rule,of,limit\n*,cash_reserve,,1%\nALDEPF,frozen,,\n")
    upload(page, file)
    expect(page.get_by_text("1 fault to mend")).to_have_count(0)
    comment(page, "ALDEPF is being moved")
    page.get_by_role("button", name="Save version 3").click()
    expect(page.get_by_text("Version 3 is saved")).to_be_visible()
    assert limits(server, 3) == [("*", "cash_reserve", "", "1%"), ("ALDEPF", "frozen", "", "")]

    # and the download is the file again
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download limits.csv").click()
    assert downloading.value.path().read_text() == file.read_text()
    page.context.close()

    manager = at_limits(browser, server, "pm")
    expect(manager.get_by_text("“ALDEPF is being moved”").first).to_be_visible()
    expect(manager.get_by_role("button", name="Save version 4")).to_have_count(0)
    expect(manager.locator('input[type="file"]')).to_have_count(0)
    manager.context.close()
