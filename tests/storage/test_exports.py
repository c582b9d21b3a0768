"""Exported tables say exactly what the ledger holds."""

from __future__ import annotations

import csv
import errno
import stat
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet
from sqlalchemy import Engine, Table, insert, select

from orders.errors import SettingsError, Unavailable
from orders.model import OrderState
from storage import SqlLedger, exports
from storage.exports import Format, export
from storage.schema import audit_log, metadata, order_lines, orders, sign_in_failures
from storage.unit import read, write
from tests.storage.samples import block, change


@pytest.fixture
def filled(ledger: SqlLedger) -> SqlLedger:
    """A ledger with money that no float can hold."""
    for name in ("A", "B"):
        order = ledger.confirm(name, *block(name))
        booked = {"P1": Decimal("499999999999.123457"), "P2": Decimal("-0.000001")}
        ledger.advance(
            f"{name}:fill",
            change(order, OrderState.ACTIVE, "fill", booked=booked, average_price=Decimal("99.123456789012")),
        )
    return ledger


def _rows(engine: Engine, table: Table) -> list[dict[str, Any]]:
    query = select(table).order_by(*table.primary_key)
    return [dict(row._mapping) for row in read(engine, lambda conn: conn.execute(query).all())]


def test_parquet_gives_back_every_value_of_every_table(engine: Engine, filled: SqlLedger, tmp_path: Path) -> None:
    written = export(engine, Format.PARQUET, tmp_path / "out")
    assert {file.path.stem for file in written} == set(metadata.tables)
    for file in written:
        expected = _rows(engine, metadata.tables[file.path.stem])
        for row in expected:
            row.pop("password_hash", None)  # stays out
        assert parquet.read_table(file.path).to_pylist() == expected
        assert file.rows == len(expected)
    assert sum(file.rows for file in written) > 20


def test_csv_has_decimals_and_utc_moments_in_full(engine: Engine, filled: SqlLedger, tmp_path: Path) -> None:
    export(engine, Format.CSV, tmp_path / "out", [orders, order_lines])
    with (tmp_path / "out" / "order_lines.csv").open(newline="") as file:
        booked = [row["booked"] for row in csv.DictReader(file) if row["order_id"] == "or-A"]
    assert booked == ["499999999999.123457", "-0.000001", "0.000000"]
    with (tmp_path / "out" / "orders.csv").open(newline="") as file:
        first = next(csv.DictReader(file))
    assert first["average_price"] == "99.123456789012"
    assert first["created_at"] == "2025-09-15T12:00:00.123456Z"
    assert first["settlement"] == "2025-09-17"


def test_csv_tells_an_empty_text_from_nothing_at_all(engine: Engine, ledger: SqlLedger, tmp_path: Path) -> None:
    ledger.confirm("A", *block())
    export(engine, Format.CSV, tmp_path / "out", [orders])
    header, row = (tmp_path / "out" / "orders.csv").read_text().splitlines()
    cells = dict(zip(header.split(","), row.split(","), strict=True))
    assert (cells['"message"'], cells['"average_price"']) == ('""', "")


@given(st.text(max_size=20))
def test_a_text_in_csv_never_begins_as_a_formula_and_loses_nothing(text: str) -> None:
    cell = exports._cell(text)
    assert cell is not None
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    assert cell.removeprefix("'") == text


def test_a_formula_typed_as_a_user_name_is_defused_in_the_file(engine: Engine, tmp_path: Path) -> None:
    formula = '=HYPERLINK("https://example.com","x")'
    row = {
        "id": "1",
        "username": formula,
        "address": "'quoted\nover lines",
        "failed_at": datetime(2025, 1, 1, tzinfo=UTC),
    }
    write(engine, lambda conn: conn.execute(insert(sign_in_failures).values(row)))
    export(engine, Format.CSV, tmp_path / "out", [sign_in_failures])
    with (tmp_path / "out" / "sign_in_failures.csv").open(newline="") as file:
        (read_back,) = csv.DictReader(file)
    assert read_back["username"] == f"'{formula}"
    assert read_back["address"] == "''quoted\nover lines"


def test_a_table_larger_than_a_part_is_written_whole_and_in_order(
    engine: Engine, filled: SqlLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_LONG_ROWS", 2)
    (file,) = export(engine, Format.PARQUET, tmp_path / "out", [audit_log])
    assert parquet.ParquetFile(file.path).num_row_groups > 2
    assert parquet.read_table(file.path).to_pylist() == _rows(engine, audit_log)


def test_the_files_are_for_their_owner_only_and_nothing_is_overwritten(
    engine: Engine, ledger: SqlLedger, tmp_path: Path
) -> None:
    export(engine, Format.CSV, tmp_path / "deep" / "out")
    assert stat.S_IMODE((tmp_path / "deep" / "out").stat().st_mode) == 0o700
    with pytest.raises(SettingsError, match="out is there already"):
        export(engine, Format.CSV, tmp_path / "deep" / "out")


def test_a_disk_that_fills_up_leaves_no_half_export(
    engine: Engine, ledger: SqlLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(exports, "_array", full)
    ledger.confirm("A", *block())
    with pytest.raises(Unavailable, match=r"nothing of it was kept.*No space left"):
        export(engine, Format.CSV, tmp_path / "out" / "now")
    assert list((tmp_path / "out").iterdir()) == []
