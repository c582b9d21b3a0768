"""A batch in a real browser: a file with a fault, mended, sent and followed; and one stopped half-way."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import behind, steps
from tests.browser.conftest import Somebody
from tests.browser.server import AppServer

pytestmark = [pytest.mark.browser, pytest.mark.soak]
HEADER = "group,security,side,face,reason\n"
MANY = 60  # blocks, so that there is time to stop


@pytest.fixture
def page(somebody: Somebody) -> Page:
    page = somebody()
    steps.go_to(page, "Batch")
    steps.heading(page, "Batch")
    return page


def bring(page: Page, *lines: str) -> None:
    """Choose a file with these lines, as one does in the window that the system opens for it."""
    with page.expect_file_chooser() as opened:
        page.get_by_test_id("stFileUploader").get_by_role("button", name=re.compile("Upload|Add files")).click()
    opened.value.set_files(
        {"name": "blocks.csv", "mimeType": "text/csv", "buffer": (HEADER + "\n".join(lines)).encode()}
    )
    expect(page.get_by_text(f"{len(lines)} lines read.")).to_be_visible()


def send(page: Page, count: int) -> None:
    """Send the batch, and answer its last question."""
    steps.next_step(page, f"Send {count} blocks…")
    page.get_by_role("dialog").get_by_role("button", name=f"Send {count} blocks").click()


def cell(page: Page, grid: str, text: str) -> None:
    """Wait for this text in a cell of the grid that is announced so; figures are announced without commas."""
    found = page.get_by_test_id("stDataFrame").filter(has=page.get_by_label(grid, exact=True))
    expect(found.locator("canvas td", has_text=text).first).to_be_attached()


def faces(server: AppServer, batch: str) -> list[int]:
    """Those of the orders that the ledger has of a batch."""
    return [
        face for (face,) in behind.rows(server, "SELECT ordered FROM orders WHERE batch = ? ORDER BY ordered", batch)
    ]


def block(number: int, side: str = "buy") -> str:
    return f"BIG6,T 4 12/15/27,{side},{1_000_000 + 1_000 * number},known"


def test_a_file_is_mended_sent_followed_and_its_orders_are_found_by_the_batch(shared: AppServer, page: Page) -> None:
    before = behind.orders(shared)
    bring(page, block(0), block(1, "hold"), block(2))
    steps.next_step(page, "Check and preview")
    expect(page.get_by_text("1 thing to mend before any block is made.")).to_be_visible()
    cell(page, "what is to be mended", "“hold” is not a side: type buy or sell.")
    steps.shot(page, "batch-1-fault")

    bring(page, block(0), block(1), block(2))
    steps.next_step(page, "Check and preview")
    cell(page, "what would come of each block", "1001000")
    expect(page.get_by_text("Buy 3 blocks, 3,003,000.")).to_be_visible()
    assert behind.orders(shared) == before
    steps.shot(page, "batch-2-preview")

    send(page, 3)
    page.wait_for_url(re.compile(r"batch\?batch=B-"))
    batch = page.url.split("batch=")[1]
    expect(page.get_by_text("Every line has its order.")).to_be_visible()
    assert steps.metric(page, "Made") == "3"
    assert faces(shared, batch) == [1_000_000, 1_001_000, 1_002_000]
    for (order,) in behind.rows(shared, "SELECT id FROM orders WHERE batch = ?", batch):
        assert behind.placed(shared, order) == behind.faces(shared, order)
    steps.shot(page, "batch-3-sent")

    page.get_by_role("button", name="Show its orders").click()
    expect(page.get_by_role("heading", name="Orders", exact=True)).to_be_visible()
    page.get_by_role("button", name="More filters · 1 in use").click()
    expect(page.get_by_role("textbox", name="Batch")).to_have_value(batch)
    page.keyboard.press("Escape")
    expect(page.get_by_role("radio", name="All · 3")).to_be_visible()
    cell(page, "orders, newest first", "1002000")
    steps.shot(page, "batch-4-orders")


def test_a_batch_is_stopped_outlives_a_reload_and_is_gone_on_with_each_block_once(
    shared: AppServer, page: Page
) -> None:
    page.get_by_role("textbox", name="Name (optional)").fill("halfway")
    page.get_by_role("textbox", name="Name (optional)").press("Enter")
    steps.settle(page, 500)
    bring(page, *map(block, range(MANY)))
    steps.next_step(page, "Check and preview")
    send(page, MANY)
    expect(page.get_by_text(re.compile(rf"^[1-9]\d* of {MANY} blocks done"))).to_be_visible()
    steps.shot(page, "batch-5-underway")
    page.reload()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("It was stopped:")).to_be_visible()
    made = int(steps.metric(page, "Made"))
    assert int(steps.metric(page, "Left")) == MANY - made > 0
    assert faces(shared, "halfway") == [1_000_000 + 1_000 * number for number in range(made)]
    steps.shot(page, "batch-6-stopped")

    page.get_by_role("button", name="Send the rest").click()
    expect(page.get_by_text("Every line has its order.")).to_be_visible(timeout=60_000)
    assert steps.metric(page, "Made already") == str(made)
    assert faces(shared, "halfway") == [1_000_000 + 1_000 * number for number in range(MANY)]
