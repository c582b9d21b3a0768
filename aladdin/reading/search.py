"""Text search over the bonds we know: ticker, issuer, coupon, maturity as traders type them, typing errors forgiven."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from heapq import nsmallest

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, Indel

from aladdin.reading.postings import Numbers, Postings

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\d*[.,]?\d+%?")
_COUPON = re.compile(r"\d{1,3}(\.\d{0,9})?|\.\d{1,9}")
_FRACTION = re.compile(r"(\d+)-(\d)/([1-9])")
_DATE = re.compile(r"(\d{1,2})/(?:(\d{1,2})/)?(\d{2}|\d{4})")
_COUPON_BEGUN = re.compile(r"\d{1,2}(\.\d*)?")
_DATE_BEGUN = re.compile(r"\d{1,2}/\d{0,2}(/\d?)?")
_DASHED = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_INSIDE, _IDENTIFIER = 4, 3  # letters from which on a part of a word, or the start of an identifier, is looked for
_TYPO = 0.75  # share of characters a mistyped word must have in common with the word meant
_TYPO_SHORT = 0.6
_LONG, _SHORT = 4, 3  # letters; a short word resembles everything, so that only some slips are forgiven, a shorter none
_MOST_ALIKE = 10  # words that a mistyped one may stand for

# What a match is worth. A ticker typed in full beats any mention of it elsewhere.
_TICKER, _TICKER_START, _TERM, _WORD_EXACT, _WORD_START, _WORD_INSIDE, _WORD_ALIKE = 10.0, 6.0, 5.0, 4.0, 3.0, 1.5, 1.0
_TERM_START = 2.5  # a coupon or a maturity of which the beginning is typed so far
_PREFERRED = 1e-6  # less than any two worths differ by

Worth = NDArray[np.float64]
Chosen = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of a bond to find it by."""

    asset_id: str
    identifiers: tuple[str, ...]  # asset id, CUSIP, ISIN, SEDOL; those there are
    ticker: str = ""
    text: str = ""  # issuer and description
    coupon: Decimal | None = None  # percent
    maturity: date | None = None


