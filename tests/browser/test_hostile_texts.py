"""Texts that would be markup, scripts, links or formulas if anything took them for that: in the book, in what is typed,
in what is searched for and in files. Each page shows them as the texts they are."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.books.folder import FILES, small_book, text_of
from tests.browser import behind, steps
from tests.browser.conftest import PASSWORD, users
from tests.browser.server import AppServer

pytestmark = [pytest.mark.browser, pytest.mark.soak]

# What anything interpreted leaves behind: an element whose whole text is the bare word, or one that leads elsewhere.
INTERPRETED = """() => [...document.querySelectorAll("body *")]
    .filter((element) => !["SCRIPT", "STYLE", "TD", "TH", "TITLE"].includes(element.tagName))
    .filter((element) => /^Zq[a-z]+$/.test(element.textContent.trim())
        || [element.href?.baseVal ?? element.href, element.src].some((to) => /^https?:..evil/.test(to ?? "")))
    .map((element) => (element.closest("p,h1,h2,h3,li,label,td")?.textContent ?? "?").slice(0, 120)
        + " <- " + element.outerHTML.slice(0, 120))"""


def hostile(word: str) -> str:
    """Every kind of markup around a word, which says where it came from."""
    return (
        f"<script>window.ran=1</script><img src=x onerror=window.ran=1><b>Zq{word}</b>"
        f"<a href='http://evil.example/'>Zq{word}</a>**Zq{word}** [Zq{word}](http://evil.example)"
        f" :red[Zq{word}] `Zq{word}`"
    )


def book_of(folder: Path) -> Path:
    """The small book with such names, and with cash enough for a block."""
    accounts = list(csv.reader(io.StringIO(FILES["accounts.csv"])))
    accounts[1][1] = hostile("account")
    accounts[2] = ["BRAVO", '=HYPERLINK("http://evil.example")', "USD", "5000000", "900000", "CREDIT"]
    securities = list(csv.reader(io.StringIO(FILES["securities.csv"])))
    place = {name: securities[0].index(name) for name in ("description", "issuer", "sector", "ticker")}
    securities[1][place["description"]] = hostile("bond")
    securities[1][place["issuer"]] = hostile("issuer")
    securities[1][place["sector"]] = "**Zqsector**"
    securities[1][place["ticker"]] = ""
    groups = FILES["groups.csv"].replace("ALL", "**Zqgroup**").replace("ONE", "<b>Zqone</b>")
    positions = FILES["positions.csv"].replace("BRAVO,LOAN,5000,5000\n", "")  # which has no figures
    return small_book(
        folder, positions=positions, accounts=text_of(accounts), securities=text_of(securities), groups=groups
    )


class Walk:
    """Looks at each page that is come to, and remembers what was taken for markup."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: dict[str, list[str]] = {}

    def look(self, where: str) -> None:
        steps.settled(self.page)
        assert self.page.get_by_test_id("stException").count() == 0, where
        assert self.page.evaluate("window.ran") is None, where
        if interpreted := self.page.evaluate(INTERPRETED):
            self.found[where] = interpreted
        steps.shot(self.page, f"hostile-{where}")


def test_each_page_shows_what_would_be_markup_as_the_text_it_is(tmp_path: Path, browser: Browser) -> None:
    settings = {"DEMO": "false", "BOOK_DIR": str(book_of(tmp_path / "book")), "DEMO_FILL_SECONDS": "1"}
    settings["USERS_FILE"] = str(users(tmp_path / "users.yaml"))
    with AppServer(tmp_path / "data", settings) as app:
        page = steps.window(browser, app.url)
        walk = Walk(page)
        field = page.get_by_role("textbox", name="Username")
        field.fill(hostile("user"))
        page.get_by_role("textbox", name="Password").fill("none of it")
        page.get_by_role("button", name="Sign in").click()
        steps.said(page, "The username or the password is not right.")
        walk.look("sign-in")
        steps.sign_in(page, "pm1", PASSWORD)
        _trade(walk, app)
        _past(walk, app)
        page.context.close()
        found = {where: [*dict.fromkeys(each)][:6] for where, each in walk.found.items()}
        assert found == {}


def _trade(walk: Walk, app: AppServer) -> None:
    page = walk.page
    walk.look("groups")
    chosen = page.locator("[class*='st-key-choose'] button").first
    if chosen.is_enabled():
        chosen.click()
    walk.look("group")
    steps.go_to(page, "Securities")
    steps.type_into(page, "Find a bond", hostile("search"))
    walk.look("searched-in-vain")
    steps.search(page, "91282CLW9")
    walk.look("security")
    steps.next_step(page, re.compile("^Allocate"))
    expect(steps.field(page, "Face")).to_be_visible()
    steps.face(page, hostile("face"))
    walk.look("face")
    steps.face(page, "100000")
    steps.previewed(page)
    walk.look("allocate")
    dialog = steps.open_confirmation(page, hostile("reason"))
    dialog.get_by_role("textbox", name="Comment").fill(hostile("comment"))
    walk.look("confirmation")
    order = steps.confirm(page)
    steps.state(page, "booked")
    walk.look("order")
    (body,) = behind.rows(app, "SELECT body FROM statements WHERE order_id = ?", order)[0]
    assert "Zqcomment" in body
    page.goto(f"{app.url}/compare")
    walk.look("compare")
    page.goto(f"{app.url}/batch")
    steps.idle(page)
    lines = [["group", "security", "side", "face", "comment"], [hostile("line"), hostile("asset"), "=1+1", "x", "y"]]
    lines.append(["**Zqgroup**", "91282CLW9", "buy", "1000", hostile("batch")])
    file = {"name": "..\\..\\<b>Zqfile</b>.csv", "mimeType": "text/csv", "buffer": text_of(lines).encode()}
    page.locator("input[type=file]").set_input_files(files=[file])  # type: ignore[arg-type]
    steps.settled(page)
    page.get_by_role("button", name="Check and preview").click()
    walk.look("batch")


def _past(walk: Walk, app: AppServer) -> None:
    page = walk.page
    for name in ("orders", "history", "reconcile", "profit", "limits", "system", "approvals"):
        page.goto(f"{app.url}/{name}")
        steps.idle(page)
        walk.look(name)
    page.goto(f"{app.url}/orders?order={hostile('order')}")
    walk.look("no-such-order")
    page.goto(app.url)
    steps.heading(page, "Groups")
    steps.sign_out(page)
    steps.sign_in(page, "compliance", PASSWORD)
    for name in ("limits", "audit", "history", "orders"):
        page.goto(f"{app.url}/{name}")
        steps.idle(page)
        walk.look(f"{name}-compliance")
