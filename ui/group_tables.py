"""The accounts of the groups that are looked at, as a table and as a file."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from allocation.model import Account, Metric
from ui import formats
from ui.strip import Seen
from ui.tables import Columns, amount, as_float, currency_column, mixed, number, rounded

_ALWAYS = (Metric.ASD, Metric.DURATION, Metric.OAS)  # whichever metric is chosen

Dot = tuple[str, str]  # group and account: an account may be in several groups that are looked at


def accounts(rows: Sequence[Seen], picked: Collection[Dot] = (), text: str = "") -> tuple[pd.DataFrame, Columns]:
    """The accounts of these groups, farthest from the mean of their group first; those without the metric last, with
    the reason. Only those `picked`, where any are, and only those that have every word of `text`."""
    metric, several = rows[0].spread.metric, len(rows) > 1
    words = text.casefold().split()
    shown = [
        (row, a)
        for row in rows
        for a in row.accounts
        if (not picked or (row.group, a.id) in picked) and _has(words, row.group if several else "", a)
    ]
    shown.sort(key=lambda pair: _place(*pair))
    table = pd.DataFrame([_row(row, a, several) for row, a in shown])
    everyone = [a for row in rows for a in row.accounts]
    unneeded = [] if mixed(everyone) else ["Currency"]
    unneeded += [] if any(a.exposures[metric].reason for a in everyone) else ["Note"]
    unneeded += [] if any(a.exposures[metric].coverage < 1 for a in everyone) else ["Coverage"]
    return table.drop(columns=unneeded, errors="ignore"), _columns(metric)


def file_name(groups: Sequence[str], day: date) -> str:
    """accounts-BIG6-OPNIC-2026-11-20"""
    return f"accounts-{'-'.join(re.sub(r'[^A-Za-z0-9_]+', '-', group) for group in groups)}-{day.isoformat()}"


def lacking(row: Seen, most: int = 3) -> str:
    """Which accounts the dispersion of a group is without, and why, as Markdown."""
    named = [formats.plain(f"{account} ({reason})") for account, reason in row.spread.missing.items()]
    others = f" and {len(named) - most} more" if len(named) > most else ""
    return (
        f"**{formats.plain(row.group)}**: Dispersion over {len(row.spread.values)} of {len(row.accounts)} accounts. "
        f"Listed last, with the reason: {', '.join(named[:most])}{others}."
    )


def _has(words: Sequence[str], group: str, account: Account) -> bool:
    text = f"{group} {account.id} {account.name}".casefold()
    return all(word in text for word in words)


def _place(row: Seen, account: Account) -> tuple[bool, float, str]:
    value = row.spread.values.get(account.id)
    return value is None, 0.0 if value is None else -abs(value - row.spread.mean), account.id


def _row(row: Seen, a: Account, several: bool) -> dict[str, Any]:
    metric = row.spread.metric
    value = row.spread.values.get(a.id)
    return {
        **({"Group": row.group} if several else {}),
        "Account": a.id,
        "Name": a.name,
        "Currency": a.currency,
        metric.short: rounded(value, metric.decimals),
        "From mean": None if value is None else rounded(value - row.spread.mean, metric.decimals),
        "NAV": as_float(a.nav),
        "Cash": as_float(a.cash),
        "Cash %": rounded(float(a.cash / a.nav * 100), 1) if a.cash is not None and a.nav else None,
        **{m.short: rounded(a.exposures[m].value, m.decimals) for m in _ALWAYS if m is not metric},
        "Coverage": rounded(a.exposures[metric].coverage * 100, 1),
        "Holdings": len(a.holdings),
        "Note": a.exposures[metric].reason,
    }


def _columns(metric: Metric) -> Columns:
    return {
        "Group": st.column_config.TextColumn("Group", width=96),
        "Account": st.column_config.TextColumn("Account", width=84),
        "Currency": currency_column(),
        "NAV": amount("NAV"),
        "Cash": amount("Cash", help_="spendable on the usual settlement date, after live orders"),
        "Name": st.column_config.TextColumn("Name", width=232),
        "Cash %": number("Cash %", 1, "of NAV", 66),
        **{m.short: number(f"{m.short} ({m.unit})", m.decimals, m.label, 84) for m in Metric},
        "From mean": number("From mean", metric.decimals, f"distance from its group's mean, {metric.unit}", 84, "+"),
        "Coverage": number("Coverage %", 1, "share of the holdings' market value that has the figure"),
        "Holdings": number("Holdings", width=72),
        "Note": st.column_config.TextColumn("Note", width=220),
    }
