"""Users: who may come in, in which roles, for which groups."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from orders.model import Permission, User
from orders.people import Entry
from ui import frame, people, session, tables

user = session.require_user(Permission.ADMINISTER)
frame.strip()
st.title("Users")
gate, store = session.office().gate, session.office().people


def add(user: User) -> str:
    assert store is not None
    return store.add(user, st.session_state["users.new.username"], *people.typed("users.new"))


def change(entry: Entry, scope: str, user: User) -> None:
    assert store is not None
    store.change(user, entry.user.username, entry.version, *people.typed(scope))


def join() -> None:
    """The click that adds: the password and the notice that come of it name whose they are."""
    name = st.session_state["users.new.username"].strip().lower()
    people.do(gate.current_user, add, name, f"{name} is added.")


def newcomer() -> None:
    """The form of a user to come."""
    with st.popover("Add a user", icon=":material/person_add:", key="users.add"), st.form("users.new", border=False):
        st.text_input("Username", key="users.new.username", max_chars=64, help="letters, digits and . _ - @")
        people.fields("users.new", session.office().book.groups)
        st.form_submit_button("Add", type="primary", on_click=join)


def one(entry: Entry, locked: Sequence[str]) -> None:
    """One user: the form of the entry, and what else can be done. `locked`: where they are refused for now."""
    assert store is not None
    name, own = entry.user.username, entry.user.username == user.username
    st.subheader(f"{entry.user.name} ({name})")
    if own:
        st.caption("This is you: another administrator changes your roles and groups, and you your password.")
    scope = f"users.{name}.{entry.version}"  # another version is another form
    if locked:
        st.warning(
            f"{entry.user.name} is locked out at {', '.join(locked)}: too many sign-ins failed. It ends by itself "
            "after 15 minutes; a new password does not end it.",
            icon=":material/lock_clock:",
        )
        st.button(
            "Unlock", icon=":material/lock_open:", key=f"{scope}.unlock", on_click=people.do,
            args=(gate.current_user, partial(store.unlock, username=name), name, f"{name} can try again."),
        )  # fmt: skip
    with st.form(f"{scope}.form", border=True):
        people.fields(scope, session.office().book.groups, entry)
        st.form_submit_button(
            "Save", type="primary", icon=":material/save:", on_click=people.do,
            args=(gate.current_user, partial(change, entry, scope), name, f"{name} is changed. It works at once."),
        )  # fmt: skip
    with st.container(horizontal=True):
        st.button(
            "Enable" if entry.disabled else "Disable", icon=":material/block:", key=f"{scope}.disable", disabled=own,
            on_click=people.do,
            args=(
                gate.current_user, partial(store.disable, username=name, disabled=not entry.disabled), name,
                f"{name} can sign in again." if entry.disabled else f"{name} is out, and cannot sign in.",
            ),
        )  # fmt: skip
        st.button(
            "Reset password", icon=":material/key:", key=f"{scope}.reset", disabled=own, on_click=people.do,
            args=(
                gate.current_user, partial(store.reset_password, username=name), name,
                f"{name} has a new password, and was signed out.",
            ),
        )  # fmt: skip
        st.button(
            "End sessions", icon=":material/logout:", key=f"{scope}.end", on_click=people.do,
            args=(
                gate.current_user, partial(store.end_sessions, username=name), name,
                f"{name} was signed out everywhere.",
            ),
        )  # fmt: skip


if store is None:
    st.info("Users sign in elsewhere here: who they are, their roles and groups come from there.")
    st.stop()
people.outcome(frame.show)
with frame.explained():
    entries, locked = store.everybody(user), store.locked_out(user)
newcomer()
shown, columns = people.table(entries, locked)
picked = st.dataframe(
    shown, column_config=columns, hide_index=True, on_select="rerun", selection_mode="single-row",
    height=tables.height(shown, 420), key="users.table", alt="users with their roles and groups",
)  # fmt: skip
rows = picked["selection"]["rows"]
if rows and rows[0] < len(entries):
    one(entries[rows[0]], locked.get(entries[rows[0]].user.username, ()))
else:
    st.caption("Tick a user to change the entry, to reset the password or to end sessions.")
