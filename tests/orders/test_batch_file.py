from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from books import demo_book
from orders.batch_file import COLUMNS, LARGEST, MOST_LINES, NO_TEXT, read_csv, template, written


def told(data: bytes) -> list[str]:
    return [str(fault) for fault in read_csv(data).faults]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_files_as_spreadsheets_write_them_are_read(separator: str) -> None:
    text = "\ufeff" + separator.join(["Security", "GROUP", "side", "face"]) + "\r\n"
    text += "\r\n" + separator.join(["# a remark", "", "", ""]) + "\r\n" + separator.join(["B", "G", "buy", '"5,000"'])
    (row,) = read_csv(text.encode()).rows
    assert (row.line, row["group"], row["security"], row["face"], row["limit"]) == (4, "G", "B", "5,000", "")


def test_a_header_that_cannot_be_used_is_told_whole() -> None:
    assert told(b"group,grup,side,side\nA,B,buy,buy") == [
        "Line 1: The header has no column security. It must have group, security, side, face.",
        "Line 1: The header has no column face. It must have group, security, side, face.",
        "Line 1: The column “grup” is not known. Take it out, or use one of " + ", ".join(COLUMNS) + ".",
        "Line 1: The column “side” is there more than once.",
    ]


def test_a_line_with_other_cells_than_the_header_is_told_and_the_others_are_read() -> None:
    sheet = read_csv(b'group,security,side,face\nG,B,buy,5,000\nG,"B\nB",buy,1mm\nG,C,buy,1mm\n')
    assert [str(fault) for fault in sheet.faults] == [
        "Line 2: It has other than the 4 cells of the header. Quote a cell that has a comma."
    ]
    assert [row.line for row in sheet.rows] == [3, 5]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file has no header: start from the template."),
        ("group,security,side,face\nÄ,B,buy,1\n".encode("cp1252"), NO_TEXT),
        ("group,security,side,face\nG,B,buy,1\n".encode("utf-16-le"), NO_TEXT),
        (b"group,security,side,face\nG\0,B,buy,1\n", NO_TEXT),
        (b"PK\x03\x04" + bytes(1000), NO_TEXT),  # a workbook under another name
        (
            b"group,security,side,face\n" + b"x\n" * 200_000,
            "It has 200,000 blocks, and 1,000 are the most. Split it into several.",
        ),
        (b"\xff\xfe\x00", NO_TEXT),
        (b"x" * (LARGEST + 1), "The file has more than 2 MB. Split it into several."),
        (b'group,security,side,face\n"open', "The file is not comma-separated: unexpected end of data."),
        (b"group,security,side,face\n", "There is no block in it: fill in a line for each."),
        (
            b"group,security,side,face\n" + b"G,B,buy,1mm\n" * (MOST_LINES + 1),
            "It has 1,001 blocks, and 1,000 are the most. Split it into several.",
        ),
    ],
)
def test_a_file_that_is_none_is_told_in_a_sentence(data: bytes, sentence: str) -> None:
    assert told(data) == [sentence]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=20)))
def test_no_text_goes_out_that_a_spreadsheet_would_run(cells: list[str]) -> None:
    (read,) = list(csv.reader(io.StringIO(written([["x", *cells]]), newline="")))
    assert not [cell for cell in read if cell.startswith(("=", "+", "-", "@", "\t", "＝", "＋", "－", "＠"))]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_a_comment_comes_back_as_it_was_typed(comment: str) -> None:
    text = written([("group", "security", "side", "face", "comment"), ("G", "B", "buy", "1mm", comment.strip())])
    (row,) = read_csv(text.encode()).rows
    assert row["comment"] == comment.strip()


@given(st.binary(max_size=300))
def test_nothing_that_comes_breaks_the_reader(data: bytes) -> None:
    sheet = read_csv(data)
    assert sheet.rows or sheet.faults


def test_the_bonds_and_groups_of_the_templates_examples_are_those_of_the_demo_book() -> None:
    examples = template().replace("# ", "").splitlines()[2:]
    rows = read_csv("\n".join([template().splitlines()[0], *examples]).encode()).rows
    book = demo_book()
    known = {number for bond in book.securities.values() for number in (bond.cusip, bond.isin)}
    assert len(rows) == 2
    assert {row["security"] for row in rows} <= known
    assert {row["group"] for row in rows} <= book.groups.keys()
