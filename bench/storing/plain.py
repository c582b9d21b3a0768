"""The peer: sqlite3 with neither audit, model nor exactness, over the same rows and as many of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from bench.storing.past import LINES, block
from bench.storing.stores import Store
from bench.storing.timing import Row, timed

ROWS = 2 * LINES + 7  # a confirmation: its lines and the statement's, and seven single rows


def plain(store: Store, path: Path) -> list[Row]:
    """Two pages of the ledger at `path`, and commits of as many rows as a confirmation has to a file beside it."""
    with closing(sqlite3.connect(path)) as conn:
        return [
            Row("plain sqlite3: the group's page, by key, as tuples", timed(lambda: _page(conn), store.pages)),
            Row("plain sqlite3: its middle page, by OFFSET", timed(lambda: _offset(conn), store.pages)),
            Row(f"plain sqlite3: the confirmation's {ROWS} rows, without audit", _commits(path, store.commits)),
        ]


def _page(conn: sqlite3.Connection) -> list[object]:
    ids = conn.execute("SELECT id FROM orders WHERE group_ticker = 'G07' ORDER BY created_at DESC, id DESC LIMIT 50")
    marks = [row[0] for row in ids]
    here = ", ".join("?" * len(marks))
    orders = conn.execute(f"SELECT * FROM orders WHERE id IN ({here})", marks).fetchall()  # noqa: S608
    return orders + conn.execute(f"SELECT * FROM order_lines WHERE order_id IN ({here})", marks).fetchall()  # noqa: S608


def _offset(conn: sqlite3.Connection) -> list[object]:
    half = conn.execute("SELECT COUNT(*) / 2 FROM orders WHERE group_ticker = 'G07'").fetchone()[0]
    order = "SELECT * FROM orders WHERE group_ticker = 'G07' ORDER BY created_at DESC, id DESC LIMIT 50 OFFSET ?"
    return conn.execute(order, (half,)).fetchall()


def _commits(path: Path, times: int) -> list[float]:
    body = block(0)[0].body
    with closing(sqlite3.connect(path.with_name("plain.db"), isolation_level=None)) as conn:
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("PRAGMA synchronous = FULL")
        conn.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c INTEGER, d TEXT)")

        def commit() -> None:
            conn.execute("BEGIN IMMEDIATE")
            conn.execute("INSERT INTO row (a, b, c, d) VALUES ('statement', ?, 1, '')", (body,))
            few = [("a row", "of the order", n, "with a reason of some length") for n in range(ROWS - 1)]
            conn.executemany("INSERT INTO row (a, b, c, d) VALUES (?, ?, ?, ?)", few)
            conn.execute("COMMIT")

        return timed(commit, times)
