"""The past on a screen: which statements are asked for, a page of them, and what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from allocation.engines import ENGINES
from allocation.model import Metric
from orders.elsewhere import ENGINE as ELSEWHERE
from orders.history import Decision, Wanted
from orders.model import User
from ui import (
    charts,
    formats,
    frame,
    history_charts,
    narrowing,
    paging,
    proposal_words,
    saving,
    session,
    states,
    tables,
)
from ui.saving import Rows
from ui.tables import Columns

PAGE = 50  # orders
_SCOPE, _MOST_HEIGHT = "history", 520
_EXACT = ("filled", "wish", "booked")  # sums with decimals
_CARRIED = ("groups", "bond", "by", "engine")  # by the address, as by that of Orders
_CONTROLS = (*_CARRIED, "days")


def filters(user: User) -> Wanted:
    """Which statements are asked for, from the inputs, which are drawn here."""
    for name in _CONTROLS:  # what was chosen outlasts a look at a statement
        if f"history.{name}" in st.session_state:
            st.session_state[f"history.{name}"] = st.session_state[f"history.{name}"]
    if "history.by" not in st.session_state:
        _from_the_address(user)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        groups = st.multiselect(
            "Group", narrowing.groups(_SCOPE, user), placeholder="any", key="history.groups", on_change=_touch
        )
        bond = st.text_input(
            "Bond", placeholder="CUSIP, ISIN, ticker, words", key="history.bond", on_change=_touch, width=220
        ).strip()
        by = st.text_input("Confirmed by", placeholder="anybody", key="history.by", on_change=_touch, width=150)
        engine = st.selectbox(
            "Engine", [*ENGINES, ELSEWHERE], index=None, placeholder="any", format_func=proposal_words.engine_name,
            key="history.engine", on_change=_touch, width=190,
        )  # fmt: skip
        days = st.date_input("Confirmed (UTC)", value=[], format="YYYY-MM-DD", key="history.days", width=260)
    assets = None
    if bond:
        assets, told = narrowing.assets(_SCOPE, user, bond)
        st.caption(told)
    since, until = narrowing.bounds(days)
    return Wanted(
        groups=frozenset(groups) or None,
        assets=assets,
        username=session.username(by) or None,
        since=since,
        until=until,
        engine=engine,
    )


def _touch() -> None:
    narrowing.carry("history", _CARRIED)


def _from_the_address(user: User) -> None:
    """The filters as the address has them; what it names that there is not is passed over."""
    st.session_state["history.bond"] = st.query_params.get("bond", "")
    st.session_state["history.by"] = st.query_params.get("by", "")
    if named := narrowing.carried_groups("history", user):
        st.session_state["history.groups"] = named
    if (engine := st.query_params.get("engine")) in (*ENGINES, ELSEWHERE):
        st.session_state["history.engine"] = engine


def statements(user: User, wanted: Wanted) -> None:
    """A page of statements; a tick opens one."""
    with frame.explained():
        page = paging.read(_SCOPE, wanted, lambda cursor: session.desk().past.statements(user, wanted, PAGE, cursor))
    if not page.rows:
        st.info(
            "Nothing was decided yet: a statement is kept of each allocation that is confirmed."
            if wanted == Wanted()
            else "No statement matches these filters. Change one, or clear them."
        )
        return
    table, columns = _table(page.rows)
    st.dataframe(
        table, column_config=columns, hide_index=True, placeholder=formats.MISSING, selection_mode="single-row",
        on_select=lambda: _pick([row.statement_id for row in page.rows]), key="history.table",
        height=tables.height(table, _MOST_HEIGHT), alt="statements, newest order first",
    )  # fmt: skip
    st.caption("Tick a statement to open it as it was on the day.")
    paging.turn(_SCOPE, page, PAGE)
    saving.offer("This page", lambda: rows_of(page.rows), f"statements-{session.desk().today()}", "history.save.page")


def _pick(shown: Sequence[str]) -> None:
    session.office().gate.touch()
    rows = st.session_state["history.table"]["selection"]["rows"]
    if rows and rows[0] < len(shown):
        st.query_params["statement"] = shown[rows[0]]


def _by_now(row: Decision) -> str:
    return f"{states.SIGNS[row.state]} {row.state.value}" if row.newest else "replaced"


def _colour(row: Decision) -> states.Colour:
    return states.COLOURS[row.state] if row.newest else "gray"


def _table(rows: Sequence[Decision]) -> tuple[pd.DataFrame, Columns]:
    """A row a statement: what was asked, given and filled of it."""
    table = pd.DataFrame(
        [
            {
                "Confirmed": row.created_at,
                "State": [_by_now(row)],
                "Group": row.group,
                "Side": row.side.value.title(),
                "Bond": row.label,
                "Asked": row.ordered,
                "Given": row.placed,
                "Filled": float(row.filled),
                "Engine": proposal_words.engine_name(row.engine),
                "Improvement": None if row.improvement is None else 100 * row.improvement,
                "Metric": Metric.of(row.metric).short,
                "Version": row.version,
                "By": session.person(row.created_by),
                "Statement": row.statement_id,
            }
            for row in rows
        ]
    )
    return table, {
        "Confirmed": st.column_config.DatetimeColumn(
            "Confirmed (UTC)", format="DD MMM YYYY HH:mm", timezone="UTC", width=130
        ),
        "State": tables.chips("Order by now", ((_by_now(row), _colour(row)) for row in rows), 130),
        "Group": st.column_config.TextColumn("Group", width=76),
        "Side": st.column_config.TextColumn("Side", width=44),
        "Bond": st.column_config.TextColumn("Bond", width=130),
        "Asked": tables.number("Asked", width=92),
        "Given": tables.number("Given", width=92, help_="allocated by this statement"),
        "Filled": tables.number("Filled", width=92, help_="of its order, by now"),
        "Engine": st.column_config.TextColumn("Engine", width=130),
        "Improvement": tables.number("Improvement %", 1, "(before - after) / before", 112, sign="+"),
        "Metric": st.column_config.TextColumn("Metric", width=54),
        "Version": tables.number("Version", width=60),
        "By": st.column_config.TextColumn("By", width=80),
        "Statement": None,  # its page says it, and it would push others out of sight
    }


def rows_of(rows: Sequence[Decision]) -> Rows:
    """Every field, every digit."""
    head = (
        "statement", "order", "version", "confirmed", "by", "group", "asset_id", "bond", "side", "engine", "asked",
        "given", "filled", "state", "metric", "dispersion_before", "dispersion_after", "improvement", "sha256",
    )  # fmt: skip
    return [
        head,
        *(
            (
                d.statement_id, d.order_id, d.version, d.created_at, d.created_by, d.group, d.asset_id, d.label,
                d.side.value, d.engine, d.ordered, d.placed, d.filled, d.state.value, d.metric, d.dispersion_before,
                d.dispersion_after, d.improvement, d.sha256,
            )
            for d in rows
        ),
    ]  # fmt: skip


def added_up(user: User, wanted: Wanted) -> None:
    """Three questions of the statements asked for, each with a chart, its table and its files."""
    past = session.desk().past
    with frame.explained():
        engines, accounts, waits = (read(user, wanted) for read in (past.by_engine, past.participation, past.waits))
    if engines.empty:
        st.info("No statement matches these filters, so there is nothing to add up.")
        return
    for each in (engines, waits):
        each.insert(1, "name", [proposal_words.engine_name(key) for key in each["engine"]])
    _question(
        "How much nearer together did each engine bring the accounts?", "engines", history_charts.improvement, engines,
        "By the statement each order stands on. The mean is over the allocations that had a dispersion before.",
        _engine_columns(),
    )  # fmt: skip
    more = f" The chart has the {history_charts.MOST} with the least." if len(accounts) > history_charts.MOST else ""
    _question(
        "How did each account take part?", "participation", history_charts.participation, accounts,
        "Wished is what each engine would have given were there no caps and no pieces." + more, _account_columns(),
    )  # fmt: skip
    if waits.empty:
        st.subheader("How soon did the first fill come?")
        st.caption("Nothing has been filled yet.")
        return
    _question(
        "How soon did the first fill come?", "waits", history_charts.waits, waits,
        "From the first statement of an order to the first fill that was reported, in seconds.", _wait_columns(),
    )  # fmt: skip


def _question(
    title: str, name: str, chart: Callable[[pd.DataFrame], go.Figure], frame_: pd.DataFrame, told: str, columns: Columns
) -> None:
    st.subheader(title)
    st.caption(told)
    st.plotly_chart(chart(frame_), config=charts.config(name), key=f"history.{name}", alt=title)
    shown = frame_[[column for column in columns if column in frame_]]
    exact = [column for column in _EXACT if column in shown]
    shown = shown.assign(**{column: shown[column].map(tables.as_float) for column in exact})
    if "improvement" in shown:
        shown = shown.assign(improvement=100 * shown["improvement"])
    st.dataframe(
        shown, column_config=columns, hide_index=True, placeholder=formats.MISSING, key=f"history.{name}.table",
        height=tables.height(shown, 420), alt=title,
    )  # fmt: skip
    saving.offer(
        "This table", lambda: saving.rows_of(frame_), f"{name}-{session.desk().today()}", f"history.save.{name}"
    )


def _engine_columns() -> Columns:
    return {
        "name": st.column_config.TextColumn("Engine", width=140),
        "allocations": tables.number("Allocations", width=90),
        "ordered": tables.number("Asked", width=120),
        "placed": tables.number("Given", width=120),
        "filled": tables.number("Filled", width=120),
        "measured": tables.number("With a dispersion", width=130),
        "improvement": tables.number("Improvement, mean %", 1, width=150, sign="+"),
    }


def _account_columns() -> Columns:
    return {
        "account_id": st.column_config.TextColumn("Account", width=100),
        "considered": tables.number("Statements", help_="that name it", width=90),
        "given": tables.number("Given any", help_="in how many of them", width=90),
        "wish": tables.number("Wished", width=120),
        "face": tables.number("Given", width=120),
        "booked": tables.number("Booked", width=120),
        "filled": tables.number("Lines filled", width=90),
        "seconds": tables.number("To its first fill, mean s", 0, width=160),
    }


def _wait_columns() -> Columns:
    return {
        "name": st.column_config.TextColumn("Engine", width=140),
        "orders": tables.number("Orders filled", width=100),
        "shortest": tables.number("Shortest, s", 0, width=90),
        "median": tables.number("Median, s", 0, "half of them took as long or less", width=90),
        "seconds": tables.number("Mean, s", 0, width=90),
        "longest": tables.number("Longest, s", 0, width=90),
        **{name: tables.number(label, width=94) for name, label in history_charts.BANDS.items()},
    }
