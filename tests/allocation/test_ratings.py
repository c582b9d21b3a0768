from __future__ import annotations

import pytest

from allocation.ratings import lowest, notch, unread


def test_the_letters_and_moodys_numbers_meet_notch_by_notch() -> None:
    pairs = ["AAA Aaa", "AA+ Aa1", "A- A3", "BBB+ Baa1", "BBB- Baa3", "BB+ Ba1", "B- B3", "CCC+ Caa1", "CC Ca", "C C"]
    for pair in pairs:
        letters, moodys = pair.split()
        assert notch(letters) == notch(moodys), pair
    order = [notch(text) for text in ("AAA", "AA+", "AA", "AA-", "A+", "BBB-", "BB+", "CCC-", "CC", "C", "D")]
    assert order == [0, 1, 2, 3, 4, 9, 10, 18, 19, 20, 21]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (" bbb- ", "BBB-"),
        ("S&P: BBB", "BBB"),
        ("Moody's A1", "A+"),
        ("A1", "A+"),
        ("CRISIL AAA(CE)", "AAA"),
        ("CRISIL AA+ (SO) /Stable", "AA+"),
        ("[ICRA]AA- (Stable)", "AA-"),
        ("[ICRA] AA-", "AA-"),
        ("DBRS BBB (low)", "BBB-"),
        ("AA(high)", "AA+"),
        ("AAAsf", "AAA"),
        ("AAu", "AA"),
        ("BBB- e", "BBB-"),
        ("(P)Baa1", "BBB+"),
        ("(EXP)BBB+", "BBB+"),
        ("BBB+ (EXP)", "BBB+"),
        ("BBB-/*-", "BBB-"),
        ("Baa3 *-", "BBB-"),
        ("BB+/Negative", "BB+"),
        ("Sovereign", "AAA"),
        ("Moody's Baa2(hyb)", "BBB"),
        ("S&P SD", "D"),
        ("Fitch RD", "D"),
    ],
)
def test_agencies_outlooks_watches_and_marks_are_passed_over(text: str, same: str) -> None:
    assert notch(text) is not None
    assert notch(text) == notch(same)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NR",
        "WR",
        "A-1+",
        "P-1",
        "F1",
        "ICRA A1",
        "CRISIL A1+",
        "ICRA A1+ (SO)",
        "AAA(mex)",
        "AAA (high)",
        "+",
        "A++",
    ],
)
def test_short_term_national_and_unreadable_ratings_are_no_notch(text: str) -> None:
    assert notch(text) is None


def test_the_lowest_of_several_ratings_is_found_and_one_that_cannot_be_read_is_told() -> None:
    assert lowest("Moody's A1, S&P SD, Fitch NR") == (21, "S&P SD")
    assert lowest("NR, P-1") is None
    assert unread("S&P BBB-, Moody's WR, Fitch F1+, NR, DBRS R-1 (low), Moody's P-2") == ""
    assert unread("S&P BBB-, EGANJONES BB, Moody's Q9") == "EGANJONES BB"
