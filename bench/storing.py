"""`python -m bench storing`: the ledger with up to a million order lines, beside plain sqlite3 in the same run. Prints
a section of Markdown; with --out writes it into that page in place of the one there."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

import structlog

from bench.past import BONDS, GROUPS, LINES, START, USERS, block, build
from orders.history import Wanted
from orders.model import Change, Order, OrderState
from storage import SqlLedger, migrate, open_engine
from storage.history import SqlHistory

HEADING = "# The ledger, measured"
SIZES = (10_000, 100_000, 1_000_000)
COMMITS, PAGES, SUMS = 200, 15, 3
BOOK = "bench"


class _Clock:
    """The wall clock in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self) -> date:
        return self.now().date()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report: what was timed, and its milliseconds."""

    what: str
    times: Sequence[float]

    @property
    def cells(self) -> tuple[str, str, str]:
        worst = quantiles(self.times, n=100)[98] if len(self.times) > 2 else max(self.times)
        return self.what, f"{median(self.times):,.2f}", f"{worst:,.2f}"


def _timed(work: Callable[[], object], repeats: int) -> list[float]:
    times = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        times.append(1e3 * (perf_counter() - start))
    return times


# -- reading -----------------------------------------------------------------------------------------------------------


def readings(path: Path, lines: int) -> list[Row]:
    """Pages and aggregates over a ledger of this size, and what plain sqlite3 takes for the first page."""
    engine = open_engine(f"sqlite:///{path}")
    history = SqlHistory(engine)
    middle = START + timedelta(minutes=15 * (lines // LINES // 2))
    deep = Wanted(until=middle)
    group, several = frozenset({"G07"}), frozenset({"G06", "G08", "G16"})
    live = frozenset({OrderState.ACTIVE, OrderState.CANCELED})
    asked = {
        "everything, newest page": Wanted(),
        "everything, from the middle": deep,
        "a group": Wanted(groups=group),
        "three groups, two states": Wanted(groups=several, states=live),
        "a state that no order is in": Wanted(states=frozenset({OrderState.REJECTED})),
        "a bond": Wanted(asset_id="B123"),
        "a bond in a group": Wanted(asset_id="B123", groups=group),
        "a user": Wanted(username="user03"),
        "an account": Wanted(account_id="A150"),
        "an account in a state, from the middle": replace(deep, account_id="A150", states=live),
    }
    rows = [
        Row(f"page of 50 orders with lines: {name}", _timed(lambda w=wanted: history.orders(w), PAGES))  # type: ignore[misc]
        for name, wanted in asked.items()
    ]
    rows.append(Row("page of 50 statements: a group", _timed(lambda: history.statements(Wanted(groups=group)), PAGES)))
    with sqlite3.connect(path) as conn:
        rows.append(Row("plain sqlite3: the group's page, by key, as tuples", _timed(lambda: _plain(conn), PAGES)))
        rows.append(Row("plain sqlite3: its middle page, by OFFSET", _timed(lambda: _plain_offset(conn), PAGES)))
    conn.close()
    rows += [
        Row("aggregate: engines", _timed(history.by_engine, SUMS)),
        Row("aggregate: improvement by month", _timed(history.improvement, SUMS)),
        Row("aggregate: participation, all accounts", _timed(history.participation, SUMS)),
        Row("aggregate: participation, a group", _timed(lambda: history.participation(Wanted(groups=group)), SUMS)),
    ]
    engine.dispose()
    return rows


def _plain(conn: sqlite3.Connection) -> list[object]:
    ids = conn.execute("SELECT id FROM orders WHERE group_ticker = 'G07' ORDER BY created_at DESC, id DESC LIMIT 50")
    marks = [row[0] for row in ids]
    here = ", ".join("?" * len(marks))
    orders = conn.execute(f"SELECT * FROM orders WHERE id IN ({here})", marks).fetchall()  # noqa: S608
    return orders + conn.execute(f"SELECT * FROM order_lines WHERE order_id IN ({here})", marks).fetchall()  # noqa: S608


def _plain_offset(conn: sqlite3.Connection) -> list[object]:
    half = conn.execute("SELECT COUNT(*) / 2 FROM orders WHERE group_ticker = 'G07'").fetchone()[0]
    order = "SELECT * FROM orders WHERE group_ticker = 'G07' ORDER BY created_at DESC, id DESC LIMIT 50 OFFSET ?"
    return conn.execute(order, (half,)).fetchall()


# -- writing -----------------------------------------------------------------------------------------------------------


def writings(path: Path) -> tuple[list[Row], list[str]]:
    """Commits on a ledger of this size, plain sqlite3 writing as many rows, eight writers at once, and verify."""
    engine = open_engine(f"sqlite:///{path}")
    ledger = SqlLedger(engine, BOOK, _Clock())
    numbers = iter(range(10_000_000))
    orders: list[Order] = []

    def confirm() -> None:
        number = next(numbers)
        orders.append(ledger.confirm(f"c{number}", *block(number)))

    def fill() -> None:
        order = orders.pop()
        booked = {line.account_id: Decimal(500_000) for line in order.lines}
        at = datetime.now(UTC)
        step = Change(order.id, 1, OrderState.ACTIVE, "active", "worker", at, filled=Decimal(30_000_000), booked=booked)
        ledger.advance(f"f{order.id}", step)

    rows = [
        Row("commit: a confirmation of 60 lines", _timed(confirm, COMMITS)),
        Row("commit: a fill of 60 lines", _timed(fill, COMMITS)),
    ]
    rows.append(Row("plain sqlite3: the confirmation's 127 rows, without audit", _plain_commits(path)))
    said = [_crowd(ledger, numbers), _verified(path.with_name("verify.db"))]
    engine.dispose()
    return rows, said


def _plain_commits(path: Path) -> list[float]:
    conn = sqlite3.connect(path.with_name("plain.db"), isolation_level=None)
    conn.execute("PRAGMA journal_mode = WAL")
    conn.execute("PRAGMA synchronous = FULL")
    conn.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c INTEGER, d TEXT)")
    body = block(0)[0].body

    def commit() -> None:
        conn.execute("BEGIN IMMEDIATE")
        conn.execute("INSERT INTO row (a, b, c, d) VALUES ('statement', ?, 1, '')", (body,))
        few = [("a row", "of the order", n, "with a reason of some length") for n in range(2 * LINES + 6)]
        conn.executemany("INSERT INTO row (a, b, c, d) VALUES (?, ?, ?, ?)", few)
        conn.execute("COMMIT")

    times = _timed(commit, COMMITS)
    conn.close()
    return times


def _crowd(ledger: SqlLedger, numbers: Iterable[int]) -> str:
    todo = [number for number, _ in zip(numbers, range(COMMITS), strict=False)]
    start = perf_counter()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: ledger.confirm(f"c{number}", *block(number)), todo))
    return f"Eight writers at once: {COMMITS / (perf_counter() - start):,.0f} confirmations of 60 lines a second."


def _verified(path: Path) -> str:
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    ledger = SqlLedger(engine, BOOK, _Clock())
    for number in range(COMMITS):
        ledger.confirm(f"c{number}", *block(number))
    start = perf_counter()
    faults = ledger.verify()
    spent = perf_counter() - start
    engine.dispose()
    if faults:
        raise RuntimeError(f"the ledger just written does not verify: {faults[0]}")
    return f"`verify` goes through {COMMITS * LINES / spent:,.0f} order lines a second, with all that belongs to them."


# -- the section -------------------------------------------------------------------------------------------------------


def section(sizes: Sequence[int], say: Callable[[str], None]) -> str:
    """The report, from its heading on."""
    from bench.report import cpu_model

    parts = [
        f"{HEADING}\n",
        f"Written by `python -m bench storing`, on {cpu_model()}; SQLite {sqlite3.sqlite_version}, WAL, synchronous "
        f"FULL.\nOrders have {LINES} lines, spread over {GROUPS} groups, {BONDS} bonds and {USERS} users. "
        "Milliseconds: median\nand 99th percentile (the most where there are few).\n",
    ]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    for size in sizes:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "ledger.db"
            engine = open_engine(f"sqlite:///{path}")
            migrate(engine)
            engine.dispose()
            start = perf_counter()
            build(path, size)
            say(f"{size:,} lines built in {perf_counter() - start:.0f} s, {path.stat().st_size / 1e6:,.0f} MB")
            rows = readings(path, size)
            written, said = writings(path)
        parts += [f"## {size:,} order lines\n", _table([*rows, *written]), "\n".join(said) + "\n"]
    return "\n".join(parts)


def _table(rows: Iterable[Row]) -> str:
    head = ["| what | median ms | p99 ms |", "|---|---:|---:|"]
    return "\n".join([*head, *("| " + " | ".join(row.cells) + " |" for row in rows)]) + "\n"
