"""The sign-in card."""

from __future__ import annotations

import streamlit as st

from orders.model import Book
from ui import formats
from ui.session import Gate


def _submit(gate: Gate) -> None:
    gate.submit(st.session_state["sign_in.username"], st.session_state["sign_in.password"])


def _fill(username: str, password: str) -> None:
    st.session_state["sign_in.username"] = username
    st.session_state["sign_in.password"] = password


def sign_in_form(gate: Gate, book: Book) -> None:
    """The form, with the demo users where there are any."""
    _, middle, _ = st.columns([1, 1.4, 1])
    with middle:
        st.title("Evenlot")
        st.caption(f"Block bond allocation for portfolio groups · {formats.book(book)}")
        with st.form("sign_in", border=True):
            st.text_input("Username", key="sign_in.username", autocomplete="username")
            st.text_input("Password", key="sign_in.password", type="password", autocomplete="current-password")
            st.form_submit_button(
                "Sign in", type="primary", width="stretch", on_click=_submit, args=(gate,), icon=":material/login:"
            )
        if message := gate.message():
            st.error(message)
        if gate.demo_logins:
            with st.container(border=True):
                st.markdown("**Demo users** · mock data, nothing leaves this machine")
                for login in gate.demo_logins:
                    row = st.container(horizontal=True, vertical_alignment="center")
                    row.markdown(f"{login.role.capitalize()}: `{login.username}` / `{login.password}`")
                    row.button(
                        "Fill in",
                        key=f"fill.{login.username}",
                        type="tertiary",
                        on_click=_fill,
                        args=(login.username, login.password),
                    )
