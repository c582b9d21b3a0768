"""The list of orders: how many there are in which state, what narrows it down, and a page of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import streamlit as st

from orders.history import Wanted
from orders.lifecycle import LIVE, OURS
from orders.model import Order, OrderState, Permission, User
from ui import formats, frame, narrowing, order_tables, paging, session, states, tables

PAGE = 50
MOVING = frozenset((*LIVE, *OURS))
DATES, SHORT, WORDS, USUAL = 260, 150, 210, 170  # pixels: both dates; a word; several; one chosen
TEXTS, LISTS = ("bond", "account", "by", "batch"), ("states", "groups")  # the filters that the address carries
COUNTED_FOR = timedelta(seconds=10)


def draw(user: User) -> tuple[Order, ...]:
    """Everything, and the orders that are shown; none, and then it says what to do."""
    if "orders.by" not in st.session_state:  # a filter is forgotten with its page, and so is what goes with it
        st.session_state.pop("orders.known", None)
        _from_the_address(user)
    views = st.container()
    asked = _wanted(user)
    page = paging.read("orders", asked, lambda cursor: session.desk().past.orders(user, asked, PAGE, cursor))
    with views:
        counts = _counts(user, asked, page.rows)
        _views(counts)
    if page.rows:
        _table(page.rows)
    elif asked == Wanted():
        frame.nothing(
            "No orders yet. Choose a group and a bond, and allocate.",
            ("Choose a group", "groups"),
            user.may(Permission.PREVIEW),
        )
    else:
        st.info("No order matches these filters. Change one, or clear them all.", icon=":material/filter_alt:")
    paging.turn("orders", page, PAGE, sum(counts[state] for state in asked.states or OrderState))
    return page.rows


def _wanted(user: User) -> Wanted:
    """Which orders the user asks for, from the filters, which are drawn here."""
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    bond = row.text_input(
        "Bond", placeholder="CUSIP, ISIN, ticker, words", key="orders.bond", on_change=_touch, width=WORDS
    )
    groups = row.multiselect(
        "Group", narrowing.groups("orders", user), placeholder="any", key="orders.groups", on_change=_touch, width=USUAL
    )
    with row.popover(_more(), icon=":material/tune:", width="content", key="orders.more"):
        states = st.multiselect(
            "State", list(OrderState), format_func=str, placeholder="any", key="orders.states", on_change=_touch
        )
        left, right = st.columns(2)
        account = left.text_input("Account", placeholder="any", key="orders.account", on_change=_touch, width=SHORT)
        by = right.text_input("Confirmed by", placeholder="anybody", key="orders.by", on_change=_touch, width=SHORT)
        days = st.date_input(
            "Confirmed (UTC)", value=[], format="YYYY-MM-DD", key="orders.days", on_change=_touch, width=DATES
        )
        batch = st.text_input("Batch", placeholder="any", key="orders.batch", on_change=_touch, width=DATES)
    if any(narrowing.is_set("orders", name) for name in (*TEXTS, *LISTS, "days")):
        row.button("Clear the filters", icon=":material/filter_alt_off:", type="tertiary", on_click=_clear)
    if bond.strip():
        st.caption(narrowing.assets("orders", user, bond.strip())[1])
    since, until = narrowing.bounds(days)
    return Wanted(
        groups=frozenset(groups) or None,
        states=frozenset(states) or None,
        assets=narrowing.assets("orders", user, bond.strip())[0] if bond.strip() else None,
        account_id=account.strip().upper() or None,
        username=session.username(by) or None,
        since=since,
        until=until,
        batch=batch.strip() or None,
    )


def _table(shown: tuple[Order, ...]) -> None:
    table, columns = order_tables.orders(shown)
    whole = st.query_params.get("order")
    ticked = [place for place, order in enumerate(shown) if order.id == whole]  # one that an address named, as well
    st.dataframe(
        table,
        column_config=columns,
        hide_index=True,
        placeholder=formats.MISSING,
        on_select=lambda: _pick([order.id for order in shown]),
        selection_mode="single-row",
        selection_default={"selection": {"rows": ticked, "columns": [], "cells": []}},
        key="orders.table",
        height=tables.height(table, 420),
        alt="orders, newest first",
    )
    tables.further(*(["limit"] if "Release" in table else []), "when it was confirmed, by whom")
    when = any(order.state is OrderState.SCHEDULED for order in shown) and "Release" not in table
    st.caption(
        ("Newest first." if whole else "Newest first. Tick an order to see it whole.")
        + (" Scheduled, above, shows when those that are scheduled are released." if when else "")
    )


def _counts(user: User, asked: Wanted, shown: tuple[Order, ...]) -> Mapping[OrderState, int]:
    """How many orders all filters but that of states leave. What is shown is followed at once, the rest a little later:
    the page ticks, and counting takes a look at every order."""
    every, now = replace(asked, states=None), session.desk().now()
    about = (every, user.groups, [(order.id, order.state) for order in shown])
    kept = st.session_state.get("orders.counts")
    if kept is None or kept[0] != about or now - kept[1] > COUNTED_FOR:
        kept = st.session_state["orders.counts"] = about, now, session.desk().past.counts(user, every)
    counts: Mapping[OrderState, int] = kept[2]
    return counts


def _views(counts: Mapping[OrderState, int]) -> None:
    """The usual choices of states, a click each, with how many there are: they fill the filter of states, which may say
    something else."""
    chosen = set(st.session_state.get("orders.states", ()))
    st.session_state["orders.view"] = next((n for n, of in states.VIEWS.items() if set(of) == chosen), None)
    st.pills(
        "Show", list(states.VIEWS), key="orders.view", on_change=_view, label_visibility="collapsed",
        format_func=lambda name: f"{name} · {sum(counts[state] for state in states.VIEWS[name] or OrderState):,}",
    )  # fmt: skip
    if told := states.told(counts, chosen):
        st.caption(told)


def _view() -> None:
    st.session_state["orders.states"] = list(states.VIEWS[st.session_state["orders.view"] or "All"])
    _touch()


def _touch() -> None:
    narrowing.carry("orders", (*TEXTS, *LISTS))


def _from_the_address(user: User) -> None:
    """The filters as the address has them; what it names that there is not is passed over."""
    for name in TEXTS:
        st.session_state[f"orders.{name}"] = st.query_params.get(name, "")
    named = st.query_params.get_all("states")
    st.session_state["orders.states"] = [state for state in OrderState if state.value in named]
    if named := narrowing.carried_groups("orders", user):
        st.session_state["orders.groups"] = named


def _more() -> str:
    """The label of what is seldom filtered by; it says how much of it is in use."""
    used = sum(narrowing.is_set("orders", name) for name in ("states", "account", "by", "days", "batch"))
    return f"More filters · {used} in use" if used else "More filters"


def _clear() -> None:
    for name in (*LISTS, "days"):
        st.session_state[f"orders.{name}"] = []
    for name in TEXTS:
        st.session_state[f"orders.{name}"] = ""
    _touch()


def _pick(shown: list[str]) -> None:
    """Remember the order, not the row: rows move as new orders come in."""
    _touch()
    chosen = st.session_state["orders.table"]["selection"]["rows"]
    if chosen and chosen[0] < len(shown):
        st.query_params["order"] = shown[chosen[0]]
    else:
        st.query_params.pop("order", None)
    st.session_state["orders.picked"] = True
