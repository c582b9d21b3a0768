"""Rows of the past a page at a time, and the way to the other pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from orders.history import Page, Wanted
from ui import session

T = TypeVar("T")


def read(scope: str, asked: object, fetch: Callable[[str], Page[T]]) -> Page[T]:
    """The page this session is at; `fetch` reads the one that a cursor stands for. It belongs to what was asked for,
    and to the visit: anything else begins anew. A page whose last row has gone gives way to the one before."""
    left = f"{scope}.{_ways(asked)[0]}" not in st.session_state  # a button's state goes when its page is left
    if left or st.session_state.get(f"{scope}.asked") != asked:
        st.session_state[f"{scope}.asked"], st.session_state[f"{scope}.cursors"] = asked, []
    cursors = _cursors(scope)
    page = fetch(cursor(scope))
    while cursors and not page.rows:
        cursors.pop()
        page = fetch(cursor(scope))
    return page


def cursor(scope: str) -> str:
    """Where the page that was read last begins."""
    cursors = _cursors(scope)
    return cursors[-1] if cursors else ""


def turn(scope: str, page: Page[Any], size: int, of: int | None = None, what: str = "orders") -> None:
    """The way to the pages before and after, where there are any; with how many orders (or what `size` counts) there
    are in all, if known."""
    cursors, asked = _cursors(scope), st.session_state[f"{scope}.asked"]
    if not cursors and not page.cursor:
        return
    before, after = _ways(asked)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            before.title(), icon=":material/arrow_back:", disabled=not cursors, on_click=_back, args=(scope,),
            key=f"{scope}.{before}",
        )  # fmt: skip
        st.button(
            after.title(), icon=":material/arrow_forward:", disabled=not page.cursor, on_click=_on,
            args=(scope, page.cursor), key=f"{scope}.{after}",
        )  # fmt: skip
        first = "oldest" if _oldest_first(asked) else "newest"
        at, pages = len(cursors) + 1, "" if of is None else f" of {max(-(-of // size), len(cursors) + 1):,}"
        told = f"{size} {what} each" if of is None else f"{of:,} {what}"
        st.caption(f"Page {at:,}{pages}, {told}, {first} first.")


def _oldest_first(asked: object) -> bool:
    return isinstance(asked, Wanted) and asked.oldest_first


def _ways(asked: object) -> tuple[str, str]:
    """To the page before, and to the one after."""
    return ("older", "newer") if _oldest_first(asked) else ("newer", "older")


def _cursors(scope: str) -> list[str]:
    found: list[str] = st.session_state.setdefault(f"{scope}.cursors", [])
    return found


def _back(scope: str) -> None:
    session.office().gate.touch()
    _cursors(scope).pop()


def _on(scope: str, following: str) -> None:
    session.office().gate.touch()
    _cursors(scope).append(following)
