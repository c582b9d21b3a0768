"""What changed limits say that can be saved and looks mistyped: names nobody knows, shares above the whole, a reserve
without its percent sign. Asked about, not refused: a bond may be on its way, and a mandate may be odd."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from allocation.limits import Limit, Rule
from allocation.model import Account
from orders.errors import NotFound
from orders.limits import Find, Names
from orders.model import User
from ui import session
from ui.limits import Change, typed_limit

_NAMES = "limits.names"
_SMALL = 100  # of money: a reserve up to this is more likely a percentage


def names(user: User) -> Names:
    """What limits may name, read once a session from the accounts of every group."""
    if _NAMES not in st.session_state:
        desk, accounts = session.desk(), list[Account]()
        for ticker in desk.groups(user):
            with suppress(NotFound):  # a group that was added and is gone holds nothing
                accounts += desk.group(user, ticker).value.accounts
        st.session_state[_NAMES] = Names.of(accounts)
    found: Names = st.session_state[_NAMES]
    return found


def doubts(rows: Sequence[Limit], moved: Sequence[Change], known: Names, find: Find) -> tuple[str, ...]:
    """A sentence for each doubt about a row that was added or changed."""
    changed = {change.after.key for change in moved if change.after is not None}
    asked = [row for row in rows if typed_limit(row).key in changed]
    return tuple(sentence for row in asked for sentence in (_name(row, known, find), _value(row)) if sentence)


def _name(row: Limit, known: Names, find: Find) -> str:
    close = known.unknown(row, find)
    if close is None:
        return ""
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    return f"{typed_limit(row)}: nothing held or found is called {row.of}, so this limits nothing yet.{hint}"


def _value(row: Limit) -> str:
    if row.is_share and row.number > 1:
        return f"{typed_limit(row)}: {row.value} is more than the whole NAV. Is it meant?"
    if row.rule is Rule.CASH_RESERVE and not row.is_share and 0 < row.number <= _SMALL:
        return f"{typed_limit(row)}: this is money of {row.value}. Did you mean {row.value}% of NAV?"
    return ""
