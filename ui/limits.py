"""The limits table on screens and in files: rows as typed, their faults, and what changes between two tables."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches

import pandas as pd
import streamlit as st

from allocation.errors import InvalidBlock, InvalidLimit
from allocation.limits import EVERY_ACCOUNT, Limit, LimitTable, Rule
from orders.batch_file import NO_TEXT, as_typed, harmless
from orders.model import LimitVersion
from ui import formats, forms, session, tables
from ui.tables import Columns

FILE = "limits.csv"
FILE_COLUMNS = ("account", "rule", "of", "limit")
_RULES = {rule.key: rule for rule in Rule}
_AMOUNT = re.compile(r"\d+(\.\d+)?", re.ASCII)
_AMOUNTS = (Rule.CASH_RESERVE.key, Rule.MIN_ALLOCATION.key)  # whose limit is money or face
_COLUMN_OF = {"value": "limit"}  # a limit's part, by the column it is typed in


@dataclass(frozen=True, slots=True)
class Row:
    """A row as typed; `rule` is a rule's key, or whatever else was written."""

    account: str
    rule: str
    of: str
    limit: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What the row is about: two rows with the same key contradict each other."""
        return self.account, self.rule, self.of.casefold()

    @property
    def blank(self) -> bool:
        return not (self.account or self.rule or self.of or self.limit)

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.account, _label(self.rule), self.of, self.limit)))


@dataclass(frozen=True, slots=True)
class Fault:
    """What must be mended in a row, by its number and by what was typed, since an added row shows no number yet."""

    number: int
    row: Row
    column: str
    sentence: str

    def __str__(self) -> str:
        return f"Row {self.number} ({self.row}), {self.column}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Change:
    """A row that came, went or has another limit; None where there is no row."""

    before: Row | None
    after: Row | None


def typed(table: LimitTable) -> tuple[Row, ...]:
    """The rows of a table as one would type them."""
    return tuple(map(typed_limit, table.rows))


def typed_limit(row: Limit) -> Row:
    """A limit as one would type it."""
    return Row(row.account_id, row.rule.key, row.of, row.value)


def read(rows: Mapping[int, Row], accounts: Sequence[str]) -> tuple[tuple[Limit, ...], tuple[Fault, ...]]:
    """The limits that rows, by their numbers, stand for, and every fault of every row. `accounts` are those there
    are."""
    limits: list[Limit] = []
    faults: list[Fault] = []
    first: dict[tuple[str, str, str], int] = {}
    known = {EVERY_ACCOUNT, "", *accounts}  # a row without an account is told so by the limit itself
    for number, row in rows.items():
        if row.account not in known:
            faults.append(Fault(number, row, "account", _no_account(row.account, accounts)))
        if not row.rule:
            faults.append(Fault(number, row, "rule", "Choose a rule."))
            continue
        try:
            limits.append(Limit(row.account, Rule.of(row.rule), row.of, row.limit))
        except InvalidLimit as error:
            faults.append(Fault(number, row, _COLUMN_OF.get(error.column, error.column), str(error)))
        if row.key in first:
            faults.append(Fault(number, row, "rule", f"Row {first[row.key]} says the same; keep one."))
        first.setdefault(row.key, number)
    return tuple(limits), tuple(faults)


def _no_account(name: str, accounts: Sequence[str]) -> str:
    by_word = {account.casefold(): account for account in accounts}
    close = get_close_matches(name.casefold(), by_word, 1)
    hint = f" Did you mean {by_word[close[0]]}?" if close else ""
    return f"No portfolio group has an account {name}; name one, or {EVERY_ACCOUNT} for every account.{hint}"


def changes(before: Iterable[Row], after: Iterable[Row]) -> tuple[Change, ...]:
    """What changes from one table to another: rows gone or changed in the order of the first, then the new ones."""
    old, new = _by_key(before), _by_key(after)
    moved = [Change(row, new.get(key)) for key, row in old.items() if _limit(new.get(key)) != _limit(row)]
    return (*moved, *(Change(None, row) for key, row in new.items() if key not in old))


def merged(base: Iterable[Row], mine: Iterable[Row], theirs: Iterable[Row]) -> tuple[Row, ...]:
    """Their rows with my changes since `base` made to them."""
    rows = _by_key(theirs)
    for change in changes(base, mine):
        if change.after is not None:
            rows[change.after.key] = change.after
        elif change.before is not None:
            rows.pop(change.before.key, None)
    return tuple(rows.values())


def _by_key(rows: Iterable[Row]) -> dict[tuple[str, str, str], Row]:
    return {row.key: row for row in rows}


def _limit(row: Row | None) -> str | None:
    return None if row is None else _grouped(row.limit)


def _grouped(limit: str) -> str:
    """1,000,000: an amount as everywhere; a share, a rating or a list as it is."""
    return f"{Decimal(limit):,}" if _AMOUNT.fullmatch(limit) else limit


def _as_read(row: Row) -> str:
    """The limit as everybody else reads it, which may be typed so too."""
    return _grouped(row.limit) if row.rule in _AMOUNTS and row.limit.isdecimal() else row.limit


def frame(rows: Sequence[Row]) -> tuple[pd.DataFrame, Columns]:
    """Rows for the editor, numbered from 1."""
    values = [[row.account, row.rule, row.of, _as_read(row)] for row in rows]
    index = pd.RangeIndex(1, len(rows) + 1, name="Row")
    table = pd.DataFrame(values, index=index, columns=["Account", "Rule", "Of", "Limit"], dtype="str")
    columns = {
        "Row": st.column_config.Column("Row", width=44, disabled=True),
        # pinned, and narrow enough to be: a limit is not to be changed without seeing whose it is
        "Account": st.column_config.TextColumn(
            "Account", width=96, pinned=True, help=f"{EVERY_ACCOUNT} for every account"
        ),
        "Rule": st.column_config.SelectboxColumn(
            "Rule", width=156, pinned=True, options=list(_RULES), format_func=lambda key: _label(str(key))
        ),
        "Of": st.column_config.TextColumn("Of", width=160, help="one issuer, sector or security; blank for each"),
        "Limit": tables.figures("Limit", 90),
    }
    return table, columns


def numbered(table: pd.DataFrame) -> dict[int, Row]:
    """The editor's rows as typed, by their numbers; blank ones are passed over."""
    found = {}
    for number, *cells in table.itertuples(name=None):
        row = _plain(Row(*("" if pd.isna(cell) else str(cell).strip() for cell in cells)))
        if not row.blank:
            found[int(number)] = row
    return found


