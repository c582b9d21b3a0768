"""From a group to the dialog that confirms without a mouse, grids by keyboard wherever the pointer rests, and what a
chart looks like in each theme."""

from __future__ import annotations

import tomllib

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Somebody
from tests.browser.grid import SELECTED, Grid
from tests.browser.server import ROOT
from tests.browser.steps import LINES, ORDER, Theme, choose, face, previewed, settled, to_allocate
from tests.browser.tour import bond

pytestmark = [pytest.mark.browser, pytest.mark.soak]


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


def test_the_way_to_a_confirmation_and_back_takes_no_mouse(somebody: Somebody) -> None:
    page = somebody()
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
    settled(page)
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/allocate*")
    settled(page)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    settled(page)
    page.keyboard.press("Control+Shift+Enter")
    page.wait_for_url(ORDER)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_have_the_colours_of_the_theme(somebody: Somebody, theme: Theme) -> None:
    colours = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"][theme]["chartCategoricalColors"]
    page = somebody(theme=theme)
    choose(page, "BIG6")
    settled(page)
    dot = page.locator(".js-plotly-plot .scatterlayer .point").first
    fill = dot.evaluate("dot => getComputedStyle(dot).fill")
    red, green, blue = (int(colours[0][place : place + 2], 16) for place in (1, 3, 5))
    assert fill == f"rgb({red}, {green}, {blue})"


def at_lines(somebody: Somebody) -> Page:
    """At an allocation that was left, and is open again, with the method pressed that is chosen: the pointer is where
    it was pressed."""
    page = somebody(height=1400)
    to_allocate(page, "BIG6", bond())
    face(page, "25mm")
    previewed(page)
    page.reload()
    previewed(page)
    settled(page)
    page.get_by_role("radio", name="Pro rata", exact=True).click()
    settled(page)
    return page


def test_tab_comes_into_a_grid_and_arrows_move_in_it_wherever_the_pointer_rests(somebody: Somebody) -> None:
    page = at_lines(somebody)
    selected = page.get_by_test_id("stDataFrame").first.locator(SELECTED)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('[data-testid=stDataFrame] :is(canvas, td)')"):
            break
    expect(selected).to_have_attribute("id", "glide-cell-0-0")
    page.keyboard.press("ArrowDown")
    expect(selected).to_have_attribute("id", "glide-cell-0-1")
    page.keyboard.press("ArrowRight")
    expect(selected).to_have_attribute("id", "glide-cell-1-1")


def test_lines_are_typed_into_after_the_pointer_has_left_the_cell_it_chose(somebody: Somebody) -> None:
    page = at_lines(somebody)
    place = Grid(page, LINES).go_to(1, "Face")
    grid = page.get_by_test_id("stDataFrame").first
    expect(grid.locator(SELECTED)).to_have_attribute("id", place.cell)
    page.mouse.move(700, 200, steps=4)
    page.wait_for_timeout(300)
    for text in ("2mm", "250k"):  # each Enter goes on to the cell below
        page.keyboard.type(text, delay=90)
        page.mouse.move(720, 220, steps=4)  # the cell is open meanwhile
        page.wait_for_timeout(300)
        page.keyboard.press("Enter")
        page.wait_for_timeout(300)
    expect(page.get_by_text("2 lines locked.")).to_be_visible()
