"""The table with a row per account that people type into. What is typed is kept as text, by group, account and column:
it outlives reruns, engines and pages, and nothing is lost where it cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from allocation.errors import AllocationError
from allocation.model import Account, Bond, Metric
from ui import tables

MOST_HEIGHT = 330  # pixels
_CELLS, _MOUNTED, _ROUND = "sheet.cells", "sheet.mounted", "sheet.round"

Cells = dict[tuple[str, str], str]  # (account id, column key) -> text as typed


@dataclass(frozen=True, slots=True)
class Column:
    """A column to type into. `key` names what is typed across engines; `read` turns a text into a value, or raises an
    `AllocationError` that says what to type instead."""

    key: str
    label: str
    help: str
    read: Callable[[str, Account], Any]
    width: int = 92  # pixels


@dataclass(frozen=True, slots=True)
class Reading:
    """What one column says: values by account id, and a sentence for each cell that cannot be read."""

    values: Mapping[str, Any]
    faults: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Mounted:
    """The editor on the screen, and the texts it began with: its own edits come on top of them."""

    key: str
    group: str
    accounts: tuple[str, ...]
    columns: tuple[str, ...]
    began: Cells


def draw(
    group: str, accounts: Sequence[Account], metric: Metric, columns: Sequence[Column], sold: Bond | None = None
) -> None:
    """The editor: who the account is, where it stands, how much it holds of a bond that is `sold`, and the columns to
    type into."""
    keep()
    ids = tuple(account.id for account in accounts)
    keys = tuple(column.key for column in columns)
    key = f"sheet.{group}.{'.'.join(keys)}.{st.session_state.get(_ROUND, 0)}"
    mounted: _Mounted | None = st.session_state.get(_MOUNTED)
    if mounted is None or (mounted.key, mounted.accounts) != (key, ids) or key not in st.session_state:
        typed = _typed(group)
        began = {(account, column): typed.get((account, column), "") for account in ids for column in keys}
        mounted = st.session_state[_MOUNTED] = _Mounted(key, group, ids, keys, began)
    told = _told(accounts, metric, sold)
    typed_into = {column.key: [mounted.began[i, column.key] for i in ids] for column in columns}
    table = pd.DataFrame(told | typed_into, index=pd.Index(ids, name="Account"))
    st.data_editor(
        table,
        key=key,
        on_change=keep,
        disabled=["_index", *told],
        column_config={
            "Name": st.column_config.TextColumn("Name", width=140),
            "NAV": tables.amount("NAV"),
            "Currency": tables.currency_column(),
            "Today": tables.number(f"{metric.short} today", metric.decimals, f"{metric.label}, {metric.unit}", 86),
            "Held": tables.amount("Held", help_="face held of the bond"),
            **{
                c.key: st.column_config.TextColumn(c.label, help=c.help, width=c.width, alignment="right")
                for c in columns
            },
        },
        height=tables.height(table, MOST_HEIGHT),
        placeholder="",
        alt="what each account is to get, a row per account",
    )


def _told(accounts: Sequence[Account], metric: Metric, sold: Bond | None) -> dict[str, list[Any]]:
    """The columns that are told, not typed."""
    columns: dict[str, list[Any]] = {
        "Name": [account.name for account in accounts],
        "NAV": [tables.as_float(account.nav) for account in accounts],
        "Currency": [account.currency for account in accounts],
        "Today": [tables.rounded(account.exposures[metric].value, metric.decimals) for account in accounts],
    }
    if not tables.mixed(accounts):
        del columns["Currency"]
    if sold is not None:
        columns["Held"] = [float(account.held(sold.asset_id)) for account in accounts]
    return columns


def keep() -> None:
    """Take over what was typed into the editor on the screen. Called before it is drawn and when it changes, so that
    an edit survives a click elsewhere that came with it."""
    mounted: _Mounted | None = st.session_state.get(_MOUNTED)
    if mounted is None or mounted.key not in st.session_state:
        return
    edits = st.session_state[mounted.key]["edited_rows"]
    typed = _typed(mounted.group)
    for row, account in enumerate(mounted.accounts):
        for column in mounted.columns:
            text = edits.get(row, {}).get(column, mounted.began[account, column])
            typed[account, column] = "" if text is None else str(text)


def read(group: str, accounts: Sequence[Account], column: Column) -> Reading:
    """What is typed in one column, in the order it was typed. Empty cells say nothing."""
    values, faults = dict[str, Any](), dict[str, str]()
    there = {account.id: account for account in accounts}
    for name, text in typed(group, column.key).items():
        if name in there:
            try:
                values[name] = column.read(text.strip(), there[name])
            except AllocationError as error:
                faults[name] = f"{name}, {column.label}: {error}"
    return Reading(values, faults)


def filled(group: str, accounts: Sequence[Account], columns: Sequence[Column]) -> int:
    """How many cells of these columns have something in them."""
    keep()
    typed = _typed(group)
    return sum(bool(typed.get((a.id, column.key), "").strip()) for a in accounts for column in columns)


def fill(group: str, accounts: Sequence[str], columns: Sequence[str], text: str) -> None:
    """Put the same text into every cell of these columns, on top of whatever is typed."""
    put(group, {(account, column): text for account in accounts for column in columns})


def put(group: str, cells: Cells) -> None:
    """Put texts into cells, on top of whatever is typed."""
    keep()
    note(group, cells)
    st.session_state.pop(_MOUNTED, None)
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1  # another editor, which begins with these texts


def offer(group: str, cells: Cells) -> None:
    """Put texts into cells that nothing was typed into, nor taken out of, yet."""
    known = _typed(group)
    put(group, {cell: text for cell, text in cells.items() if cell not in known})


def note(group: str, cells: Cells) -> None:
    """Keep texts of columns that the editor does not show: what is typed last stands last."""
    kept = _typed(group)
    for cell, text in cells.items():
        if kept.get(cell) != text:
            kept.pop(cell, None)
        kept[cell] = text


def typed(group: str, column: str) -> dict[str, str]:
    """What is typed in one column, by account; empty cells are left out."""
    return {account: text for (account, key), text in _typed(group).items() if key == column and text.strip()}


def everything(group: str) -> Cells:
    """Every cell of a group that has something in it."""
    keep()
    return {cell: text for cell, text in _typed(group).items() if text.strip()}


def _typed(group: str) -> Cells:
    groups: dict[str, Cells] = st.session_state.setdefault(_CELLS, {})
    return groups.setdefault(group, {})
