"""The tables of the screens: rows from the model, columns with their units, no arithmetic of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from allocation.model import Account
from allocation.proposal import Proposal
from orders.fills import Part, Split
from orders.history import Booking
from orders.lifecycle import FINAL, WAITING
from orders.model import Event, Order, Statement
from orders.statement import reasons as why_in_spite
from ui import formats, releasing, states

Columns = dict[str, Any]


NARROW, WIDE = 80, 118  # pixels: a level or a count; a face or money of up to 99,999,999,999


def number(label: str, decimals: int = 0, help_: str | None = None, width: int = NARROW, sign: str = "") -> Any:
    """A right-aligned number with thousands separators; the `sign` of a change is "+". The width is fixed: a column
    that fits itself to its first values would cut the leading digits off larger ones, and the rest would still look
    like a number."""
    return st.column_config.NumberColumn(label, format=f"%{sign},.{decimals}f", help=help_, width=width)


def amount(label: str, help_: str | None = None) -> Any:
    """Face or money, whole."""
    return number(label, 0, help_, WIDE)


def height(table: pd.DataFrame, most: int) -> int:
    """Pixels for all rows, as high as the theme's base font makes them; beyond `most` the table scrolls."""
    return min(most, 3 + 33 * (1 + len(table)))


def mixed(rows: Sequence[Account]) -> bool:
    """Whether money of these accounts is in more than one currency."""
    return len({account.currency for account in rows}) > 1


def currency_column() -> Any:
    """Shown where accounts differ in it: money beside it is in each account's own."""
    return st.column_config.TextColumn("Currency", help="base currency of the account: its money is in it", width=70)


Amounts = Mapping[str, Decimal]  # by currency, which are never added up: a group need not have one of its own


def totals(rows: Sequence[Account]) -> tuple[Amounts, Amounts]:
    """NAV and cash of a group by base currency, over the accounts where they are known."""
    return _by_currency((a.currency, a.nav) for a in rows), _by_currency((a.currency, a.cash) for a in rows)


def money_and_cash(proposal: Proposal) -> tuple[Amounts, Amounts]:
    """Money of all lines, and cash of all accounts, by base currency."""
    currencies = {account.id: account.currency for account in proposal.accounts}
    money = _by_currency((currencies[line.account_id], line.money) for line in proposal.lines)
    return money, totals(proposal.accounts)[1]


def _by_currency(amounts: Iterable[tuple[str, Decimal | None]]) -> Amounts:
    found: dict[str, Decimal] = {}
    for currency, value in amounts:
        if value is not None:
            found[currency] = found.get(currency, Decimal(0)) + value
    return dict(sorted(found.items()))


def orders(rows: Sequence[Order]) -> tuple[pd.DataFrame, Columns]:
    """The dashboard: all of it is in sight in a usual window, and what tells an order from the others in a narrow one.
    Where all orders wait, when they are released takes the place of what is filled."""
    later = all(order.state in WAITING for order in rows) and any(order.release_at is not None for order in rows)
    table = pd.DataFrame(
        [
            {
                "State": states.word(order),
                **({"Release": releasing.told_short(order)} if later else {}),
                "Side": order.side.value.title(),
                "Face": order.face,
                "Bond": order.label,
                **({} if later else {"Filled": order.progress}),
                "Group": order.group,
                "Confirmed": order.created_at,
                "By": order.created_by,
                **({} if later else {"Average price": as_float(order.average_price)}),
                "Limit": "market" if order.limit is None else formats.price(order.limit),
                "Order": order.id,
            }
            for order in rows
        ]
    )
    columns = {
        "State": st.column_config.TextColumn("State", width=140),
        "Release": st.column_config.TextColumn("Release", width=182, help="by the clock of the bond's market"),
        "Side": st.column_config.TextColumn("Side", width=44),
        "Face": number("Face", 0, width=104),
        "Bond": st.column_config.TextColumn("Bond", width=114),
        "Filled": st.column_config.ProgressColumn("Filled", format="percent", min_value=0.0, max_value=1.0, width=80),
        "Group": st.column_config.TextColumn("Group", width=94),
        "Confirmed": st.column_config.DatetimeColumn(
            "Confirmed (UTC)", format="DD MMM HH:mm:ss", timezone="UTC", width=120
        ),
        "By": st.column_config.TextColumn("By", width=56),
        "Average price": number("Average", 4, "price, average of what is filled", 82),
        "Limit": st.column_config.TextColumn("Limit", width=84, alignment="right"),
        "Order": None,  # its page says it, and it would push others out of sight
    }
    return table, columns


def order_lines(order: Order, made: Split | None = None) -> tuple[pd.DataFrame, Columns]:
    """One order's accounts: what was allocated, what our split of the fills so far is, what Aladdin has booked, how far
    the two are apart, and what is left. Without a split nothing is filled yet."""
    parts = {part.account_id: part for part in made.parts} if made is not None else {}
    table = pd.DataFrame(
        [
            {
                "Account": line.account_id,
                "Face": line.face,
                "Expected": parts[line.account_id].expected if line.account_id in parts else 0,
                "Booked": float(line.booked),
                "Difference": _signed(parts[line.account_id]) if line.account_id in parts else "",
                ("Not done" if order.state in FINAL else "Left"): float(line.face - line.booked),
                "Filled": float(line.booked) / line.face if line.face else 0.0,
            }
            for line in order.lines
        ]
    )
    by = f": {made.policy.label.lower()}. {made.policy.sentence}" if made is not None else ""
    columns = {
        "Face": amount("Face"),
        "Expected": amount("Expected", help_=f"our split of what is filled{by}"),
        "Booked": amount("Booked", help_="by Aladdin, which is right about fills"),
        "Difference": st.column_config.TextColumn(
            "Difference", width=WIDE, alignment="right", help="booked less expected; ! is more than rounding explains"
        ),
        "Left": amount("Left"),
        "Not done": amount("Not done", help_="not filled, and will not be: the order has ended"),
        "Filled": st.column_config.ProgressColumn("Filled", format="percent", min_value=0.0, max_value=1.0),
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
                "Average price": as_float(booking.average_price),
            }
            for booking in reversed(rows)
        ]
    )
    columns = {
        "Seen": st.column_config.DatetimeColumn("Seen (UTC)", format="DD MMM HH:mm:ss", timezone="UTC"),
        "Booked": amount("Booked"),
        "In all": amount("In all"),
        "Average price": number("Average price of the order", 4),
    }
    return table, columns


def _signed(part: Part) -> str:
    """+3,000, with a sign where it has to be explained; nothing where there is no difference."""
    return f"{'! ' if part.departs else ''}{part.difference:+,f}" if part.difference else ""


def reasons(statements: Sequence[Statement]) -> list[str]:
    """What was said of each warning, and by whom: of each version of an order's statement, the newest first."""
    return [
        f"{statement.created_by}, {formats.moment(statement.created_at)}: {warning} “{reason}”"
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
                "State": e.state.value,
                "By": e.actor,
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


def rounded(value: float | None, decimals: int) -> float | None:
    """What the column shows, without a negative zero."""
    return None if value is None else round(value, decimals) + 0.0


def as_float(value: Any) -> float | None:
    return None if value is None else float(value)
