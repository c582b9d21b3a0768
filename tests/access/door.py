"""A gate with a small app behind it, run in process, and the browsers that come to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.testing.v1 import AppTest

from access import Entry, Gate, Roster, Terms, demo_users
from storage import SqlPeople
from tests.access.surroundings import LEDGER, SetClock, open_sign_ins
from tests.ledgers import open_ledger
from tests.orders.noted import Noted

KEY = "k" * 32
OLD, NEW = "pm-demo", "correct horse battery"


class Door:
    """A gate with its surroundings within reach, and browsers that come to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SetClock()
        self.sign_ins = open_sign_ins(folder, self.clock)
        self.people = SqlPeople(open_ledger(folder / LEDGER), self.clock)
        users, self.logins = demo_users()
        self.people.write(tuple(users.values()), "demo book", "take_over_users")
        self.activity = Noted()
        self.gate = self.new_gate()

    def new_gate(self, cookie_key: str = KEY, **terms: Any) -> Gate:
        """A gate over the same store: another one is what a restarted server has."""
        self.roster = Roster(self.people, self.clock)
        return Gate(
            self.roster,
            self.sign_ins,
            self.clock,
            self.activity,
            demo_logins=self.logins,
            cookie_key=cookie_key,
            terms=Terms(**{"idle_minutes": 30} | terms),
        )

    def browser(self) -> AppTest:
        return script(self.draw)

    def draw(self) -> None:
        """What an app does: the form for a stranger, a page for a user."""
        user = self.gate.arrive()
        if user is None:
            st.text_input("Username", key="typed_name")
            st.text_input("Password", key="typed_password")
            st.checkbox("Stay", key="typed_stay")
            st.button("Sign in", on_click=self.submit)
            st.caption(self.gate.message() or "")
            st.stop()
        if not st.toggle("As a live tick", key="tick"):
            self.gate.touch()
        rights = f"{', '.join(user.roles)}; {', '.join(user.groups)}{'; only looks' if user.read_only else ''}"
        st.title(f"{user.username}: {rights}")
        st.caption(" ".join(filter(None, (self.gate.news(), self.gate.doubt(), "choose!" * self.gate.must_choose()))))
        st.text_input("Note", key="note")
        st.button("Sign out", on_click=self.gate.sign_out)

    def submit(self) -> None:
        self.gate.submit(*(st.session_state[f"typed_{name}"] for name in ("name", "password", "stay")))

    def entry(self, username: str) -> Entry:
        return self.people.every()[username]

    def change(self, entry: Entry) -> None:
        self.people.write([entry], "ada", "change_user")


def script(draw: Callable[[], None]) -> AppTest:
    """A browser session whose script is `draw`."""
    return AppTest.from_function(_script, args=(draw,))


def _script(draw: object) -> None:
    assert callable(draw)  # AppTest runs this function's source alone: no name of this module is known here
    draw()


class Visit:
    """What the connection tells of a browser, where AppTest has none."""

    def __init__(self) -> None:
        self.address: str | None = "192.0.2.1"
        self.cookies: dict[str, str] = {}

    def keep_cookie(self, browser: AppTest) -> None:
        """From now on browsers come with this one's cookie."""
        self.cookies = {"evenlot": browser.session_state["access.cookie_work"].value}


def sign_in(browser: AppTest, username: str = "pm", password: str = "pm-demo", *, stay: bool = False) -> AppTest:
    if not browser.button:
        browser.run()
    browser.checkbox(key="typed_stay").set_value(stay)
    browser.text_input(key="typed_name").input(username)
    browser.text_input(key="typed_password").input(password)
    return browser.button[0].click().run()


def shown(browser: AppTest) -> str:
    """The page of a signed-in user, or the sentence at the sign-in form."""
    assert not browser.exception, browser.exception[0].message
    return str(browser.title[0].value if browser.title else browser.caption[0].value)


def change(door: Door, browser: AppTest, old: str = OLD, new: str = NEW, again: str = "") -> str:
    """What is said to a change of the password from this browser, which has the sign-in that follows from it."""
    said: list[str] = []
    token = browser.session_state["access.token"]

    def draw() -> None:
        st.session_state.setdefault("access.token", token)
        said.append(door.gate.change_password(old, new, again or new))

    asking = script(draw).run()
    assert not asking.exception
    if not said[0] and "access.token" in asking.session_state:
        browser.session_state["access.token"] = asking.session_state["access.token"]
    return said[0]
