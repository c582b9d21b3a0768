"""The group a page is about: the one its address names, or else the one chosen on the way to an order."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ui import session

WIDTH = 220  # pixels


def draw(scope: str, groups: Sequence[str]) -> str:
    """Choose one of these, which are some. The address carries it: it outlasts a reload, and can be passed on."""
    key = f"{scope}.group"
    if key not in st.session_state:
        wanted = (st.query_params.get("group"), session.trip().group)
        st.session_state[key] = next((group for group in wanted if group in groups), groups[0])
    chosen: str = st.selectbox("Group", groups, key=key, width=WIDTH, on_change=_note, args=(key,))
    return chosen


def _note(key: str) -> None:
    session.office().gate.touch()
    st.query_params["group"] = st.session_state[key]
