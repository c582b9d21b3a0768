"""CUSIP, ISIN and SEDOL as people type them: which one it is, and what was meant when its check digit is wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from types import ModuleType

from rapidfuzz import process
from rapidfuzz.distance import Indel
from stdnum import cusip, isin
from stdnum.gb import sedol

ALADDIN = "ALADDIN_SEC_ID"  # the security master's word for Aladdin's own numbers
_KINDS: dict[int, tuple[str, ModuleType]] = {12: ("ISIN", isin), 9: ("CUSIP", cusip), 7: ("SEDOL", sedol)}  # by length
_LEFT_OFF = (12, 9)  # lengths whose check digit people leave off; six characters may be anything
_SHAPES = {
    "ISIN": re.compile(r"[A-Z]{2}[A-Z0-9]{9}[A-Z0-9]"),
    "CUSIP": re.compile(r"[A-Z0-9*@#]{8}[A-Z0-9]"),
    "SEDOL": re.compile(r"[A-Z0-9]{7}"),
}
_FEWEST_DIGITS = 3  # below that it is a word: "CHEVRON", "MICROSOFT"
_LOOKALIKES = str.maketrans("OI", "01")
_ALIKE = 0.8  # share of characters two identifiers must have in common to be near


@dataclass(frozen=True, slots=True)
class Identifier:
    """What was typed, as an identifier. `valid` says whether its check digit holds; `corrections` what may be meant."""

    kind: str  # "CUSIP", "ISIN" or "SEDOL"
    value: str
    valid: bool
    corrections: tuple[str, ...] = ()

    @property
    def listed_as(self) -> tuple[str, ...]:
        """The assetIdTypes under which the security master may list it, likeliest first. A CUSIP that starts with a
        letter is a CINS; and of nine characters are Aladdin's own numbers too, some of which pass for a CUSIP."""
        if self.kind != "CUSIP":
            return (self.kind,)
        return ("CUSIP", "CINS", ALADDIN) if self.value[0].isalpha() else ("CUSIP", ALADDIN)

    def __str__(self) -> str:
        """What is to be said of one that nothing carries."""
        if self.valid:
            return f"No security has the {self.kind} {self.value}."
        if len(self.value) not in _KINDS:
            return f"{self.value} is not a whole {self.kind}: its check digit is missing."
        return f"{self.value} is not a valid {self.kind}: its check digit does not fit."


def recognise(text: str) -> Identifier | None:
    """The identifier `text` is or was meant to be, its check digit wrong or left off; None for words and tickers."""
    value = text.strip().upper()
    if len(value) + 1 in _LEFT_OFF:
        return _without_check_digit(value)
    if len(value) not in _KINDS:
        return None
    kind, standard = _KINDS[len(value)]
    if not _SHAPES[kind].fullmatch(value) or sum(c.isdigit() for c in value) < _FEWEST_DIGITS:
        return None
    if standard.is_valid(value):
        return Identifier(kind, value, True)
    corrections = dict.fromkeys(c for c in _corrections(value, standard) if c != value and standard.is_valid(c))
    return Identifier(kind, value, False, tuple(corrections))


def _without_check_digit(value: str) -> Identifier | None:
    """What this is with a check digit put on: the CUSIP of eight characters that many systems show, an ISIN of 11."""
    kind, standard = _KINDS[len(value) + 1]
    if not _SHAPES[kind].fullmatch(f"{value}0") or sum(c.isdigit() for c in value) < _FEWEST_DIGITS:
        return None
    try:
        whole = value + standard.calc_check_digit(value)
    except ValueError:
        return None
    return Identifier(kind, value, False, (whole,)) if standard.is_valid(whole) else None


def _corrections(value: str, standard: ModuleType) -> Iterator[str]:
    """Likely meanings, likeliest first: a letter typed for a digit, neighbours swapped, a wrong last digit."""
    yield value.translate(_LOOKALIKES)
    for n, character in enumerate(value):
        yield value[:n] + character.translate(_LOOKALIKES) + value[n + 1 :]
    for n in range(len(value) - 1):
        yield value[:n] + value[n + 1] + value[n] + value[n + 2 :]
    try:
        yield value[:-1] + standard.calc_check_digit(value[:-1])
    except ValueError:  # a character the standard does not have: no last digit can mend that
        return


def near(value: str, known: Collection[str], most: int = 5) -> tuple[str, ...]:
    """The known identifiers most like `value`, nearest first."""
    wanted = value.strip().upper()
    alike = process.extract(wanted, known, scorer=Indel.normalized_similarity, score_cutoff=_ALIKE, limit=None)
    close = [(-likeness, candidate) for candidate, likeness, _ in alike if abs(len(candidate) - len(wanted)) <= 1]
    return tuple(candidate for _, candidate in sorted(close)[:most])


def looks_like_identifier(text: str) -> bool:
    """Whether one token has the mix of an identifier, whatever its length: enough digits and no spaces."""
    value = text.strip()
    return 6 <= len(value) <= 13 and value.isalnum() and sum(c.isdigit() for c in value) >= _FEWEST_DIGITS
