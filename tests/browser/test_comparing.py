"""Engines compared in a real browser, on from Allocate and back to it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import behind, steps
from tests.browser.conftest import Somebody
from tests.browser.server import AppServer

pytestmark = [pytest.mark.browser, pytest.mark.soak]
BOND = "FFCB 3.5 05/15/36"


def wizard(somebody: Somebody, width: int, theme: steps.Theme) -> Page:
    """A portfolio manager at the allocation of 250,000,000 for the largest group."""
    page = somebody(width=width, height=1700, theme=theme)
    steps.to_allocate(page, "PUBLICPRE", BOND)
    steps.face(page, "250mm")
    steps.settle(page, 500)
    return page


def show(page: Page, name: str) -> None:
    page.get_by_test_id("stButtonGroup").get_by_text(name, exact=True).click()
    steps.settle(page, 500)


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (1024, "dark")])
def test_engines_are_compared_and_one_goes_on_into_the_wizard(
    shared: AppServer, somebody: Somebody, width: int, theme: steps.Theme
) -> None:
    page = wizard(somebody, width, theme)
    page.get_by_role("button", name="Compare engines").click()
    expect(page.get_by_role("heading", name=f"Compare: buy 250,000,000 {BOND} for PUBLICPRE")).to_be_visible()
    # three accounts have no metric: nothing is compared before somebody leaves them out
    expect(page.get_by_text("3 of 60 accounts have no Active spread duration")).to_be_visible()
    page.get_by_role("button", name="Leave 3 accounts out of Active spread duration").click()
    expect(page.get_by_text("leaves the least dispersion")).to_be_visible()
    expect(page.get_by_text("proved to be the least")).to_be_visible()
    steps.settle(page, 500)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    steps.shot(page, f"compare-accounts-{width}-{theme}")

    show(page, "Who gets how much")
    expect(page.get_by_label("who gets how much per engine", exact=True)).to_be_attached()
    steps.shot(page, f"compare-faces-{width}-{theme}")

    show(page, "Order size")
    slider = page.get_by_role("slider")
    for _ in range(10):
        slider.press("ArrowLeft")
    steps.settle(page, 500)
    resize = page.get_by_role("button", name="with Pro rata")
    expect(resize).to_be_enabled()
    steps.shot(page, f"compare-sizes-{width}-{theme}")

    show(page, "Partial fill")
    expect(page.get_by_text("125,000,000 of 250,000,000 filled, Pro rata")).to_be_visible()
    show(page, "Minimum piece first")
    page.get_by_role("slider").press("ArrowRight")
    expect(page.get_by_text("127,500,000 of 250,000,000 filled, Pro rata")).to_be_visible()
    steps.shot(page, f"compare-part-{width}-{theme}")

    page.get_by_test_id("stButtonGroup").get_by_text("Minimum dispersion", exact=True).click()
    steps.next_step(page, "Use Minimum dispersion")
    expect(page.get_by_text("Minimum dispersion is taken over.")).to_be_visible()
    expect(page.get_by_text(re.compile("Proved: .*no allocation of this face leaves less dispersion"))).to_be_visible()
    assert steps.metric(page, "Placed") == "100.0%"

    if theme == "dark":
        return  # one such order is enough: a second one would need a second person
    steps.open_confirmation(page)
    order = steps.confirm(page)
    body, faces = behind.frozen(shared, order), behind.faces(shared, order)
    assert (body["choices"]["engine"], sum(faces.values())) == ("min_dispersion", 250_000_000)
    assert behind.placed(shared, order) == faces


def test_what_is_typed_for_other_engines_is_compared_and_kept(somebody: Somebody) -> None:
    page = wizard(somebody, 1440, "light")
    page.get_by_text("Leave 3 accounts out").click()
    steps.method(page, "to_target")
    steps.type_into(page, "Level, years", "0.25")
    steps.method(page, "equal")
    steps.go_to(page, "Compare")
    expect(page.get_by_test_id("stButtonGroup").get_by_text("To target (level 0.250 years)")).to_be_visible()
    steps.next_step(page, "Use Equal")
    expect(page.get_by_text("Equal is taken over.")).to_be_visible()
    steps.method(page, "to_target")
    expect(page.locator('input[aria-label="Level, years"]')).to_have_value("0.25")
