"""The tables of a batch: lines to type, what is to be mended, what would come of each block, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from orders.batch import Foreseen, Outcome, Result
from orders.batch_check import Planned
from orders.batch_file import COLUMNS, REQUIRED, Fault, Sheet, Typed
from orders.model import OrderState
from ui import states, tables
from ui.proposal_tables import WRAPPED
from ui.tables import Columns, number

BLANK_LINES = 6

_HELP = {
    "group": "ticker of a portfolio group",
    "security": "CUSIP, ISIN or SEDOL",
    "side": "buy or sell",
    "face": "25,000,000 or 25mm",
    "settlement": "2026-11-24; the usual one where empty",
    "limit": "98.515625 or 98-16+; market where empty",
    "method": "pro rata, equal, min dispersion or to target; pro rata where empty",
    "comment": "kept with the order",
    "reason": "why a warning, or a part only, is all right",
    "skip": "accounts that get nothing, with ; between them",
    "uncounted": "accounts left out of the dispersion, as those without the figure must be; with ; between them",
}
_SIGNS = {Outcome.MADE: "✓", Outcome.THERE: "=", Outcome.REFUSED: "×", Outcome.LEFT: "–"}
STATUS = {"✓": "✓ can be made", "!": "! wants a reason", "×": "× cannot be made", "=": "= made already"}
_COLOURS = {"✓": "green", "!": "orange", "×": "red", "=": "gray", "–": "gray"}
_WIDTHS = {"group": 90, "security": 130, "side": 84, "face": 110, "settlement": 116, "limit": 90, "method": 110}


def blank() -> pd.DataFrame:
    """Empty lines to type into."""
    return pd.DataFrame([dict.fromkeys(COLUMNS, "")] * BLANK_LINES, columns=list(COLUMNS), dtype=str)


def typed_columns() -> Columns:
    """The columns people type into, or paste into from a spreadsheet: all are text, and read as in a file."""
    return {
        name: st.column_config.TextColumn(
            f"{name.title()} *" if name in REQUIRED else name.title(), help=_HELP[name], width=_WIDTHS.get(name, 170)
        )
        for name in COLUMNS
    }


def faults(rows: Sequence[Fault]) -> tuple[pd.DataFrame, Columns]:
    """What is to be mended."""
    table = pd.DataFrame(
        [
            {"Line": str(fault.line or ""), "Column": fault.column.title(), "What is wrong": fault.sentence}
            for fault in rows
        ]
    )
    columns = {
        "Line": st.column_config.TextColumn("Line", width=50, alignment="right"),
        "Column": st.column_config.TextColumn("Column", width=90),
        "What is wrong": st.column_config.TextColumn("What is wrong, and what to do", width=760),
    }
    return table, columns


def foreseen(rows: Sequence[Foreseen]) -> tuple[pd.DataFrame, Columns]:
    """What would come of each block, with a place for the reason of its line."""
    table = pd.DataFrame(
        [
            {
                "Status": [STATUS[sign(row, row.block.typed["reason"])]],
                **_block(row.block),
                "Reason": row.block.typed["reason"],  # in sight in a narrow window too, as it is to be typed
                "Placed": row.placed,
                "To know": to_know(row),
            }
            for row in rows
        ]
    )
    columns = _block_columns() | {
        "Status": tables.chips("Status", ((word, _COLOURS[sign]) for sign, word in STATUS.items()), 142),
        "Placed": number("Placed", width=100),
        "To know": st.column_config.TextColumn("To know before it is sent", width=270),
        "Reason": st.column_config.TextColumn("Reason", width=130, help=_HELP["reason"]),
    }
    return table, columns


def to_know(row: Foreseen) -> str:
    """What a person should know of a block before it is sent."""
    choices = row.block.request.choices
    skipped = f"Nothing for {', '.join(choices.locked)}." if choices.locked else ""
    uncounted = f"Left out of the dispersion: {', '.join(sorted(choices.excluded))}." if choices.excluded else ""
    waits = "Waits for an approver." if row.second_person else ""
    return " ".join(filter(None, [row.refused, *row.doubts, waits, skipped, uncounted]))


def row_height(sentences: Iterable[str], letters: int) -> int | None:
    """The height of rows in which these sentences wrap, where any takes more than one line of so many letters."""
    return WRAPPED if any(len(sentence) > letters for sentence in sentences) else None


def sign(row: Foreseen, reason: str) -> str:
    """How a block stands, at a glance."""
    if row.order_id:
        return _SIGNS[Outcome.THERE]
    if row.refused:
        return _SIGNS[Outcome.REFUSED]
    return "!" if row.doubts and not reason.strip() else _SIGNS[Outcome.MADE]


def results(rows: Sequence[Result]) -> tuple[pd.DataFrame, Columns]:
    """What came of each line."""
    table = pd.DataFrame(
        [
            {
                "Outcome": [_outcome(row.outcome)],
                **_block(row.block),
                "What": row.sentence,
                "Order": row.order_id,
            }
            for row in rows
        ]
    )
    columns = _block_columns() | {
        "Outcome": tables.chips("Outcome", ((_outcome(one), _COLOURS[_SIGNS[one]]) for one in Outcome), 130),
        "What": st.column_config.TextColumn("What came of it", width=280),
        "Order": st.column_config.TextColumn("Order", width=140),
    }
    return table, columns


def _outcome(one: Outcome) -> str:
    return f"{_SIGNS[one]} {one.value}"


def made(counts: Mapping[OrderState, int]) -> tuple[pd.DataFrame, Columns]:
    """How many orders are in which state."""
    words = {state: f"{states.SIGNS[state]} {state.value}" for state in counts}
    rows = [{"State": [words[state]], "Orders": count} for state, count in counts.items() if count]
    shown = ((word, states.COLOURS[state]) for state, word in words.items())
    return pd.DataFrame(rows), {"State": tables.chips("State", shown, 150), "Orders": number("Orders")}


def with_reasons(sheet: Sheet, reasons: Mapping[int, str]) -> Sheet:
    """The sheet with these reasons, by line, in the place of its own."""
    rows = (
        Typed(row.line, {**row.cells, "reason": reasons.get(row.line, row["reason"]).strip()}) for row in sheet.rows
    )
    return replace(sheet, rows=tuple(rows))


def _block(block: Planned) -> dict[str, object]:
    request = block.request
    return {
        "Line": block.line,
        "Group": request.group,
        "Side": request.side.value.title(),
        "Face": request.face,
        "Bond": block.label,
    }


def _block_columns() -> Columns:
    return {
        "Line": number("Line", width=40),
        "Group": st.column_config.TextColumn("Group", width=84),
        "Side": st.column_config.TextColumn("Side", width=42),
        "Face": number("Face", width=100),
        "Bond": st.column_config.TextColumn("Bond", width=126),
    }
