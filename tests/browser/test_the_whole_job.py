"""A portfolio manager's whole job in a real browser, the restart included. Screenshots land in build/screenshots."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from books import demo_book
from books.model import Security
from tests.browser import behind, steps
from tests.browser.server import AppServer

pytestmark = [pytest.mark.browser, pytest.mark.soak]
FILL_SECONDS = 6


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    data = tmp_path_factory.mktemp("whole-job")
    with AppServer(data, {"DEMO_FILL_SECONDS": str(FILL_SECONDS)}) as running:
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


def test_the_whole_job(server: AppServer, browser: Browser, bond: Security) -> None:
    page = steps.window(browser, server.url)
    expect(page.get_by_text("Demo users")).to_be_visible()
    expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)
    steps.shot(page, "1-sign-in")
    steps.sign_in(page, "pm")

    # a group: its accounts and how far they are spread
    expect(page.get_by_role("heading", name="Groups", exact=True)).to_be_visible()
    expect(page.get_by_text("BIG6 · 6 accounts")).to_be_visible()
    steps.idle(page)
    steps.choose(page, "BIG6")
    expect(page.get_by_role("heading", name=re.compile("BIG6: .* of 6 accounts"))).to_be_visible()
    steps.idle(page)
    steps.shot(page, "2-groups")
    assert any(cookie["name"] == "evenlot" for cookie in page.context.cookies())

    # a bond: by CUSIP, ISIN, ticker and words; a mistyped identifier is told apart from an unknown one
    steps.next_step(page, "Find a bond")
    expect(page.get_by_role("heading", name="Securities")).to_be_visible()
    assert bond.maturity is not None
    words = f"{bond.issuer} {bond.maturity.year}"
    for text in (bond.cusip, bond.isin, f"{bond.ticker} {bond.maturity:%m/%d/%y}", words):
        steps.search(page, text)
        expect(page.get_by_text(f"CUSIP {bond.cusip}")).to_be_visible()
    wrong = bond.cusip[:-1] + str((int(bond.cusip[-1]) + 1) % 10)
    steps.type_into(page, "Find a bond", wrong)
    expect(page.get_by_text("check digit does not fit")).to_be_visible()
    page.get_by_role("button", name=bond.cusip).click()
    expect(page.get_by_text(f"CUSIP {bond.cusip}")).to_be_visible()
    expect(page.get_by_text("Trades in 200,000 at least, then steps of 1,000")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Held by \d+ accounts of BIG6"))).to_be_visible()
    steps.shot(page, "3-security")

    # a block: bad input is mended by a click
    steps.next_step(page, re.compile("^Allocate"))
    steps.type_into(page, "Face", "150000")
    expect(page.get_by_text("below the minimum piece of 200,000")).to_be_visible()
    steps.type_into(page, "Face", "25.0005mm")
    expect(page.get_by_text("not a whole number of increments")).to_be_visible()
    steps.shot(page, "4-bad-face")
    page.get_by_role("button", name="Use 25,000,000").click()
    steps.idle(page)
    expect(page.get_by_role("textbox", name="Face", exact=True)).to_have_value("25,000,000")
    expect(
        page.get_by_role("heading", name=re.compile(r"Buy 25,000,000 .* for BIG6, settle Mon 23 Nov"))
    ).to_be_visible()

    # both methods, and the preview
    assert steps.metric(page, "Placed") == "100.0%"
    by_nav = steps.metric(page, "Dispersion before → after")
    steps.method(page, "equal")
    assert steps.metric(page, "Placed") == "100.0%"
    assert steps.metric(page, "Dispersion before → after") != by_nav
    steps.shot(page, "5-equal")
    steps.method(page, "pro_rata")
    expect(page.locator(".js-plotly-plot")).to_have_count(1)
    steps.shot(page, "6-preview")

    # confirm with a comment
    dialog = steps.open_confirmation(page)
    expect(dialog.get_by_text("25,000,000 will be sent to Aladdin as one order with 6 lines")).to_be_visible()
    dialog.get_by_role("textbox", name="Comment").fill("Invest the inflow of Friday")
    steps.shot(page, "7-confirm")

    # the order fills without a reload
    order_id = steps.confirm(page)
    page.evaluate("window.neverReloaded = true")
    expect(page.get_by_text("Invest the inflow of Friday")).to_be_visible()
    expect(page.get_by_test_id("stMetricValue").filter(has_text=re.compile("part filled"))).to_be_visible(
        timeout=30_000
    )
    steps.shot(page, "8-filling")
    booked = page.get_by_test_id("stMetricValue").filter(has_text="booked")
    expect(booked).to_be_visible(timeout=60_000)
    assert steps.metric(page, "Filled") == "100.0%"
    assert page.evaluate("window.neverReloaded") is True
    page.get_by_text("Statement", exact=True).click()
    expect(page.get_by_text(re.compile("SHA-256 [0-9a-f]{64}"))).to_be_visible()
    steps.shot(page, "9-booked")

    # the app stops and starts again: everything is still there, and the simulated Aladdin agrees
    server.restart()
    page.goto(f"{server.url}/orders?order={order_id}")
    steps.idle(page)
    if page.get_by_role("button", name="Sign in").is_visible():
        steps.sign_in(page, "pm", at="Orders")
    expect(page.get_by_text("Invest the inflow of Friday")).to_be_visible()
    expect(booked).to_be_visible()
    steps.shot(page, "10-after-restart")
    faces = behind.faces(server, order_id)
    assert (behind.state(server, order_id), sum(faces.values())) == ("booked", 25_000_000)
    found = behind.at_aladdin(server, order_id)
    assert found is not None
    assert found.status == "Booked"
    assert found.booked == faces

    steps.sign_out(page)
    page.context.close()
