"""Aladdin down while a block is confirmed, and back: nothing is lost, and nothing is sent twice."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import behind, steps
from tests.browser.server import AppServer

pytestmark = [pytest.mark.browser, pytest.mark.soak]
BOND = "FFCB 3.5 05/15/36"
REST = 60  # seconds until Aladdin is tried again, and then some


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with AppServer(tmp_path_factory.mktemp("trouble"), {"DEMO_FILL_SECONDS": "3600"}) as running:
        yield running


def test_a_block_waits_in_its_dialog_while_aladdin_is_down(server: AppServer, browser: Browser) -> None:
    page = steps.window(browser, server.url)
    steps.sign_in(page, "pm")
    steps.to_allocate(page, "BIG6", BOND)
    steps.face(page, "5mm")
    steps.previewed(page)
    dialog = steps.open_confirmation(page)
    behind.trouble(server.data_dir, "set", "down")
    try:
        dialog.get_by_role("button", name="Confirm and send").click()
        again = dialog.get_by_role("button", name="Try again")
        expect(again).to_be_visible(timeout=1000 * REST)
        expect(dialog.get_by_text("Reference").first).to_be_visible()
        assert behind.orders(server) == set()
        page.keyboard.press("Escape")  # it goes on being asked for until somebody says otherwise
        expect(again).to_be_visible()
        steps.idle(page)
    finally:
        behind.trouble(server.data_dir, "clear")
    for _ in range(REST):
        page.wait_for_timeout(1000)
        steps.idle(page)
        if not again.is_visible():
            break
        again.click()
    page.wait_for_url(steps.ORDER)
    order = steps.order_of(page)

    assert behind.orders(server) == {order}
    assert behind.placed(server, order) == behind.faces(server, order)
    assert sum(behind.faces(server, order).values()) == 5_000_000
    page.context.close()


def test_an_order_whose_answer_is_lost_is_looked_up_and_not_sent_again(server: AppServer, browser: Browser) -> None:
    page = steps.window(browser, server.url)
    steps.sign_in(page, "pm")
    steps.to_allocate(page, "BIG6", BOND)
    steps.face(page, "6mm")
    steps.previewed(page)
    steps.open_confirmation(page)
    try:
        behind.trouble(server.data_dir, "add", "connection-reset path=*/order:post next=1 when=after")
        order = steps.confirm(page)
        steps.state(page, re.compile("open|active"), seconds=REST)
    finally:
        behind.trouble(server.data_dir, "clear")
    assert "answer lost" in behind.history(server, order)
    assert behind.history(server, order).count("send") == 1
    assert behind.placed(server, order) == behind.faces(server, order)
    page.context.close()
