"""Profit and loss: what the desk's trades came to, by account and bond and trade by trade, with what is not known."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from orders.model import Permission
from orders.positions import Report
from ui import formats, frame, profit_tables, saving, session, tables, which_group
from ui.profit_tables import Sum

user = session.require_user(Permission.VIEW)
desk = session.desk()


def figure(label: str, sum_: Sum, help_: str) -> None:
    st.metric(f"{label}{sum_.over}", sum_.sentence, help=help_, width="content")


def figures(report: Report) -> None:
    with st.container(horizontal=True, gap="medium"):
        figure("Realised", profit_tables.realised(report), "of what was bought here and sold; coupons are not in it")
        figure("Unrealised", profit_tables.unrealised(report), "of what was bought here and is held, at today's mark")
        figure("First day", profit_tables.first_days(report), "what trades had earned by the mark of their trade date")
        lines = f"{len(report.trades):,}"
        st.metric("Lines booked", lines, help="one for each account of an order that got something", width="content")


def unknown(report: Report) -> None:
    """What is not known, before the figures are believed."""
    if report.notes:
        count = formats.count(len(report.notes), "thing")
        with st.expander(f"{count} not known, or assumed", icon=":material/help:", expanded=len(report.notes) < 4):
            st.markdown("\n".join(f"- {note}" for note in report.notes))
    st.caption(
        "Everything is by account: what its accounts traded in other groups counts too. Lots are sold oldest first, "
        "accrued included; coupons received are not counted. What was held before the desk traded it is sold first; "
        "what it cost is not known, and it earns nothing here. The worker keeps the last mark of each trade date; of a "
        "day it saw none of, the first day's result is not known."
    )


def by_account(report: Report) -> None:
    table, columns = profit_tables.earned(report.earned)
    st.dataframe(
        table, column_config=columns, hide_index=True, placeholder=formats.MISSING,
        height=tables.height(table, 560),
        alt="profit and loss by account and bond", key="profit.earned",
    )  # fmt: skip
    save("By account and bond", lambda: profit_tables.earned_rows(report), "profit")


def by_trade(report: Report) -> None:
    table, columns = profit_tables.trades(report.trades)
    st.dataframe(
        table, column_config=columns, hide_index=True, placeholder=formats.MISSING,
        height=tables.height(table, 560),
        alt="trades, newest first", key="profit.trades",
    )  # fmt: skip
    save("Trade by trade", lambda: profit_tables.trade_rows(report), "trades")


def save(what: str, rows: Callable[[], saving.Rows], name: str) -> None:
    saving.offer(what, rows, f"{name}-{group}-{desk.today()}", f"profit.save.{name}")


top = st.container()
st.title("Profit and loss")
with frame.explained():
    groups = session.groups_of(user)
    if not groups:
        frame.nothing("No group is on your list yet. Add one on the Groups page.", ("Add a group", "groups"))
        st.stop()
    group = which_group.draw("profit", groups)
    report = desk.positions.of_group(user, group)
with top:
    frame.strip(report.as_of)
if not report.earned:
    frame.nothing(
        f"Nothing was booked for an account of {group} yet. Allocate a block; once Aladdin has booked a fill, what it "
        "earns stands here.",
        ("Find a bond", "securities"),
        user.may(Permission.PREVIEW),
    )
    for note in report.notes:
        st.caption(note)
    st.stop()
figures(report)
unknown(report)
accounts_tab, trades_tab = st.tabs(["By account and bond", "Trade by trade"])
with accounts_tab:
    by_account(report)
with trades_tab:
    by_trade(report)
