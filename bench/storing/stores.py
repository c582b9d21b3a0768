"""The two stores that are measured, each with a long past: a SQLite file, and an emulated Snowflake on a loopback
port."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from bench.storing.past import build, load
from storage import migrate, open_engine
from tests.storage.emulated import EmulatedSnowflake, open_store, start_snowflake

COMMITS, EMULATED_COMMITS = 200, 24


@dataclass(frozen=True, slots=True)
class Store:
    """A ledger with a past, a migrated one that is empty, and how often each is asked for a commit, a page and a
    sum."""

    past: Engine
    empty: Engine
    commits: int
    pages: int
    sums: int


@contextmanager
def sqlite(lines: int) -> Iterator[tuple[Store, Path]]:
    """With the file of the ledger that has the past."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "ledger.db"
        past, empty = (open_engine(f"sqlite:///{where}") for where in (path, path.with_name("empty.db")))
        for engine in (past, empty):
            migrate(engine)
            engine.dispose()  # or the file would keep what is built in its log
        build(path, lines)
        try:
            yield Store(past, empty, commits=COMMITS, pages=15, sums=3), path
        finally:
            past.dispose()
            empty.dispose()


@contextmanager
def emulated(lines: int) -> Iterator[tuple[Store, EmulatedSnowflake]]:
    """With its server, which counts the requests. It is asked less often: what it takes says little, and eight writers
    must be done with a burst before one of them loses its patience."""
    server = start_snowflake()
    past, empty = (open_store(f"{server.url}#{schema}") for schema in ("LEDGER", "FRESH"))
    try:
        for engine in (past, empty):
            migrate(engine)
        load(past, lines)
        yield Store(past, empty, commits=EMULATED_COMMITS, pages=5, sums=3), server
    finally:
        past.dispose()
        empty.dispose()
        server.stop()
