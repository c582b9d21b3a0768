"""In every table that the audit log vouches for: an edited row, a removed one, an added one and two that swapped places
are found, whatever the column."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean, Date, String

from allocation.limits import Limit, Rule
from orders.model import Entry, OrderState, User
from storage import SqlPeople
from storage.backup import opened
from storage.schema import metadata
from storage.types import UtcDateTime
from storage.verification import verify
from tests.storage.on_disk import change_by_hand, ledger_in
from tests.storage.samples import NOON, SetClock, block, change, modification
from watch import references

# What the audit log says nothing of, and why that is so.
UNCHAINED = {
    "leases": "who works now, not what was done",
    "sign_in_failures": "counted and forgotten",
    "sign_in_revocations": "moves with each sign-out",
    "batches": "how far each is: what is made of it are its orders",
    "drafts": "relied on by nobody, and theirs who saved them to change",
    "marks": "set anew until the day's last one is known",
    "activity": "written in batches, outside every lock",
}
CHAINED = sorted(set(metadata.tables) - set(UNCHAINED))
STREAMS = ("group:CORE", "group:PLUS", "limits", "lists", "registry", "users")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with something in each table that is chained."""
    folder = tmp_path_factory.mktemp("whole")
    with ledger_in(folder) as ledger:
        for number, group in enumerate(("CORE", "PLUS")):
            references.begin()
            for name in "AB":
                order = ledger.confirm(f"{group}{name}", *block(f"{group}{name}", group=group))
                booked = {"P1": Decimal(1000 + number), "P2": Decimal(7)}
                step = change(
                    order,
                    OrderState.ACTIVE,
                    "fill",
                    booked=booked,
                    filled=sum(booked.values()),
                    average_price=Decimal("99.5"),
                    closes_intent=f"{order.id}:send" if name == "A" else None,
                )
                filled = ledger.advance(f"{group}{name}:fill", step)
                if name == "B":
                    modified, statement = modification(filled)
                    ledger.advance(f"{group}{name}:modify", modified, statement=statement)
        for version in range(2):
            rows = tuple(Limit(account, Rule.CASH_RESERVE, "", f"{version}.5%") for account in ("P1", "P2"))
            ledger.set_limits(f"limits{version}", rows, version, "connie", NOON, f"as agreed {version}")
        for ticker in ("WIDE", "NARROW"):
            ledger.add_group("pat", ticker)
        people = SqlPeople(ledger._engine, SetClock())
        people.write([Entry(User(name, name, frozenset(), frozenset()), "hash") for name in ("ada", "pat")], "o", "add")
        people.write([people.every()["pat"]], "ada", "change")
        assert ledger.verify() == ()
    return folder / "ledger.db"


@pytest.fixture
def file(whole: Path, tmp_path: Path) -> Path:
    shutil.copy(whole, tmp_path / "ledger.db")
    return tmp_path / "ledger.db"


def _faults(file: Path) -> tuple[str, ...]:
    with opened(file) as conn:
        return verify(conn)


