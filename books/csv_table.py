"""Reads one CSV file into rows of its model, noting every fault with its line and column."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from books.faults import Findings, counted, quoted
from books.rows import Row

R = TypeVar("R", bound=Row)
R_co = TypeVar("R_co", bound=Row, covariant=True)
SAVE_AS_UTF8 = "text in UTF-8 (in Excel: Save As, type 'CSV UTF-8 (Comma delimited)')"


@dataclass(frozen=True, slots=True)
class Line(Generic[R_co]):
    """A line of the file: its number, its cells as text by column, and its row when no cell was at fault. A line with
    too many or too few cells has only `stray` texts, of columns nobody can tell."""

    number: int
    cells: dict[str, str]
    row: R_co | None
    stray: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table(Generic[R_co]):
    """What was read of a file. `complete` is False when it ends early or lacks the column of its ids, so that nothing
    can be said about what other files refer to."""

    file: str
    lines: tuple[Line[R_co], ...]
    complete: bool

    @property
    def rows(self) -> tuple[R_co, ...]:
        return tuple(line.row for line in self.lines if line.row is not None)

    def values(self, column: str) -> set[str]:
        """Every value of a column, and what may be one on faulty lines."""
        sure = {line.cells[column] for line in self.lines if line.cells.get(column)}
        return sure.union(*(line.stray for line in self.lines))


def read_text(path: Path, findings: Findings) -> str | None:
    """The file's text without a byte order mark; None, with a fault noted, when it has none to give."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        findings.fault(path.name, 0, "", "no such file", "a file of this name in the book's folder")
        return None
    except OSError as error:
        findings.fault(path.name, 0, "", error.strerror or str(error), "a file that can be opened")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{data[error.start]:02X}"
        findings.fault(path.name, line, "", found, SAVE_AS_UTF8)
        return None


def read_table(path: Path, model: type[R], findings: Findings) -> Table[R]:
    """Every line of `path` as `model`. Faults and warnings go to `findings`; blank lines are passed over."""
    text = read_text(path, findings)
    if text is None:
        return Table(path.name, (), complete=False)
    before = len(findings.faults)
    records = list(_records(path.name, text, findings))
    unbroken = len(findings.faults) == before
    if not records:
        if unbroken:
            columns = ",".join(model.required_columns())
            findings.fault(path.name, 0, "", "an empty file", f"a header line with the columns {columns}")
        return Table(path.name, (), complete=False)
    (at, names), body = records[0], records[1:]
    header = [name.lower() for name in names]
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        findings.fault(path.name, at, "", "another separator", "cells separated by commas (save the file as CSV anew)")
        return Table(path.name, (), complete=False)
    _header(path.name, at, header, model, findings)
    if not body and unbroken and not model.may_be_empty:
        findings.fault(path.name, 0, "", "only a header", "at least one line below the header")
    lines = tuple(_line(path.name, number, header, cells, model, findings) for number, cells in body)
    return Table(path.name, lines, complete=unbroken and bool(body) and model.columns()[0] in header)


def _records(file: str, text: str, findings: Findings) -> Iterator[tuple[int, list[str]]]:
    """Lines with any cell filled in, trimmed, each with the number of its first line in the file."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    try:
        for cells in reader:
            trimmed = [cell.strip() for cell in cells]
            if any(trimmed):
                yield start, trimmed
            start = reader.line_num + 1
    except csv.Error as error:
        findings.fault(file, start, "", str(error), "cells separated by commas, with quotes closed and doubled inside")


def _header(file: str, at: int, header: Sequence[str], model: type[Row], findings: Findings) -> None:
    """Notes each required column that is not there once, and warns of columns nobody reads."""
    unknown = [name for name in header if name and name not in model.columns()]
    for column in model.required_columns():
        if column not in header:
            close = get_close_matches(column, unknown, 1)
            found = f"none (is it {quoted(close[0])}?)" if close else "none"
            findings.fault(file, at, column, found, "a column of this name")
    for column in model.columns():
        if header.count(column) > 1:
            findings.fault(file, at, column, f"{header.count(column)} of this name", "one column of this name")
    for name in unknown:
        close = get_close_matches(name, [column for column in model.columns() if column not in header], 1)
        hint = f" (did you mean {quoted(close[0])}?)" if close else ""
        findings.warnings.append(f"{file}: column {quoted(name)} is not one this file has and was not read{hint}.")


def _line(
    file: str, number: int, header: Sequence[str], texts: Sequence[str], model: type[R], findings: Findings
) -> Line[R]:
    cells = {name: text for name, text in zip(header, texts, strict=False) if name in model.columns()}
    if len(texts) != len(header):
        expected = f"{counted(len(header), 'cell')} as in the header (quote a cell that has a comma in it)"
        findings.fault(file, number, "", counted(len(texts), "cell"), expected)
        return Line(number, {}, None, tuple(texts))
    return Line(number, cells, parsed(file, number, cells, model, findings))


def parsed(file: str, number: int, cells: dict[str, str], model: type[R], findings: Findings) -> R | None:
    """The row of these cells; None, with a fault for each bad cell, when there are any. Columns that are not there
    at all have been reported with the header."""
    try:
        return model.model_validate({column: text for column, text in cells.items() if text})
    except ValidationError as error:
        for problem in error.errors():
            column = str(problem["loc"][0])
            missing = problem["type"] == "missing"
            expected = model.missing.get(column, "a value") if missing else str(problem["ctx"]["error"])
            if column in cells:
                findings.fault(file, number, column, quoted(cells[column]), expected)
        return None
