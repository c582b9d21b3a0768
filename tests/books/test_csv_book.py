"""Reading a book from a folder: what it becomes, and that every fault is named with its file, line and column."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from books import BookError, Fault, read_book
from books.accrued import accrued_interest
from books.csv_book import next_weekday
from tests.books.folder import FILES, small_book, with_cell, without_column

REAL_BOOK = Path(__file__).parents[3] / "shared" / "data" / "absl-2025-09-15"


def faults_of(folder: Path) -> tuple[Fault, ...]:
    with pytest.raises(BookError) as caught:
        read_book(folder)
    assert all(str(fault) in str(caught.value) for fault in caught.value.faults)
    return caught.value.faults


def only_fault(folder: Path) -> Fault:
    (fault,) = faults_of(folder)
    return fault


def test_a_book_reads_as_written(tmp_path: Path) -> None:
    book = read_book(small_book(tmp_path))
    assert (book.id, book.kind, book.currency) == ("csv:Small book:2025-09-12", "csv", "USD")
    assert book.groups == {"ALL": ("ALPHA", "BRAVO"), "ONE": ("ALPHA",)}
    assert book.portfolios["BRAVO"].nav == Decimal("5000000.50")
    assert book.portfolios["BRAVO"].cash == -1000
    assert book.portfolios["ALPHA"].benchmark == "CREDIT"
    assert book.benchmarks["CREDIT"].spread_duration == 6.6
    assert book.positions[2].face == Decimal("1234.56")
    corp, loan = book.securities["CORP"], book.securities["LOAN"]
    assert (corp.is_144a, corp.min_piece, corp.increment, corp.factor) == (True, 200_000, 1000, Decimal("0.5"))
    assert corp.description == "ACME 5 03/15/30, senior"
    assert (loan.price, loan.duration, loan.coupon, loan.maturity, loan.accrued) == (None,) * 5
    assert book.securities["TSY"].analytics_date == date(2025, 9, 11)
    assert book.warnings == ()


def test_accrued_interest_is_as_given_or_computed_to_the_settlement(tmp_path: Path) -> None:
    folder = small_book(tmp_path)
    terms = (Decimal("4.25"), 2, date(2034, 11, 15))
    bonds = read_book(folder).securities
    assert bonds["CORP"].accrued == Decimal("2.4")
    assert bonds["BILL"].accrued == 0
    assert bonds["TSY"].accrued == accrued_interest(*terms, date(2025, 9, 15), "ACT/ACT")  # Friday to Monday
    later = read_book(folder, settlement=date(2025, 9, 16)).securities
    assert later["TSY"].accrued == accrued_interest(*terms, date(2025, 9, 16), "ACT/ACT")


@pytest.mark.parametrize(("day", "following"), [(8, 9), (11, 12), (12, 15), (13, 15), (14, 15)])
def test_the_next_weekday_skips_the_weekend(day: int, following: int) -> None:
    assert next_weekday(date(2025, 9, day)) == date(2025, 9, following)


def test_optional_columns_and_the_benchmark_file_may_be_left_out(tmp_path: Path) -> None:
    small_book(
        tmp_path,
        securities=without_column("securities.csv", "is_144a"),
        accounts=FILES["accounts.csv"].replace("CREDIT", ""),
    )
    (tmp_path / "benchmarks.csv").unlink()
    book = read_book(tmp_path)
    assert book.benchmarks == {}
    assert not book.securities["CORP"].is_144a


def test_a_byte_order_mark_blank_lines_and_capitals_in_the_header_do_no_harm(tmp_path: Path) -> None:
    text = "\ufeff" + FILES["groups.csv"].replace("group,account", "Group, ACCOUNT").replace("\n", "\r\n") + ",\r\n\r\n"
    assert read_book(small_book(tmp_path, groups=text)).groups["ONE"] == ("ALPHA",)


TYPED = {
    "accounts.csv": ("currency", "nav", "cash", "benchmark"),
    "groups.csv": ("account",),
    "positions.csv": ("account", "asset_id", "face", "market_value"),
    "benchmarks.csv": ("duration", "spread_duration", "oas"),
    "securities.csv": (
        "currency", "coupon", "coupon_frequency", "day_count", "maturity", "price", "accrued", "factor", "is_144a",
        "duration", "spread_duration", "oas", "yield_to_maturity", "analytics_date", "min_piece", "increment",
    ),
}  # fmt: skip


@st.composite
def places(draw: st.DrawFn) -> tuple[str, int, str]:
    name = draw(st.sampled_from(sorted(TYPED)))
    return name, draw(st.integers(2, len(FILES[name].splitlines()))), draw(st.sampled_from(TYPED[name]))


@given(
    places(), st.sampled_from(["?", "n/a", "1.2.3", "12,34", "ten", "-", "٣", "1e", "$5", "5%", "(5)", "nan", "inf"])
)
@settings(max_examples=60, deadline=None)
def test_any_corrupted_cell_is_reported_with_its_file_line_and_column(place: tuple[str, int, str], junk: str) -> None:
    name, line, column = place
    with TemporaryDirectory() as folder:
        small_book(Path(folder), **{name.split(".")[0]: with_cell(name, line, column, junk)})
        fault = only_fault(Path(folder))
    assert (fault.file, fault.line, fault.column, fault.found) == (name, line, column, f"'{junk}'")
    assert fault.expected


@given(st.lists(places(), min_size=2, max_size=6, unique=True))
@settings(max_examples=30, deadline=None)
def test_all_faults_are_reported_at_once(spots: list[tuple[str, int, str]]) -> None:
    with TemporaryDirectory() as name:
        folder = small_book(Path(name))
        for file, line, column in spots:
            corrupt(folder / file, line, column)
        found = {(fault.file, fault.line, fault.column) for fault in faults_of(folder)}
    assert found == set(spots)


def corrupt(path: Path, line: int, column: str) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[line - 1][rows[0].index(column)] = f"?!{line}"  # the same in two rows could make a pair that is there twice
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


@pytest.mark.parametrize(
    ("name", "line", "column", "value", "expected"),
    [
        ("accounts.csv", 2, "nav", "10,000,000", "a number without thousands separators (write 10000000)"),
        ("accounts.csv", 2, "nav", "1,00,00,000.50", "a number without thousands separators (write 10000000.50)"),
        ("accounts.csv", 2, "nav", "10 000 000", "a number without thousands separators (write 10000000)"),
        ("accounts.csv", 2, "nav", "-5", "an amount above zero"),
        ("accounts.csv", 2, "nav", "0", "an amount above zero"),
        ("accounts.csv", 2, "cash", "", "a value"),
        ("accounts.csv", 2, "benchmark", "CREDITS", "one of benchmarks.csv (did you mean 'CREDIT'?)"),
        ("groups.csv", 4, "account", "", "an account: a group must have at least one"),
        ("groups.csv", 4, "account", "ALPHAS", "one of accounts.csv (did you mean 'ALPHA'?)"),
        ("groups.csv", 3, "account", "ALPHA", "each group and account once (line 2 has it already)"),
        ("positions.csv", 2, "face", "-1", "an amount of zero or more"),
        ("positions.csv", 3, "asset_id", "TSY", "each account and asset_id once (line 2 has it already)"),
        ("positions.csv", 2, "asset_id", "XYZ", "one of securities.csv"),
        ("securities.csv", 2, "min_piece", "0", "a whole number above zero"),
        ("securities.csv", 2, "increment", "-100", "a whole number above zero"),
        ("securities.csv", 2, "increment", "0.5", "a whole number"),
        ("securities.csv", 2, "maturity", "15/11/2034", "a date as YYYY-MM-DD"),
        ("securities.csv", 2, "day_count", "ACT/366", "one of 30/360, ACT/ACT, ACT/360, ACT/365"),
        ("securities.csv", 2, "coupon_frequency", "5", "payments a year, one of 1, 2, 3, 4, 6, 12, or 0 for none"),
        ("securities.csv", 2, "is_144a", "maybe", "one of true, yes, y, 1, false, no, n, 0"),
        ("securities.csv", 2, "currency", "usd", "a currency code of three capital letters, as USD"),
    ],
)  # fmt: skip
def test_a_fault_says_what_was_expected(
    tmp_path: Path, name: str, line: int, column: str, value: str, expected: str
) -> None:
    fault = only_fault(small_book(tmp_path, **{name.split(".")[0]: with_cell(name, line, column, value)}))
    assert (fault.file, fault.line, fault.column) == (name, line, column)
    assert fault.expected == expected


def test_a_date_that_is_not_in_the_calendar_is_refused(tmp_path: Path) -> None:
    text = with_cell("securities.csv", 2, "maturity", "2034-02-30")
    assert "of the calendar" in only_fault(small_book(tmp_path, securities=text)).expected


def test_the_message_is_a_list_a_person_can_work_through(tmp_path: Path) -> None:
    folder = small_book(
        tmp_path,
        accounts=with_cell("accounts.csv", 2, "nav", "ten"),
        positions=with_cell("positions.csv", 3, "face", "1,000"),
    )
    with pytest.raises(BookError) as caught:
        read_book(folder)
    assert str(caught.value).splitlines() == [
        f"The book {folder} cannot be read: 2 faults.",
        "- accounts.csv, line 2, column nav: expected a number such as 1234.56: a point for decimals, no currency or "
        "percent sign; found 'ten'",
        "- positions.csv, line 3, column face: expected a number without thousands separators (write 1000); "
        "found '1,000'",
    ]


def test_a_repeated_id_points_to_the_first(tmp_path: Path) -> None:
    text = with_cell("securities.csv", 5, "asset_id", "TSY")
    faults = faults_of(small_book(tmp_path, securities=text))
    assert Fault("securities.csv", 5, "asset_id", "'TSY'", "each asset_id once (line 2 has it already)") in faults
    assert {fault.file for fault in faults} == {"securities.csv", "positions.csv"}  # LOAN is held and gone


def test_a_faulty_line_still_counts_as_something_others_may_refer_to(tmp_path: Path) -> None:
    text = FILES["accounts.csv"].replace("Alpha Fund", "Alpha, Fund")
    assert only_fault(small_book(tmp_path, accounts=text)) == Fault(
        "accounts.csv", 2, "", "7 cells", "6 cells as in the header (quote a cell that has a comma in it)"
    )


def test_a_line_number_is_that_of_the_line_even_below_a_cell_with_a_line_break(tmp_path: Path) -> None:
    text = FILES["securities.csv"].replace("03/15/30, senior", "03/15/30\nsenior").replace("BILL,,,", "BILL,,")
    fault = only_fault(small_book(tmp_path, securities=text))
    assert (fault.line, fault.found) == (5, "26 cells")


@pytest.mark.parametrize("name", ["book.toml", "accounts.csv", "groups.csv", "securities.csv", "positions.csv"])
def test_a_missing_file_is_named_and_does_not_make_the_others_look_wrong(tmp_path: Path, name: str) -> None:
    (small_book(tmp_path) / name).unlink()
    assert only_fault(tmp_path) == Fault(name, 0, "", "no such file", "a file of this name in the book's folder")


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_file_is_told_what_its_header_must_be(tmp_path: Path, text: str) -> None:
    fault = only_fault(small_book(tmp_path, groups=text))
    assert (fault.found, fault.expected) == ("an empty file", "a header line with the columns group,account")


def test_a_file_with_only_a_header_has_nothing_to_read(tmp_path: Path) -> None:
    assert only_fault(small_book(tmp_path, positions="account,asset_id,face,market_value\n")).found == "only a header"


def test_a_missing_column_is_named_with_the_one_it_may_be(tmp_path: Path) -> None:
    text = FILES["accounts.csv"].replace("cash", "cashh")
    assert only_fault(small_book(tmp_path, accounts=text)) == Fault(
        "accounts.csv", 1, "cash", "none (is it 'cashh'?)", "a column of this name"
    )


def test_a_column_given_twice_is_refused(tmp_path: Path) -> None:
    text = "group,account,account\nALL,ALPHA,BRAVO\n"
    assert only_fault(small_book(tmp_path, groups=text)).found == "2 of this name"


@pytest.mark.parametrize("separator", [";", "\t"])
def test_another_separator_is_recognised(tmp_path: Path, separator: str) -> None:
    text = FILES["accounts.csv"].replace(",", separator)
    assert only_fault(small_book(tmp_path, accounts=text)).found == "another separator"


def test_an_unclosed_quote_is_located(tmp_path: Path) -> None:
    text = FILES["groups.csv"] + '"TWO,ALPHA\n'
    fault = only_fault(small_book(tmp_path, groups=text))
    assert (fault.line, fault.column) == (5, "")
    assert "quotes closed" in fault.expected


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_another_encoding_says_how_to_save_the_file(tmp_path: Path, encoding: str) -> None:
    text = FILES["accounts.csv"].replace("Bravo Fund", "Bravo Für")
    (small_book(tmp_path) / "accounts.csv").write_bytes(text.encode(encoding))
    fault = only_fault(tmp_path)
    assert "CSV UTF-8" in fault.expected
    assert fault.line == (3 if encoding == "cp1252" else 1)


@pytest.mark.parametrize(
    ("text", "line", "column", "expected"),
    [
        ('name = "Small book"\ncurrency = "USD"\n', 0, "as_of", "a line with this setting"),
        ('name = "Small book"\nas_of = "12 Sep 2025"\ncurrency = "USD"\n', 2, "as_of", "a date as YYYY-MM-DD"),
        ('name = "A"\nas_of = 2025-09-12\ncurrency = "$"\n', 3, "currency", "a currency code of three capital letters"),
        ('name = "Small book"\nas_of = \n', 2, "", 'TOML, as: name = "My book"'),
    ],
)  # fmt: skip
def test_the_settings_file_is_held_to_the_same_standard(
    tmp_path: Path, text: str, line: int, column: str, expected: str
) -> None:
    fault = only_fault(small_book(tmp_path, book=text))
    assert (fault.file, fault.line, fault.column) == ("book.toml", line, column)
    assert fault.expected.startswith(expected)


def test_a_file_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    (small_book(tmp_path) / "accounts.csv").unlink()
    (tmp_path / "accounts.csv").mkdir()
    assert only_fault(tmp_path) == Fault("accounts.csv", 0, "", "Is a directory", "a file that can be opened")


def test_a_folder_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    assert only_fault(tmp_path / "nowhere").found == "no such folder"


@pytest.mark.skipif(not REAL_BOOK.is_dir(), reason="the real book is not beside this checkout")
def test_a_real_book_reads_without_a_fault() -> None:
    book = read_book(REAL_BOOK)
    assert (len(book.portfolios), len(book.securities), len(book.positions)) == (43, 1377, 2408)
    assert (book.as_of, book.currency, len(book.groups["ABSL-ALL"])) == (date(2025, 9, 15), "INR", 43)
    assert sum(bond.duration is None for bond in book.securities.values()) == 25
    assert len(book.warnings) == 2  # one ISIN of a made-up form, one tiny position rounded to thousands
