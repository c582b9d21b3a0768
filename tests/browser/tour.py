"""Every page of the app in a real browser, in one theme: each as somebody at work has it before them. `python -m
tests.browser.tour` takes a picture of each, and renews those in the documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from app import PAGES
from books import demo_book
from tests.browser import steps
from tests.browser.server import ROOT, AppServer, chromium
from tests.browser.steps import SHOTS, Theme, settled

ADDRESSES = tuple(name for pages in PAGES.values() for name, *_ in pages)
_THEIRS = {"approvals": "approver", "audit": "compliance"}  # page -> who may use it, where a portfolio manager may not
_WAY = ("groups", "securities", "allocate", "compare", "orders")  # of a block, which has something to show on each
_OTHERS = tuple(name for name in ADDRESSES if name not in (*_WAY, *_THEIRS))


WIDTHS = (1440, 1024)
DAY = {"DEMO_FILL_SECONDS": "3600", "APPROVAL_FROM_FACE": "10000000"}  # settings under which every page has something
IN_DOCS: Mapping[tuple[str, Theme], str] = {
    ("groups", "light"): "groups.png",
    ("securities", "light"): "securities.png",
    ("allocate", "light"): "allocate.png",
    ("confirm", "light"): "confirm.png",
    ("allocate", "dark"): "allocate-dark.png",
    ("order", "dark"): "order-dark.png",
}
COLOURS = 256


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
    page = steps.window(browser, server.url, width, 1000, theme, still=True)
    steps.field(page, "Username").wait_for()
    return page


def shot(page: Page, name: str, theme: Theme, width: int = 0) -> Path:
    """A picture of all of the page, below the fold too; in a window so wide where that is said."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    before = page.viewport_size
    assert before is not None
    wide = width or before["width"]
    if width:  # how tall it is then shows once it is so wide
        page.set_viewport_size({"width": wide, "height": before["height"]})
        settled(page)
    tall = page.get_by_test_id("stMain").evaluate("main => main.scrollHeight")
    page.set_viewport_size({"width": wide, "height": max(tall, before["height"])})
    settled(page)
    path = SHOTS / f"{name}-{theme}.png"
    page.screenshot(path=path)
    page.set_viewport_size(before)
    return path


def pictures(page: Page, name: str, theme: Theme) -> Path:
    """A picture of the page at each width; the one at the first is returned."""
    first, *others = WIDTHS
    taken = shot(page, name, theme, first)
    for width in others:
        shot(page, f"{name}-{width}", theme, width)
    return taken


def tour(browser: Browser, server: AppServer, theme: Theme, width: int = 1440) -> Iterator[tuple[str, Page]]:
    """Each page with its name, as a portfolio manager's day goes; then those of others."""
    page = open_at(browser, server, theme, width)
    yield "sign-in", page
    steps.sign_in(page, "pm")
    steps.settled(page)
    yield from _block(page, server)
    yield from _order(page)
    for name in _OTHERS:
        page.goto(f"{server.url}/{name}")
        settled(page)
        yield name, page
    page.context.close()
    for name, who in _THEIRS.items():
        page = open_at(browser, server, theme, width)
        steps.sign_in(page, who)
        page.goto(f"{server.url}/{name}")
        steps.heading(page, name.title())
        settled(page)
        yield name, page
        page.context.close()


def _block(page: Page, server: AppServer) -> Iterator[tuple[str, Page]]:
    """From a group to the dialog that confirms."""
    steps.choose(page, "BIG6")
    settled(page)
    yield "groups", page
    steps.find(page, bond())
    settled(page)
    yield "securities", page
    steps.next_step(page, re.compile("^Allocate"))
    steps.method(page, "min_dispersion")
    steps.face(page, "25mm")
    steps.previewed(page)
    settled(page)
    yield "allocate", page
    page.goto(f"{server.url}/compare")  # with the block as it was left
    expect(page.get_by_text("Every account")).to_be_visible()
    settled(page)
    yield "compare", page
    page.goto(f"{server.url}/allocate")
    steps.previewed(page)
    settled(page)
    steps.next_step(page, "Confirm…")
    expect(steps.dialog(page)).to_be_visible()
    settled(page)
    yield "confirm", page


def _order(page: Page) -> Iterator[tuple[str, Page]]:
    """The order that the dialog makes."""
    steps.accept_warnings(page)
    steps.confirm(page, re.compile("^Confirm"))
    settled(page)
    yield "order", page


def refresh_docs() -> None:
    """Take all pictures, and put those that the documents show into their place, in fewer colours."""
    themes: tuple[Theme, ...] = ("light", "dark")
    with TemporaryDirectory() as data, AppServer(Path(data), DAY) as server, chromium() as browser:
        for theme in themes:
            for name, page in tour(browser, server, theme):
                taken = pictures(page, name, theme)
                if (shown := IN_DOCS.get((name, theme))) is not None:
                    Image.open(taken).convert("RGB").quantize(COLOURS).save(ROOT / "docs" / shown, optimize=True)


if __name__ == "__main__":
    refresh_docs()
