"""Finding bonds as traders name them."""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aladdin.reading.search import Candidate, Index
from bench.reading import plain


def bond(asset_id: str, ticker: str, issuer: str, coupon: str, maturity: date) -> Candidate:
    text = f"{issuer} {ticker} {coupon} {maturity:%m/%d/%y}"
    return Candidate(asset_id, (asset_id, f"US{asset_id}0"), ticker, text, Decimal(coupon), maturity)


BOOK = [
    bond("00206RBH4", "T", "AT&T Inc", "4.3", date(2042, 12, 15)),
    bond("00206RDR0", "T", "AT&T Inc", "5.25", date(2037, 3, 1)),
    bond("912810TX6", "T", "United States Treasury", "4.25", date(2054, 2, 15)),
    bond("92343VGN8", "VZ", "Verizon Communications", "2.355", date(2032, 3, 15)),
    bond("92343VCX0", "VZ", "Verizon Communications", "4.522", date(2048, 9, 15)),
    bond("46647PDH6", "JPM", "JPMorgan Chase & Co", "4.912", date(2033, 7, 25)),
    bond("38141GYB4", "GS", "Goldman Sachs Group", "4.375", date(2030, 11, 15)),
]
HELD = frozenset(candidate.asset_id for candidate in BOOK) - {"92343VCX0"}


def indexed(bonds: Iterable[Candidate]) -> Index:
    index = Index()
    for candidate in bonds:
        index.put(candidate)
    return index


def rank(
    text: str, bonds: Iterable[Candidate], limit: int = 50, held: frozenset[str] = HELD, begun: bool = False
) -> tuple[str, ...]:
    bonds = list(bonds)
    index = indexed(bonds)
    preferred = index.none()
    for number, candidate in enumerate(bonds):
        preferred[number] = candidate.asset_id in held
    return index.rank(text, limit, ~index.none(), preferred, begun=begun)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("T", ("00206RDR0", "00206RBH4", "912810TX6")),
        ("vz", ("92343VGN8", "92343VCX0")),  # held before not held
        ("t 5.25", ("00206RDR0",)),
        ("T 5.250%", ("00206RDR0",)),
        ("gs 4-3/8", ("38141GYB4",)),
        ("gs 4-3/0", ()),
        ("GS 11/30", ("38141GYB4",)),
        ("gs 11/15/30", ("38141GYB4",)),
        ("gs 11/15/2030", ("38141GYB4",)),
        ("gs 2030-11", ("38141GYB4",)),
        ("gs 2030-11-15", ("38141GYB4",)),
        ("goldman 2030", ("38141GYB4",)),
        ("Goldman Sachs", ("38141GYB4",)),
        ("at&t inc.", ("00206RDR0", "00206RBH4")),
        ("jpmorgan (chase)", ("46647PDH6",)),
        ("46647", ("46647PDH6",)),
        ("treasury", ("912810TX6",)),
        ("goldman 2031", ()),
        ("1e9", ()),
        ("qqqq", ()),
        ("", ()),
        ("()", ()),
    ],
)
def test_a_text_finds_the_bonds_it_means_best_first(text: str, found: tuple[str, ...]) -> None:
    assert rank(text, BOOK) == found


@pytest.mark.parametrize(
    ("whole", "found"),
    [("gs 4.375 11/15/30", "38141GYB4"), ("T 5.25 2037", "00206RDR0"), ("vz 4.522 9/15/48", "92343VCX0")],
)
def test_while_a_bond_is_typed_it_is_found_after_every_key(whole: str, found: str) -> None:
    for typed in range(1, len(whole) + 1):
        assert found in rank(whole[:typed], BOOK, begun=True), whole[:typed]
    assert rank("gs 4.3", BOOK) == (), "half a coupon is none where the text is whole"
    assert rank("gs 4.3 ", BOOK, begun=True) == (), "nor where the next word has begun"
    assert rank("t 4.3", BOOK, begun=True)[0] == "00206RBH4", "a whole coupon comes before the beginning of one"


@pytest.mark.parametrize(
    ("typed", "ticker"),
    [
        ("goldmann sachs", "GS"),  # a letter too many
        ("golman sachs", "GS"),  # one too few
        ("godlman sachs", "GS"),  # two swapped
        ("goldman sahcs", "GS"),
        ("verison", "VZ"),  # another one
        ("jmp", "JPM"),
        ("jpmm", "JPM"),
        ("vzz", "VZ"),
        ("jpmogran", "JPM"),
    ],
)
def test_a_slip_in_a_ticker_or_an_issuers_name_is_forgiven(typed: str, ticker: str) -> None:
    found = rank(typed, BOOK)
    assert found
    assert {c.ticker for c in BOOK if c.asset_id in found} == {ticker}


@pytest.mark.parametrize("typed", ["jpx", "xpm", "zv", "pmj", "mjp"])
def test_a_short_ticker_with_another_letter_or_all_in_another_order_is_another_ticker(typed: str) -> None:
    assert rank(typed, BOOK) == ()


def test_a_letter_missing_from_a_short_ticker_is_forgiven() -> None:
    assert rank("apl", [bond("037833BY5", "AAPL", "Apple Inc", "3.25", date(2026, 2, 23))]) == ("037833BY5",)


LONG_NAME = "westinghouse"


