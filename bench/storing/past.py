"""A ledger with a long past, and orders to add to it."""

from __future__ import annotations

import csv
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Engine

from allocation.model import Side
from orders.canonical import canonical, digest
from orders.model import Order, OrderLine, OrderState, Statement
from storage.schema import metadata
from storage.types import Exact

LINES = 60  # an order
GROUPS, BONDS, ACCOUNTS, USERS, ENGINES = 20, 500, 400, 12, ("min_dispersion", "pro_rata", "to_target")
STATES = ("booked", "booked", "booked", "booked", "booked", "booked", "canceled", "booked", "active", "booked")
WRITING_GROUPS = 8  # of the orders that are added
START = datetime(2021, 1, 4, 14, 30, tzinfo=UTC)


def build(path: Path, lines: int) -> None:
    """Fill a migrated ledger file with this many order lines, by plain executemany."""
    count = lines // LINES
    with sqlite3.connect(path) as conn:
        conn.execute("PRAGMA synchronous = OFF")
        for table, rows in _tables(count):
            first = next(iter(rows))
            conn.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(first))})", (first, *rows))  # noqa: S608
        conn.commit()
    conn.close()


def load(engine: Engine, lines: int) -> None:
    """Fill a migrated ledger on Snowflake with the same, as its users load it in bulk: files put on a stage and copied
    into the tables."""
    with tempfile.TemporaryDirectory() as directory, engine.connect() as conn:
        conn.exec_driver_sql("CREATE TEMPORARY STAGE past")
        for table, rows in _tables(lines // LINES):
            path, columns = Path(directory) / f"{table}.csv", metadata.tables[table].columns
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(map(_as_text, columns, row) for row in rows)
            conn.exec_driver_sql(f"PUT file://{path} @past AUTO_COMPRESS = FALSE")
            conn.exec_driver_sql(
                f"COPY INTO {table} FROM @past/{path.name} FILE_FORMAT = (TYPE = CSV"
                """ FIELD_OPTIONALLY_ENCLOSED_BY = '"' EMPTY_FIELD_AS_NULL = FALSE)"""
            )
        conn.commit()


def _tables(count: int) -> Iterator[tuple[str, Iterator[tuple[object, ...]]]]:
    yield "statements", ((f"S{i}", f"O{i}", 1, _at(i), _user(i), "{}", "0" * 64) for i in range(count))
    yield "statement_figures", (
        (f"S{i}", f"O{i}", 1, _at(i), _user(i), _group(i), _bond(i), "a bond", "BUY", ENGINES[i % 3],
         60_000_000, 60_000_000, "asd", 0.3, 0.1 + (i % 7) / 50, (0.2 - (i % 7) / 50) / 0.3, "0" * 64)
        for i in range(count)
    )  # fmt: skip
    yield "orders", (
        (f"O{i}", 3, STATES[i % 10], _group(i), _bond(i), "a bond", "USD", "BUY", 60_000_000, 60_000_000,
         "2026-11-23", "2026-11-20", None, ENGINES[i % 3], f"S{i}", "0" * 64, "", _user(i), _at(i), _at(i, 600), "1",
         "Booked", 60_000_000_000_000, 98_500_000_000_000, "", _user(i), _user(i), 1, _at(i, 5), None, "")
        for i in range(count)
    )  # fmt: skip
    yield (
        "statement_lines",
        (
            (
                f"O{i}",
                1,
                _account(i, n),
                n,
                _at(i),
                110_000_000,
                None,
                1_000_000,
                98_500_000,
                "cash",
                1_000_000,
                "capped",
            )
            for i in range(count)
            for n in range(LINES)
        ),
    )
    yield (
        "order_lines",
        (
            (f"O{i}", _account(i, n), n, 1_000_000, 1_000_000_000_000, _at(i), _at(i, 60 + n))
            for i in range(count)
            for n in range(LINES)
        ),
    )


def _as_text(column: Column[Any], value: object) -> object:
    """A value of SQLite's row as a file for Snowflake has it."""
    if value is None:
        return r"\N"
    if isinstance(column.type, Exact) and isinstance(value, int):
        return Decimal(value).scaleb(-column.type.scale)
    return value


def _at(number: int, later: float = 0) -> str:
    moment = START + timedelta(minutes=15 * number, seconds=later)
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"


def _group(number: int) -> str:
    return f"G{number % GROUPS:02}"


def _bond(number: int) -> str:
    return f"B{number * 7919 % BONDS:03}"


def _user(number: int) -> str:
    return f"user{number % USERS:02}"


def _account(number: int, place: int) -> str:
    return f"A{(number % GROUPS * 20 + place) % ACCOUNTS:03}"


def block(number: int) -> tuple[Statement, Order]:
    """A statement and its order over 60 accounts."""
    now, group = datetime.now(UTC), f"W{number % WRITING_GROUPS}"
    lines = tuple(OrderLine(f"A{n:03}", 1_000_000) for n in range(LINES))
    told = [
        {"account_id": line.account_id, "face": line.face, "wish": "1000000.25", "asked": None, "money": "985000.5",
         "cap": {"rule": "cash", "face": line.face}, "reason": "What its cash buys, in whole lots."}
        for line in lines
    ]  # fmt: skip
    effect = {"metric": "asd", "dispersion_before": 0.3, "dispersion_after": 0.12}
    terms = {
        "bond": {"asset_id": "B001"},
        "side": Side.BUY,
        "face": LINES * 1_000_000,
        "settlement": date(2026, 11, 23),
        "limit": None,
    }
    body = canonical(
        {"order": number, "block": terms, "choices": {"engine": "min_dispersion"}, "lines": told, "effect": effect}
    )
    statement = Statement(f"W{number}.1", f"W{number}", 1, now, "user01", body, digest(body))
    order = Order(
        id=statement.order_id, version=1, state=OrderState.CONFIRMED, group=group, asset_id="B001", label="a bond",
        currency="USD", side=Side.BUY, ordered=LINES * 1_000_000, face=LINES * 1_000_000, settlement=date(2026, 11, 23),
        trade_date=date(2026, 11, 20), limit=None, engine="min_dispersion", lines=lines, statement_id=statement.id,
        statement_sha256=statement.sha256, comment="", created_by="user01", created_at=now, updated_at=now,
    )  # fmt: skip
    return statement, order
