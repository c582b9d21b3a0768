"""What lists of the past are narrowed down by, on whichever page: bonds as one types them, groups, days. `scope` is the
page's name in the session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from orders.errors import NotFound, OutsideError
from orders.model import User
from ui import session


def groups(scope: str, user: User) -> list[str]:
    """Those on the user's list, and those that were ever allocated to, as far as they see them: read once a visit, for
    the page ticks, and what was ever allocated to takes a look at every order."""
    if f"{scope}.known" not in st.session_state:
        desk = session.desk()
        st.session_state[f"{scope}.known"] = sorted({*desk.groups(user), *desk.last_allocations(user)})
    return [group for group in st.session_state[f"{scope}.known"] if user.sees(group)]


def assets(scope: str, user: User, text: str) -> tuple[frozenset[str], str]:
    """The bonds a text means, looked for once, and a sentence about it. What nobody knows, or nobody can look up now,
    is taken for an identifier as well: of a bond that is gone there are still orders."""
    if st.session_state.get(f"{scope}.bond.of") != text:
        st.session_state[f"{scope}.bond.of"], st.session_state[f"{scope}.bond.found"] = text, _found(user, text)
    found: tuple[frozenset[str], str] = st.session_state[f"{scope}.bond.found"]
    return found


def _found(user: User, text: str) -> tuple[frozenset[str], str]:
    try:
        bonds = session.desk().find(user, text).value
    except (NotFound, OutsideError) as error:
        return frozenset({text.upper()}), f"{error} Orders of a bond with the identifier {text.upper()} are shown."
    if not bonds:
        return frozenset({text.upper()}), f"No bond is called “{text}”; orders with that identifier are shown."
    named = bonds[0].label if len(bonds) == 1 else f"{len(bonds)} bonds like “{text}”"
    return frozenset(bond.asset_id for bond in bonds), f"Orders of {named}."


def bounds(days: tuple[date, ...]) -> tuple[datetime | None, datetime | None]:
    """From the first day on, to the end of the last; while only one is chosen, that day."""
    if not days:
        return None, None
    first, last = (datetime.combine(day, time(), UTC) for day in (days[0], days[-1]))
    return first, last + timedelta(days=1)


def is_set(scope: str, name: str) -> bool:
    """Whether a filter leaves anything out."""
    value = st.session_state.get(f"{scope}.{name}")
    return bool(value.strip() if isinstance(value, str) else value)


def carry(scope: str, names: Sequence[str]) -> None:
    """A filter was changed: the address carries it, so that it outlasts a reload and can be passed on."""
    session.office().gate.touch()
    for name in names:
        if is_set(scope, name):
            value = st.session_state[f"{scope}.{name}"]
            st.query_params[name] = value.strip() if isinstance(value, str) else [str(one) for one in value]
        else:
            st.query_params.pop(name, None)


def carried_groups(scope: str, user: User) -> list[str]:
    """The groups that the address names, of those there are."""
    named = st.query_params.get_all("groups")
    return [group for group in groups(scope, user) if group in named] if named else []
