"""The users as an administrator has them on a screen: a table, the form of one entry, and what was done to it last."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

import pandas as pd
import streamlit as st

from allocation.errors import EvenlotError
from orders.people import EVERY_GROUP, Entry, Role, User
from ui import formats
from ui.tables import Columns

STATES = "whether they can sign in: a one-time password is replaced first; who is locked out failed too often"
ALL_GROUPS = "every group"
_REFUSED, _SHOWN, _TOLD = "users.refused", "users.password", "users.told"


class People(Protocol):
    """What an administrator does with the users. Each may raise any of the desk's errors."""

    def everybody(self, user: User) -> tuple[Entry, ...]: ...
    def add(self, user: User, username: str, name: str, roles: Collection[Role], groups: Collection[str]) -> str: ...
    def change(
        self, user: User, username: str, version: int, name: str, roles: Collection[Role], groups: Collection[str]
    ) -> None: ...
    def disable(self, user: User, username: str, disabled: bool = True) -> None: ...
    def reset_password(self, user: User, username: str) -> str: ...
    def end_sessions(self, user: User, username: str) -> None: ...
    def locked_out(self, user: User) -> Mapping[str, Sequence[str]]: ...
    def unlock(self, user: User, username: str) -> None: ...


def table(entries: Sequence[Entry], locked: Mapping[str, Sequence[str]]) -> tuple[pd.DataFrame, Columns]:
    """A row a user. `locked`: who is refused for failed attempts, and where."""
    rows = pd.DataFrame(
        {
            "Username": [entry.user.username for entry in entries],
            "Name": [entry.user.name for entry in entries],
            "Roles": [", ".join(sorted(role.label for role in entry.user.roles)) for entry in entries],
            "Groups": [_groups(entry.user) for entry in entries],
            "State": [state(entry, locked.get(entry.user.username, ())) for entry in entries],
            "Changed": [entry.changed_at for entry in entries],
            "By": [entry.changed_by for entry in entries],
        }
    )
    return rows, {
        "Roles": st.column_config.TextColumn("Roles", width="medium"),
        "Groups": st.column_config.TextColumn("Groups", width="medium"),
        "State": st.column_config.TextColumn("State", width=150, help=STATES),
        "Changed": st.column_config.DatetimeColumn(
            "Changed (UTC)", format="DD MMM YYYY HH:mm", timezone="UTC", width=150
        ),
    }


def state(entry: Entry, locked: Sequence[str] = ()) -> str:
    """How the user stands, in a few words."""
    if entry.disabled:
        return "disabled"
    stands = "one-time password" if entry.one_time else "active"
    return f"{stands}, locked out" if locked else stands


def _groups(user: User) -> str:
    return ALL_GROUPS if EVERY_GROUP in user.groups else ", ".join(sorted(user.groups)) or "none"


def fields(scope: str, known: Collection[str], entry: Entry | None = None) -> None:
    """The inputs of an entry, with what it has."""
    user = entry.user if entry is not None else User("", "", frozenset(), frozenset())
    st.text_input("Name", value=user.name, key=f"{scope}.name", max_chars=100)
    st.multiselect(
        "Roles", list(Role), default=sorted(user.roles), format_func=lambda role: role.label, key=f"{scope}.roles"
    )
    every = EVERY_GROUP in user.groups
    st.checkbox("Every group, and those to come", value=every, key=f"{scope}.every")
    mine = sorted(user.groups - {EVERY_GROUP})
    st.multiselect(
        "Groups", sorted({*known, *mine}), default=mine, key=f"{scope}.groups", accept_new_options=True,
        help="Tickers of portfolio groups; type one that is not offered. They count where “every group” is not ticked.",
    )  # fmt: skip


def typed(scope: str) -> tuple[str, list[Role], list[str]]:
    """Name, roles and groups as they are in the inputs."""
    at = st.session_state
    return at[f"{scope}.name"], at[f"{scope}.roles"], [EVERY_GROUP] if at[f"{scope}.every"] else at[f"{scope}.groups"]


def do(current: Callable[[], User | None], deed: Callable[[User], str | None], name: str, done: str) -> None:
    """The click: carry it out as the user is now. A password that comes of it is for `name`."""
    user = current()
    if user is None:
        return
    for key in (_REFUSED, _SHOWN):
        st.session_state.pop(key, None)
    try:
        password = deed(user)
    except EvenlotError as error:
        st.session_state[_REFUSED] = error
    else:
        st.session_state[_TOLD] = done
        if password:
            st.session_state[_SHOWN] = (name, password)


def outcome(show: Callable[[EvenlotError], None]) -> None:
    """What came of the last click: why it was not done, or that it was; a password stays until it is closed, or another
    thing is done."""
    if error := st.session_state.get(_REFUSED):
        show(error)
    if said := st.session_state.pop(_TOLD, ""):
        st.toast(formats.plain(said), icon=":material/task_alt:", duration="long")
    if _SHOWN not in st.session_state:
        return
    name, password = st.session_state[_SHOWN]
    with st.container(border=True, key="users.password.box"):
        st.markdown(f"**The password of {formats.plain(name)} for one sign-in**")
        st.code(password, language=None)
        st.caption(
            "It is shown this once: hand it over by a way of its own. It has to be replaced at that sign-in, and lets "
            "nobody in after three days."
        )
        st.button("Close", key="users.close", on_click=st.session_state.pop, args=(_SHOWN, None))
