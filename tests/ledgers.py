"""New ledgers at the price of a file's copy: the migrations run once in a process, and what SQLAlchemy has compiled for
one ledger serves all of them. Tests of the migrations themselves run these every time."""

from __future__ import annotations

import functools
import os
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import Dialect, Engine, make_url

from storage import migrate, open_engine

_compiled: dict[Any, Any] = {}  # statements of all ledgers


def open_ledger(place: Path | str, **options: Any) -> Engine:
    """The engine of the migrated SQLite ledger in this file, or at this URL, which is made where there is none."""
    url = str(place) if isinstance(place, str) else f"sqlite:///{place}"
    path = Path(make_url(url).database or "")
    there = path.exists()
    if not there:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(_migrated()[0])
    engine = open_engine(url, **options)
    engine.dialect = _migrated()[1]  # by which a compiled statement is found again
    if there:
        migrate(engine)
    return engine.execution_options(compiled_cache=_compiled)


@functools.cache
def _migrated() -> tuple[bytes, Dialect]:
    """The file of a ledger that is migrated and holds nothing else, and the dialect that has met it."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")) as folder:
        path = Path(folder) / "ledger.db"
        engine = open_engine(f"sqlite:///{path}")
        migrate(engine)
        engine.dispose()  # the last to leave takes what is in the log into the file
        return path.read_bytes(), engine.dialect