def shown(table: LimitTable) -> tuple[pd.DataFrame, Columns]:
    """A version of the table, to be read."""
    rows = [
        {"Account": _whose(row.account_id), "Rule": row.rule.label, "Of": row.of, "Limit": _grouped(row.value)}
        for row in table.rows
    ]
    return pd.DataFrame(rows), {
        "Of": st.column_config.TextColumn("Of", help="blank: each of them"),
        "Limit": tables.figures("Limit", 110),
    }


def what_changes(rows: Sequence[Change]) -> tuple[pd.DataFrame, Columns]:
    """Changes as rows: what happens to which limit."""
    return pd.DataFrame([_change(change) for change in rows]), {
        "Of": st.column_config.TextColumn("Of", width=200),
        "Before": tables.figures("Before", 90),
        "After": tables.figures("After", 90),
    }


def _change(change: Change) -> dict[str, str | None]:
    row = change.after or change.before
    assert row is not None, "a change has a row before or after it"
    word = "changed" if change.before and change.after else "added" if change.after else "removed"
    about = {"Change": word, "Account": _whose(row.account), "Rule": _label(row.rule), "Of": row.of}
    return {**about, "Before": _limit(change.before), "After": _limit(change.after)}


def versions(rows: Sequence[LimitVersion]) -> tuple[pd.DataFrame, Columns]:
    """Who wrote which version, when and why."""
    table = pd.DataFrame(
        [
            {
                "Version": v.version,
                "Written": v.at,
                "By": session.person(v.by),
                "Rows": len(v.table.rows),
                "Why": v.comment,
            }
            for v in rows
        ]
    )
    columns = {
        "Version": tables.number("Version", width=64),
        "Rows": tables.number("Rows", width=54),
        "Written": st.column_config.DatetimeColumn("Written (UTC)", format="DD MMM YYYY HH:mm:ss", timezone="UTC"),
        "Why": st.column_config.TextColumn("Why", width="large"),
    }
    return table, columns