class Index:
    """Bonds by what they may be found by. Each has a number, for good. A search runs over the bonds it is told of, as
    if there were no others. Not thread-safe: its owner has a lock."""

    def __init__(self) -> None:
        self._bonds: list[Candidate] = []
        self._order: list[tuple[str, date, str]] = []  # of equals, the first in this order comes first
        self._numbers: dict[str, int] = {}
        self._postings = {kind: Postings() for kind in _KEYS}

    def put(self, bond: Candidate) -> int:
        """Add a bond, or replace what was known of it; its number."""
        number = self._numbers.setdefault(bond.asset_id, len(self._bonds))
        if number == len(self._bonds):
            before = None
            self._bonds.append(bond)
            self._order.append(_order(bond))
        elif (before := self._bonds[number]) == bond:
            return number
        else:
            self._bonds[number], self._order[number] = bond, _order(bond)
        for kind, keys in _KEYS.items():
            was, now = keys(before) if before is not None else frozenset(), keys(bond)
            self._postings[kind].move(number, was - now, now - was)
        return number

    def none(self) -> Chosen:
        """A choice of no bonds, to be filled in: true at the number of each that is chosen."""
        return np.zeros(len(self._bonds), dtype=np.bool_)

    def carrying(self, identifier: str, among: Chosen) -> tuple[str, ...]:
        """Asset ids of the bonds `among` that carry exactly this identifier, in any case, sorted."""
        numbers = self._postings["identifiers"].at([identifier.strip().casefold()])
        return tuple(sorted(self._bonds[n].asset_id for n in numbers if among[n]))

    def identifiers(self, among: Chosen) -> Iterator[str]:
        """Every identifier of the bonds `among`."""
        for number in np.flatnonzero(among):
            yield from self._bonds[number].identifiers

    def rank(self, text: str, limit: int, among: Chosen, preferred: Chosen, *, begun: bool = False) -> tuple[str, ...]:
        """Asset ids of at most `limit` bonds `among` that match every word of `text`, best first; of equals the
        preferred ones, then by ticker, maturity and asset id. `begun`: the last word may be half a coupon or date."""
        stripped = (word.strip("(),;:\"'") for word in text.casefold().split())
        tokens = [token for token in stripped if _WORD.search(token)]
        if not tokens or limit < 1:
            return ()
        total, matching = np.zeros(len(among)), among.copy()
        for place, token in enumerate(tokens, 1):
            worth = self._worth(token, among)
            if begun and place == len(tokens) and not text[-1:].isspace():
                worth = np.maximum(worth, self._worth_begun(token, among))
            total += worth
            matching &= worth > 0
        hits = np.flatnonzero(matching)
        value = total[hits] + _PREFERRED * preferred[hits]
        if len(hits) <= limit:
            last, better = -np.inf, hits
        else:
            last = np.partition(value, -limit)[-limit]
            better = hits[value > last]
        ranked = sorted(better.tolist(), key=lambda n: (-total[n] - _PREFERRED * preferred[n], self._order[n]))
        # A common word makes thousands of equals, of which only the first few need an order.
        ranked += nsmallest(limit - len(ranked), hits[value == last].tolist(), key=self._order.__getitem__)
        return tuple(self._bonds[n].asset_id for n in ranked)

    def _worth(self, token: str, among: Chosen) -> Worth:
        """How well one token fits each bond; 0 where it does not."""
        worth = self._worth_of_words(token, among)

        def at_least(amount: float, numbers: Numbers) -> None:
            worth[numbers] = np.maximum(worth[numbers], amount)

        parts = frozenset(_WORD.findall(token))
        if parts != {token} and not _NUMBER.fullmatch(token):  # AT&T, 22/09/2033: the words in it, all of them
            at_least(_WORD_EXACT, self._postings["words"].at_all(parts))
        if len(token) >= _IDENTIFIER:
            identifiers = self._postings["identifiers"]
            at_least(_WORD_START, identifiers.at(identifiers.starting(token)))
        at_least(_TERM, self._postings["coupons"].at(_typed_coupon(token)))
        at_least(_TERM, self._postings["maturities"].at(_typed_maturity(token)))
        tickers = self._postings["tickers"]
        at_least(_TICKER_START, tickers.at(tickers.starting(token)))
        at_least(_TICKER, tickers.at([token]))
        worth[~among] = 0
        return worth

    def _worth_begun(self, token: str, among: Chosen) -> Worth:
        """What the beginning of a coupon or a maturity is worth."""
        worth = np.zeros(len(among))
        for kind, start in _begun(token):
            postings = self._postings[kind]
            worth[postings.at(postings.starting(start))] = _TERM_START
        worth[~among] = 0
        return worth

    def _worth_of_words(self, token: str, among: Chosen) -> Worth:
        """What the words a token may stand for are worth; likeness counts only when none contains it as typed."""
        words, worth = self._postings["words"], np.zeros(len(among))
        if not token.isdecimal():  # half a number is another number
            if len(token) >= _INSIDE:
                worth[words.at(word for word in words.keys if token in word)] = _WORD_INSIDE
            worth[words.at(words.starting(token))] = _WORD_START
        worth[words.at([token])] = _WORD_EXACT
        worth[~among] = 0
        if not worth.any():
            for word, likeness in reversed(self._alike(token, among)):
                worth[words.at([word])] = _WORD_ALIKE * likeness
        return worth

    def _alike(self, token: str, among: Chosen) -> list[tuple[str, float]]:
        """The words of the bonds `among` that a mistyped token may stand for, likest first, and how like they are."""
        letters = sum(character.isalpha() for character in token)
        short = letters == len(token) == _SHORT
        if letters < _LONG and not short:
            return []
        words, cutoff = self._postings["words"], _TYPO_SHORT if short else _TYPO
        scored = process.extract(token, words.keys, scorer=Indel.normalized_similarity, score_cutoff=cutoff, limit=None)
        close = [word for word, _, _ in scored if not short or _one_slip(token, word)]
        alike = [(word, Indel.normalized_similarity(token, word)) for word in close if among[words.at([word])].any()]
        return sorted(alike, key=lambda pair: (-pair[1], pair[0]))[:_MOST_ALIKE]


