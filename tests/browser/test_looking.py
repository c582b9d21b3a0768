"""Several groups at once and a bond found as it is typed, in a real browser, with real keys."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.browser.server import AppServer
from tests.browser.steps import choose, idle, settled, sign_in
from tests.browser.tour import bond, open_at

pytestmark = [pytest.mark.browser, pytest.mark.soak]
FIELD = 'input[aria-label="Find a bond"]'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with AppServer(tmp_path_factory.mktemp("looking"), {"DEMO_FILL_SECONDS": "3600"}) as running:
        yield running


def saved(page: Page) -> tuple[str, list[dict[str, str]]]:
    """The file of the accounts shown: its name and its rows."""
    with page.expect_download() as told:
        page.locator(".st-key-groups-csv button").click()
    text = told.value.path().read_text(encoding="utf-8")
    return told.value.suggested_filename, list(csv.DictReader(text.splitlines()))


def drag_over(page: Page, fraction: float) -> None:
    """Draw a box over the left part of the chart, from its top to its bottom."""
    plot = page.locator(".js-plotly-plot .nsewdrag").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * fraction, box["y"] + box["height"] - 2, steps=8)
    page.mouse.up()
    settled(page)


def test_dots_of_several_groups_are_selected_and_the_address_opens_the_same(
    browser: Browser, server: AppServer
) -> None:
    page = open_at(browser, server, "light")
    sign_in(page, "pm")
    choose(page, "BIG6")
    settled(page)
    page.locator(".st-key-show-OPNIC label").first.click()
    expect(page.get_by_role("heading", name=re.compile(r"^BIG6, OPNIC: .* of \d+ accounts"))).to_be_visible()
    settled(page)
    name, rows = saved(page)
    assert re.fullmatch(r"accounts-BIG6-OPNIC-\d{4}-\d\d-\d\d\.csv", name)
    assert len(rows) == 18
    drag_over(page, 0.5)
    expect(page.get_by_text("as selected in the chart")).to_be_visible()
    some = saved(page)[1]
    assert 0 < len(some) < 17
    values = [float(row["ASD (years)"]) for row in some]
    left_out = [row for row in rows if row not in some and row["ASD (years)"]]
    assert max(values) < min(float(row["ASD (years)"]) for row in left_out), "the dots on the left, of both groups"
    page.get_by_role("button", name="All accounts").click()
    expect(page.get_by_text("as selected in the chart")).to_have_count(0)
    settled(page)
    page.get_by_role("radio", name="Click", exact=True).or_(
        page.get_by_role("button", name="Click", exact=True)
    ).click()
    settled(page)
    dot = page.locator(".js-plotly-plot .scatterlayer .point").first
    dot.click(force=True)
    settled(page)
    assert len(saved(page)[1]) == 1, "a click selects one"
    address = page.url
    assert "group=BIG6&show=OPNIC&metric=asd" in address
    page.context.close()

    colleague = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    colleague.goto(address)
    sign_in(colleague, "pm")
    expect(colleague.get_by_role("heading", name=re.compile("^BIG6, OPNIC: "))).to_be_visible()
    assert "group=BIG6&show=OPNIC" in colleague.url
    colleague.context.close()


def test_the_groups_have_their_name_as_an_address_which_is_kept_through_the_sign_in(
    browser: Browser, server: AppServer
) -> None:
    page = steps.window(browser, f"{server.url}/groups?group=OPNIC&show=BIG6&show=PUBLICPRE&metric=oas")
    sign_in(page, "analyst")
    expect(page.get_by_role("heading", name=re.compile("^OPNIC, BIG6, PUBLICPRE: OAS of"))).to_be_visible()
    expect(page.get_by_text("Page not found")).to_have_count(0)
    page.context.close()


def test_a_bond_is_found_with_each_key_and_taken_with_enter(browser: Browser, server: AppServer) -> None:
    page = open_at(browser, server, "light")
    sign_in(page, "pm")
    choose(page, "BIG6")
    settled(page)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Securities")).to_be_visible()
    expect(page.get_by_text("Most held in BIG6")).to_be_visible()
    expect(page.locator(FIELD)).to_be_focused()
    hits = page.locator(".st-key-securities-hit button")
    page.keyboard.type("T 4.2", delay=80)
    expect(hits.first).to_have_text(re.compile(r"^T 4\.25 "))
    first = hits.first.inner_text()
    expect(page.locator(FIELD)).to_have_value("T 4.2")
    expect(page.locator(FIELD)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=first, exact=True)).to_be_visible()
    expect(page.locator(FIELD)).to_have_value(first)
    settled(page)

    page.keyboard.press("Control+a")
    page.keyboard.type("t 4.125", delay=10)
    page.keyboard.press("Enter")  # sooner than the pause after which a text is taken in: of several none was seen yet
    expect(hits.first).to_have_text(re.compile(r"^T 4\.125 "))
    settled(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile(r"^T 4\.125 "))).to_be_visible()
    settled(page)

    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    expect(page.get_by_text("Looked at lately")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Allocate"))).to_have_count(0)
    page.keyboard.type(bond(), delay=40)  # whole, it needs no Enter
    expect(page.get_by_text(f"CUSIP {bond()}")).to_be_visible()
    expect(page.get_by_text(re.compile("Held by .* of BIG6"))).to_be_visible()
    settled(page)
    assert f"asset={bond()}" in page.url
    address = page.url
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/allocate*")
    settled(page)
    assert f"group=BIG6&asset={bond()}" in page.url
    page.context.close()

    colleague = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    colleague.goto(address)
    idle(colleague)
    colleague.get_by_role("textbox", name="Username").fill("pm")
    colleague.get_by_role("textbox", name="Password").fill("pm-demo")
    colleague.get_by_role("button", name="Sign in").click()
    expect(colleague.get_by_text(f"CUSIP {bond()}")).to_be_visible()
    colleague.context.close()
