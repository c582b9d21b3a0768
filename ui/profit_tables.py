"""Profit and loss as tables and as files: by account and bond, and trade by trade."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pandas as pd
import streamlit as st

from orders.positions import Earned, Report, Trade
from ui import formats
from ui.saving import Rows
from ui.tables import Columns, amount, as_float, currency_column, number


@dataclass(frozen=True, slots=True)
class Sum:
    """A figure by currency, and of how many rows it is known."""

    amounts: dict[str, Decimal]
    known: int
    of: int

    @property
    def sentence(self) -> str:
        """-USD 12,345 and +EUR 6,789; nothing known is no zero."""
        return " and ".join(map(_told, self.amounts.items())) or formats.MISSING

    @property
    def over(self) -> str:
        """over 3 of 4, where some are not known"""
        return "" if self.known == self.of else f" over {self.known:,} of {self.of:,}"


def _told(amount: tuple[str, Decimal]) -> str:
    currency, value = amount
    return f"{'-' if value < 0 else '+'}{currency} {abs(value):,.0f}" if round(value) else f"{currency} 0"


def realised(report: Report) -> Sum:
    return _sum((row.currency, row.profit.realised) for row in report.earned)


def unrealised(report: Report) -> Sum:
    return _sum((row.currency, row.profit.unrealised) for row in report.earned)


def first_days(report: Report) -> Sum:
    return _sum((trade.currency, trade.first_day) for trade in report.trades)


def _sum(values: Iterable[tuple[str, Decimal | None]]) -> Sum:
    amounts: dict[str, Decimal] = {}
    known = of = 0
    for currency, value in values:
        of += 1
        if value is not None:
            known += 1
            amounts[currency] = amounts.get(currency, Decimal(0)) + value
    return Sum(dict(sorted(amounts.items())), known, of)


def earned(rows: Sequence[Earned]) -> tuple[pd.DataFrame, Columns]:
    """By account and bond; with the currency where there are several."""
    mixed, unit = _currencies({row.currency for row in rows})
    table = pd.DataFrame(
        [
            {
                "Account": row.profit.account_id,
                "Bond": row.label,
                **({"Currency": row.currency} if mixed else {}),
                "Realised": as_float(row.profit.realised) if row.profit.realised or row.profit.uncosted else None,
                "Unrealised": as_float(row.profit.unrealised),
                "Held": as_float(row.profit.face),
                "Cost": as_float(row.profit.cost),
                "Uncosted": as_float(row.profit.uncosted),
            }
            for row in rows
        ]
    )
    columns = {
        "Account": st.column_config.TextColumn("Account", width=84),
        "Bond": st.column_config.TextColumn("Bond", width=120),
        "Currency": currency_column(),
        "Realised": _signed(
            f"Realised{unit}",
            "of what was bought and sold here, oldest lots first, accrued included; – where nothing was",
        ),
        "Unrealised": _signed(
            f"Unrealised{unit}", "of what was bought here and is held, at today's mark; – where there is none"
        ),
        "Held": number("Held", 0, "face bought here, and held still", 94),
        "Cost": number(f"Cost{unit}", 0, "of what was bought here and is held, accrued included", 100),
        "Uncosted": number(
            "Cost unknown", 0, "face sold that was held before our trades: it goes first, and earns nothing here", 104
        ),
    }
    return table, columns


def trades(rows: Sequence[Trade]) -> tuple[pd.DataFrame, Columns]:
    """Trade by trade, newest first; with the currency where there are several."""
    mixed, unit = _currencies({trade.currency for trade in rows})
    table = pd.DataFrame(
        [
            {
                "Traded": trade.deal.traded,
                "Account": trade.deal.account_id,
                "Side": trade.deal.side.value.title(),
                "Bond": trade.label,
                "Face": as_float(trade.deal.face),
                **({"Currency": trade.currency} if mixed else {}),
                "First day": as_float(trade.first_day),
                "First fill": waited(trade),
                "Price": as_float(trade.deal.price),
                "Not known": trade.unknown,
                "Group": trade.group or "another",
                "Order": trade.deal.order_id,
            }
            for trade in rows
        ]
    )
    columns = {
        "Traded": st.column_config.DateColumn("Traded", format="DD MMM", width=66),
        "Account": st.column_config.TextColumn("Account", width=84),
        "Side": st.column_config.TextColumn("Side", width=44),
        "Face": amount("Face"),
        "Bond": st.column_config.TextColumn("Bond", width=120),
        "Price": number("Average price", 4, width=92),
        "First fill": st.column_config.TextColumn(
            "First fill after",
            width=130,
            help="from the statement to the first fill; * its statement was changed since",
        ),
        "Currency": currency_column(),
        "First day": _signed(f"First day{unit}", "earned by the mark of the trade date, accrued included"),
        "Not known": st.column_config.TextColumn("Of the first day", width=205),
        "Group": st.column_config.TextColumn("Group", width=84, help="another: one that you do not see"),
        "Order": st.column_config.TextColumn("Order", width=140),
    }
    return table, columns


def waited(trade: Trade) -> str:
    """4 min 05 s, with a mark where what it was counted from is not the first statement's fill."""
    return f"{_span(trade.waited)}{' *' if trade.restated else ''}"


def _span(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02} s"
    if seconds < 86400:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02} min"
    return f"{seconds // 86400} d {seconds % 86400 // 3600} h"


def earned_rows(report: Report) -> Rows:
    """By account and bond, every digit; what is not known is empty."""
    head = ("account", "bond", "asset_id", "currency", "realised", "unrealised", "held", "cost", "sold_cost_unknown")
    rows = (
        (
            e.profit.account_id, e.label, e.profit.asset_id, e.currency, e.profit.realised,
            e.profit.unrealised, e.profit.face, e.profit.cost, e.profit.uncosted,
        )
        for e in report.earned
    )  # fmt: skip
    return [head, *rows]


def trade_rows(report: Report) -> Rows:
    """Trade by trade, every digit; what is not known is empty, and said."""
    head = (
        "traded", "account", "side", "face", "bond", "asset_id", "price", "seconds_to_first_fill", "restated",
        "currency", "first_day", "not_known", "group", "order",
    )  # fmt: skip
    rows = (
        (
            t.deal.traded, t.deal.account_id, t.deal.side.value, t.deal.face, t.label, t.deal.asset_id,
            t.deal.price, int(t.waited.total_seconds()), "yes" if t.restated else "no", t.currency,
            t.first_day, t.unknown, t.group, t.deal.order_id,
        )
        for t in report.trades
    )  # fmt: skip
    return [head, *rows]


def _currencies(found: Set[str]) -> tuple[bool, str]:
    """Whether there are several, for which there is a column; or the one, as the headings say it."""
    return len(found) > 1, f" ({next(iter(found))})" if len(found) == 1 else ""


def _signed(label: str, help_: str) -> object:
    return number(label, 2, help_, 118, sign="+")
