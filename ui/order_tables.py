"""The tables about orders: the list of them, one order's accounts, what was booked of it, and its history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from orders.fills import Part, Split
from orders.history import Booking
from orders.lifecycle import FINAL, WAITING
from orders.lifecycle import Event as Decision
from orders.model import Event, Order, Statement
from orders.statement import reasons as why_in_spite
from ui import formats, releasing, session, states, tables
from ui.tables import Columns

FACE = 100  # pixels: 9,999,999,999; every column of an order stands in a narrow window


def orders(rows: Sequence[Order]) -> tuple[pd.DataFrame, Columns]:
    """The dashboard: all of it is in sight in a usual window, and what tells an order from the others in a narrow one.
    Where all orders wait, when they are released takes the place of what is filled."""
    later = all(order.state in WAITING for order in rows) and any(order.release_at is not None for order in rows)
    table = pd.DataFrame(
        [
            {
                "State": [states.short(order)],
                **({"Release": releasing.told_short(order)} if later else {}),
                "Side": order.side.value.title(),
                "Face": order.face,
                "Bond": order.label,
                **({} if later else {"Filled": order.progress * 100}),
                **({} if later else {"Average price": tables.as_float(order.average_price)}),
                "Group": order.group,
                "Limit": "market" if order.limit is None else formats.price(order.limit),
                "Confirmed": order.created_at,
                "By": session.person(order.created_by),
                "Order": order.id,
            }
            for order in rows
        ]
    )
    columns = {
        "State": tables.chips("State", ((states.short(order), states.COLOURS[order.state]) for order in rows), 134),
        "Release": st.column_config.TextColumn("Release", width=182, help="by the clock of the bond's market"),
        "Side": st.column_config.TextColumn("Side", width=41),
        "Face": tables.number("Face", 0, width=92),
        "Bond": st.column_config.TextColumn("Bond", width=121),
        "Filled": _progress(70),
        "Group": st.column_config.TextColumn("Group", width=82),
        "Confirmed": st.column_config.DatetimeColumn(
            "Confirmed", format="DD MMM HH:mm", timezone="UTC", width=87, help="by the clock of UTC"
        ),
        "By": st.column_config.TextColumn("By", width=130),
        "Average price": tables.number(
            "Average", 4, "price per 100, average over what is filled; – where nothing is", 76
        ),
        "Limit": tables.figures("Limit", 70, "price per 100 that a buy pays at most, and a sell brings at least"),
        "Order": None,  # its page says it, and it would push others out of sight
    }
    return table, columns


def _progress(width: int) -> Any:
    return st.column_config.ProgressColumn("Filled", format="%.1f%%", min_value=0.0, max_value=100.0, width=width)


def order_lines(order: Order, made: Split | None = None) -> tuple[pd.DataFrame, Columns]:
    """One order's accounts: what was allocated, what our split of the fills so far is, what Aladdin has booked, how far
    the two are apart, and what is left. Without a split nothing is filled yet."""
    parts = {part.account_id: part for part in made.parts} if made is not None else {}
    table = pd.DataFrame(
        [
            {
                "Account": line.account_id,
                "Face": line.face,
                "Filled": float(line.booked) / line.face * 100 if line.face else 0.0,
                "Expected": parts[line.account_id].expected if line.account_id in parts else 0,
                "Booked": float(line.booked),
                "Difference": _signed(parts[line.account_id]) if line.account_id in parts else None,
                ("Not done" if order.state in FINAL else "Left"): float(line.face - line.booked),
            }
            for line in order.lines
        ]
    )
    by = f": {made.policy.label.lower()}. {made.policy.sentence}" if made is not None else ""
    columns = {
        "Face": tables.number("Face", width=FACE),
        "Expected": tables.number("Expected", width=FACE, help_=f"our split of what is filled{by}"),
        "Booked": tables.number("Booked", width=FACE, help_="by Aladdin, which is right about fills"),
        "Difference": tables.figures("Difference", FACE, "booked less expected; ! is more than rounding explains"),
        "Left": tables.number("Left", width=FACE),
        "Not done": tables.number("Not done", width=FACE, help_="not filled, and will not be: the order has ended"),
        "Filled": _progress(104),
    }
    if order.state in FINAL and not table["Not done"].any():
        table = table.drop(columns="Not done")
    return table, columns


def fills(rows: Sequence[Booking]) -> tuple[pd.DataFrame, Columns]:
    """What Aladdin newly reported as booked, newest first."""
    table = pd.DataFrame(
        [
            {
                "Seen": booking.at,
                "Account": booking.account_id,
                "Booked": float(booking.delta),
                "In all": float(booking.booked),
                "Average price": tables.as_float(booking.average_price),
            }
            for booking in reversed(rows)
        ]
    )
    columns = {
        "Seen": st.column_config.DatetimeColumn("Seen (UTC)", format="DD MMM HH:mm:ss", timezone="UTC"),
        "Booked": tables.number("Booked", width=FACE),
        "In all": tables.amount("In all"),
        "Average price": tables.number("Average price of the order", 4),
    }
    return table, columns


def _signed(part: Part) -> str:
    """+3,000, marked where it has to be explained; 0 where there is no difference."""
    return f"{'! ' if part.departs else ''}{part.difference:+,f}" if part.difference else "0"


def reasons(statements: Sequence[Statement]) -> list[str]:
    """What was said of each warning, and by whom: of each version of an order's statement, the newest first."""
    return [
        f"{session.person(statement.created_by)}, {formats.moment(statement.created_at)}: {warning} “{reason}”"
        for statement in statements
        for warning, reason in why_in_spite(statement).items()
    ]


def events(rows: Sequence[Event]) -> tuple[pd.DataFrame, Columns]:
    """An order's history, newest first, with the reason somebody gave."""
    table = pd.DataFrame(
        [
            {
                "At": e.at,
                "Event": states.HAPPENED.get(e.event, e.event),
                "State": states.DECLINED if e.event == Decision.DECLINE else e.state.value,
                "By": session.person(e.actor),
                "Detail": e.detail if e.reason in e.detail else f"{e.detail}: “{e.reason}”",
            }
            for e in reversed(rows)
        ]
    )
    columns = {
        "At": st.column_config.DatetimeColumn("At (UTC)", format="DD MMM HH:mm:ss", timezone="UTC"),
        "Detail": st.column_config.TextColumn("Detail", width="large"),
    }
    return table, columns
