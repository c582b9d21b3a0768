"""The plain loop that the index stands in for: every word of every bond, made anew for each search. The peer that it is
measured against, and held to in the tests: but for typing errors both must find the same."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from aladdin.reading.search import Candidate

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\d*[.,]?\d+%?")
_MATURITY = re.compile(r"(\d{1,2})/(?:(\d{1,2})/)?(\d{2}|\d{4})")
_TYPO = 0.75
_SHORTEST_TYPO = 4
_TICKER, _TICKER_START, _TERM, _WORD_EXACT, _WORD_START, _WORD_INSIDE, _WORD_ALIKE = 10.0, 6.0, 5.0, 4.0, 3.0, 1.5, 1.0


def rank(text: str, candidates: Collection[Candidate], limit: int, held: Collection[str]) -> tuple[str, ...]:
    """Asset ids of at most `limit` candidates that match every word of `text`, best first; ties by ticker, maturity and
    asset id, held ones before others."""
    tokens = [token for word in text.casefold().split() if (token := word.strip("(),;:\"'")) and _WORD.search(token)]
    if not tokens:
        return ()
    words = {c.asset_id: frozenset(_WORD.findall(f"{c.text} {c.ticker}".casefold())) for c in candidates}
    vocabulary = frozenset().union(*words.values())
    meanings = {token: _meanings(token, vocabulary) for token in tokens}
    scored: list[tuple[float, Candidate]] = []
    for candidate in candidates:
        scores = [_score(token, meanings[token], candidate, words[candidate.asset_id]) for token in tokens]
        if all(scores):
            scored.append((sum(scores), candidate))
    scored.sort(key=lambda pair: (-pair[0], pair[1].asset_id not in held, *_order(pair[1])))
    return tuple(candidate.asset_id for _, candidate in scored[:limit])


def _order(candidate: Candidate) -> tuple[str, date, str]:
    return candidate.ticker or "\uffff", candidate.maturity or date.max, candidate.asset_id


def _meanings(token: str, vocabulary: Collection[str]) -> Mapping[str, float]:
    """The known words a token may stand for, with their worth. Worked out once per search, not once per bond; likeness
    counts only when nothing contains the token as typed."""
    worth: dict[str, float] = {}
    for word in vocabulary:
        if word == token:
            worth[word] = _WORD_EXACT
        elif token.isdecimal():
            continue  # half a number is another number
        elif word.startswith(token):
            worth[word] = _WORD_START
        elif len(token) >= _SHORTEST_TYPO and token in word:
            worth[word] = _WORD_INSIDE
    if not worth and sum(c.isalpha() for c in token) >= _SHORTEST_TYPO:
        alike = difflib.get_close_matches(token, vocabulary, n=10, cutoff=_TYPO)
        worth = {word: _WORD_ALIKE * difflib.SequenceMatcher(None, token, word).ratio() for word in alike}
    return worth


def _score(token: str, meanings: Mapping[str, float], candidate: Candidate, words: frozenset[str]) -> float:
    """How well one token fits one bond; 0 when it does not."""
    ticker = candidate.ticker.casefold()
    best = max((worth for word, worth in meanings.items() if word in words), default=0.0)
    if not _NUMBER.fullmatch(token) and set(_WORD.findall(token)) <= words:
        best = max(best, _WORD_EXACT)  # AT&T, 22/09/2033: the words in it, all of them as they are
    if ticker and token == ticker:
        best = _TICKER
    elif ticker.startswith(token):
        best = max(best, _TICKER_START)
    if any(identifier.casefold().startswith(token) for identifier in candidate.identifiers) and len(token) >= 3:
        best = max(best, _WORD_START)
    if _is_coupon(token, candidate.coupon) or _is_maturity(token, candidate.maturity):
        best = max(best, _TERM)
    return best


def _is_coupon(token: str, coupon: Decimal | None) -> bool:
    """Whether a token like 4.5, 4.5%, 4-3/8 is this coupon."""
    if coupon is None:
        return False
    typed = token.rstrip("%")
    if (parts := re.fullmatch(r"(\d+)-(\d)/(\d)", typed)) and parts[3] != "0":
        return Decimal(parts[1]) + Decimal(parts[2]) / Decimal(parts[3]) == coupon
    try:
        return Decimal(typed) == coupon
    except InvalidOperation:
        return False


def _is_maturity(token: str, maturity: date | None) -> bool:
    """Whether a token like 2030, 11/30, 11/15/30 or 2030-11-15 is when this bond matures."""
    if maturity is None:
        return False
    if token in (f"{maturity:%Y}", maturity.isoformat(), f"{maturity:%Y-%m}"):
        return True
    parts = _MATURITY.fullmatch(token)
    if not parts:
        return False
    month, day, year = parts.groups()
    same_year = int(year) in (maturity.year, maturity.year % 100)
    return same_year and int(month) == maturity.month and (day is None or int(day) == maturity.day)
