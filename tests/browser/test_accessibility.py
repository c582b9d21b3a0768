"""What axe-core finds on every page, in both themes. Screenshots of them land in build/screenshots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.server import AppServer
from tests.browser.steps import Theme, sign_in
from tests.browser.tour import DAY, open_at, pictures, tour

pytestmark = pytest.mark.browser
GRAVE = ("serious", "critical")

# what Streamlit draws by itself, and nothing outside of it can mend: rule, a part of the element, and why
STREAMLITS_OWN = (
    ("list", 'data-testid="stSidebarNavItems"', "the menu's sections are lists whose parts are not list items"),
    ("listitem", "<li ", "those parts hold the menu's entries, whose list is then one element too far away"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with AppServer(tmp_path_factory.mktemp("accessibility"), DAY) as running:
        yield running


def grave(page: Page) -> list[str]:
    """Serious and critical findings of ours, a line each."""
    return [
        f"{found['impact']}, {found['id']}: {found['help']}: {node['target']} {node['html'][:200]}"
        for found in Axe().run(page).response["violations"]
        if found["impact"] in GRAVE
        for node in found["nodes"]
        if not streamlits_own(found["id"], node)
    ]


def streamlits_own(rule: str, node: Mapping[str, Any]) -> bool:
    in_menu = "stSidebarNav" in str(node["target"]) + str(node["html"]) or node["html"].startswith("<li class=")
    return in_menu and any(rule == known and part in node["html"] for known, part, _ in STREAMLITS_OWN)


def test_the_first_page_has_no_grave_finding(browser: Browser, server: AppServer) -> None:
    page = open_at(browser, server, "dark")
    assert grave(page) == []
    sign_in(page, "viewer")
    assert grave(page) == []
    page.context.close()


@pytest.mark.soak
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_grave_finding(browser: Browser, server: AppServer, theme: Theme) -> None:
    found: dict[str, list[str]] = {}
    for name, page in tour(browser, server, theme):
        pictures(page, name, theme)
        found |= {name: faults} if (faults := grave(page)) else {}
    assert found == {}


def test_a_finding_is_not_overlooked(browser: Browser, server: AppServer) -> None:
    page = open_at(browser, server, "light")
    page.evaluate("document.querySelector('[data-testid=stCaptionContainer] p').style.color = '#bbb'")
    page.evaluate("document.querySelector('[data-testid=stMain]').append(document.createElement('button'))")
    assert [line.split(":")[0] for line in grave(page)] == ["critical, button-name", "serious, color-contrast"]
    page.context.close()
