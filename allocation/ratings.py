"""Credit ratings as notches, so that a floor can be compared with a bond's ratings whoever gave them."""

from __future__ import annotations

import re

_LETTERS = (
    "AAA", "AA+", "AA", "AA-", "A+", "A", "A-", "BBB+", "BBB", "BBB-", "BB+", "BB", "BB-", "B+", "B", "B-",
    "CCC+", "CCC", "CCC-", "CC", "C", "D",
)  # fmt: skip
_MOODYS = (
    "AAA", "AA1", "AA2", "AA3", "A1", "A2", "A3", "BAA1", "BAA2", "BAA3", "BA1", "BA2", "BA3", "B1", "B2", "B3",
    "CAA1", "CAA2", "CAA3", "CA", "C",
)  # fmt: skip
_BY_LETTER = {name: i for i, name in enumerate(_LETTERS)} | dict.fromkeys(("SD", "RD"), len(_LETTERS) - 1)
_BY_MOODYS = {name: i for i, name in enumerate(_MOODYS)}
_AGENCY = re.compile(r"^\[?(S&P|SP|FITCH|DBRS|KBRA|CRISIL|ICRA|CARE|IND|MOODY'?S)(\]|[ :])[ :]*", re.IGNORECASE)
# what may stand around the grade itself: provisional or expected; a structured or credit-enhanced obligation,
# estimated, unsolicited; an outlook; a watch sign
_PREFIX = re.compile(r"^\((P|EXP)\) *", re.IGNORECASE)
_OUTLOOK = r"STABLE|POSITIVE|NEGATIVE|DEVELOPING"
_SUFFIX = re.compile(rf"(\s*(\((SF|SO|CE|EXP|HYB|{_OUTLOOK})\)|/\s*({_OUTLOOK})|/?\*[-+]?|SF|E|U))+$", re.IGNORECASE)
# nobody rates it for the long term: not rated, withdrawn, paid in full; and short-term ratings
_NONE = re.compile(
    r"(^|[ \]:])(N\.?R\.?|N/?A|W[RD]|PIF|NONE|A-[123][+-]?|P-[123]|F[123][+-]?|R-[123].*|NP)$", re.IGNORECASE
)
_DBRS = {" (HIGH)": "+", "(HIGH)": "+", " (LOW)": "-", "(LOW)": "-"}


def lowest(ratings: str) -> tuple[int, str] | None:
    """The lowest of a bond's ratings, which are divided by commas, as notches and as written: the one that a floor is
    held against, where agencies differ. None where none is a long-term one."""
    read = [(found, text.strip()) for text in ratings.split(",") if (found := notch(text)) is not None]
    return max(read, key=lambda each: each[0], default=None)


def unread(ratings: str) -> str:
    """The first of a bond's ratings that may be a long-term one and cannot be read: it may be the lowest. Empty where
    there is none such."""
    texts = (text.strip() for text in ratings.split(","))
    return next((text for text in texts if text and notch(text) is None and not _NONE.search(text)), "")


def notch(rating: str) -> int | None:
    """How many notches below AAA a long-term rating is, by S&P's and Fitch's letters, DBRS's (high) and (low) or
    Moody's numbers; None for any other text, short-term ratings among them. An agency's name before it, outlooks,
    watch signs and the marks of an issue are passed over; "Sovereign" is the top, as national scales rank their own
    government first."""
    text = rating.strip()
    if text.upper() == "SOVEREIGN":
        return 0
    agency = _AGENCY.match(text)
    name = _SUFFIX.sub("", _PREFIX.sub("", text[agency.end() :] if agency else text)).upper()
    for words, sign in _DBRS.items():
        name = name.replace(words, sign)
    if agency and agency[1].upper().startswith("MOODY"):
        return _BY_MOODYS.get(name)
    # behind another agency's name A1 is a short-term rating
    return _BY_LETTER.get(name) if agency else _BY_LETTER.get(name, _BY_MOODYS.get(name))