def authorship(version: LimitVersion) -> str:
    """Version 3 · Connie Price · 24 Nov 2026, 14:05:09 UTC"""
    return f"Version {version.version} · {session.person(version.by)} · {formats.moment(version.at)}"


def rules() -> pd.DataFrame:
    """What each rule means, and how its row is written."""
    return pd.DataFrame(
        [{"Rule": rule.label, "In a file": rule.key, "Of": _of(rule), "Limit": rule.expects} for rule in Rule]
    )


def _of(rule: Rule) -> str:
    if rule is Rule.RESTRICTED:
        return "a security or an issuer"
    return f"one {rule.key}; blank: each of them" if rule.names_one else "blank"


def _label(key: str) -> str:
    return _RULES[key].label if key in _RULES else key


def _whose(account: str) -> str:
    return "* (every account)" if account == EVERY_ACCOUNT else account


def to_csv(table: LimitTable) -> str:
    """The table as limits.csv, without a text that a spreadsheet would run."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(FILE_COLUMNS)
    writer.writerows([harmless(cell) for cell in (row.account, row.rule, row.of, row.limit)] for row in typed(table))
    return out.getvalue()


def from_csv(data: bytes) -> tuple[Row, ...]:
    """The rows of a limits.csv, as written; whether they are limits is not looked at. `InvalidLimit` where it cannot
    be told what is in which column."""
    try:
        if b"\0" in data:
            raise InvalidLimit("file", NO_TEXT)
        records = list(_records(data))
    except UnicodeDecodeError:
        raise InvalidLimit("file", NO_TEXT) from None
    except csv.Error as error:
        raise InvalidLimit("file", f"The file is not comma-separated: {error}.") from error
    header = [cell.lower() for cell in records[0][1]] if records else []
    if missing := [column for column in FILE_COLUMNS if header.count(column) != 1]:
        raise InvalidLimit(
            "file",
            f"The header must have each of {', '.join(FILE_COLUMNS)} once; look at {', '.join(missing)}.",
        )
    if uneven := [str(line) for line, cells in records[1:] if len(cells) != len(header)]:
        raise InvalidLimit(
            "file",
            f"Other than {len(header)} cells in line {', '.join(uneven[:10])}. Quote a cell that has a comma in it.",
        )
    at = [header.index(column) for column in FILE_COLUMNS]
    rows = (Row(*(cells[i] for i in at)) for _, cells in records[1:])
    return tuple(_plain(Row(row.account, row.rule.lower(), row.of, row.limit)) for row in rows)


def _plain(row: Row) -> Row:
    """The row with its limit as the table keeps it: faces and money as people write them, 100,000 or 100k, in digits,
    and a share without spaces. What cannot be read so stays as typed, to be told as it is."""
    if row.limit.endswith("%"):
        return replace(row, limit=row.limit.replace(" ", ""))
    if row.rule not in _AMOUNTS:
        return row
    try:
        return replace(row, limit=str(forms.face(row.limit, least=0)))
    except InvalidBlock:
        return row


def _records(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Lines with any cell filled in, trimmed, each with its number."""
    reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    for cells in reader:
        trimmed = [as_typed(cell.strip()) for cell in cells]
        if any(trimmed):
            yield reader.line_num, trimmed
