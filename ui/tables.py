"""The tables of the screens: rows from the model, columns with their units, no arithmetic of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from allocation.metrics import Spread
from allocation.model import Account, Bond, Metric
from allocation.proposal import Proposal
from orders.holders import Holder
from ui import formats

Columns = dict[str, Any]
_ALWAYS = (Metric.ASD, Metric.DURATION, Metric.OAS)  # shown whichever metric is chosen


NARROW, WIDE = 80, 118  # pixels: a level or a count; a face or money of up to 99,999,999,999
_AT_RIGHT = "\u061c"  # a heading that begins as right-to-left writing does stands at the right, and reads as ever


def number(label: str, decimals: int = 0, help_: str | None = None, width: int = NARROW, sign: str = "") -> Any:
    """A number with thousands separators, at the right, and its heading with it; the `sign` of a change is "+". The
    width is fixed: a column that fits itself to its first values would cut the leading digits off larger ones, and the
    rest would still look like a number."""
    return st.column_config.NumberColumn(heading(label), format=f"%{sign},.{decimals}f", help=help_, width=width)


def heading(label: str) -> str:
    """The heading of a column whose cells stand at the right: tables have no setting for it."""
    return _AT_RIGHT + label


def figures(label: str, width: int, help_: str | None = None) -> Any:
    """Numbers beside words, as `market` among limits: text, at the right."""
    return st.column_config.TextColumn(heading(label), width=width, alignment="right", help=help_)


def amount(label: str, help_: str | None = None) -> Any:
    """Face or money, whole."""
    return number(label, 0, help_, WIDE)


def chips(label: str, shown: Iterable[tuple[str, str]], width: int, help_: str | None = None) -> Any:
    """Signs and words, each in its colour: a cell is a list with one of them."""
    colours = dict(shown)
    return st.column_config.MultiselectColumn(
        label, options=list(colours), color=list(colours.values()), width=width, help=help_
    )


def height(table: pd.DataFrame, most: int) -> int:
    """Pixels for all rows, as high as the theme's base font makes them; beyond `most` the table scrolls."""
    return min(most, 3 + 33 * (1 + len(table)))


def mixed(rows: Sequence[Account]) -> bool:
    """Whether money of these accounts is in more than one currency."""
    return len({account.currency for account in rows}) > 1


def currency_column() -> Any:
    """Shown where accounts differ in it: money beside it is in each account's own."""
    return st.column_config.TextColumn("Currency", help="base currency of the account: its money is in it", width=70)


def accounts(rows: Sequence[Account], spread: Spread) -> tuple[pd.DataFrame, Columns]:
    """A group's accounts, farthest from the mean first; those without the metric last, with the reason."""
    metric = spread.metric
    distance = {account: value - spread.mean for account, value in spread.values.items()}
    mixed_up = mixed(rows)
    table = pd.DataFrame(
        [
            {
                "Account": a.id,
                "Name": a.name,
                **({"Currency": a.currency} if mixed_up else {}),
                "NAV": as_float(a.nav),
                "Cash": as_float(a.cash),
                "Cash %": float(a.cash / a.nav * 100) if a.cash is not None and a.nav else None,
                **{m.short: rounded(a.exposures[m].value, m.decimals) for m in dict.fromkeys((metric, *_ALWAYS))},
                "From mean": rounded(distance.get(a.id), metric.decimals),
                "Coverage": a.exposures[metric].coverage * 100,
                "Holdings": len(a.holdings),
                "Note": a.exposures[metric].reason,
            }
            for a in sorted(rows, key=lambda a: (a.id not in distance, -abs(distance.get(a.id, 0.0)), a.id))
        ]
    )
    columns = {
        "Currency": currency_column(),
        "NAV": amount("NAV"),
        "Cash": amount("Cash", help_="spendable on the usual settlement date, after live orders"),
        "Name": st.column_config.TextColumn("Name", width=140),
        "Cash %": number("Cash %", 1, "of NAV"),
        **{m.short: number(f"{m.short} ({m.unit})", m.decimals, m.label) for m in Metric},
        "From mean": number("From mean", metric.decimals, f"distance from the group's mean, {metric.unit}", sign="+"),
        "Coverage": number("Coverage %", 1, "share of the holdings' market value that has the figure"),
        "Holdings": number("Holdings"),
    }
    return table, columns


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


def bonds(rows: Sequence[Bond]) -> tuple[pd.DataFrame, Columns]:
    """Search results."""
    table = pd.DataFrame(
        [
            {
                "Bond": bond.label,
                "Issuer": bond.issuer,
                "CUSIP": bond.cusip,
                "ISIN": bond.isin,
                "Coupon": as_float(bond.coupon),
                "Maturity": bond.maturity,
                "Rating": bond.rating,
                "Price": as_float(bond.price),
                "SD": rounded(bond.measures.spread_duration, 2),
                "OAS": rounded(bond.measures.oas, 0),
                "Pieces": formats.pieces(bond) + (" · 144A" if bond.is_144a else ""),
            }
            for bond in rows
        ]
    )
    columns = {
        "Coupon": number("Coupon %", 3),
        "Maturity": st.column_config.DateColumn("Maturity", format="DD MMM YYYY"),
        "Price": number("Price", 4),
        "SD": number("Spread duration (years)", 2),
        "OAS": number("OAS (bp)"),
        "Pieces": st.column_config.TextColumn("Pieces", width=240),
    }
    return table, columns


def holders(rows: Sequence[Holder]) -> tuple[pd.DataFrame, Columns]:
    """Who holds a bond."""
    table = pd.DataFrame(
        [
            {"Account": h.account_id, "Name": h.name, "Face": float(h.face), "% of NAV": (h.share or 0) * 100}
            for h in rows
        ]
    )
    return table, {"Face": amount("Face"), "% of NAV": number("% of NAV", 2)}


def rounded(value: float | None, decimals: int) -> float | None:
    """What the column shows, without a negative zero."""
    return None if value is None else round(value, decimals) + 0.0


def as_float(value: Any) -> float | None:
    return None if value is None else float(value)
