"""CUSIP, ISIN and SEDOL as people type them: which one it is, and what was meant when its check digit is wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from types import ModuleType

from stdnum import cusip, isin
from stdnum.gb import sedol

_KINDS: dict[int, tuple[str, ModuleType]] = {12: ("ISIN", isin), 9: ("CUSIP", cusip), 7: ("SEDOL", sedol)}  # by length
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


def recognise(text: str) -> Identifier | None:
    """The identifier `text` is or was meant to be; None for words and tickers."""
    value = text.strip().upper()
    if len(value) not in _KINDS:
        return None
    kind, standard = _KINDS[len(value)]
    if not _SHAPES[kind].fullmatch(value) or sum(c.isdigit() for c in value) < _FEWEST_DIGITS:
        return None
    if standard.is_valid(value):
        return Identifier(kind, value, True)
    corrections = dict.fromkeys(c for c in _corrections(value, standard) if c != value and standard.is_valid(c))
    return Identifier(kind, value, False, tuple(corrections))


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
    alike = [candidate for candidate in known if abs(len(candidate) - len(value)) <= 1]
    return tuple(difflib.get_close_matches(value.upper(), alike, n=most, cutoff=_ALIKE))


def looks_like_identifier(text: str) -> bool:
    """Whether one token has the mix of an identifier, whatever its length: enough digits and no spaces."""
    value = text.strip()
    return 6 <= len(value) <= 13 and value.isalnum() and sum(c.isdigit() for c in value) >= _FEWEST_DIGITS
