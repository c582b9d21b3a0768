"""The confirmation in a real browser: what a double click does, and two windows that want the same cash."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import behind, steps
from tests.browser.conftest import Somebody
from tests.browser.server import AppServer

pytestmark = [pytest.mark.browser, pytest.mark.soak]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """An app of this file's own, for who leaves a group without cash."""
    with AppServer(
        tmp_path_factory.mktemp("confirming"), {"DEMO_FILL_SECONDS": "3600", "APPROVAL_FROM_FACE": str(10**12)}
    ) as running:
        yield running


def preview(context: BrowserContext, server: AppServer, face: str) -> Page:
    """Another window of whoever is signed in, at the preview of a block of the same bond for BIG6."""
    page = context.new_page()
    page.goto(server.url)
    steps.to_allocate(page, "BIG6", "T 4 12/15/27")
    steps.face(page, face)
    steps.previewed(page)
    return page


def test_a_double_click_on_confirm_is_one_order(shared: AppServer, somebody: Somebody) -> None:
    desk, before = somebody().context, behind.orders(shared)
    page = preview(desk, shared, "5mm")
    steps.open_confirmation(page)
    page.get_by_role("dialog").get_by_role("textbox", name="Comment").fill("twice")
    page.get_by_role("dialog").get_by_role("button", name="Confirm and send").dblclick()
    page.wait_for_url(steps.ORDER)
    steps.settle(page, 1000)
    order = steps.order_of(page)
    assert behind.orders(shared) - before == {order}
    assert behind.placed(shared, order) == behind.faces(shared, order)
    expect(page.get_by_text("“twice”")).to_be_visible()
    # the click ran in a dialog, without app.py: its reference went with it all the same
    written = "SELECT DISTINCT reference FROM audit_log WHERE subject = ? AND action IN ('confirm', 'send')"
    ((reference,),) = behind.rows(shared, written, order)
    log = [json.loads(line) for line in shared.log_path.read_text().splitlines() if line.startswith("{")]
    of_it = [line for line in log if line.get("reference") == reference]
    who = behind.rows(shared, "SELECT created_by FROM orders WHERE id = ?", order)
    assert [(line,) for line in {line["user"] for line in of_it if "user" in line}] == who  # the worker is nobody
    assert {line["path"].split("/")[-1] for line in of_it if line["event"] == "aladdin_call"} >= {"order:post"}


def test_a_confirmation_in_a_window_that_was_signed_out_elsewhere_sends_nothing(
    shared: AppServer, somebody: Somebody
) -> None:
    desk = somebody().context
    page = preview(desk, shared, "100")
    steps.open_confirmation(page)
    before = behind.orders(shared)
    other = desk.new_page()
    other.goto(shared.url)
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Confirm and send").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert behind.orders(shared) == before


def test_a_slow_confirmation_says_so_cannot_be_dismissed_and_is_told_to_a_page_that_was_reloaded(
    shared: AppServer, somebody: Somebody
) -> None:
    page = preview(somebody().context, shared, "3mm")
    steps.open_confirmation(page)
    before = behind.orders(shared)
    dialog = page.get_by_role("dialog")
    behind.trouble(shared.data_dir, "add", "latency seconds=2")
    try:
        dialog.get_by_role("button", name="Confirm and send").click()
        said = dialog.get_by_text("Closing or reloading the page does not stop it.")
        expect(said).to_be_visible()
        page.keyboard.press("Escape")
        page.wait_for_timeout(500)
        expect(said).to_be_visible()
        expect(dialog.get_by_role("button", name="Confirm and send")).to_have_count(0)
        page.reload()
        expect(page.get_by_text("Type a face to see the allocation.").first).to_be_visible()
        expect(steps.field(page, "Face")).to_have_value("")
        expect(page.get_by_role("button", name=re.compile("^Confirm…"))).to_be_disabled()
        page.wait_for_timeout(12_000)
    finally:
        behind.trouble(shared.data_dir, "clear")
    (made,) = behind.orders(shared) - before
    page.reload()
    expect(page.get_by_text(f"you confirmed {made}")).to_be_visible()
    expect(steps.field(page, "Face")).to_have_value("")


def test_cash_another_window_has_taken_is_said_in_the_dialog_and_nothing_is_sent(
    alone: AppServer, browser: Browser
) -> None:
    first = steps.window(browser, alone.url)
    steps.sign_in(first, "pm")
    desk = first.context
    slow = preview(desk, alone, "25mm")
    steps.open_confirmation(slow)
    quick = preview(desk, alone, "50bn")
    steps.open_confirmation(quick)
    quick.get_by_role("dialog").get_by_role("button", name="Confirm and send").click()
    quick.wait_for_url(steps.ORDER)
    before = behind.orders(alone)
    slow.get_by_role("dialog").get_by_role("button", name="Confirm and send").click()
    expect(slow.get_by_role("dialog").get_by_text("The figures moved since this preview")).to_be_visible()
    expect(slow.get_by_role("dialog").get_by_text(re.compile(r"[\d,]+ → 0 \(Nothing: cash")).first).to_be_visible()
    assert behind.orders(alone) == before
    desk.close()


def test_streamlits_rerun_key_leaves_a_dialog_with_what_is_typed_and_typing_begins_at_the_first_missing_reason(
    shared: AppServer, somebody: Somebody
) -> None:
    page = preview(somebody().context, shared, "3mm")
    steps.limit(page, "50")  # far from the mark, which is a warning
    steps.next_step(page, "Confirm…")
    dialog = steps.dialog(page)
    reason = dialog.locator('input[aria-label^="Warning"]').first
    expect(reason).to_be_focused()
    page.keyboard.type("Meant, dealer quote", delay=20)
    dialog.get_by_role("button", name="Close").focus()
    for _ in range(8):  # over the buttons of the table, and the table itself
        page.keyboard.press("r")
        page.keyboard.press("Tab")
    steps.settle(page, 1000)
    expect(reason).to_have_value("Meant, dealer quote")
    page.evaluate("document.activeElement.blur()")  # as where a redraw took what had the focus
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
