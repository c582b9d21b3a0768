"""The guided demo, each scenario from the sign-in card to its end, with what it asks the person to do done by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app import PAGES
from tests.browser import behind, steps
from tests.browser.server import AppServer
from ui.scenarios import SCENARIOS, Scenario, Step

pytestmark = [pytest.mark.browser, pytest.mark.soak]
HEADINGS = {name: title for pages in PAGES.values() for name, title, *_ in pages}
DOWN = 60  # seconds until the screens say so, and until they say it is over


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with AppServer(tmp_path_factory.mktemp("guided"), {"DEMO_FILL_SECONDS": "5"}) as running:
        yield running


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario_plays_to_its_end(server: AppServer, browser: Browser, scenario: Scenario) -> None:
    before = behind.orders(server)
    page = steps.window(browser, server.url)
    page.get_by_role("button", name="Guided demo").click()
    steps.heading(page, "Groups")
    steps.remembered(page)
    page.get_by_role("button", name=re.compile(f"^{scenario.name} ")).click()
    for number, step in enumerate(scenario.steps):
        stands(page, scenario, step)
        following = scenario.steps[number + 1 : number + 2]
        if following and following[0].page == "orders":
            steps.open_confirmation(page)
            steps.confirm(page, re.compile("^Confirm and "))
            continue  # sending it is going on
        if step.plan == "down":
            refreshed_until(page, "out of order")
        if following:
            page.get_by_role("button", name="Next", exact=True).click()
    if any(step.plan for step in scenario.steps):
        refreshed_until(page, "Simulated Aladdin")
    if not scenario.decided:
        leave_out(page)
    made = behind.orders(server) - before
    if scenario.name == "Four eyes":
        steps.said(page, "Sign out, and sign in as approver")
        approved(server, browser, *made)
    page.get_by_role("button", name="End the demo").click()
    expect(page.get_by_text(f"{scenario.name}: ")).to_have_count(0)

    assert len(made) == any(step.page == "orders" for step in scenario.steps)
    for order in made:
        faces = behind.faces(server, order)
        assert 0 < sum(faces.values()) <= scenario.face
        assert behind.placed(server, order) == faces
        assert behind.history(server, order).count("send") == 1
        if any(step.plan == "lost-answers" for step in scenario.steps):
            assert "answer lost" in behind.history(server, order)
    page.context.close()


def approved(server: AppServer, browser: Browser, order: str) -> None:
    """The second person, in a window of their own, as the story says."""
    page = steps.window(browser, server.url)
    steps.sign_in(page, "approver")
    steps.go_to(page, "Approvals")
    page.get_by_role("button", name="Approve…").click()
    steps.dialog(page).get_by_role("button", name="Approve this statement").click()
    expect(page.get_by_text(f"{order}: approved.")).to_be_visible()
    page.context.close()


def stands(page: Page, scenario: Scenario, step: Step) -> None:
    """The step is told, on its page, which is set up for it; nothing broke."""
    expect(page.get_by_text(f"{scenario.name}: {step.title}")).to_be_visible()
    if step.page == "allocate":
        steps.heading(page, re.compile(f"^Buy {scenario.face:,} .* for {scenario.group}"))
        if scenario.decided:
            steps.previewed(page)
    else:
        steps.heading(page, HEADINGS[step.page])
    steps.settled(page)
    expect(page.get_by_text("Something went wrong")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def refreshed_until(page: Page, badge: str) -> None:
    """Press Refresh, as the step says, until a badge says this."""
    shown = page.get_by_text(re.compile(f"{badge}$")).first
    for _ in range(DOWN):
        page.get_by_role("button", name="Refresh").click()
        page.wait_for_timeout(1000)
        steps.idle(page)
        if shown.is_visible():
            return
    raise AssertionError(f"no badge says {badge!r}")


def leave_out(page: Page) -> None:
    """Decide about the accounts that cannot be measured, as the step says."""
    expect(steps.figure(page, "Placed")).to_have_count(0)
    page.get_by_text(re.compile(r"^Leave \d+ accounts out of ")).click()
    steps.previewed(page)
    steps.said(page, "Left out: ")
