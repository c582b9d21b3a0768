"""Nested groups of a live Aladdin in a real browser: found, added, chosen and allocated to; and what the page says
while it waits, and while Aladdin is out of order. The Aladdin is the simulated one, reached as a live one is."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import bcrypt
import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from tests.aladdin.simulator.program import serving
from tests.books.folder import small_book, with_cell
from tests.browser import behind, steps
from tests.browser.server import ROOT, AppServer

pytestmark = [pytest.mark.browser, pytest.mark.soak]
NAMES = {"FINCH": "Finland Church", "NORSK": "Norsk Pensjon", "PARIS": "Ville de Paris", "TEXAS": "Texas Teachers"}
NESTED = {"WORLD": tuple(NAMES), "EUROPE": ("FINCH", "NORSK", "PARIS"), "NORDIC": ("FINCH", "NORSK")}
SECOND = 1  # how long the app uses an answer again


def nested_book(folder: Path) -> Path:
    """A book of today with groups that hold each other."""
    return small_book(
        folder,
        book=f'name = "Nested"\nas_of = {date.today().isoformat()}\ncurrency = "USD"\n',
        accounts="account,name,currency,nav,cash,benchmark\n"
        + "".join(f"{ticker},{name},USD,10000000,900000,CREDIT\n" for ticker, name in NAMES.items()),
        securities=with_cell("securities.csv", 2, "analytics_date", ""),  # of today as well
        groups="group,account\n" + "".join(f"{group},{a}\n" for group, members in NESTED.items() for a in members),
        positions="account,asset_id,face,market_value\n"
        + "".join(f"{ticker},TSY,{4_000_000 + 500_000 * n},4060000\n" for n, ticker in enumerate(NAMES)),
    )


def users(path: Path) -> Path:
    """Two users: one who may see all groups, one who may not see the one in the middle."""
    who = {"petra": ["*"], "nora": ["WORLD", "NORDIC"]}
    entries = {
        name: {
            "name": name.title(),
            "password": bcrypt.hashpw(f"{name}-secret".encode(), bcrypt.gensalt(10)).decode(),
            "roles": ["portfolio_manager"],
            "groups": groups,
        }
        for name, groups in who.items()
    }
    path.write_text(yaml.safe_dump({"credentials": {"usernames": entries}}))
    return path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the simulated Aladdin keeps its files."""
    return tmp_path_factory.mktemp("nested-aladdin")


