"""Rows as typed become limits, files and changes, and nothing is lost on the way."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.errors import InvalidLimit
from allocation.limits import NO_LIMITS, Limit, LimitTable, Rule
from books import read_book
from orders.model import LimitVersion
from tests.books.folder import small_book
from ui import limits
from ui.limits import Change, Fault, Row

RESERVE = Row("*", "cash_reserve", "", "0.5%")
ISSUER = Row("A", "issuer", "Acme, Inc", "5%")
FROZEN = Row("B", "frozen", "", "")

rows = st.lists(
    st.builds(
        Row,
        st.sampled_from(["*", "A", "B"]),
        st.sampled_from(["issuer", "sector"]),
        st.sampled_from(["", "Acme", 'of "x", y']),
        st.sampled_from(["1%", "2%"]),
    ),
    unique_by=lambda row: row.key,
)


def table_of(typed: list[Row]) -> LimitTable:
    return LimitTable(1, tuple(Limit(r.account, Rule.of(r.rule), r.of, r.limit) for r in typed))


def test_every_fault_of_every_row_is_named_by_row_and_column() -> None:
    typed = {
        1: RESERVE,
        3: Row("Alpha", "frozen", "", ""),
        4: Row("*", "cash_reserve", "", "2"),
        7: Row("", "issuer", "", "5%"),
        8: Row("A", "rating", "Acme", "BBB-"),
        9: Row("A", "limit", "", "x"),
    }
    read, faults = limits.read(typed, ["A", "ALPHA"])
    assert [row.rule for row in read] == [Rule.CASH_RESERVE, Rule.FROZEN, Rule.CASH_RESERVE]
    assert [(fault.number, fault.column) for fault in faults] == [
        (3, "account"),
        (4, "rule"),
        (7, "account"),
        (8, "of"),
        (9, "rule"),
    ]
    assert str(faults[0]).endswith("Did you mean ALPHA?")
    assert str(faults[1]) == "Row 4 (*, Cash reserve, 2), rule: Row 1 says the same; keep one."


def test_a_limit_that_cannot_be_read_is_a_fault_of_the_limit_column() -> None:
    row = Row("A", "issuer", "", "5")
    _, faults = limits.read({2: row}, ["A"])
    assert faults == (Fault(2, row, "limit", "Issuer concentration: '5' is not a share of NAV (5%)."),)


def test_the_editors_frame_gives_the_rows_back_and_passes_blank_ones_over() -> None:
    frame, _ = limits.frame([RESERVE, ISSUER])
    assert limits.numbered(frame) == {1: RESERVE, 2: ISSUER}
    frame.loc[3] = [None, None, float("nan"), " "]
    frame.loc[4] = ["B ", "frozen", None, None]
    assert limits.numbered(frame) == {1: RESERVE, 2: ISSUER, 4: FROZEN}
    empty, _ = limits.frame([])
    assert limits.numbered(empty) == {}


def test_changes_are_what_came_went_and_moved() -> None:
    looser = Row("A", "issuer", "ACME, INC", "6%")
    assert limits.changes([RESERVE, ISSUER], [looser, FROZEN]) == (
        Change(RESERVE, None),
        Change(ISSUER, looser),
        Change(None, FROZEN),
    )
    assert limits.changes([RESERVE, ISSUER], [ISSUER, RESERVE]) == ()
    assert list(limits.what_changes([Change(None, FROZEN)])[0].iloc[0])[:3] == ["added", "B", "Account frozen"]


@given(rows, rows)
def test_the_changes_from_one_table_to_another_make_the_other(before: list[Row], after: list[Row]) -> None:
    assert set(limits.merged(before, after, before)) == set(after)
    assert limits.changes(before, limits.merged(before, after, before)) == limits.changes(before, after)


@given(rows, rows, rows)
def test_my_changes_made_to_theirs_keep_what_they_changed_and_i_did_not(
    base: list[Row], mine: list[Row], theirs: list[Row]
) -> None:
    made = {row.key: row for row in limits.merged(base, mine, theirs)}
    was, my, their = ({row.key: row for row in side} for side in (base, mine, theirs))
    for key in was.keys() | my.keys() | their.keys():
        untouched = was.get(key) == my.get(key)
        assert made.get(key) == (their if untouched else my).get(key)


def test_a_downloaded_table_has_nothing_that_a_spreadsheet_would_run_and_comes_back_as_typed() -> None:
    typed = [Row("*", "issuer", '=HYPERLINK("http://evil.example")', "5%"), Row("@A", "frozen", "", "")]
    text = limits.to_csv(table_of(typed))
    assert [row[:3] for row in csv.reader(text.splitlines())][1:] == [
        ["*", "issuer", '\'=HYPERLINK("http://evil.example")'],
        ["'@A", "frozen", ""],
    ]
    assert limits.from_csv(text.encode()) == tuple(typed)


@given(rows)
def test_a_downloaded_table_is_read_back_as_it_was(typed: list[Row]) -> None:
    text = limits.to_csv(table_of(typed))
    assert limits.from_csv(text.encode()) == tuple(typed)
    assert limits.from_csv(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()) == tuple(typed)


def test_a_downloaded_table_is_the_limits_of_a_book_too(tmp_path: Path) -> None:
    small_book(tmp_path)
    table = LimitTable(1, (Limit("ALPHA", Rule.ISSUER, 'Acme "A", Inc', "5%"), Limit("*", Rule.FROZEN)))
    for written in (table, NO_LIMITS):
        (tmp_path / "limits.csv").write_text(limits.to_csv(written))
        read = read_book(tmp_path).limits
        assert read is not None
        assert [(row.account, row.rule, row.of, row.value) for row in read] == [
            (row.account_id, row.rule.key, row.of, row.value) for row in written.rows
        ]


@pytest.mark.parametrize(
    ("rule", "written", "kept"),
    [
        ("min_allocation", "100,000", "100000"),
        ("min_allocation", "100k", "100000"),
        ("cash_reserve", "2.5mm", "2500000"),
        ("cash_reserve", "250000.50", "250000.50"),
        ("cash_reserve", "2 %", "2%"),
        ("issuer", "5 %", "5%"),
        ("min_allocation", "1,00", "1,00"),
        ("maturity", "10", "10"),
    ],
)
def test_faces_money_and_shares_are_read_as_people_write_them(rule: str, written: str, kept: str) -> None:
    text = limits.to_csv(NO_LIMITS) + f'*,{rule},,"{written}"\n'
    (row,) = limits.from_csv(text.encode())
    table, _ = limits.frame([Row("*", rule, "", written)])
    assert row == Row("*", rule, "", kept) == limits.numbered(table)[1]


def test_an_amount_to_be_changed_reads_as_it_does_to_everybody_else() -> None:
    table, _ = limits.frame([Row("*", "min_allocation", "", "100000"), Row("*", "maturity", "", "10")])
    assert list(table["Limit"]) == ["100,000", "10"]


def test_whose_limit_it_is_stays_on_the_screen() -> None:
    _, columns = limits.frame([RESERVE])
    assert columns["Account"]["pinned"]
    assert columns["Rule"]["pinned"]


def test_columns_may_stand_in_any_order_and_others_are_passed_over() -> None:
    text = b"Limit,note,OF,Rule,account\n5%,why,Acme,ISSUER,A\n,,,,\n"
    assert limits.from_csv(text) == (Row("A", "issuer", "Acme", "5%"),)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The header must have each of account, rule, of, limit once"),
        (b"account,rule,of\n", "look at limit"),
        (b"account,rule,of,limit,limit\n", "look at limit"),
        (b"account,rule,of,limit\nA,issuer,Acme, Inc,5%\nA,frozen\n", "Other than 4 cells in line 2, 3"),
        (b'account,rule,of,limit\nA,"issuer,,5%\n', "not comma-separated"),
        ("account,rule,of,limit\nÄ,frozen,,\n".encode("cp1252"), "UTF-8"),
        ("account,rule,of,limit\nA,frozen,,\n".encode("utf-16-le"), "UTF-8"),
        (b"PK\x03\x04" + bytes(1000), "UTF-8"),
        (b"account,rule,of,limit\nA\0,frozen,,\n", "UTF-8"),
    ],
)
def test_a_file_whose_cells_cannot_be_told_apart_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(InvalidLimit, match=words):
        limits.from_csv(data)


def test_versions_and_rules_are_tables() -> None:
    at = datetime(2026, 11, 24, 14, 5, 9, tzinfo=UTC)
    version = LimitVersion(at, "connie", "year end", table_of([ISSUER]))
    assert limits.authorship(version) == "Version 1 · connie · 24 Nov 2026, 14:05:09 UTC"
    listed, _ = limits.versions([version])
    assert list(listed.iloc[0]) == [1, pd.Timestamp(at), "connie", 1, "year end"]
    told, _ = limits.shown(LimitTable(1, (Limit("*", Rule.ISSUER, "", "5%"),)))
    assert list(told.iloc[0]) == ["* (every account)", "Issuer concentration", "", "5%"]
    assert list(limits.rules()["In a file"]) == [rule.key for rule in Rule]


def test_an_amount_reads_as_everywhere_and_is_typed_as_it_was() -> None:
    table = LimitTable(1, (Limit("*", Rule.CASH_RESERVE, "", "100000"), Limit("*", Rule.ISSUER, "", "5%")))
    told, _ = limits.shown(table)
    assert list(told["Limit"]) == ["100,000", "5%"]
    assert [row.limit for row in limits.typed(table)] == ["100000", "5%"]


def test_a_table_that_nobody_touched_changes_nothing_however_large_its_amounts() -> None:
    kept = (Row("A", "min_allocation", "", "100000"), Row("A", "cash_reserve", "", "1000000.50"))
    assert limits.changes(kept, kept) == ()
    (change,) = limits.changes(kept, (kept[0], replace(kept[1], limit="2000000")))
    assert limits.what_changes([change])[0].loc[0, "Before"] == "1,000,000.50"
