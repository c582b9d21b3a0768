"""Groups on the screen: where the list comes from, the search that adds to it, and groups inside groups as a tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import streamlit as st

from allocation.errors import EvenlotError
from orders.groups import GroupFound, accounts_within, levels
from orders.model import Book, GroupTree, User
from orders.ports import Dated
from ui import formats, frame, session

_MOST_ROWS = 12  # of a tree, before it scrolls
_REFUSED = "groups.refused"


def origin(book: Book) -> str:
    """Where the list of groups comes from."""
    if book.kind == "aladdin":
        return "From the settings (ALADDIN_GROUPS) and what you added. Aladdin has no call that lists all groups."
    return "From the book, and what you added."


def add(ticker: str) -> None:
    """Put a group on the list of the user as they are now; what stands against it is shown by the run that follows."""
    if (user := session.office().gate.current_user()) is None:
        return
    try:
        session.desk().add_group(user, ticker)
    except EvenlotError as error:
        st.session_state[_REFUSED] = error
    else:
        st.toast(f"{formats.plain(ticker)} is on your list.", icon=":material/playlist_add:")


def take_off(ticker: str) -> None:
    """Take a group off the user's list; its orders stay where they are."""
    if (user := session.office().gate.current_user()) is None:
        return
    try:
        session.desk().remove_group(user, ticker)
    except EvenlotError as error:
        st.session_state[_REFUSED] = error
    else:
        st.toast(
            f"{formats.plain(ticker)} is off your list. Its orders stay where they are.",
            icon=":material/playlist_remove:",
        )


def take_off_button(ticker: str) -> None:
    """Offered for what the user added; what the settings name stays."""
    if ticker not in session.office().book.groups:
        st.button(
            f"Take {ticker} off my list",
            key=f"take_off.{ticker}",
            icon=":material/playlist_remove:",
            type="tertiary",
            on_click=take_off,
            args=(ticker,),
        )


def refusal() -> None:
    """What stood against the last change of the list, once."""
    if refused := st.session_state.pop(_REFUSED, None):
        frame.show(refused)


def search(user: User) -> None:
    """A search box over tickers and names, and what was found, to be added."""
    with st.popover("Add a group", icon=":material/playlist_add:", key="groups.add"):
        text = st.text_input(
            "Find a portfolio group",
            key="groups.search",
            placeholder="ticker or name",
            icon=":material/search:",
            type="search",
        )
        if not text.strip():
            st.caption("Type a part of a ticker or a name. The groups you are entitled to are found.")
            return
        try:
            with frame.waits():
                read = session.desk().find_groups(user, text)
        except EvenlotError as error:
            frame.show(error)
            return
        if not read.value:
            st.caption(f"No group has “{formats.plain(text)}” in its ticker or name among those you are entitled to.")
        for group in read.value:
            _found(group)
        st.caption(f"Groups as read {formats.ago(read.as_of, datetime.now(UTC))}.")


def _found(group: GroupFound) -> None:
    row = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key=f"found.{group.ticker}"
    )
    name = f" · {group.name}" if group.name and group.name != group.ticker else ""
    row.text(f"{group.ticker}{name} · {group.fault or formats.count(group.accounts, 'account')}")
    row.button(
        "On your list" if group.listed else "Add",
        key=f"add.{group.ticker}",
        disabled=group.listed or bool(group.fault),
        on_click=add,
        args=(group.ticker,),
    )


def nested(trees: Mapping[str, Dated[GroupTree]]) -> dict[str, Dated[GroupTree]]:
    """Of the listed groups, by ticker, those that have groups inside and are not inside another one themselves."""
    inside = {
        level.ticker
        for tree in trees.values()
        for depth, level in levels(tree.value)
        if depth  # each but the tree itself
    }
    return {ticker: tree for ticker, tree in trees.items() if tree.value.groups and ticker not in inside}


def draw_trees(
    user: User, trees: Mapping[str, Dated[GroupTree]], chosen: str | None, choose: Callable[[str], None]
) -> None:
    """Groups inside groups, indented, each with its accounts counted. Any level the user may see can be chosen."""
    rows = [(ticker, *level) for ticker, tree in trees.items() for level in levels(tree.value)]
    if not rows:
        return
    st.subheader("Groups inside groups")
    st.caption(f"As read {formats.ago(min(tree.as_of for tree in trees.values()), datetime.now(UTC))}.")
    with st.container(
        border=True, height=520 if len(rows) > _MOST_ROWS else "content", gap="xsmall", key="groups.trees"
    ):
        for place, (_, depth, level) in enumerate(rows):
            row = st.container(horizontal=True, vertical_alignment="center", key=f"level.{place}.{level.ticker}")
            if depth:
                row.space(28 * depth)
            count = formats.count(len(accounts_within(level)), "account")
            row.markdown(f"{'↳ ' if depth else ''}**{formats.plain(level.ticker)}** · {count}", width="stretch")
            if not user.sees(level.ticker):
                row.caption("not in your entry")
                continue
            row.button(
                "Chosen" if level.ticker == chosen else "Choose",
                key=f"level.choose.{place}.{level.ticker}",
                type="tertiary",
                disabled=level.ticker == chosen,
                on_click=choose,
                args=(level.ticker,),
                help=None if level.ticker == chosen else "Chosen, it is on your list too.",
            )
