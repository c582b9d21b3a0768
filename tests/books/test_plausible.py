"""What is odd in a readable book: one sentence for each kind, never a refusal."""

from __future__ import annotations

from pathlib import Path

from books import read_book
from tests.books.folder import FILES, small_book, with_cell


def warning_of(folder: Path) -> str:
    (warning,) = read_book(folder).warnings
    return warning


def test_wrong_check_digits_are_one_warning_for_each_kind(tmp_path: Path) -> None:
    text = FILES["securities.csv"].replace("TSY,91282CLW9,US91282CLW90,", "TSY,91282CLW8,US91282CLW91,0000001")
    assert read_book(small_book(tmp_path, securities=text)).warnings == (
        "securities.csv: 1 CUSIP without a valid form or check digit: line 2 (91282CLW8).",
        "securities.csv: 1 ISIN without a valid form or check digit: line 2 (US91282CLW91).",
        "securities.csv: 1 SEDOL without a valid form or check digit: line 2 (0000001).",
    )


def test_an_unknown_column_is_passed_over_with_a_hint(tmp_path: Path) -> None:
    text = FILES["securities.csv"].replace("is_144a", "is_144", 1)
    assert warning_of(small_book(tmp_path, securities=text)) == (
        "securities.csv: column 'is_144' is not one this file has and was not read (did you mean 'is_144a'?)."
    )


def test_market_values_far_from_the_price_are_one_warning_the_furthest_first(tmp_path: Path) -> None:
    text = FILES["positions.csv"].replace("4060000", "4300000").replace("992500", "1985000")
    assert warning_of(small_book(tmp_path, positions=text)) == (
        "positions.csv: 2 market values more than 5% away from face * factor * price / 100, the furthest first: "
        "line 3 (ALPHA, CORP, off by 100%), line 2 (ALPHA, TSY, off by 6%)."
    )


def test_matured_bonds_unusable_day_counts_and_lost_accounts_are_warnings(tmp_path: Path) -> None:
    matured = with_cell("securities.csv", 4, "maturity", "2025-09-11")
    assert "1 bond matured before the book's date 2025-09-12: line 4" in warning_of(
        small_book(tmp_path / "a", securities=matured)
    )
    countless = with_cell("securities.csv", 5, "day_count", "actual/360")
    assert "1 bond with a day_count but without" in warning_of(small_book(tmp_path / "b", securities=countless))
    assert warning_of(small_book(tmp_path / "c", groups="group,account\nALL,ALPHA\n")) == (
        "groups.csv: 1 account in no group, so not to be reached: BRAVO."
    )


def test_an_unknown_setting_is_passed_over(tmp_path: Path) -> None:
    assert warning_of(small_book(tmp_path, book=FILES["book.toml"] + 'owner = "desk"\n')) == (
        "book.toml: 'owner' is not a setting of a book and was not read."
    )


def test_values_that_cannot_be_compared_raise_no_doubt(tmp_path: Path) -> None:
    text = with_cell("securities.csv", 2, "currency", "EUR").replace("101.5", "50")
    assert read_book(small_book(tmp_path, securities=text)).warnings == ()


def test_many_lines_of_a_kind_are_counted_and_the_first_few_named(tmp_path: Path) -> None:
    rows = "".join(f"B{n},,,Bond,Acme,,,,USD,US,5,2,2020-01-01,,,,,,1000,1000\n" for n in range(7))
    header = (
        "asset_id,cusip,isin,description,issuer,sector,asset_class,rating,currency,country,coupon,coupon_frequency,"
        "maturity,price,duration,spread_duration,oas,yield_to_maturity,min_piece,increment\n"
    )
    positions = "account,asset_id,face,market_value\nALPHA,B1,1000,990\n"
    assert warning_of(small_book(tmp_path, securities=header + rows, positions=positions)) == (
        "securities.csv: 7 bonds matured before the book's date 2025-09-12: "
        "line 2, line 3, line 4, line 5, line 6 and 2 more."
    )