@given(
    st.integers(0, len(LONG_NAME) - 2),
    st.sampled_from(string.ascii_lowercase),
    st.sampled_from(["swap", "drop", "add"]),
)
def test_any_one_slip_in_a_name_still_finds_it(at: int, letter: str, slip: str) -> None:
    typed = {
        "swap": LONG_NAME[:at] + LONG_NAME[at + 1] + LONG_NAME[at] + LONG_NAME[at + 2 :],
        "drop": LONG_NAME[:at] + LONG_NAME[at + 1 :],
        "add": LONG_NAME[:at] + letter + LONG_NAME[at:],
    }[slip]
    meant = bond("960386AQ3", "WAB", LONG_NAME.title(), "4.7", date(2028, 9, 15))
    assert rank(typed, [*BOOK, meant])[0] == meant.asset_id


def test_likeness_counts_only_where_nothing_has_the_text_as_typed() -> None:
    exact = bond("111111111", "AAP", "Advance Auto Parts", "3.9", date(2030, 4, 15))
    assert rank("aap", [*BOOK, exact, bond("222222222", "APA", "Apa Corp", "4.25", date(2030, 1, 15))]) == (
        exact.asset_id,
    )


def test_a_search_sees_only_what_it_may_as_if_there_were_nothing_else() -> None:
    """What others hold must not hide a likeness either."""
    index = indexed(BOOK)
    among = index.none()
    among[5] = True
    assert index.rank("jpmorgan", 50, among, among) == ("46647PDH6",)
    assert index.rank("goldman", 50, among, among) == ()
    others = indexed([*BOOK, bond("333333333", "JMP", "Jmp Group", "5", date(2031, 1, 1))])
    among = others.none()
    among[5] = True
    assert others.rank("jmp", 50, among, among) == ("46647PDH6",)
    assert others.carrying("333333333", among) == ()


def test_what_others_hold_does_not_crowd_out_a_likeness() -> None:
    closer = [bond(f"{n:09}", "X", f"Goldmen{n}", "5", date(2031, 1, 1)) for n in range(12)]
    index = indexed([*closer, BOOK[6]])
    among = index.none()
    among[len(closer)] = True
    assert index.rank("goldmen", 50, among, among) == ("38141GYB4",)


def test_what_is_known_of_a_bond_now_replaces_what_was() -> None:
    index = indexed(BOOK)
    assert index.put(replace(BOOK[6], ticker="GSX", text="Renamed Group", coupon=Decimal("4.5"))) == 6
    everything = ~index.none()
    for gone in ("goldman", "gs 4.375"):
        assert index.rank(gone, 50, everything, everything) == ()
    assert index.rank("gsx renamed 4.5 2030", 50, everything, everything) == ("38141GYB4",)
    assert len(everything) == len(BOOK)


def test_a_bonds_own_label_finds_it_first() -> None:
    for candidate in BOOK:
        assert rank(candidate.text, BOOK)[0] == candidate.asset_id


def test_no_more_than_the_limit_is_returned_and_they_are_the_first() -> None:
    assert rank("t", BOOK, 2) == rank("t", BOOK)[:2]
    assert rank("t", BOOK, 0) == ()


def test_a_bond_that_is_held_is_among_the_few_shown_before_others_just_as_good() -> None:
    assert rank("verizon", BOOK, 1, frozenset({"92343VCX0"})) == ("92343VCX0",)


def test_an_identifier_is_found_in_any_case() -> None:
    index = indexed(BOOK)
    assert index.carrying(" us92343vgn80", ~index.none()) == ("92343VGN8",)
    assert index.carrying("92343VGN9", ~index.none()) == ()


WORDS = st.sampled_from(["alpha", "alp", "beta", "be", "gamma", "a", "at&t", "x-ray", "30", "2030"])
BONDS = st.lists(
    st.builds(
        lambda ticker, words, coupon, days: (ticker, " ".join(words), coupon, date(2029, 12, 1) + timedelta(days)),
        st.sampled_from(["A", "AL", "ALP", "BE", "T", ""]),
        st.lists(WORDS, max_size=3),
        st.sampled_from(["4.5", "4.375", "5", "30", "0"]),
        st.integers(0, 400),
    ),
    max_size=12,
)
# No word of three letters: those the index forgives a slip, and the loop does not.
TYPED_WORDS = ("alpha", "beta", "be", "gamma", "a", "al", "t", "at&t", "x-ray", "lpha", "id0", "id01")
TYPED_NUMBERS = ("30", "2030", "4.5%", "4-3/8", "5.0", "12/30", "1/5/30", "2030-01")
TYPED = st.lists(st.sampled_from(TYPED_WORDS + TYPED_NUMBERS), max_size=3)


@given(BONDS, TYPED, st.integers(1, 5), st.sets(st.integers(0, 11)))
def test_the_index_finds_what_a_plain_loop_over_every_bond_finds(
    bonds: list[tuple[str, str, str, date]], typed: list[str], limit: int, held: set[int]
) -> None:
    book = [
        Candidate(f"ID{n:02}", (f"ID{n:02}",), ticker, text, Decimal(coupon), maturity)
        for n, (ticker, text, coupon, maturity) in enumerate(bonds)
    ]
    ids = frozenset(f"ID{n:02}" for n in held)
    assert rank(" ".join(typed), book, limit, ids) == plain.rank(" ".join(typed), book, limit, ids)


def test_thousands_of_bonds_are_searched_with_typing_errors() -> None:
    many = [bond(f"{n:09}", f"TK{n % 900}", f"Issuer{n % 900} Holdings", "4.5", date(2030, 1, 1)) for n in range(5000)]
    assert rank("isuer77 holdngs", [*many, *BOOK], 10)[0] == "000000077"
