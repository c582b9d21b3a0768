"""Choosing a password: the rules, the form, and what stands against it."""

from __future__ import annotations

from typing import Protocol

import streamlit as st

from orders.model import User

_REFUSED = "account.refused"
_FIELDS = ("old", "new", "again")
_RULES = (
    "At least 12 characters, and not more than 72 bytes; a few words that do not belong together do well. It does not "
    "contain your username, and is not the one you have. Wherever else you are signed in, that ends."
)


class Gate(Protocol):
    """What changes a password."""

    def change_password(self, old: str, new: str, again: str) -> str: ...


def choose(gate: Gate, user: User) -> None:
    """The only thing that somebody with a password for one use can do."""
    st.title("Choose your password")
    st.info(
        f"{user.name}, the password you came in with was made for one use. Choose one that only you know; then you can "
        "go on.",
        icon=":material/key:",
    )
    form(gate, "The password you came in with")


def form(gate: Gate, old: str = "Old password") -> None:
    """The old one, and the new one twice."""
    with st.container(width=480), st.form("account.password", border=True):
        st.caption(_RULES)
        labels = (old, "New password", "New password, once more")
        for name, label in zip(_FIELDS, labels, strict=True):
            st.text_input(
                label, key=f"account.{name}", type="password",
                autocomplete="current-password" if name == "old" else "new-password",
            )  # fmt: skip
        if refused := st.session_state.get(_REFUSED):
            st.error(refused, icon=":material/error:")
        st.form_submit_button("Change password", type="primary", icon=":material/key:", on_click=_change, args=(gate,))


def _change(gate: Gate) -> None:
    typed = [st.session_state[f"account.{name}"] or "" for name in _FIELDS]
    st.session_state[_REFUSED] = gate.change_password(*typed) if all(typed) else "Type all three."
    if not st.session_state[_REFUSED]:
        for name in _FIELDS:
            st.session_state[f"account.{name}"] = ""
