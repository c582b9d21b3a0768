"""Tables as files: numbers stay numbers, and nothing is run by a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from openpyxl import load_workbook

from ui import saving

AT = datetime(2026, 11, 20, 15, 4, 5, 6, tzinfo=UTC)
RUN = (
    "=1+1", "+1", "-2", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "'=1", '=HYPERLINK("http://x","y")', "=cmd|'/c calc'!A0",
)  # fmt: skip


def opened(rows: saving.Rows) -> Any:
    return load_workbook(io.BytesIO(saving.as_excel(rows))).active


@pytest.mark.parametrize("text", RUN)
def test_what_a_spreadsheet_would_run_is_a_text(text: str) -> None:
    (cell,) = next(opened([(text,)]).iter_rows())
    assert (cell.data_type, cell.quotePrefix) == ("s", True)
    assert cell.value.replace("\n", "\r") == text.replace("\n", "\r")
    ((said,),) = csv.reader(io.StringIO(saving.as_csv([(text,)]), newline=""))
    assert said == f"'{text}"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\\b:c", ".bashrc", "a\0b\n", "\u202egpj", "…"])
def test_no_name_of_a_file_leads_elsewhere(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", saving.stem(name))
    assert saving.stem("profit-BIG6-2026-11-20") == "profit-BIG6-2026-11-20"


def test_numbers_times_and_what_is_missing_are_what_they_are() -> None:
    rows = [("n", "d", "f", "none", "at", "day"), (-25_000_000, Decimal("-98.515625"), 0.25, None, AT, AT.date())]
    (cells,) = opened(rows).iter_rows(min_row=2)
    assert [cell.value for cell in cells[:4]] == [-25_000_000, -98.515625, 0.25, None]
    assert cells[4].value == datetime(2026, 11, 20, 15, 4, 5)
    assert cells[5].value.date() == date(2026, 11, 20)
    assert saving.as_csv(rows).splitlines()[1] == (
        "-25000000,-98.515625,0.25,,2026-11-20T15:04:05.000006+00:00,2026-11-20"
    )


def test_a_text_too_long_for_excel_says_that_it_was_cut_and_one_with_control_characters_is_written() -> None:
    long, odd = [cell.value for cell in next(opened([("x" * 40_000, "a\x00b\x01")]).iter_rows())]
    assert len(long) == saving.LONGEST
    assert long.endswith("the CSV file has all of it")
    assert odd == "a\ufffdb\ufffd"


def test_a_frame_has_its_headings_and_empty_cells_where_nothing_is_known() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, None], "c": pd.Series([Decimal("1.10"), None], dtype=object)})
    assert saving.as_csv(saving.rows_of(frame)) == "a,b,c\r\n1,0.5,1.10\r\n2,,\r\n"
    assert [cell.value for cell in list(opened(saving.rows_of(frame)).iter_rows())[2]] == [2, None, None]
