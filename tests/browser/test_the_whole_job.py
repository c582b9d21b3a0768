"""A portfolio manager's whole job in a real browser, the restart included. Screenshots land in build/screenshots."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from aladdin import Aladdin, AladdinConfig, AnswerCache
from aladdin.simulator.process import ensure_running
from books import demo_book
from books.model import Security
from bootstrap import BookClock
from tests.browser.server import ROOT, AppServer, accept_warnings, choose, chromium, idle

pytestmark = pytest.mark.browser
SHOTS = ROOT / "build" / "screenshots"
FILL_SECONDS = 6


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    data = tmp_path_factory.mktemp("whole-job")
    with AppServer(data, {"DEMO_FILL_SECONDS": str(FILL_SECONDS)}) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def bond() -> Security:
    """A 144A bond with every figure, so that pieces of 200,000 and steps of 1,000 show."""
    book = demo_book()
    six = {p.asset_id for p in book.positions if p.account in book.groups["BIG6"]}
    return next(
        s
        for s in book.securities.values()
        if s.is_144a and s.asset_id in six and s.oas and s.spread_duration and s.price and s.analytics_date is None
    )


def shot(page: Page, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def sign_in(page: Page, url: str) -> None:
    page.goto(url)
    idle(page)
    page.get_by_role("textbox", name="Username").fill("pm")
    page.get_by_role("textbox", name="Password").fill("pm-demo")
    page.get_by_role("button", name="Sign in").click()


def next_step(page: Page, label: str | re.Pattern[str]) -> None:
    page.get_by_test_id("stBottomBlockContainer").get_by_role("button", name=label).click()


def type_into(page: Page, field: str, text: str) -> None:
    box = page.locator(f'input[aria-label="{field}"]')
    box.fill(text)
    box.press("Enter")
    page.wait_for_timeout(300)
    idle(page)


def metric(page: Page, label: str) -> str:
    """The value under a label of `st.metric`."""
    named = page.get_by_test_id("stMetric").filter(has=page.get_by_text(label, exact=True))
    return named.get_by_test_id("stMetricValue").inner_text()


def test_the_whole_job(server: AppServer, browser: Browser, bond: Security) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 1100})

    page.goto(server.url)
    expect(page.get_by_text("Demo users")).to_be_visible()
    expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)
    shot(page, "1-sign-in")
    sign_in(page, server.url)

    # a group: its accounts and how far they are spread
    expect(page.get_by_role("heading", name="Groups", exact=True)).to_be_visible()
    expect(page.get_by_text("BIG6 · 6 accounts")).to_be_visible()
    idle(page)
    choose(page, "BIG6")
    expect(page.get_by_role("heading", name=re.compile("BIG6: .* of 6 accounts"))).to_be_visible()
    idle(page)
    shot(page, "2-groups")
    assert any(cookie["name"] == "evenlot" for cookie in page.context.cookies())

    # a bond: by CUSIP, ISIN, ticker and words; a mistyped identifier is told apart from an unknown one
    next_step(page, "Find a bond")
    expect(page.get_by_role("heading", name="Securities")).to_be_visible()
    assert bond.maturity is not None
    words = f"{bond.issuer} {bond.maturity.year}"
    for text in (bond.cusip, bond.isin, f"{bond.ticker} {bond.maturity:%m/%d/%y}", words):
        type_into(page, "Find a bond", text)
        expect(page.get_by_text(f"CUSIP {bond.cusip}")).to_be_visible()
    wrong = bond.cusip[:-1] + str((int(bond.cusip[-1]) + 1) % 10)
    type_into(page, "Find a bond", wrong)
    expect(page.get_by_text("check digit does not fit")).to_be_visible()
    page.get_by_role("button", name=bond.cusip).click()
    expect(page.get_by_text(f"CUSIP {bond.cusip}")).to_be_visible()
    expect(page.get_by_text("Trades in 200,000, then steps of 1,000")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Held by \d+ accounts of BIG6"))).to_be_visible()
    shot(page, "3-security")

    # a block: bad input is mended by a click
    next_step(page, re.compile("^Allocate"))
    type_into(page, "Face", "150000")
    expect(page.get_by_text("below the minimum piece of 200,000")).to_be_visible()
    type_into(page, "Face", "25.0005mm")
    expect(page.get_by_text("not a whole number of increments")).to_be_visible()
    shot(page, "4-bad-face")
    page.get_by_role("button", name="Use 25,000,000").click()
    idle(page)
    expect(page.get_by_role("textbox", name="Face", exact=True)).to_have_value("25,000,000")
    expect(
        page.get_by_role("heading", name=re.compile(r"Buy 25,000,000 .* for BIG6, settle Mon 23 Nov"))
    ).to_be_visible()

    # both methods, and the preview
    assert metric(page, "Filled") == "100.0%"
    by_nav = metric(page, "Dispersion before → after")
    page.get_by_text("Equal", exact=True).click()
    expect(page.get_by_text("The same face to every account")).to_be_visible()
    page.wait_for_timeout(500)
    idle(page)
    assert metric(page, "Filled") == "100.0%"
    assert metric(page, "Dispersion before → after") != by_nav
    shot(page, "5-equal")
    page.get_by_text("Pro rata", exact=True).click()
    expect(page.get_by_text("Each account in proportion to its size")).to_be_visible()
    page.wait_for_timeout(500)
    idle(page)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    shot(page, "6-preview")

    # confirm with a comment
    next_step(page, "Confirm…")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("25,000,000 will be sent to Aladdin as one order with 6 lines")).to_be_visible()
    dialog.get_by_role("textbox", name="Comment").fill("Invest the inflow of Friday")
    shot(page, "7-confirm")
    accept_warnings(page)
    dialog.get_by_role("button", name="Confirm and send").click()

    # the order fills without a reload
    page.wait_for_url(re.compile(r"/orders\?order=EL-"))
    order_id = page.url.split("order=")[1]
    page.evaluate("window.neverReloaded = true")
    expect(page.get_by_text("Invest the inflow of Friday")).to_be_visible()
    expect(page.get_by_test_id("stMetricValue").filter(has_text=re.compile("part filled"))).to_be_visible(
        timeout=30_000
    )
    shot(page, "8-filling")
    booked = page.get_by_test_id("stMetricValue").filter(has_text="booked")
    expect(booked).to_be_visible(timeout=60_000)
    assert metric(page, "Filled") == "100.0%"
    assert page.evaluate("window.neverReloaded") is True
    page.get_by_text("Statement", exact=True).click()
    expect(page.get_by_text(re.compile("SHA-256 [0-9a-f]{64}"))).to_be_visible()
    shot(page, "9-booked")

    # the app stops and starts again: everything is still there, and the simulated Aladdin agrees
    server.restart()
    page.goto(f"{server.url}/orders?order={order_id}")
    idle(page)
    if page.get_by_role("button", name="Sign in").is_visible():
        sign_in(page, page.url)
    expect(page.get_by_text("Invest the inflow of Friday")).to_be_visible()
    expect(booked).to_be_visible()
    shot(page, "10-after-restart")
    lines = _ledger_lines(server.data_dir, order_id)
    assert sum(lines.values()) == 25_000_000
    assert _aladdin_lines(server.data_dir, order_id) == lines

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.close()


def _ledger_lines(data: Path, order_id: str) -> dict[str, Decimal]:
    """What the ledger says was booked, which must be what the statement promised."""
    with sqlite3.connect(data / "ledger.db") as ledger:
        (body,) = ledger.execute("SELECT body FROM statements WHERE order_id = ?", (order_id,)).fetchone()
        (state,) = ledger.execute("SELECT state FROM orders WHERE id = ?", (order_id,)).fetchone()
    assert state == "booked"
    return {line["account_id"]: Decimal(line["face"]) for line in json.loads(body)["lines"] if line["face"]}


def _aladdin_lines(data: Path, order_id: str) -> dict[str, Decimal]:
    """What the simulated Aladdin says was booked, asked with the production client."""
    running = ensure_running("demo:7", data)
    assert not running.owned, "the restarted app runs it"
    config = AladdinConfig(running.url, running.client_id, SecretStr(running.client_secret))
    aladdin = Aladdin(config, AnswerCache(data / "cache-of-test"), BookClock(running.book.as_of), "test")
    try:
        order = aladdin.find_order(order_id)
    finally:
        aladdin.close()
    assert order is not None
    assert order.status == "Booked"
    return dict(order.booked)
