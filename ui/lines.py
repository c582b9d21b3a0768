"""The allocation as a table to type into: a face typed locks its line, and the rest is solved again around it.

The editor stays the same one while its figures change, so that whoever types fast is not interrupted: each edit is
taken over once, and what the next run draws in its cell is what was typed there, upon which the grid lets go of it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import streamlit as st

from allocation.errors import AllocationError, RefusedLock
from allocation.proposal import Proposal
from ui import formats, forms, proposal_tables, sheet, tables

ALT = "the allocation, a row per account"
MOST_HEIGHT = 466  # pixels: thirteen accounts, and the rest scrolls
_MOUNTED, _ROUND = "lines.mounted", "lines.round"
_WORDS = ("Part", "Within", "Cap")
_OF_THE_FACE = ("Money", "Cash after", "After", "Left", "Headroom", *_WORDS)
_LOCKED = st.column_config.CheckboxColumn(
    "Lock", width=62, help="a locked line keeps its face; the rest is solved again"
)
_FACE = st.column_config.TextColumn(
    "Face", width=tables.WIDE, alignment="right", help="type 2mm or 250k: the line is locked there, and the rest solved"
)


@dataclass
class _Mounted:
    """The editor on the screen: whose rows they are, the faces it shows, and which of its edits were taken over."""

    key: str
    group: str
    column: str
    accounts: tuple[str, ...]
    faces: tuple[int, ...]
    taken: dict[tuple[int, str], Any] = field(default_factory=dict)


def take_in() -> None:
    """Take over what was typed into the editor on the screen, each edit once. Called when it changes and before locks
    are read, so that an edit survives a click elsewhere that came with it."""
    mounted: _Mounted | None = st.session_state.get(_MOUNTED)
    if mounted is None or mounted.key not in st.session_state:
        return
    edits = _edits(mounted.key)
    cells: sheet.Cells = {}
    for (row, column), value in sorted(edits.items(), key=lambda edit: edit[0][1] == "Face"):
        if row < len(mounted.accounts) and mounted.taken.get((row, column), ...) != value:
            text = (f"{mounted.faces[row]:,}" if value else "") if column == "Lock" else str(value or "")
            cells[mounted.accounts[row], mounted.column] = text
    sheet.note(mounted.group, cells)
    mounted.taken = edits


def _edits(key: str) -> dict[tuple[int, str], Any]:
    """The edits that the grid still holds, by row and column."""
    rows = st.session_state[key]["edited_rows"] if key in st.session_state else {}
    return {(row, column): value for row, edited in rows.items() for column, value in edited.items()}


def free(group: str, column: str) -> None:
    """Unlock every line, of accounts that are not there any more too."""
    take_in()
    sheet.note(group, {(account, column): "" for account in sheet.typed(group, column)})
    st.session_state.pop(_MOUNTED, None)
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1  # another editor, which holds no edits


def draw(group: str, column: str, proposal: Proposal, refusals: Sequence[RefusedLock]) -> None:
    """The editor, and below it what of the locks cannot be: the proposal is made without those. `column` is the key
    that locks are kept under."""
    refused = {each.account_id: each for each in refusals}
    ids = tuple(line.account_id for line in proposal.lines)
    table, columns = proposal_tables.lines(proposal)
    # another editor for other accounts: this one would hold its edits against whoever has the row now; and for another
    # engine, for a grid that is given other columns in place takes neither mouse nor keys any more
    of = zlib.crc32(repr((proposal.engine, ids)).encode())
    key = f"lines.{group}.{column}.{of:08x}.{st.session_state.get(_ROUND, 0)}"
    mounted: _Mounted | None = st.session_state.get(_MOUNTED)
    same = mounted is not None and (mounted.key, mounted.accounts) == (key, ids) and key in st.session_state
    taken = mounted.taken if mounted is not None and same else {}
    faces = tuple(line.face for line in proposal.lines)
    st.session_state[_MOUNTED] = _Mounted(key, group, column, ids, faces, taken)
    locks, edits = sheet.typed(group, column), _edits(key)
    texts = [_text(locks.get(account, ""), face, account in refused) for account, face in zip(ids, faces, strict=True)]
    table["Face"] = pd.Series([edits.get((i, "Face"), text) for i, text in enumerate(texts)], dtype=object)
    ticks = [edits.get((i, "Lock"), bool(locks.get(account))) for i, account in enumerate(ids)]
    table.insert(list(table.columns).index("Face") + 1, "Lock", ticks)
    _leave_out(table, proposal, refused)
    st.data_editor(
        table, key=key, on_change=take_in, hide_index=True, placeholder=formats.MISSING, alt=ALT,
        disabled=[name for name in table.columns if name not in ("Face", "Lock")],
        column_config=columns | {"Face": _FACE, "Lock": _LOCKED}, height=tables.height(table, MOST_HEIGHT),
    )  # fmt: skip
    tables.further("cash before and after", "headroom", "name")
    for each in refusals:
        _mend(group, column, each)
    held = [account for account in locks if account in ids]
    if gone := {account: face for account, face in locks.items() if account not in held}:
        st.warning(_not_kept(group, gone), icon=":material/lock_open:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_counted(len(held) - len(refused), len(refused)))
        if locks:
            st.button(
                "Free all", icon=":material/lock_open:", type="tertiary", key="lines.free", on_click=free,
                args=(group, column),
            )  # fmt: skip


def without(proposal: Proposal, refusals: Sequence[RefusedLock]) -> str:
    """What is shown instead, where locks cannot be: the allocation without them, and what their accounts get in it."""
    faces = {line.account_id: line.face for line in proposal.lines}
    gets = ", ".join(f"{formats.plain(each.account_id)} gets {faces[each.account_id]:,}" for each in refusals)
    locks, they = ("lock that is", "it is") if len(refusals) == 1 else ("locks that are", "they are")
    return (
        f"All figures are without the {locks} refused below: in them {gets}. Nothing can be confirmed before {they} "
        "mended or freed."
    )


def _leave_out(table: pd.DataFrame, proposal: Proposal, refused: Mapping[str, RefusedLock]) -> None:
    """Beside a face that cannot be stand no figures, for they would be of another face; why is told below."""
    for i, line in enumerate(proposal.lines):
        if line.account_id in refused:
            for name in table.columns.intersection(list(_OF_THE_FACE)):
                table.loc[i, name] = "" if name in _WORDS else None
            table.loc[i, "Cap"] = "✗ refused"


def _counted(locked: int, refused: int) -> str:
    """3 lines locked, 1 refused."""
    if not locked + refused:
        return "Type a face to lock its line: the rest is solved around it."
    said = f"{formats.count(locked, 'line') if locked else 'No line'} locked"
    return f"{said}, {refused} refused." if refused else f"{said}."


def _not_kept(group: str, gone: Mapping[str, str]) -> str:
    """Which locks count for nothing."""
    them = ", ".join(f"{formats.plain(account)} (at {formats.plain(face)})" for account, face in gone.items())
    what = "its lock is" if len(gone) == 1 else "their locks are"
    return f"No line of {formats.plain(group)} any more: {them}. The rest is solved without, and {what} not kept to."


def _mend(group: str, column: str, refused: RefusedLock) -> None:
    """What is wrong with a lock, and the faces it could be at."""
    st.error(formats.plain(refused.sentence), icon=":material/lock:")
    if not refused.near:
        return
    with st.container(horizontal=True):
        for face in refused.near:
            st.button(
                f"Lock {refused.account_id} at {face:,}", key=f"lines.near.{refused.account_id}.{face}",
                on_click=sheet.note, args=(group, {(refused.account_id, column): f"{face:,}"}),
            )  # fmt: skip


def _text(lock: str, face: int, refused: bool) -> str:
    """What a line's face reads: as it was typed where that cannot be, and as faces are written everywhere else."""
    if refused:
        return lock
    try:
        return f"{forms.face(lock, least=0):,}" if lock.strip() else f"{face:,}"
    except AllocationError:
        return lock
