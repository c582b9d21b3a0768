"""Engines compared in a real browser, on from the wizard and back into it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import AppServer, choose, chromium, idle
from tests.browser.test_allocating import method, settle
from tests.browser.test_confirming import type_into
from tests.browser.test_the_whole_job import metric, next_step, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.soak]
BOND = "FFCB 3.5 05/15/36"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with AppServer(tmp_path_factory.mktemp("comparing")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def wizard(browser: Browser, server: AppServer, width: int, theme: str) -> Page:
    """A portfolio manager at the allocation of 250,000,000 for the largest group."""
    page = browser.new_page(viewport={"width": width, "height": 1700}, color_scheme=theme)  # type: ignore[arg-type]
    page.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    sign_in(page, server.url)
    expect(page.get_by_role("heading", name="Groups", exact=True)).to_be_visible()
    idle(page)
    choose(page, "PUBLICPRE")
    expect(page.get_by_text("PUBLICPRE is chosen.")).to_be_visible()
    next_step(page, "Find a bond")
    type_into(page, "Find a bond", BOND)
    next_step(page, f"Allocate {BOND}")
    type_into(page, "Face", "250mm")
    settle(page)
    return page


def show(page: Page, name: str) -> None:
    page.get_by_test_id("stButtonGroup").get_by_text(name, exact=True).click()
    settle(page)


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (1024, "dark")])
def test_engines_are_compared_and_one_goes_on_into_the_wizard(
    server: AppServer, browser: Browser, width: int, theme: str
) -> None:
    page = wizard(browser, server, width, theme)
    page.get_by_role("button", name="Compare engines").click()
    expect(page.get_by_role("heading", name=f"Compare: buy 250,000,000 {BOND} for PUBLICPRE")).to_be_visible()
    # three accounts have no metric: nothing is compared before somebody leaves them out
    expect(page.get_by_text("3 of 60 accounts have no Active spread duration")).to_be_visible()
    page.get_by_role("button", name="Leave 3 accounts out of Active spread duration").click()
    expect(page.get_by_text("leaves the least dispersion")).to_be_visible()
    expect(page.get_by_text("proved to be the least at this face")).to_be_visible()
    settle(page)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    shot(page, f"compare-accounts-{width}-{theme}")

    show(page, "Who gets how much")
    expect(page.get_by_label("who gets how much per engine", exact=True)).to_be_attached()
    shot(page, f"compare-faces-{width}-{theme}")

    show(page, "Order size")
    slider = page.get_by_role("slider")
    for _ in range(10):
        slider.press("ArrowLeft")
    settle(page)
    resize = page.get_by_role("button", name="with Pro rata")
    expect(resize).to_be_enabled()
    shot(page, f"compare-sizes-{width}-{theme}")

    show(page, "Partial fill")
    expect(page.get_by_text("125,000,000 of 250,000,000 filled, Pro rata")).to_be_visible()
    show(page, "Minimum piece first")
    page.get_by_role("slider").press("ArrowRight")
    expect(page.get_by_text("127,500,000 of 250,000,000 filled, Pro rata")).to_be_visible()
    shot(page, f"compare-part-{width}-{theme}")

    page.get_by_test_id("stButtonGroup").get_by_text("Minimum dispersion", exact=True).click()
    next_step(page, "Use Minimum dispersion")
    expect(page.get_by_text("Minimum dispersion is in the wizard.")).to_be_visible()
    expect(page.get_by_text(re.compile("Proved: .*no allocation of this face leaves less dispersion"))).to_be_visible()
    assert metric(page, "Filled") == "100.0%"
    page.close()


def test_what_is_typed_for_other_engines_is_compared_and_kept(server: AppServer, browser: Browser) -> None:
    page = wizard(browser, server, 1440, "light")
    page.get_by_text("Leave 3 accounts out").click()
    method(page, "To target", "Closes each account's gap")
    type_into(page, "Level, years", "0.25")
    method(page, "Equal", "The same face to every account")
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Compare").click()
    expect(page.get_by_test_id("stButtonGroup").get_by_text("To target (level 0.250 years)")).to_be_visible()
    next_step(page, "Use Equal")
    expect(page.get_by_text("Equal is in the wizard.")).to_be_visible()
    method(page, "To target", "Closes each account's gap")
    expect(page.locator('input[aria-label="Level, years"]')).to_have_value("0.25")
    page.close()
