"""limits.csv: what it becomes, and that every fault is named with its line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from books import BookError, Fault, demo_book, read_book
from books.model import Limit
from tests.books.folder import small_book

HEADER = "account,rule,of,limit\n"


def with_limits(folder: Path, text: str) -> Path:
    small_book(folder)
    (folder / "limits.csv").write_text(text, encoding="utf-8", newline="")
    return folder


def faults_of(folder: Path) -> list[Fault]:
    with pytest.raises(BookError) as caught:
        read_book(folder)
    return list(caught.value.faults)


def test_a_book_without_the_file_says_nothing_of_limits_and_a_header_alone_that_there_are_none(tmp_path: Path) -> None:
    assert read_book(small_book(tmp_path)).limits is None
    assert read_book(with_limits(tmp_path, HEADER)).limits == ()


def test_limits_read_as_written_and_in_their_order(tmp_path: Path) -> None:
    rows = "ALPHA,Issuer,Acme Inc,5%\n*,cash_reserve,,250000\n*,restricted,LOAN,\nBRAVO,144A,,No\n"
    assert read_book(with_limits(tmp_path, HEADER + rows)).limits == (
        Limit("ALPHA", "issuer", "Acme Inc", "5%"),
        Limit("*", "cash_reserve", "", "250000"),
        Limit("*", "restricted", "LOAN", ""),
        Limit("BRAVO", "144a", "", "No"),
    )
    assert read_book(tmp_path).warnings == ()


@pytest.mark.parametrize(
    ("row", "column", "found", "expected"),
    [
        ("ALPHAS,frozen,,", "account", "'ALPHAS'", "one of accounts.csv (did you mean 'ALPHA'?)"),
        (",frozen,,", "account", "nothing", "a value"),
        ("*,,,5%", "rule", "nothing", "a value"),
        ("*,isuer,,5%", "rule", "'isuer'", "144a, restricted, frozen, min_allocation (did you mean 'issuer'?)"),
        ("*,frozen,LOAN,", "of", "'LOAN'", "nothing: frozen is about the account as a whole"),
        ("*,restricted,,yes", "of", "nothing", "a security or an issuer"),
        ("*,issuer,,5", "limit", "'5'", "a share of NAV (5%)"),
        ("*,issuer,,", "limit", "nothing", "a share of NAV (5%)"),
        ("*,cash_reserve,,-1", "limit", "'-1'", "money (250000) or a share of NAV (2%)"),
        ("*,rating,,investment grade", "limit", "'investment grade'", "a rating (BBB- or Baa3)"),
        ("*,maturity,,ten", "limit", "'ten'", "years (10)"),
        ("*,min_allocation,,0.5", "limit", "'0.5'", "face (100000)"),
        ("*,144a,,", "limit", "nothing", "yes or no"),
    ],
)
def test_a_fault_says_where_it_is_and_what_was_expected(
    tmp_path: Path, row: str, column: str, found: str, expected: str
) -> None:
    (fault,) = faults_of(with_limits(tmp_path, f"{HEADER}ALPHA,cash_reserve,,2%\n{row}\n"))
    assert (fault.file, fault.line, fault.column, fault.found) == ("limits.csv", 3, column, found)
    assert fault.expected.endswith(expected)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    rows = "XX,issuer,,5\n*,frozen,LOAN,perhaps\n*,nonsense,,\n"
    places = {(fault.line, fault.column) for fault in faults_of(with_limits(tmp_path, HEADER + rows))}
    assert places == {(2, "account"), (2, "limit"), (3, "of"), (3, "limit"), (4, "rule")}


def test_a_row_that_says_again_what_another_said_points_to_it(tmp_path: Path) -> None:
    rows = "ALPHA,issuer,Acme Inc,5%\nALPHA,issuer,,5%\nALPHA,ISSUER,ACME inc,6%\n"
    assert faults_of(with_limits(tmp_path, HEADER + rows)) == [
        Fault(
            "limits.csv", 4, "rule", "ALPHA issuer acme inc", "each account, rule and of once (line 2 has it already)"
        )
    ]


def test_the_file_is_held_to_the_standard_of_the_others(tmp_path: Path) -> None:
    assert faults_of(with_limits(tmp_path, "account,rule,limit\n*,frozen,\n"))[0].column == "of"
    assert faults_of(with_limits(tmp_path, ""))[0].found == "an empty file"


def test_names_the_book_has_none_of_are_one_warning(tmp_path: Path) -> None:
    rows = (
        "*,issuer,acme INC,5%\n*,issuer,Acne Inc,5%\n*,sector,Treasury,50%\n*,sector,LOAN,5%\n*,security,91282CLW9,5%\n"
        "*,restricted,Acme Inc,\n*,restricted,US91282CLW90,\n*,restricted,Treasury,\n"
    )
    assert read_book(with_limits(tmp_path, HEADER + rows)).warnings == (
        "limits.csv: names of no security, issuer or sector of the book: line 3 (Acne Inc), line 5 (LOAN), "
        "line 9 (Treasury).",
    )


@pytest.mark.parametrize("seed", [7, 8])
def test_the_demo_book_has_a_desks_usual_limits_for_accounts_it_has(seed: int) -> None:
    book = demo_book(seed)
    assert book.limits is not None
    assert {row.rule for row in book.limits} == {
        "cash_reserve",
        "issuer",
        "rating",
        "144a",
        "min_allocation",
        "restricted",
    }
    assert {row.account for row in book.limits} <= {"*", *book.portfolios}
    exempt = {row.account for row in book.limits if row.rule == "cash_reserve"} - {"*"}
    assert exempt == {a for a, p in book.portfolios.items() if p.cash * 200 < p.nav}
    (restricted,) = [row.of for row in book.limits if row.rule == "restricted"]
    held = sum(p.market_value for p in book.positions if p.asset_id == restricted)
    assert 0 < held < sum(p.market_value for p in book.positions) / 1000
    issuers = {bond.issuer for bond in book.securities.values()}
    assert {row.of for row in book.limits if row.rule == "issuer"} - {""} <= issuers
