"""Tables as files for a spreadsheet: CSV and Excel, with numbers as numbers, and no text that would be run."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import streamlit as st
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from orders.batch_file import is_run, written
from ui import tables
from ui.tables import Columns

Rows = Sequence[Sequence[Any]]  # the headings, then the table; None is an empty cell, and times are aware

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST = 32_767  # characters that Excel takes in a cell
_CUT = " … cut here: a cell of Excel holds no more, and the CSV file has all of it"
_MOMENT, _DAY = "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd"
_NARROWEST, _WIDEST = 10, 60  # characters


def offer(what: str, rows: Callable[[], Rows], name: str, key: str) -> None:
    """Two buttons that save a table, which is put together once one is clicked. Files are named after it and the book's
    date by whoever calls."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.download_button(
            f"{what} as CSV", lambda: as_csv(rows()), file_name=f"{stem(name)}.csv", mime="text/csv",
            icon=":material/download:", on_click="ignore", key=f"{key}.csv",
        )  # fmt: skip
        st.download_button(
            f"{what} as Excel", lambda: as_excel(rows()), file_name=f"{stem(name)}.xlsx", mime=EXCEL,
            icon=":material/table_view:", on_click="ignore", key=f"{key}.xlsx",
        )  # fmt: skip


def stem(name: str) -> str:
    """A file's name without ending, in which nothing that a group or a batch is called leads to another folder, hides
    the file or is a device."""
    return re.sub(r"[^A-Za-z0-9-]+", "_", name).strip("_-") or "table"


def rows_of(frame: pd.DataFrame) -> Rows:
    """A frame with the names of its columns above it; what is missing is an empty cell."""
    missing = frame.isna().to_numpy().tolist()
    cells = frame.astype(object).to_numpy().tolist()
    rows = zip(cells, missing, strict=True)
    return [
        list(frame.columns),
        *([None if gone else cell for cell, gone in zip(row, lacks, strict=True)] for row, lacks in rows),
    ]


def shown(table: pd.DataFrame, columns: Columns) -> Rows:
    """What a table on the screen shows, in the same order, under headings with their units."""
    heads = [tables.plain((columns.get(str(name)) or {}).get("label") or str(name)) for name in table.columns]
    return [heads, *rows_of(table)[1:]]


def as_csv(rows: Rows) -> str:
    """Every digit there is; times in UTC. A text that a spreadsheet would run has an apostrophe before it."""
    return written([[_text(cell) for cell in row] for row in rows])


def as_excel(rows: Rows) -> bytes:
    """One sheet with its headings held in sight. Numbers are numbers (Excel keeps 15 digits of each), times are in UTC.
    Each text is marked as one, and what would be run if it were typed as Excel's own quoted text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Evenlot")
    sheet.freeze_panes = "A2"
    for place, width in enumerate(_widths(rows), start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    for number, row in enumerate(rows):
        sheet.append([_cell(sheet, value, heading=number == 0) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _widths(rows: Rows) -> list[int]:
    columns = zip(*rows[:200], strict=True)
    return [min(_WIDEST, max(_NARROWEST, *(len(str(value)) + 2 for value in column))) for column in columns]


def _cell(sheet: Any, value: Any, *, heading: bool) -> Any:
    if isinstance(value, datetime):
        cell = WriteOnlyCell(sheet, value.astimezone(UTC).replace(tzinfo=None, microsecond=0))
        cell.number_format = _MOMENT
    elif isinstance(value, date):
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = _DAY
    elif isinstance(value, str):
        cell = WriteOnlyCell(sheet)
        cell.value, cell.data_type = _kept(value), "s"  # a text with an equals sign would be taken for a formula
        cell.quotePrefix = is_run(value)
    else:
        cell = WriteOnlyCell(sheet, value)
    if heading:
        cell.font = Font(bold=True)
    return cell


def _kept(text: str) -> str:
    """The text as Excel can have it; what was left out of it is said."""
    clean: str = ILLEGAL_CHARACTERS_RE.sub("\ufffd", text)
    return clean if len(clean) <= LONGEST else clean[: LONGEST - len(_CUT)] + _CUT


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else "" if value is None else value
