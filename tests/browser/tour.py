"""Every page of the app in a real browser, in one theme: each as somebody at work has it before them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from playwright.sync_api import Browser, Page, expect

from app import PAGES
from books import demo_book
from tests.browser.server import ROOT, AppServer, accept_warnings, choose, idle

SHOTS = ROOT / "build" / "screenshots"
Theme = Literal["light", "dark"]
ADDRESSES = tuple(name for pages in PAGES.values() for name, *_ in pages)
_OTHERS = tuple(name for name in ADDRESSES if name not in ("groups", "securities", "allocate", "orders"))


def bond() -> str:
    """The CUSIP of a bond of the demo book that has every figure, and a minimum piece."""
    book = demo_book()
    six = {position.asset_id for position in book.positions if position.account in book.groups["BIG6"]}
    return next(
        s.cusip
        for s in book.securities.values()
        if s.is_144a and s.asset_id in six and s.oas and s.spread_duration and s.price and s.analytics_date is None
    )


def open_at(browser: Browser, server: AppServer, theme: Theme, width: int = 1440) -> Page:
    """The sign-in form, in a browser that likes this theme."""
    context = browser.new_context(
        viewport={"width": width, "height": 1000}, color_scheme=theme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(server.url)
    page.get_by_role("textbox", name="Username").wait_for()
    return page


def sign_in(page: Page, username: str) -> None:
    idle(page)
    page.get_by_role("textbox", name="Username").fill(username)
    page.get_by_role("textbox", name="Password").fill(f"{username}-demo")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Groups", exact=True)).to_be_visible()
    for _ in range(50):  # the cookie is written a moment later; without it another address asks again who is there
        if any(cookie["name"] == "evenlot" for cookie in page.context.cookies()):
            break
        page.wait_for_timeout(100)
    settled(page)


def settled(page: Page) -> None:
    """Wait for the run that a click starts, and for what it draws."""
    page.wait_for_timeout(700)
    idle(page)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)  # what stands for a chart while it loads
    page.wait_for_timeout(300)


def shot(page: Page, name: str, theme: Theme) -> None:
    """All of the page, below the fold too."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    before = page.viewport_size
    assert before is not None
    tall = page.get_by_test_id("stMain").evaluate("main => main.scrollHeight")
    page.set_viewport_size({"width": before["width"], "height": max(tall, before["height"])})
    settled(page)
    page.screenshot(path=SHOTS / f"{name}-{theme}.png")
    page.set_viewport_size(before)


def tour(browser: Browser, server: AppServer, theme: Theme, width: int = 1440) -> Iterator[tuple[str, Page]]:
    """Each page with its name, as a portfolio manager's day goes; approvals as an approver."""
    page = open_at(browser, server, theme, width)
    yield "sign-in", page
    sign_in(page, "pm")
    yield from _block(page)
    yield from _order(page)
    for name in _OTHERS:
        if name != "approvals":
            page.goto(f"{server.url}/{name}")
            settled(page)
            yield name, page
    page.context.close()
    page = open_at(browser, server, theme, width)
    sign_in(page, "approver")
    page.goto(f"{server.url}/approvals")
    expect(page.get_by_role("heading", name="Approvals", exact=True)).to_be_visible()
    settled(page)
    yield "approvals", page
    page.context.close()


def _block(page: Page) -> Iterator[tuple[str, Page]]:
    """From a group to the dialog that confirms."""
    choose(page, "BIG6")
    settled(page)
    yield "groups", page
    _next(page, "Find a bond")
    _type(page, "Find a bond", bond())
    yield "securities", page
    _next(page, re.compile("^Allocate"))
    page.get_by_text("Minimum dispersion", exact=True).first.click()
    settled(page)
    _type(page, "Face", "25mm")
    expect(page.get_by_test_id("stMetric").filter(has_text="Filled")).to_be_visible()
    settled(page)
    yield "allocate", page
    _next(page, re.compile("^Confirm"))
    expect(page.get_by_role("dialog")).to_be_visible()
    settled(page)
    yield "confirm", page


def _order(page: Page) -> Iterator[tuple[str, Page]]:
    """The order that the dialog makes."""
    accept_warnings(page)
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Confirm|^Ask")).last.click()
    page.wait_for_url(re.compile(r"/orders\?order=EL-"))
    settled(page)
    yield "order", page


def _next(page: Page, label: str | re.Pattern[str]) -> None:
    page.get_by_test_id("stBottomBlockContainer").get_by_role("button", name=label).click()
    settled(page)


def _type(page: Page, field: str, text: str) -> None:
    box = page.locator(f'input[aria-label="{field}"]')
    box.fill(text)
    box.press("Enter")
    settled(page)
