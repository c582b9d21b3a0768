"""The list of orders: what narrows it down, a page of it, and the way to older ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from orders.history import Wanted
from orders.lifecycle import LIVE, OURS
from orders.model import Order, OrderState, User
from ui import formats, session, states, tables

PAGE = 50
MOVING = frozenset((*LIVE, *OURS))


def wanted(user: User) -> Wanted:
    """Which orders the user asks for, from the filters, which are drawn here. A bond nobody knows is `NotFound`."""
    _views()
    row, on = st.columns([2, 2, 1.6, 1.2, 1.8]), _begin_anew
    states = row[0].multiselect(
        "State", list(OrderState), format_func=str, placeholder="any", key="orders.states", on_change=on
    )
    groups = row[1].multiselect(
        "Group", session.desk().groups(user), placeholder="any", key="orders.groups", on_change=on
    )
    bond = row[2].text_input("Bond", placeholder="any: CUSIP, ISIN, ticker", key="orders.bond", on_change=on)
    by = row[3].text_input("Confirmed by", placeholder="anybody", key="orders.by", on_change=on)
    days = row[4].date_input("Confirmed (UTC)", value=[], format="YYYY-MM-DD", key="orders.days", on_change=on)
    since, until = _bounds(days)
    return Wanted(
        groups=frozenset(groups) or None,
        states=frozenset(states) or None,
        asset_id=_asset(user, bond.strip()) if bond.strip() else None,
        username=by.strip().lower() or None,
        since=since,
        until=until,
    )


def rows(user: User, asked: Wanted) -> tuple[Order, ...]:
    """The page of orders the user is at, drawn; empty when there is none, and then it says what to do."""
    cursors: list[str] = st.session_state.setdefault("orders.cursors", [])
    page = session.desk().past.orders(user, asked, PAGE, cursors[-1] if cursors else "")
    if not page.rows:
        if asked == Wanted() and not cursors:
            st.info("No orders yet. Choose a group and a bond, and allocate.")
        else:
            st.info("No order is like that. Take a filter away to see more.")
    else:
        _table(page.rows)
    if cursors or page.cursor:
        _pager(page.cursor)
    return page.rows


def _table(shown: tuple[Order, ...]) -> None:
    table, columns = tables.orders(shown)
    st.dataframe(
        table,
        column_config=columns,
        hide_index=True,
        placeholder=formats.MISSING,
        on_select=lambda: _pick([order.id for order in shown]),
        selection_mode="single-row",
        key="orders.table",
        height=min(420, 38 + 35 * len(table)),
        alt="orders, newest first",
    )


def _pager(following: str) -> None:
    cursors: list[str] = st.session_state["orders.cursors"]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Newer", icon=":material/arrow_back:", disabled=not cursors, on_click=_newer, key="orders.newer")
        st.button(
            "Older", icon=":material/arrow_forward:", disabled=not following, on_click=_older, args=(following,),
            key="orders.older",
        )  # fmt: skip
        st.caption(f"Page {len(cursors) + 1}, {PAGE} orders each, newest first.")


def _views() -> None:
    """The usual choices of states, a click each: they fill the filter of states, which may say something else."""
    chosen = set(st.session_state.get("orders.states", ()))
    st.session_state["orders.view"] = next((n for n, of in states.VIEWS.items() if set(of) == chosen), None)
    st.pills("Show", list(states.VIEWS), key="orders.view", on_change=_view, label_visibility="collapsed")


def _view() -> None:
    st.session_state["orders.states"] = list(states.VIEWS[st.session_state["orders.view"] or "All"])
    _begin_anew()


def _begin_anew() -> None:
    """A filter was used: its orders begin with the newest."""
    session.office().gate.touch()
    st.session_state["orders.cursors"] = []


def _newer() -> None:
    session.office().gate.touch()
    st.session_state["orders.cursors"].pop()


def _older(cursor: str) -> None:
    session.office().gate.touch()
    st.session_state["orders.cursors"].append(cursor)


def _pick(shown: list[str]) -> None:
    """Remember the order, not the row: rows move as new orders come in."""
    session.office().gate.touch()
    chosen = st.session_state["orders.table"]["selection"]["rows"]
    if chosen and chosen[0] < len(shown):
        st.query_params["order"] = shown[chosen[0]]
        st.session_state["orders.picked"] = True


def _asset(user: User, text: str) -> str:
    """The bond a text means, said below where that is more than its identifier."""
    found = session.desk().find(user, text).value
    if not found:
        return text  # of a bond that is gone there may still be orders
    if len(found) > 1:
        st.caption(f"Orders of {found[0].label} ({found[0].asset_id}), the first of {len(found)} bonds like “{text}”.")
    return found[0].asset_id


def _bounds(days: tuple[date, ...]) -> tuple[datetime | None, datetime | None]:
    """From the first day on, to the end of the last; while only one is chosen, that day."""
    if not days:
        return None, None
    first, last = (datetime.combine(day, time(), UTC) for day in (days[0], days[-1]))
    return first, last + timedelta(days=1)
