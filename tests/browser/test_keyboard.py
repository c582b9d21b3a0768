"""From a group to the dialog that confirms without a mouse, and what a chart looks like in each theme."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import ROOT, AppServer, choose, chromium
from tests.browser.tour import Theme, bond, open_at, settled, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.soak]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with AppServer(tmp_path_factory.mktemp("keyboard"), {"DEMO_FILL_SECONDS": "3600"}) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def type_in(page: Page, field: str, text: str) -> None:
    """Tab to a field and type into it: it must be within reach."""
    for _ in range(60):
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == field:
            break
        page.keyboard.press("Tab")
    else:
        raise AssertionError(f"Tab does not come to {field}")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    settled(page)


def test_the_way_to_a_confirmation_and_back_takes_no_mouse(browser: Browser, server: AppServer) -> None:
    page = open_at(browser, server, "light")
    sign_in(page, "pm")
    choose(page, "BIG6")
    settled(page)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Securities")).to_be_visible()
    settled(page)
    type_in(page, "Find a bond", bond())
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/allocate*")
    settled(page)
    type_in(page, "Face", "25mm")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    settled(page)
    comment = page.get_by_role("dialog").get_by_role("textbox", name="Comment")
    comment.fill("typed")
    page.keyboard.press("Control+Enter")  # the same keys again neither send nor lose what was typed
    settled(page)
    expect(comment).to_have_value("typed")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Alt+Shift+B")
    page.wait_for_url("**/securities*")
    page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_have_the_colours_of_the_theme(browser: Browser, server: AppServer, theme: Theme) -> None:
    colours = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"][theme]["chartCategoricalColors"]
    page = open_at(browser, server, theme)
    sign_in(page, "pm")
    choose(page, "BIG6")
    settled(page)
    dot = page.locator(".js-plotly-plot .scatterlayer .point").first
    fill = dot.evaluate("dot => getComputedStyle(dot).fill")
    red, green, blue = (int(colours[0][place : place + 2], 16) for place in (1, 3, 5))
    assert fill == f"rgb({red}, {green}, {blue})"
    page.context.close()
