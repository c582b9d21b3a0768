"""The gate in a real Chromium, before a real server: cookies, reloads, sign-out, lockout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.access.surroundings import FileClock
from tests.browser.server import free_port

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
COOKIE = "evenlot"
WRONG = "The username or the password is not right."
LOCKED = "Too many failed attempts. Wait 15 minutes, then try again."

DOOR = """
import streamlit as st
from parts import gate

gate = gate()
user = gate.arrive()
gate.mount()
if user is None:
    def submit():
        gate.submit(*(st.session_state[f"typed_{name}"] for name in ("name", "password", "stay")))

    with st.form("sign-in"):
        st.text_input("Username", key="typed_name")
        st.text_input("Password", key="typed_password", type="password")
        st.checkbox("Stay signed in", key="typed_stay")
        st.form_submit_button("Sign in", on_click=submit)
    if gate.message():
        st.error(gate.message())
    st.stop()
gate.touch()
st.write(f"Hello {user.name}, {', '.join(user.roles)}")
st.text_input("Note", key="note")
st.button("Sign out", on_click=gate.sign_out)
"""

PARTS = """
from pathlib import Path

import streamlit as st

from access import Gate, Roster, Terms, demo_users
from storage import SqlPeople
from tests.access.surroundings import LEDGER, FileClock, open_sign_ins
from tests.ledgers import open_ledger
from tests.orders.noted import Noted

HERE = Path(__file__).parent


@st.cache_resource
def gate():
    clock = FileClock(HERE / "clock")
    users, logins = demo_users()
    sign_ins = open_sign_ins(HERE, clock)
    people = SqlPeople(open_ledger(HERE / LEDGER), clock)
    if not people.every():
        people.write(tuple(users.values()), "demo book", "take_over_users")
    terms = Terms(idle_minutes=30)
    return Gate(Roster(people, clock), sign_ins, clock, Noted(), cookie_key="k" * 32, terms=terms, demo_logins=logins)
