"""Sign-in as the screens use it: the gate they ask, and the card they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import streamlit as st

from orders.model import Book, Role, User
from ui import formats

CARD = 480  # pixels: room for the longest of the demo users
GUIDED = "story.wanted"  # in the session's state: whoever signs in wants to be shown around


class DemoLogin(Protocol):
    """A user the sign-in card may show, in the demo only."""

    @property
    def username(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def role(self) -> str: ...


class Gate(Protocol):
    """Sign-in, as the screens use it."""

    @property
    def demo_logins(self) -> Sequence[DemoLogin]: ...
    @property
    def stay_days(self) -> float: ...
    @property
    def elsewhere(self) -> str: ...  # the provider where users sign in; empty where they do here
    def go(self) -> None: ...
    def arrive(self) -> User | None: ...
    def current_user(self) -> User | None: ...
    def people(self) -> Mapping[str, str]: ...
    def doubt(self) -> str | None: ...
    def must_choose(self) -> bool: ...
    def submit(self, username: str, password: str, stay: bool = False) -> None: ...
    def change_password(self, old: str, new: str, again: str) -> str: ...
    def mount(self) -> None: ...
    def sign_out(self) -> None: ...
    def message(self) -> str | None: ...
    def news(self) -> str | None: ...
    def touch(self) -> None: ...


def _submit(gate: Gate) -> None:
    typed = (st.session_state[f"sign_in.{name}"] for name in ("username", "password", "stay"))
    gate.submit(*typed)


def _fill(username: str, password: str) -> None:
    st.session_state["sign_in.username"] = username
    st.session_state["sign_in.password"] = password


def _guided(gate: Gate, login: DemoLogin) -> None:
    gate.submit(login.username, login.password)
    st.session_state[GUIDED] = True


def sign_in_form(gate: Gate, book: Book, guided: bool = False) -> None:
    """The form, with the demo users where there are any, and the way into the guided demo where there is one."""
    with st.container(horizontal_alignment="center"), st.container(width=CARD):
        st.title("Evenlot")
        st.caption(f"Block bond allocation for portfolio groups · {formats.book(book)}")
        if gate.elsewhere:
            st.button(
                f"Sign in with {gate.elsewhere}", type="primary", width="stretch", on_click=gate.go,
                icon=":material/login:", key="sign_in.elsewhere",
            )  # fmt: skip
        else:
            _form(gate)
        if message := gate.message():
            st.error(message)
        if logins := gate.demo_logins:
            with st.container(border=True, gap="xsmall"):
                row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
                row.markdown("**Demo users** · nothing leaves this machine")
                guide = next((login for login in logins if login.role == Role.PORTFOLIO_MANAGER.label), None)
                if guided and guide is not None:
                    row.button(
                        "Guided demo", icon=":material/slideshow:", key="sign_in.guided", on_click=_guided,
                        args=(gate, guide), help=f"Signs in as {guide.username}, and shows you around",
                    )  # fmt: skip
                for login in logins:
                    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
                    row.markdown(f"{login.role.capitalize()}: `{login.username}` / `{login.password}`")
                    row.button(
                        "Fill in",
                        key=f"fill.{login.username}",
                        type="tertiary",
                        help=f"Types {login.username} and the password; then press Sign in",
                        on_click=_fill,
                        args=(login.username, login.password),
                    )


def _form(gate: Gate) -> None:
    with st.form("sign_in", border=True):
        st.text_input("Username", key="sign_in.username", autocomplete="username")
        st.text_input("Password", key="sign_in.password", type="password", autocomplete="current-password")
        st.checkbox(
            f"Stay signed in for {gate.stay_days:g} days", key="sign_in.stay",
            help="On a machine that only you use: after a time without use you go on without signing in again, "
            "though with an empty desk.",
        )  # fmt: skip
        st.form_submit_button(
            "Sign in", type="primary", width="stretch", on_click=_submit, args=(gate,), icon=":material/login:"
        )
