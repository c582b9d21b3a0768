"""A batch as a file: the template, the lines somebody typed into it or into a table, and what came of each. No text
that a spreadsheet would run goes out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from numbers import Number

COLUMNS = (
    "group", "security", "side", "face", "settlement", "limit", "method", "comment", "reason", "skip", "uncounted",
)  # fmt: skip
REQUIRED = ("group", "security", "side", "face")
NAMED = "batch"  # the column with the name of the batch, the same in each line
TOLD = ("line", "outcome", "order", "what", NAMED)  # what the file with the results has before its own columns
MOST_LINES = 1_000
LARGEST = 2_000_000  # bytes
NO_TEXT = "The file is not text in UTF-8. In Excel: Save As, type CSV UTF-8."
_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_EXAMPLES = (
    ("# lines that begin with # are not read", *("",) * 10),
    ("# BIG6", "US91282CMB45", "buy", "25mm", "", "", "", "new money", "", "DOVEER; DOVETR", ""),
    ("# OPNIC", "912810FT0", "sell", "5,000,000", "2026-11-24", "98-16+", "min dispersion", "", "agreed", "", "JUBIGA"),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something to be mended before any block is made: in which line (0 is the file as a whole) and column, what is
    wrong and what to do."""

    line: int
    column: str
    sentence: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.sentence}" if self.line else self.sentence


@dataclass(frozen=True, slots=True)
class Typed:
    """One line as somebody typed it; a column that is not there is empty."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The lines of a file or a table that have anything in them, and what kept others from being read."""

    rows: tuple[Typed, ...]
    faults: tuple[Fault, ...] = ()
    name: str = ""  # of the batch, where the file carries one


def template() -> str:
    """A file to be filled in, with examples that are not read."""
    return written([COLUMNS, *_EXAMPLES])


def read_csv(data: bytes) -> Sheet:
    """The lines of a file, separated by commas, semicolons or tabs."""
    if len(data) > LARGEST:
        return _unread(f"The file has more than {LARGEST // 1_000_000} MB. Split it into several.")
    if b"\0" in data:  # a workbook or a picture under a wrong name, or UTF-16
        return _unread(NO_TEXT)
    try:
        records = list(_records(data.decode("utf-8-sig")))
    except UnicodeDecodeError:
        return _unread(NO_TEXT)
    except csv.Error as error:
        return _unread(f"The file is not comma-separated: {error}.")
    if not records:
        return _unread("The file has no header: start from the template.")
    (at, header), *lines = records
    names = [cell.lower() for cell in header]
    if faults := [Fault(at, column, told) for column, told in _header_faults(names)]:
        return Sheet((), tuple(faults))
    if len(lines) > MOST_LINES:
        return _too_many(len(lines))
    uneven = [number for number, cells in lines if len(cells) != len(names)]
    faults = [
        Fault(number, "", f"It has other than the {len(names)} cells of the header. Quote a cell that has a comma.")
        for number in uneven
    ]
    whole = [(number, dict(zip(names, cells, strict=True))) for number, cells in lines if number not in uneven]
    batches = list(dict.fromkeys(filter(None, (cells.get(NAMED, "") for _, cells in whole))))
    if len(batches) > 1:
        told = f"The lines are of several batches, {' and '.join(batches[:3])}: bring those of each by themselves."
        faults.append(Fault(0, NAMED, told))
    sheet = _sheet((Typed(number, _known(cells)) for number, cells in whole), faults)
    return replace(sheet, name=batches[0]) if len(batches) == 1 else sheet


def read_table(records: Iterable[Mapping[str, object]]) -> Sheet:
    """The rows of a table on a screen, numbered from 1."""
    rows = (
        Typed(number, {column: _cell(record.get(column)) for column in COLUMNS})
        for number, record in enumerate(records, start=1)
    )
    return _sheet((row for row in rows if any(row.cells.values())), [])


def written(rows: Iterable[Sequence[object]]) -> str:
    """These rows as a file. A text that a spreadsheet would run, or that begins with an apostrophe, gets an apostrophe
    before it, which is taken off where the file is read again. Numbers stay numbers, with every digit they have."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([_as_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def _unread(sentence: str) -> Sheet:
    return Sheet((), (Fault(0, "", sentence),))


def _too_many(blocks: int) -> Sheet:
    return _unread(f"It has {blocks:,} blocks, and {MOST_LINES:,} are the most. Split it into several.")


def _sheet(rows: Iterable[Typed], faults: list[Fault]) -> Sheet:
    read = tuple(rows)
    if not read and not faults:
        return _unread("There is no block in it: fill in a line for each.")
    if len(read) > MOST_LINES:
        return _too_many(len(read))
    return Sheet(read, tuple(faults))


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Lines with any cell filled in, trimmed, each with the number of its first; those that begin with # are not."""
    first = next((line for line in text.splitlines() if line.strip() and not line.lstrip('"').startswith("#")), "")
    separator = max((",", ";", "\t"), key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 1
    for cells in reader:
        trimmed = [as_typed(cell.strip()) for cell in cells]
        if any(trimmed) and not trimmed[0].startswith("#"):
            yield number, trimmed
        number = reader.line_num + 1


def _header_faults(names: list[str]) -> Iterator[tuple[str, str]]:
    for column in REQUIRED:
        if column not in names:
            yield column, f"The header has no column {column}. It must have {', '.join(REQUIRED)}."
    for column in dict.fromkeys(names):
        if column not in COLUMNS and column not in TOLD:
            yield column, f"The column “{column}” is not known. Take it out, or use one of {', '.join(COLUMNS)}."
        if names.count(column) > 1:
            yield column, f"The column “{column}” is there more than once."


def _known(cells: Mapping[str, str]) -> dict[str, str]:
    return {name: cell for name, cell in cells.items() if name in COLUMNS}


def _cell(value: object) -> str:
    """What a table's cell says; one that is empty may come as None, or as what is not even equal to itself."""
    if value is None or value != value:
        return ""
    return value.isoformat()[:10] if isinstance(value, date) else str(value).strip()


def _as_cell(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, Number) else harmless(str(value))  # a loss is a number, not a text


def is_run(text: str) -> bool:
    """Whether a spreadsheet would run this text, or take its first character for its own."""
    return text.startswith((*_RUN_BY_SPREADSHEETS, "'"))


def harmless(text: str) -> str:
    """The text with an apostrophe before it, where a spreadsheet would run it; `as_typed` takes that off again."""
    return f"'{text}" if is_run(text) else text


def as_typed(cell: str) -> str:
    """A cell of a file as somebody typed it, without the apostrophe of `harmless`."""
    return cell[1:] if cell.startswith("'") and is_run(cell[1:]) else cell
