"""Backups of a SQLite ledger: taken while the app writes, checked before they get their name."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, StaticPool, create_engine, inspect
from sqlalchemy.exc import DBAPIError

from orders.errors import DeskError, Rejected, SettingsError, Unavailable
from storage import failures, seals, verification
from storage.migrations import newest_revision, revision_of
from storage.seals import Seal

_DRAFT = ".evenlot-draft"
_LEFT_SECONDS = 24 * 3600  # since its last byte: no draft is worked on for as long
_ON_SNOWFLAKE = (
    "A ledger on Snowflake is not backed up by this command. Clone its schema there (CREATE SCHEMA <name> "
    "CLONE <schema>, which copies nothing until one of the two changes), keep DATA_RETENTION_TIME_IN_DAYS up for Time "
    "Travel, and take the tables out of Snowflake with `python -m storage export --to parquet`. Once you have put the "
    "tables back from either, and before you start the app, run `python -m storage restore --put-back`."
)


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of a ledger that was checked. `newest` vouches for all of it; None where it is of another revision than
    this program's, whose chains are proved once it is migrated."""

    path: Path
    size: int  # bytes
    newest: Seal | None


def back_up(engine: Engine, to: Path) -> Backup:
    """Copy a ledger as of one moment into the new file `to`, for its owner only, while others go on writing; the file
    appears once SQLite and the chains say it is whole. `SettingsError` where `to` cannot be made or the store is not
    SQLite, `Rejected` where the ledger is not sound, `Unavailable` where the store or the disk fails."""
    if engine.dialect.name != "sqlite":
        raise SettingsError(_ON_SNOWFLAKE)
    ledger = Path(engine.url.database or "")
    if to.exists():
        raise SettingsError(f"{to} is there already, and a backup overwrites nothing: name a file that is not.")
    try:
        to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with draft_beside(to) as draft:
            with closing(engine.raw_connection()) as source:
                copy_whole(source.driver_connection, draft)  # type: ignore[arg-type]
            with opened(draft) as conn:
                newest = require_sound(conn, f"The ledger {ledger}", failures.restoring(ledger))
            os.close(os.open(to, os.O_CREAT | os.O_EXCL, 0o600))  # never over a file that came in between
            draft.replace(to)
            sync(to)
            return Backup(to, to.stat().st_size, newest)
    except OSError as error:
        raise Unavailable(f"The backup {to} could not be written, so there is none: {error.strerror}.") from error
    except (sqlite3.Error, DBAPIError) as error:
        raise failed(f"The backup {to} could not be written, so there is none.", error) from error


@contextmanager
def draft_beside(path: Path) -> Iterator[Path]:
    """An empty private file beside `path`; whatever is left of it, and of SQLite's files for it, goes in the end. Those
    there of a program that was killed before its end go now: each holds a whole ledger."""
    for left in path.parent.glob(f".*{_DRAFT}*"):
        if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
            left.unlink(missing_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=_DRAFT, dir=path.parent)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(name + suffix).unlink(missing_ok=True)


def copy_whole(source: sqlite3.Connection, to: Path) -> None:
    """Copy a database in one read transaction, so that no writer can come in between, into one file without any
    beside it, and have it on the disk. Raises `sqlite3.Error`."""
    with closing(sqlite3.connect(to)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")  # the app switches to WAL when it opens a ledger
    sync(to)


@contextmanager
def opened(path: Path) -> Iterator[Connection]:
    """A connection that can only read, to a ledger nobody else works on. Raises `DBAPIError` where it is none."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    with closing(connection), over(connection) as conn:
        yield conn


@contextmanager
def over(connection: sqlite3.Connection) -> Iterator[Connection]:
    """An open SQLite connection as one of SQLAlchemy's, in which the store's queries run."""
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    with engine.connect() as conn:
        yield conn


def require_sound(conn: Connection, called: str, mend: str) -> Seal | None:
    """Check a ledger's file and prove its chains; the seal that vouches for it, or None where its revision is not this
    program's. `Rejected` with the first faults, and how to `mend` it, where it is not sound."""
    faults = failures.faults_of(conn.connection.driver_connection)  # type: ignore[arg-type]
    if faults:
        raise Rejected(f"{called} is damaged (SQLite: {'; '.join(map(str.strip, faults[:3]))}). {mend}", code="damaged")
    if not inspect(conn).has_table("audit_log"):
        raise Rejected(f"{called} has no audit log: it is not a ledger of Evenlot's. {mend}", code="not_a_ledger")
    if revision_of(conn) != newest_revision():
        return None
    broken = verification.verify(conn)
    if broken:
        more = f" There are {len(broken) - 3} more." if len(broken) > 3 else ""
        said = f"{called} is not what was written to it: {' '.join(broken[:3])}{more} {mend}"
        raise Rejected(said, code="audit_broken")
    return seals.newest(conn)


def failed(sentence: str, error: BaseException) -> DeskError:
    """The error for work that SQLite could not do."""
    original = getattr(error, "orig", None) or error
    return Unavailable(f"{sentence} {failures.meaning(original) or f'SQLite said: {original}.'}")


def sync(path: Path) -> None:
    """Have a file and its name on the disk."""
    sync_one(path)
    sync_one(path.parent)


def sync_one(place: Path) -> None:
    """Have a file's content, or a folder's names, on the disk."""
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
