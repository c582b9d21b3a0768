"""limits.csv: the rules a limit may be about, and what `of` and `limit` must hold under each. The desk has the same
list of its own; a test holds the two together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum

from books.csv_table import Table
from books.faults import Findings, listed, quoted
from books.model import Book
from books.rows import LimitRow

EVERY_ACCOUNT = "*"


class Names(Enum):
    """Whether `of` names something."""

    NEVER = "never"
    MAY = "may"
    MUST = "must"


@dataclass(frozen=True, slots=True)
class Form:
    """What a rule's row looks like: `value` matches the limit in capitals, `expects` says it in words."""

    value: re.Pattern[str]
    expects: str
    of: Names = Names.NEVER


_NUMBER = r"\d{1,15}(\.\d{1,6})?"
# ratings as agencies write them: what goes before the grade, the grade on either scale, what may follow it
_AGENCY = r"\[?(S&P|SP|FITCH|DBRS|KBRA|CRISIL|ICRA|CARE|IND)(\]|[ :])[ :]*"
_MOODYS_NAME = r"\[?MOODY'?S(\]|[ :])[ :]*"
_PREFIX = r"(\((P|EXP)\) *)?"
_LETTERS = r"(AAA|(AA|A|BBB|BB|B|CCC)([+-]| ?\((HIGH|LOW)\))?|CC|C|D)"
_MOODYS = r"(AAA|(AA|A|BAA|BA|B|CAA)[1-3]|CA|C)"
_OUTLOOK = r"(STABLE|POSITIVE|NEGATIVE|DEVELOPING)"
_SUFFIX = rf"(\s*(\((SF|SO|CE|EXP|{_OUTLOOK})\)|/\s*{_OUTLOOK}|/?\*[-+]?|SF|E|U))*"
_RATING = rf"SOVEREIGN|(({_AGENCY})?{_PREFIX}{_LETTERS}|({_MOODYS_NAME})?{_PREFIX}{_MOODYS}){_SUFFIX}"


def _form(value: str, expects: str, of: Names = Names.NEVER) -> Form:
    return Form(re.compile(value, re.ASCII), expects, of)


FORMS = {
    "cash_reserve": _form(f"{_NUMBER}%?", "money (250000) or a share of NAV (2%)"),
    "security": _form(f"{_NUMBER}%", "a share of NAV (5%)", Names.MAY),
    "issuer": _form(f"{_NUMBER}%", "a share of NAV (5%)", Names.MAY),
    "sector": _form(f"{_NUMBER}%", "a share of NAV (30%)", Names.MAY),
    "rating": _form(_RATING, "a rating (BBB- or Baa3)"),
    "maturity": _form(_NUMBER, "years (10)"),
    "144a": _form("YES|NO", "yes or no"),
    "restricted": _form("(YES|NO)?", "yes or no; blank is yes", Names.MUST),
    "frozen": _form("(YES|NO)?", "yes or no; blank is yes"),
    "min_allocation": _form(r"\d{1,15}", "face (100000)"),
}


def check(table: Table[LimitRow], findings: Findings) -> None:
    """Notes each line whose rule, `of` or limit cannot be read, and each that says again what another said before."""
    first: dict[tuple[str, str, str], int] = {}
    for line in table.lines:
        row = line.row
        if row is None:
            continue
        form = FORMS.get(row.rule)
        if form is None:
            close = get_close_matches(row.rule, FORMS, 1)
            hint = f" (did you mean {quoted(close[0])}?)" if close else ""
            findings.fault(
                table.file, line.number, "rule", quoted(line.cells["rule"]), f"one of {', '.join(FORMS)}{hint}"
            )
            continue
        if row.of and form.of is Names.NEVER:
            expected = f"nothing: {row.rule} is about the account as a whole"
            findings.fault(table.file, line.number, "of", quoted(row.of), expected)
        if not row.of and form.of is Names.MUST:
            findings.fault(table.file, line.number, "of", quoted(row.of), "a security or an issuer")
        if form.value.fullmatch(row.limit.upper()) is None:
            findings.fault(table.file, line.number, "limit", quoted(row.limit), form.expects)
        key = (row.account, row.rule, row.of.casefold())
        if key in first:
            expected = f"each account, rule and of once (line {first[key]} has it already)"
            findings.fault(table.file, line.number, "rule", " ".join(filter(None, key)), expected)
        first.setdefault(key, line.number)


def strangers(book: Book, table: Table[LimitRow]) -> Iterator[str]:
    """A sentence where lines name securities, issuers or sectors the book has none of: perhaps yet to come, perhaps
    mistyped."""
    bonds = book.securities.values()
    securities = {name.casefold() for b in bonds for name in (b.asset_id, b.cusip, b.isin, b.sedol) if name}
    issuers = {bond.issuer.casefold() for bond in bonds}
    known = {
        "security": securities,
        "issuer": issuers,
        "sector": {bond.sector.casefold() for bond in bonds},
        "restricted": securities | issuers,
    }
    lost = [
        f"line {line.number} ({line.row.of})"
        for line in table.lines
        if line.row and line.row.of and line.row.of.casefold() not in known[line.row.rule]
    ]
    if lost:
        yield f"{table.file}: names of no security, issuer or sector of the book: {listed(lost)}."
