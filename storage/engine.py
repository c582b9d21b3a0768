"""Opens the store. SQLite: one private file, WAL, fully synchronous, writers queue up and never block readers."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from orders.errors import SettingsError
from storage.failures import unusable
from storage.snowflake_config import SnowflakeConfig

BUSY_SECONDS = 10.0  # of `storage.unit.PATIENCE`, so that a write is tried again
LEDGER_FILE = "ledger.db"
WRITES = "evenlot_writes"  # execution option of a connection whose transactions write
READER = "evenlot_reader"  # engine option: the engine to read through, where it is another


def open_store(data: Path, snowflake: SnowflakeConfig | None = None) -> Engine:
    """The engine for the ledger in the data folder `data`, or on Snowflake where that is configured. Raises as
    `open_engine` and `storage.snowflake.open_snowflake` do."""
    if snowflake is None:
        return open_engine(url_of(data / LEDGER_FILE))
    from storage.snowflake import open_snowflake  # its driver takes a second to load, and nobody else needs it

    return open_snowflake(snowflake)


def url_of(path: Path) -> URL:
    """The URL of the SQLite file at `path`, whatever signs are in its name."""
    return URL.create("sqlite", database=str(path))


def open_engine(url: str | URL, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """The engine for a ledger `url`, as `sqlite:///data/ledger.db`. A missing file is made with mode 0600, a missing
    directory with 0700. A writer waits `busy_seconds` for another. Raises `SettingsError` where the URL cannot be used,
    `LedgerUnusable` where the place cannot."""
    parsed = _parse(url)
    path = Path(parsed.database or "")
    try:
        _make_private_file(path)
        _switch_to_wal(path, busy_seconds)
    except (OSError, sqlite3.Error) as error:
        raise unusable(path, error) from error
    engine = create_engine(
        parsed,
        connect_args={"timeout": busy_seconds},
        pool_size=8,
        max_overflow=-1,
        hide_parameters=True,  # an error's text ends in a log
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def open_to_read(path: Path) -> Engine:
    """The engine for the SQLite ledger at `path`, which is only read: it may stand where nobody may write. Raises
    `LedgerUnusable` where it cannot be read."""
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return open_engine(url_of(path))
    try:
        _reader(path).close()
    except (OSError, sqlite3.Error) as error:
        raise unusable(path, error) from error
    engine = create_engine(url_of(path), creator=lambda: _reader(path), hide_parameters=True)
    event.listen(engine, "begin", _begin)
    return engine


def is_locked(engine: Engine, patience: float) -> bool:
    """Whether somebody else's write keeps ours out for longer than `patience` seconds. On Snowflake, where nobody can
    tell without writing, no."""
    if engine.dialect.name != "sqlite" or engine.url.database is None:
        return False
    with closing(sqlite3.connect(engine.url.database, timeout=patience, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return True
    return False


def _reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. For a ledger in WAL mode SQLite needs files beside it, and may make none here:
    where no app has left its own, the file alone is the whole ledger, and nobody is writing to it."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    for options in ("", "&immutable=1"):
        connection = sqlite3.connect(address + options, uri=True, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return connection
        except sqlite3.OperationalError:
            connection.close()
            log = Path(f"{path}-wal")
            if options or (log.exists() and log.stat().st_size):
                raise
    raise AssertionError("one of the two returned or raised")


def _parse(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SettingsError(f"The ledger's address is not a database URL; write it as {_EXAMPLE}.") from error
    if parsed.get_backend_name() != "sqlite":
        raise SettingsError(f"The ledger cannot be kept in {parsed.get_backend_name()!r}; write it as {_EXAMPLE}.")
    if parsed.database in (None, "", ":memory:") or parsed.query:
        raise SettingsError(f"The ledger needs a file of its own, without options; write it as {_EXAMPLE}.")
    return parsed


_EXAMPLE = "sqlite:///data/ledger.db"


def _make_private_file(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite gives its -wal and -shm files the same mode


def _switch_to_wal(path: Path, patience: float) -> None:
    """WAL stays with the file. Switching to it does not always honour the busy timeout, hence the retries."""
    retrying = Retrying(
        retry=retry_if_exception_type(sqlite3.OperationalError),
        stop=stop_after_delay(min(patience, 5.0)),
        wait=wait_random_exponential(multiplier=0.01, max=0.5),
        reraise=True,
    )
    for attempt in retrying:
        with attempt, closing(sqlite3.connect(path, timeout=patience)) as connection:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            if mode != "wal":
                raise sqlite3.NotSupportedError(f"write-ahead logging is not possible there (journal mode {mode!r})")


def _prepare(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # sqlite3 must not begin transactions of its own: `_begin` does
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA fullfsync = ON")  # macOS alone tells a file system's word from the disk's
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(conn: Connection) -> None:
    """A writer takes its lock at once: a transaction that turned from reading to writing could not wait for one."""
    conn.exec_driver_sql("BEGIN IMMEDIATE" if conn.get_execution_options().get(WRITES) else "BEGIN")
