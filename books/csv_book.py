"""Reads a book from a folder of CSV files; a faulty one is refused with all of its faults at once."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from books import limits
from books.accrued import accrued_interest
from books.csv_table import Table, parsed, read_table, read_text
from books.faults import BookError, Fault, Findings, quoted
from books.model import Book, Index, Limit, Portfolio, Position, Security
from books.plausible import doubts
from books.rows import AccountRow, BenchmarkRow, GroupRow, HeadRow, LimitRow, PositionRow, Row, SecurityRow

R = TypeVar("R", bound=Row)
HEAD, ACCOUNTS, BENCHMARKS, LIMITS = "book.toml", "accounts.csv", "benchmarks.csv", "limits.csv"
MOST_HINTS = 50  # unknown references given a "did you mean"; each is compared with every name there is
GROUPS, SECURITIES, POSITIONS = "groups.csv", "securities.csv", "positions.csv"


@dataclass(frozen=True, slots=True)
class Tables:
    """The CSV files of a book, as read."""

    accounts: Table[AccountRow]
    groups: Table[GroupRow]
    securities: Table[SecurityRow]
    positions: Table[PositionRow]
    benchmarks: Table[BenchmarkRow]
    limits: Table[LimitRow] | None


def read_book(directory: Path, settlement: date | None = None) -> Book:
    """The book in a folder: book.toml, accounts.csv, groups.csv, securities.csv, positions.csv, where accounts have
    benchmarks benchmarks.csv, and where they are under limits limits.csv (`books.rows` lists the columns and units).

    Where `accrued` is blank and day count, coupon, frequency and maturity are given, it is computed to `settlement`:
    by default the next weekday after the book's date, holidays not considered. A zero coupon accrues nothing.

    Raises BookError with every fault of every file. What is odd but readable is told in the book's `warnings`.
    """
    if not directory.is_dir():
        raise BookError(str(directory), [Fault(str(directory), 0, "", "no such folder", "a folder with a book in it")])
    findings = Findings()
    head = _head(directory / HEAD, findings)
    tables = _tables(directory, findings)
    if head is None or findings.faults:
        raise BookError(str(directory), sorted(findings.faults, key=lambda fault: (fault.file, fault.line)))
    book = Book(
        id=f"csv:{head.name}:{head.as_of}",
        kind="csv",
        name=head.name,
        as_of=head.as_of,
        currency=head.currency,
        securities=_securities(tables.securities, settlement or next_weekday(head.as_of)),
        portfolios={row.account: _portfolio(row) for row in tables.accounts.rows},
        positions=tuple(Position(r.account, r.asset_id, r.face, r.market_value) for r in tables.positions.rows),
        benchmarks={row.benchmark: _index(row) for row in tables.benchmarks.rows},
        groups=_members(tables.groups),
        limits=None if tables.limits is None else tuple(_limit(row) for row in tables.limits.rows),
    )
    found = [*findings.warnings, *doubts(book, tables.securities, tables.positions)]
    if tables.limits is not None:
        found += limits.strangers(book, tables.limits)
    return replace(book, warnings=tuple(found))


def _tables(directory: Path, findings: Findings) -> Tables:
    """Every file's rows, each checked for repeated keys and for references that lead nowhere."""
    accounts = read_table(directory / ACCOUNTS, AccountRow, findings)
    groups = read_table(directory / GROUPS, GroupRow, findings)
    securities = read_table(directory / SECURITIES, SecurityRow, findings)
    positions = read_table(directory / POSITIONS, PositionRow, findings)
    benchmarks: Table[BenchmarkRow] = Table(BENCHMARKS, (), complete=True)
    if (directory / BENCHMARKS).exists():
        benchmarks = read_table(directory / BENCHMARKS, BenchmarkRow, findings)

    _unique(accounts, ("account",), findings)
    _unique(groups, ("group", "account"), findings)
    _unique(securities, ("asset_id",), findings)
    _unique(positions, ("account", "asset_id"), findings)
    _unique(benchmarks, ("benchmark",), findings)
    _refers(groups, "account", accounts, findings)
    _refers(positions, "account", accounts, findings)
    _refers(positions, "asset_id", securities, findings)
    _refers(accounts, "benchmark", benchmarks, findings)
    return Tables(accounts, groups, securities, positions, benchmarks, _limits(directory, accounts, findings))


