"""A session that ends while somebody is in the middle of the wizard: it says why, and goes on where it was."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import behind, steps
from tests.browser.server import AppServer

pytestmark = [pytest.mark.browser, pytest.mark.soak]
IDLE_SECONDS = 30  # more than any step here takes


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    settings = {"DEMO_FILL_SECONDS": "3600", "IDLE_MINUTES": str(IDLE_SECONDS / 60)}
    with AppServer(tmp_path_factory.mktemp("expiry"), settings) as running:
        yield running


def test_a_block_is_there_again_after_the_sign_in_that_an_expired_session_asks_for(
    server: AppServer, browser: Browser
) -> None:
    page = steps.window(browser, server.url)
    steps.sign_in(page, "pm")
    steps.to_allocate(page, "BIG6", "FFCB 3.5 05/15/36")
    steps.face(page, "25mm")
    steps.method(page, "equal")
    steps.previewed(page)
    page.wait_for_timeout(1000 * (IDLE_SECONDS + 2))
    steps.next_step(page, "Confirm…")
    steps.said(page, "Your session expired after 0.5 minutes without use; sign in again.")
    assert behind.orders(server) == set()

    steps.sign_in(page, "pm", at=re.compile("^Buy 25,000,000 .* for BIG6"))
    expect(steps.field(page, "Face")).to_have_value(re.compile("^25(mm|,000,000)$"))
    steps.said(page, steps.METHODS["equal"][1])
    steps.previewed(page)
    steps.open_confirmation(page)
    order = steps.confirm(page)
    body = behind.frozen(server, order)
    assert (body["choices"]["engine"], body["block"]["face"]) == ("equal", 25_000_000)
    assert behind.placed(server, order) == behind.faces(server, order)
    page.context.close()
