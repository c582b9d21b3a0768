"""The tables of the screens: rows from the model, columns with their units, no arithmetic of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from allocation.model import Account
from allocation.proposal import Proposal

Columns = dict[str, Any]


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


def plain(label: str) -> str:
    """A heading as it reads in a file."""
    return label.removeprefix(_AT_RIGHT)


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


def height(table: pd.DataFrame, most: int, row: int = 33) -> int:
    """Pixels for all rows, as high as the theme's base font makes them unless they have a height of their own; beyond
    `most` the table scrolls, and the last row in sight is a whole one."""
    return 36 + row * max(1, min(len(table), (most - 36) // row))


def further(*names: str) -> None:
    """Which columns the table above has beyond its edge: shown in a narrow window alone."""
    with st.container(key="further"):
        st.caption(f":material/arrow_forward: Further right: {', '.join(names)}.")


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


def rounded(value: float | None, decimals: int) -> float | None:
    """What the column shows, without a negative zero."""
    return None if value is None else round(value, decimals) + 0.0


def as_float(value: Any) -> float | None:
    return None if value is None else float(value)
