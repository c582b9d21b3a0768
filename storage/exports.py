"""Whole tables as files, exact: money as decimals, moments in UTC, and no text that a spreadsheet would run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, parquet
from sqlalchemy import BigInteger, Boolean, Column, Connection, Date, Engine, Float, String, Table, Text, select

from orders.errors import SettingsError, Unavailable
from storage.columns import CONFIDENTIAL
from storage.schema import metadata
from storage.types import Exact, UtcDateTime
from storage.unit import read

_DIGITS = 38  # of a decimal, as Snowflake's NUMBER and Arrow's decimal128 have
_ROWS = 20_000  # held in memory at once
_LONG_ROWS = 500  # of a table with long texts: a statement can have a megabyte
_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Format(StrEnum):
    """What an export is written as."""

    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Exported:
    """One table's file and how many rows it has."""

    path: Path
    rows: int


def export(engine: Engine, kind: Format, out: Path, tables: Sequence[Table] = ()) -> tuple[Exported, ...]:
    """Write each table (every one where none is named) into the new folder `out`, which appears when all are written.
    Rows are read in the order of their key, a part at a time, and on SQLite as of one moment.

    Parquet has decimals of 38 digits with the column's scale, and moments with their zone. CSV has every value in
    quotes, and null as nothing at all; a text that a spreadsheet would run, or that begins with an apostrophe, gets an
    apostrophe before it, so that taking off one gives the text back. Passwords' hashes stay out.
    `SettingsError` where `out` cannot be made,
    `Unavailable` where the store or the disk fails."""
    if out.exists():
        raise SettingsError(f"{out} is there already, and an export overwrites nothing: name a folder that is not.")
    chosen = tuple(tables) or tuple(metadata.tables[name] for name in sorted(metadata.tables))
    try:
        out.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))  # for its owner only
    except OSError as error:
        raise SettingsError(f"The folder {out} cannot be made: {error.strerror}. Name another.") from error
    try:
        counts = read(engine, lambda conn: [_write(conn, table, kind, draft) for table in chosen])
        draft.rename(out)
    except OSError as error:
        raise Unavailable(f"The export to {out} failed, and nothing of it was kept: {error}.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)  # it is `out` by now where all went well
    return tuple(Exported(out / _file(table, kind), count) for table, count in zip(chosen, counts, strict=True))


def _file(table: Table, kind: Format) -> str:
    return f"{table.name}.{kind.value}"


def _write(conn: Connection, table: Table, kind: Format, folder: Path) -> int:
    columns = [column for column in table.columns if not column.info.get(CONFIDENTIAL)]
    exact = pa.schema([pa.field(column.name, _arrow(column), nullable=bool(column.nullable)) for column in columns])
    schema = exact if kind is Format.PARQUET else pa.schema([(column.name, pa.string()) for column in columns])
    long = any(isinstance(column.type, Text) for column in columns)
    query = select(*columns).order_by(*table.primary_key).execution_options(yield_per=_LONG_ROWS if long else _ROWS)
    count = 0
    with (folder / _file(table, kind)).open("xb") as file, _writer(file, schema, kind) as writer:
        for rows in conn.execute(query).partitions():
            arrays = [
                _array(values, field, kind) for values, field in zip(zip(*rows, strict=True), schema, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            count += len(rows)
    return count


def _writer(file: Any, schema: pa.Schema, kind: Format) -> Any:
    if kind is Format.PARQUET:
        return parquet.ParquetWriter(file, schema, compression="zstd")
    return csv.CSVWriter(file, schema, write_options=csv.WriteOptions(quoting_style="all_valid"))


def _array(values: Sequence[object], field: pa.Field, kind: Format) -> pa.Array:
    return pa.array(values if kind is Format.PARQUET else [_cell(value) for value in values], type=field.type)


def _arrow(column: Column[Any]) -> pa.DataType:
    """The type that holds every value of the column exactly."""
    match column.type:
        case Exact(scale=scale):
            return pa.decimal128(_DIGITS, scale)
        case UtcDateTime():
            return pa.timestamp("us", tz="UTC")
        case Date():
            return pa.date32()
        case Boolean():
            return pa.bool_()
        case BigInteger():
            return pa.int64()
        case Float():
            return pa.float64()
        case String():
            return pa.string()
    raise TypeError(f"{column} has a type that exports do not know: {column.type!r}")


def _cell(value: object) -> str | None:
    """A value as CSV has it."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case date():
            return value.isoformat()
        case str():
            return f"'{value}" if value.startswith((*_RUN_BY_SPREADSHEETS, "'")) else value
    return repr(value)  # an int or a float, to the last digit
