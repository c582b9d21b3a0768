"""Signing in at a provider of OpenID Connect: its claims are the roles, no password is asked for here, and a sign-out
ends a copied cookie as well."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.browser.provider import CLIENT_ID, CLIENT_SECRET, Provider, providing
from tests.browser.server import AppServer

pytestmark = [pytest.mark.browser, pytest.mark.soak]
PEOPLE = {
    "petra": {"preferred_username": "Petra", "name": "Petra Maier", "groups": ["desk-pm", "desk-us"]},
    "nobody": {"preferred_username": "nobody", "name": "No Body", "groups": ["canteen"]},
}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with providing(PEOPLE) as running:
        yield running


@pytest.fixture(scope="module")
def server(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    settings = {
        "OIDC_ISSUER": provider.url,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "OIDC_NAME": "Corporate",
        "OIDC_ROLES": "desk-pm=portfolio_manager",
        "OIDC_GROUPS": "desk-us=BIG6",
        "COOKIE_KEY": "0123456789abcdef0123456789abcdef",
    }
    app = AppServer(tmp_path_factory.mktemp("provider"), settings)
    app.settle({"OIDC_REDIRECT_URI": f"{app.url}/oauth2callback"})
    with app as running:
        yield running


def come(page: Page, who: str) -> None:
    page.get_by_role("button", name="Sign in with Corporate").click()
    page.get_by_role("link", name=f"Be {who}").click()


def test_a_claim_gives_roles_and_groups_and_a_sign_out_ends_a_copied_cookie(
    server: AppServer, browser: Browser
) -> None:
    page = steps.window(browser, server.url)
    steps.said(page, "Sign in with Corporate")
    expect(page.get_by_label("Password")).to_have_count(0)
    come(page, "petra")
    steps.heading(page, "Groups")
    steps.said(page, "Petra Maier · portfolio manager")
    steps.idle(page)
    expect(page.get_by_text("BIG6").first).to_be_visible()
    expect(page.get_by_text("OPNIC")).to_have_count(0)
    copied = page.context.storage_state()

    page.get_by_role("button", name="Sign out").click()
    steps.said(page, "Sign in with Corporate")
    thief = browser.new_context(storage_state=copied)
    other = thief.new_page()
    other.goto(server.url)
    steps.said(other, "You are signed out.")
    expect(other.get_by_role("heading", name="Groups")).to_have_count(0)
    for context in (thief, page.context):
        context.close()


def test_somebody_the_provider_knows_and_the_desk_does_not_stays_outside(server: AppServer, browser: Browser) -> None:
    page = steps.window(browser, server.url)
    come(page, "nobody")
    steps.said(page, "Corporate knows you, and gives you no role at this desk.")
    expect(page.get_by_role("heading", name="Groups")).to_have_count(0)
    page.context.close()