@pytest.fixture(scope="module")
def server(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    folder = tmp_path_factory.mktemp("nested")
    book = nested_book(folder / "book")
    with serving(str(book), world, "--nest-groups", "--fill-seconds", "3600") as aladdin:
        settings = {
            "DEMO": "false",
            "ALADDIN_URL": aladdin.url,
            "ALADDIN_CLIENT_ID": aladdin.client_id,
            "ALADDIN_CLIENT_SECRET": aladdin.client_secret,
            "ALADDIN_GROUPS": "WORLD",
            "ALADDIN_CALLS_A_MINUTE": "3000",
            "ALADDIN_FRESHNESS": f"positions={SECOND},cash={SECOND}",
            "USERS_FILE": str(users(folder / "users.yaml")),
            "COOKIE_KEY": "0123456789abcdef0123456789abcdef",
        }
        with AppServer(folder / "data", settings) as running:
            yield running


def at_groups(browser: Browser, server: AppServer, user: str) -> Page:
    """A window of this user at the groups."""
    page = steps.window(browser, server.url)
    steps.sign_in(page, user, f"{user}-secret")
    steps.said(page, "WORLD is chosen.")
    steps.idle(page)
    return page


def trouble(world: Path, *action: str) -> None:
    """Change what goes wrong at the simulated Aladdin, as who shows it does."""
    command = [sys.executable, "-m", "aladdin.simulator", "trouble", "--data", str(world), *action]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def test_a_nested_group_is_added_chosen_and_allocated_to(server: AppServer, browser: Browser) -> None:
    page = at_groups(browser, server, "petra")
    expect(page.get_by_text("Aladdin has no call that lists all groups.")).to_be_visible()
    tree = page.locator(".st-key-groups-trees")
    expect(tree.get_by_text("↳ EUROPE · 3 accounts")).to_be_visible()
    expect(tree.get_by_text("↳ NORDIC · 2 accounts")).to_be_visible()

    page.get_by_role("button", name="Add a group").click()
    steps.type_into(page, "Find a portfolio group", "nord")
    expect(page.get_by_text("NORDIC · 2 accounts").first).to_be_visible()
    steps.shot(page, "groups-search")
    page.locator(".st-key-add-NORDIC button").click()
    expect(page.get_by_text("NORDIC is on your list.")).to_be_visible()
    page.keyboard.press("Escape")
    steps.choose(page, "NORDIC")
    expect(page.get_by_role("heading", name=re.compile("^NORDIC: .* of 2 accounts"))).to_be_visible()
    steps.shot(page, "groups-nested")

    steps.find(page, "T 4.25 11/15/34")
    steps.said(page, "Held by 2 accounts of NORDIC")
    steps.next_step(page, re.compile("^Allocate"))
    steps.face(page, "100,000")
    expect(steps.figure(page, "Placed")).to_have_text("100.0%")
    steps.open_confirmation(page)
    order = steps.confirm(page)
    assert behind.rows(server, "SELECT group_ticker FROM orders WHERE id = ?", order) == [("NORDIC",)]
    lines = behind.rows(server, "SELECT account_id, face FROM order_lines WHERE order_id = ?", order)
    assert {account for account, _ in lines} == {"FINCH", "NORSK"}

    # off the list again, its order is still there
    steps.go_to(page, "Groups")
    page.get_by_role("button", name="Take NORDIC off my list").click()
    expect(page.locator(".st-key-choose-NORDIC")).to_have_count(0)
    page.goto(f"{server.url}/orders?order={order}")
    expect(page.get_by_role("heading", name=re.compile("for NORDIC"))).to_be_visible()
    page.context.close()


def test_a_level_outside_the_users_entry_is_counted_and_not_offered(server: AppServer, browser: Browser) -> None:
    page = at_groups(browser, server, "nora")
    tree = page.locator(".st-key-groups-trees")
    expect(tree.get_by_text("not in your entry")).to_have_count(1)
    tree.get_by_role("button", name="Choose", exact=True).click()
    expect(page.get_by_text("NORDIC is chosen.")).to_be_visible()
    page.get_by_role("button", name="Add a group").click()
    steps.type_into(page, "Find a portfolio group", "europe")
    expect(page.get_by_text("No group has “europe” in its ticker or name")).to_be_visible()
    page.context.close()


def test_what_a_read_waits_for_is_said_while_it_waits(server: AppServer, browser: Browser, world: Path) -> None:
    page = at_groups(browser, server, "petra")
    trouble(world, "add", "too-many-requests retry-after=4 path=*/position next=1")
    try:
        page.get_by_role("button", name="Refresh").click()
        expect(page.get_by_text(re.compile(r"^Waiting .*, up to \d+ seconds?\.$"))).to_be_visible()
        steps.shot(page, "groups-waiting")
        expect(page.get_by_text(re.compile(r"^Waiting .*, up to \d+ seconds?\.$"))).to_have_count(0)
        expect(page.get_by_text("WORLD · 4 accounts").first).to_be_visible()
    finally:
        trouble(world, "clear")
    page.context.close()


def test_while_aladdin_is_out_of_order_the_groups_are_shown_with_their_age(
    server: AppServer, browser: Browser, world: Path
) -> None:
    page = at_groups(browser, server, "petra")
    trouble(world, "set", "down")
    warned = page.get_by_text(re.compile("Aladdin is out of order: what is shown was read on"))
    cards = page.get_by_text("WORLD · 4 accounts").first
    try:
        for _ in range(20):  # until the circuit opens
            page.get_by_role("button", name="Refresh").click()
            page.wait_for_timeout(1000)
            steps.idle(page)
            if warned.is_visible() and cards.is_visible():
                break
        expect(warned).to_be_visible()
        expect(cards).to_be_visible()
        steps.shot(page, "groups-out-of-order")
    finally:
        trouble(world, "clear")
    page.context.close()
