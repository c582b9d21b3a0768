"""A gate with a small app behind it, run in process, and the browsers that come to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.testing.v1 import AppTest

from access import Entry, Gate, Users, demo_users
from tests.access.surroundings import SetClock, open_sign_ins
from tests.orders.noted import Noted

KEY = "k" * 32


class Door:
    """A gate with its surroundings within reach, and browsers that come to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SetClock()
        self.sign_ins = open_sign_ins(folder, self.clock)
        self.users, self.logins = demo_users()
        self.activity = Noted()
        self.gate = self.new_gate()

    def new_gate(self, **settings: Any) -> Gate:
        """A gate over the same store: another one is what a restarted server has."""
        return Gate(
            lambda: self.users,
            self.sign_ins,
            self.clock,
            self.activity,
            demo_logins=self.logins,
            **{"cookie_key": KEY} | settings,
        )

    def browser(self) -> AppTest:
        return script(self.draw)

    def draw(self) -> None:
        """What an app does: the form for a stranger, a page for a user."""
        user = self.gate.current_user()
        if user is None:
            st.text_input("Username", key="typed_name")
            st.text_input("Password", key="typed_password")
            st.button("Sign in", on_click=self.submit)
            st.caption(self.gate.message() or "")
            st.stop()
        if not st.toggle("As a live tick", key="tick"):
            self.gate.touch()
        st.title(f"{user.username}: {', '.join(user.roles)}; {', '.join(user.groups)}")
        st.text_input("Note", key="note")
        st.button("Sign out", on_click=self.gate.sign_out)

    def submit(self) -> None:
        self.gate.submit(st.session_state["typed_name"], st.session_state["typed_password"])

    def change(self, username: str, entry: Entry | None) -> None:
        entries = dict(self.users) | ({username: entry} if entry else {})
        if entry is None:
            del entries[username]
        self.users = Users(entries)


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


def sign_in(browser: AppTest, username: str = "pm", password: str = "pm-demo") -> AppTest:
    if not browser.button:
        browser.run()
    browser.text_input(key="typed_name").input(username)
    browser.text_input(key="typed_password").input(password)
    return browser.button[0].click().run()


def shown(browser: AppTest) -> str:
    """The page of a signed-in user, or the sentence at the sign-in form."""
    assert not browser.exception, browser.exception[0].message
    return str(browser.title[0].value if browser.title else browser.caption[0].value)
