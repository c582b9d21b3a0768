"""What a run of a session's script reads of the store once, however often it asks who is here: the store may be far."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from watch import references

T = TypeVar("T")
_READ = "access.read"


def once(read: Callable[[], T]) -> T:
    """What was read first in this run, or in this part of a page that runs by itself; read anew where that cannot be
    told."""
    reference = references.current()
    kept: tuple[str, T] | None = st.session_state.get(_READ)
    if kept is None or not reference or kept[0] != reference:
        kept = st.session_state[_READ] = (reference, read())
    return kept[1]


def anew() -> None:
    """What was read counts no more, as after a callback, which may have changed it."""
    st.session_state.pop(_READ, None)
