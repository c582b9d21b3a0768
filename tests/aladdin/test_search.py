"""Finding bonds as traders name them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from aladdin.search import Candidate, by_identifier, rank


def bond(asset_id: str, ticker: str, issuer: str, coupon: str, maturity: date, held: bool = True) -> Candidate:
    text = f"{issuer} {ticker} {coupon} {maturity:%m/%d/%y}"
    return Candidate(asset_id, (asset_id, f"US{asset_id}0"), ticker, text, Decimal(coupon), maturity, held)


BOOK = [
    bond("00206RBH4", "T", "AT&T Inc", "4.3", date(2042, 12, 15)),
    bond("00206RDR0", "T", "AT&T Inc", "5.25", date(2037, 3, 1)),
    bond("912810TX6", "T", "United States Treasury", "4.25", date(2054, 2, 15)),
    bond("92343VGN8", "VZ", "Verizon Communications", "2.355", date(2032, 3, 15)),
    bond("92343VCX0", "VZ", "Verizon Communications", "4.522", date(2048, 9, 15), held=False),
    bond("46647PDH6", "JPM", "JPMorgan Chase & Co", "4.912", date(2033, 7, 25)),
    bond("38141GYB4", "GS", "Goldman Sachs Group", "4.375", date(2030, 11, 15)),
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("T", ("00206RDR0", "00206RBH4", "912810TX6")),
        ("vz", ("92343VGN8", "92343VCX0")),  # held before not held
        ("t 5.25", ("00206RDR0",)),
        ("T 5.250%", ("00206RDR0",)),
        ("gs 4-3/8", ("38141GYB4",)),
        ("GS 11/30", ("38141GYB4",)),
        ("gs 11/15/30", ("38141GYB4",)),
        ("goldman 2030", ("38141GYB4",)),
        ("Goldman Sachs", ("38141GYB4",)),
        ("goldmann sachs", ("38141GYB4",)),
        ("verison", ("92343VGN8", "92343VCX0")),
        ("treasury", ("912810TX6",)),
        ("jpmorgan (chase)", ("46647PDH6",)),
        ("46647", ("46647PDH6",)),
        ("goldman 2031", ()),
        ("qqqq", ()),
        ("", ()),
        ("()", ()),
    ],
)
def test_a_text_finds_the_bonds_it_means_best_first(text: str, found: tuple[str, ...]) -> None:
    assert rank(text, BOOK, 50) == found


def test_a_bonds_own_label_finds_it_first() -> None:
    for candidate in BOOK:
        assert rank(candidate.text, BOOK, 50)[0] == candidate.asset_id


def test_no_more_than_the_limit_is_returned() -> None:
    assert len(rank("t", BOOK, 2)) == 2


def test_an_identifier_is_found_in_any_case() -> None:
    assert by_identifier("us92343vgn80", BOOK) == ("92343VGN8",)
    assert by_identifier("92343VGN9", BOOK) == ()


def test_thousands_of_bonds_are_searched_with_typing_errors() -> None:
    many = [bond(f"{n:09}", f"TK{n % 900}", f"Issuer{n % 900} Holdings", "4.5", date(2030, 1, 1)) for n in range(5000)]
    assert rank("isuer77 holdngs", [*many, *BOOK], 10)[0] == "000000077"