"""


class Server:
    """The tiny app as a process of its own; stopping and starting it again is a restart."""

    def __init__(self, folder: Path) -> None:
        (folder / "door.py").write_text(DOOR)
        (folder / "parts.py").write_text(PARTS)
        (folder / "server.py").write_text('import streamlit as st\n\napp = st.App("door.py")\n')
        self.clock = FileClock(folder / "clock")
        self._folder = folder
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        options = f"--server.port {self._port} --server.headless true --server.fileWatcherType none"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "server.py", *options.split()],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false"},
            stdout=(self._folder / "log").open("a"),
            stderr=subprocess.STDOUT,
        )
        for _ in range(300):
            try:
                if httpx.get(f"{self.url}/_stcore/health").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(f"the server did not start:\n{(self._folder / 'log').read_text()}")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def visitor(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    context = browser.new_context()
    context.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    yield context
    context.close()


def arrive(context: BrowserContext, server: Server) -> Page:
    page = context.new_page()
    page.goto(server.url)
    settle(page)
    return page


def settle(page: Page) -> None:
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')


def sign_in(page: Page, username: str, password: str) -> None:
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def greeted(page: Page) -> None:
    expect(page.get_by_text("Hello Paula Mercer, portfolio_manager")).to_be_visible()


def asked_to_sign_in(page: Page) -> None:
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def cookie_of(context: BrowserContext) -> str | None:
    return next((c["value"] for c in context.cookies() if c["name"] == COOKIE), None)


def until_cookie(page: Page, *, there: bool) -> str | None:
    """Wait until the browser has the cookie, or has it no more."""
    for _ in range(200):
        if (cookie_of(page.context) is not None) == there:
            return cookie_of(page.context)
        page.wait_for_timeout(100)
    raise AssertionError(f"the cookie should be {'there' if there else 'gone'}, and is not")


def test_a_sign_in_sets_the_cookie_and_survives_a_reload_and_a_restart(visitor: BrowserContext, server: Server) -> None:
    page = arrive(visitor, server)
    sign_in(page, "pm", "pm-demo")
    greeted(page)
    until_cookie(page, there=True)
    page.reload()
    greeted(page)
    server.stop()
    server.start()
    greeted(arrive(visitor, server))


@pytest.mark.soak
def test_a_cookie_copied_before_the_sign_out_is_worth_nothing_after_it(
    visitor: BrowserContext, server: Server, browser: Browser
) -> None:
    page = arrive(visitor, server)
    sign_in(page, "pm", "pm-demo")
    greeted(page)
    copied = until_cookie(page, there=True)
    assert copied is not None
    other_window = arrive(visitor, server)
    greeted(other_window)
    page.get_by_role("button", name="Sign out").click()
    asked_to_sign_in(page)
    until_cookie(page, there=False)
    thief = browser.new_context()
    thief.add_cookies([{"name": COOKIE, "value": copied, "url": server.url}])
    asked_to_sign_in(arrive(thief, server))
    thief.close()
    other_window.get_by_label("Note").fill("x")
    other_window.get_by_label("Note").press("Enter")
    asked_to_sign_in(other_window)


@pytest.mark.soak
def test_the_form_takes_a_sign_in_right_after_the_sign_out(visitor: BrowserContext, server: Server) -> None:
    page = arrive(visitor, server)
    sign_in(page, "pm", "pm-demo")
    greeted(page)
    page.get_by_role("button", name="Sign out").click()
    asked_to_sign_in(page)
    sign_in(page, "pm", "pm-demo")
    greeted(page)
    until_cookie(page, there=True)
    page.reload()
    greeted(page)


@pytest.mark.soak
def test_five_failures_lock_the_name_in_every_browser_and_after_a_restart(
    visitor: BrowserContext, server: Server, browser: Browser
) -> None:
    page = arrive(visitor, server)
    for attempt in range(1, 6):
        sign_in(page, "pm", f"wrong {attempt}")
        expect(page.get_by_text(WRONG if attempt < 5 else LOCKED)).to_be_visible()
        settle(page)
    sign_in(page, "pm", "pm-demo")
    expect(page.get_by_text(LOCKED)).to_be_visible()
    elsewhere = browser.new_context()
    other = arrive(elsewhere, server)
    sign_in(other, "pm", "pm-demo")
    expect(other.get_by_text(LOCKED)).to_be_visible()
    elsewhere.close()
    server.stop()
    server.start()
    page = arrive(visitor, server)
    sign_in(page, "pm", "pm-demo")
    expect(page.get_by_text(LOCKED)).to_be_visible()
    server.clock.shift(timedelta(minutes=16))
    sign_in(page, "pm", "pm-demo")
    greeted(page)


@pytest.mark.soak
def test_an_unknown_name_and_a_wrong_password_get_one_text_and_keep_what_was_typed(
    visitor: BrowserContext, server: Server
) -> None:
    page = arrive(visitor, server)
    texts = []
    for name in ("pm", "nobody"):
        sign_in(page, name, "not it")
        settle(page)
        texts.append(page.get_by_role("alert").inner_text())
        expect(page.get_by_label("Username")).to_have_value(name)
    assert texts == [WRONG, WRONG]
    page.get_by_label("Password", exact=True).fill("half a pass")
    page.wait_for_timeout(1500)
    expect(page.get_by_label("Password", exact=True)).to_have_value("half a pass")


@pytest.mark.soak
def test_a_session_left_alone_expires_and_its_cookie_with_it(visitor: BrowserContext, server: Server) -> None:
    page = arrive(visitor, server)
    sign_in(page, "pm", "pm-demo")
    greeted(page)
    until_cookie(page, there=True)
    server.clock.shift(timedelta(minutes=31))
    page.get_by_label("Note").fill("x")
    page.get_by_label("Note").press("Enter")
    expired = page.get_by_text(re.compile("expired after 30 minutes without use; sign in again"))
    expect(expired).to_be_visible()
    page.reload()
    expect(expired).to_be_visible()
    sign_in(page, "pm", "pm-demo")
    greeted(page)


@pytest.mark.soak
def test_who_stays_signed_in_needs_no_password_after_days_and_a_restart_and_anybody_else_does(
    visitor: BrowserContext, server: Server, browser: Browser
) -> None:
    page = arrive(visitor, server)
    page.get_by_text("Stay signed in").click()
    sign_in(page, "pm", "pm-demo")
    greeted(page)
    until_cookie(page, there=True)
    elsewhere = browser.new_context()
    other = arrive(elsewhere, server)
    sign_in(other, "pm", "pm-demo")
    greeted(other)
    until_cookie(other, there=True)
    lasts = [next(c["expires"] for c in one.cookies() if c["name"] == COOKIE) for one in (visitor, elsewhere)]
    assert [round((end - time.time()) / 3600) for end in lasts] == [7 * 24, 12]
    server.stop()
    server.clock.shift(timedelta(days=6))
    server.start()
    greeted(arrive(visitor, server))
    asked_to_sign_in(arrive(elsewhere, server))
    elsewhere.close()