def _limits(directory: Path, accounts: Table[AccountRow], findings: Findings) -> Table[LimitRow] | None:
    """The rows of limits.csv; None where there is no such file."""
    if not (directory / LIMITS).exists():
        return None
    table = read_table(directory / LIMITS, LimitRow, findings)
    limits.check(table, findings)
    _refers(table, "account", accounts, findings, frozenset({limits.EVERY_ACCOUNT}))
    return table


def next_weekday(day: date) -> date:
    """The first Monday to Friday after `day`."""
    return day + timedelta(days=7 - day.weekday() if day.weekday() >= 4 else 1)


def _head(path: Path, findings: Findings) -> HeadRow | None:
    """book.toml, with the line of each key found by a second look at the text, as TOML keeps none."""
    text = read_text(path, findings)
    if text is None:
        return None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        findings.fault(path.name, int(at[1]) if at else 0, "", str(error), 'TOML, as: name = "My book"')
        return None
    for key in values:
        if key not in HeadRow.columns():
            findings.warnings.append(f"{path.name}: {quoted(key)} is not a setting of a book and was not read.")
    for key in HeadRow.required_columns():
        if key not in values:
            findings.fault(path.name, 0, key, "none", "a line with this setting")
    cells = {key: str(values[key]) for key in HeadRow.columns() if key in values}
    mark = len(findings.faults)
    row = parsed(path.name, 0, cells, HeadRow, findings)
    for n, fault in enumerate(findings.faults[mark:], mark):
        before = re.split(rf"^\s*[\"']?{fault.column}\b", text, maxsplit=1, flags=re.MULTILINE)[0]
        findings.faults[n] = replace(fault, line=before.count("\n") + 1)
    return row


def _unique(table: Table[R], key: tuple[str, ...], findings: Findings) -> None:
    """Notes each line whose key another line had before."""
    first: dict[tuple[str, ...], int] = {}
    for line in table.lines:
        found = tuple(line.cells.get(column, "") for column in key)
        if not all(found):
            continue
        if found in first:
            expected = f"each {' and '.join(key)} once (line {first[found]} has it already)"
            findings.fault(table.file, line.number, key[-1], " and ".join(map(quoted, found)), expected)
        first.setdefault(found, line.number)


def _refers(
    table: Table[R], column: str, target: Table[Row], findings: Findings, also: frozenset[str] = frozenset()
) -> None:
    """Notes each line whose `column` names nothing in the first column of `target` and is not one of `also`; silent
    when that file could not be read whole, as everything would seem unknown."""
    if not target.complete:
        return
    known = target.values(column) | also
    unknown = [line for line in table.lines if line.cells.get(column) and line.cells[column] not in known]
    for line in unknown:
        found = line.cells[column]
        close = get_close_matches(found, known, 1) if len(unknown) <= MOST_HINTS else []
        hint = f" (did you mean {quoted(close[0])}?)" if close else ""
        findings.fault(table.file, line.number, column, quoted(found), f"one of {target.file}{hint}")


def _securities(table: Table[SecurityRow], settlement: date) -> dict[str, Security]:
    bonds = (Security(**row.model_dump()) for row in table.rows)
    return {bond.asset_id: replace(bond, accrued=_accrued(bond, settlement)) for bond in bonds}


def _accrued(bond: Security, settlement: date) -> Decimal | None:
    """The accrued interest the book gives, else what its terms say, else None."""
    if bond.accrued is not None or bond.coupon is None:
        return bond.accrued
    if bond.coupon == 0:
        return Decimal(0)
    if bond.coupon_frequency is None or bond.maturity is None or not bond.day_count:
        return None
    return accrued_interest(bond.coupon, bond.coupon_frequency, bond.maturity, settlement, bond.day_count)


def _portfolio(row: AccountRow) -> Portfolio:
    return Portfolio(row.account, row.name, row.currency, row.nav, row.cash, row.benchmark)


def _index(row: BenchmarkRow) -> Index:
    return Index(row.benchmark, row.name, row.spread_duration, row.duration, row.oas)


def _limit(row: LimitRow) -> Limit:
    return Limit(row.account, row.rule, row.of, row.limit)


def _members(table: Table[GroupRow]) -> dict[str, tuple[str, ...]]:
    members: dict[str, list[str]] = {}
    for row in table.rows:
        members.setdefault(row.group, []).append(row.account)
    return {group: tuple(accounts) for group, accounts in members.items()}