def _one_slip(typed: str, word: str) -> bool:
    """Whether a letter is missing, one too many, or two neighbours are swapped. Another letter in the place of one is
    none: of three letters it makes another ticker."""
    return OSA.distance(typed, word) == 1 and (len(typed) != len(word) or sorted(typed) == sorted(word))


def _order(bond: Candidate) -> tuple[str, date, str]:
    return bond.ticker or "\uffff", bond.maturity or date.max, bond.asset_id


def _words(bond: Candidate) -> frozenset[str]:
    return frozenset(_WORD.findall(f"{bond.text} {bond.ticker}".casefold()))


def _tickers(bond: Candidate) -> frozenset[str]:
    return frozenset({bond.ticker.casefold()} - {""})


def _identifiers(bond: Candidate) -> frozenset[str]:
    return frozenset(identifier.casefold() for identifier in bond.identifiers)


def _coupons(bond: Candidate) -> frozenset[str]:
    return frozenset() if bond.coupon is None else frozenset({_coupon(bond.coupon)})


def _coupon(percent: Decimal) -> str:
    return f"{percent.normalize():f}"


def _maturities(bond: Candidate) -> frozenset[str]:
    """A maturity as it may be typed, in the forms that `_typed_maturity` gives."""
    if bond.maturity is None:
        return frozenset()
    day = bond.maturity.isoformat()
    return frozenset({day[:4], day[:7], day, day[2:7], day[2:], f"/{bond.maturity:%m/%d/%y}"})  # the last as it begins


_KEYS: Mapping[str, Callable[[Candidate], frozenset[str]]] = {
    "words": _words,
    "tickers": _tickers,
    "identifiers": _identifiers,
    "coupons": _coupons,
    "maturities": _maturities,
}


def _typed_coupon(token: str) -> tuple[str, ...]:
    """A token like 4.5, 4.5%, 4-3/8 as the key of a coupon; nothing when it is none."""
    typed = token.rstrip("%")
    if parts := _FRACTION.fullmatch(typed):
        return (_coupon(Decimal(parts[1]) + Decimal(parts[2]) / Decimal(parts[3])),)
    return (_coupon(Decimal(typed)),) if _COUPON.fullmatch(typed) else ()


def _typed_maturity(token: str) -> tuple[str, ...]:
    """A token like 2030, 11/30, 11/15/30 or 2030-11-15 as the key of a maturity; nothing when it is none."""
    if _DASHED.fullmatch(token):
        return (token,)
    parts = _DATE.fullmatch(token)
    if not parts:
        return ()
    month, day, year = parts.groups()
    return (f"{year}-{int(month):02}" + (f"-{int(day):02}" if day else ""),)


def _begun(token: str) -> Iterator[tuple[str, str]]:
    """The starts of keys that a half typed token may be: 4. of a coupon, 203, 11, 11/ or 11/15/3 of a maturity."""
    if _COUPON_BEGUN.fullmatch(token):
        yield "coupons", token
    if token.isdecimal() and len(token) <= 3:
        yield "maturities", token
    if token.isdecimal() and len(token) <= 2:
        yield "maturities", f"/{token}"
        yield "maturities", f"/{int(token):02}"
    if _DATE_BEGUN.fullmatch(token):
        month, _, rest = token.partition("/")
        day, slash, year = rest.partition("/")
        yield "maturities", f"/{int(month):02}/" + (f"{int(day or 0):02}/{year}" if slash else day)