def _rows(file: Path, table: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT rowid AS place, * FROM {table} ORDER BY rowid")]


def _other(table: str, column: str, value: object) -> str:
    """An SQL literal for another value that the column takes."""
    kind = metadata.tables[table].columns[column].type
    if isinstance(kind, UtcDateTime | Date):
        return "'2031-01-02'" if isinstance(kind, Date) else "'2031-01-02 03:04:05.678901'"
    if isinstance(kind, String):
        return f"'{value or ''}x'"
    if isinstance(kind, Boolean):
        return str(int(not value))
    return "7" if value is None else repr(value + 1000)  # type: ignore[operator]


def _unseen(file: Path, *tampered: str) -> list[str]:
    """Which of these statements, each carried out on a ledger that was whole, nobody would find out about."""
    whole, unseen = file.read_bytes(), []
    for statement in tampered:
        change_by_hand(file, statement)
        if not _faults(file):
            unseen.append(statement)
        file.write_bytes(whole)
    return unseen


def _edits(file: Path, table: str, rows: slice) -> list[str]:
    return [
        f"UPDATE {table} SET {name} = {_other(table, name, row[name])} WHERE rowid = {row['place']}"
        for row in _rows(file, table)[rows]
        for name in _vouched(table)
    ]


def _vouched(table: str) -> list[str]:
    return [column.name for column in metadata.tables[table].columns]


@pytest.mark.parametrize("table", CHAINED)
def test_an_edited_value_is_found_whatever_the_column(file: Path, table: str) -> None:
    assert _unseen(file, *_edits(file, table, slice(-1, None))) == []


@pytest.mark.soak
@pytest.mark.parametrize("table", CHAINED)
def test_an_edited_value_is_found_in_every_row(file: Path, table: str) -> None:
    assert _unseen(file, *_edits(file, table, slice(None))) == []


@pytest.mark.parametrize("table", CHAINED)
def test_a_removed_row_is_found_at_either_end(file: Path, table: str) -> None:
    removals = _removals(file, table)
    assert removals, "a table without rows proves nothing"
    assert _unseen(file, removals[0], removals[-1]) == []


@pytest.mark.soak
@pytest.mark.parametrize("table", CHAINED)
def test_a_removed_row_is_found_whichever_it_is(file: Path, table: str) -> None:
    assert _unseen(file, *_removals(file, table)) == []


def _removals(file: Path, table: str) -> list[str]:
    return [f"DELETE FROM {table} WHERE rowid = {row['place']}" for row in _rows(file, table)]


@pytest.mark.parametrize("table", CHAINED)
def test_an_added_row_is_found(file: Path, table: str) -> None:
    """A copy of a row under another key."""
    key = next(iter(metadata.tables[table].primary_key)).name
    columns = [column.name for column in metadata.tables[table].columns]
    row = _rows(file, table)[-1]
    copied = ", ".join(_other(table, name, row[name]) if name == key else name for name in columns)
    added = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {copied} FROM {table} WHERE rowid = {row['place']}"
    assert _unseen(file, added) == []


@pytest.mark.parametrize("table", sorted(set(CHAINED) - {"stamp", "added_groups"}))
def test_two_rows_that_swapped_places_are_found(file: Path, table: str) -> None:
    """Everything but the key of the first and the last row changes hands."""
    keys = {column.name for column in metadata.tables[table].primary_key}
    columns = [column.name for column in metadata.tables[table].columns if column.name not in keys]
    first, last = _rows(file, table)[0], _rows(file, table)[-1]
    assert any(first[name] != last[name] for name in columns)
    swapped = ", ".join(
        f"{name} = (SELECT other.{name} FROM {table} AS other WHERE other.rowid = "
        f"{first['place']} + {last['place']} - {table}.rowid)"
        for name in columns
    )
    both = f"UPDATE {table} SET {swapped} WHERE rowid IN ({first['place']}, {last['place']})"
    assert _unseen(file, both) == []


@pytest.mark.soak
@pytest.mark.parametrize("table", CHAINED)
def test_a_value_of_another_kind_is_a_fault_and_no_failure(file: Path, table: str) -> None:
    row = _rows(file, table)[-1]
    names = [name for name in _vouched(table) if not isinstance(metadata.tables[table].c[name].type, Boolean)]
    edits = (f"UPDATE {table} SET {name} = 'x{name}' WHERE rowid = {row['place']}" for name in names)
    assert _unseen(file, *edits) == []


@pytest.mark.parametrize("column", ["seq", "written_at", "sha256"])
def test_a_text_where_a_number_or_a_moment_was_is_a_fault_and_no_failure(file: Path, column: str) -> None:
    assert _unseen(file, f"UPDATE audit_log SET {column} = 'x' WHERE stream = 'limits' AND seq = 1") == []


@pytest.mark.parametrize("stream", STREAMS)
def test_two_entries_that_swapped_numbers_are_found(file: Path, stream: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(
            f"UPDATE audit_log SET seq = -seq WHERE stream = '{stream}' AND seq <= 2;"
            f"UPDATE audit_log SET seq = 3 + seq WHERE stream = '{stream}' AND seq < 0;"
        )
    assert any(stream in fault for fault in _faults(file))


@pytest.mark.parametrize("stream", STREAMS)
def test_a_cut_tail_is_found_though_the_head_was_moved_back(file: Path, stream: str) -> None:
    _cut_to(file, stream, 1)
    assert any(stream in fault or "registry" in fault for fault in _faults(file))


@pytest.mark.parametrize("stream", STREAMS)
def test_a_stream_that_vanished_with_its_head_is_found(file: Path, stream: str) -> None:
    change_by_hand(
        file, f"DELETE FROM audit_log WHERE stream = '{stream}'", f"DELETE FROM streams WHERE stream = '{stream}'"
    )
    assert any(stream in fault or "registry" in fault for fault in _faults(file))


def _cut_to(file: Path, stream: str, last: int) -> None:
    here = f"stream = '{stream}'"
    change_by_hand(
        file,
        f"DELETE FROM audit_log WHERE {here} AND seq > {last}",
        f"UPDATE streams SET seq = {last}, sha256 = "
        f"(SELECT sha256 FROM audit_log WHERE {here} AND seq = {last}) WHERE {here}",
    )
