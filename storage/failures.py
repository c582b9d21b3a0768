"""What a store's error means: try again, a refusal, or a sentence for whoever can mend it; and whether a SQLite
ledger's file is damaged."""

from __future__ import annotations

import shlex
import sqlite3
from pathlib import Path

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from orders.errors import LedgerUnusable, Rejected, SettingsError, Unavailable

log = structlog.get_logger(__name__)

_LOCKED = 625  # Snowflake: another transaction holds the lock, or too many wait for it
_CANCELED = "57014"  # Snowflake's state of a statement that was ended, for one by its lock timeout
_MENDED_BY_SETTINGS = {
    606: "No warehouse is in use: correct SNOWFLAKE_WAREHOUSE, or have its use granted to the role.",
    90105: "There is no such database: correct SNOWFLAKE_DATABASE, or have its use granted to the role.",
    90106: "There is no such schema: correct SNOWFLAKE_SCHEMA, or have `python -m storage migrate` make it.",
    2003: "A table of the ledger is missing, or the role may not use it: check SNOWFLAKE_DATABASE, SNOWFLAKE_SCHEMA "
    "and SNOWFLAKE_ROLE, and have `python -m storage migrate` run.",
    2043: "A part of the ledger is missing, or the role may not use it: check SNOWFLAKE_DATABASE, SNOWFLAKE_SCHEMA "
    "and SNOWFLAKE_ROLE, and have `python -m storage migrate` run.",
    3001: "The role may not do this: have the grants of `python -m storage migrate --sql` carried out, or correct "
    "SNOWFLAKE_ROLE.",
}
_RESTORE = (
    "Stop the app, leave the file as it is, and restore a backup with `python -m storage restore FILE{where}`, which "
    "keeps the damaged file beside it."
)
# by the beginning of SQLite's name for the error
_MEANINGS = {
    "SQLITE_FULL": "The disk that holds the ledger is full, so nothing was written. Free some space, then try again.",
    "SQLITE_READONLY": "The ledger may be read but not written to, so nothing was written. Give the user who runs the "
    "app the right to write to the ledger's file and to its directory.",
    "SQLITE_CORRUPT": f"The ledger's file is damaged. {_RESTORE.format(where='')}",
    "SQLITE_NOTADB": f"The ledger's file is damaged, or it never was a ledger. {_RESTORE.format(where='')}",
    "SQLITE_IOERR": "The ledger's disk failed while it was read or written. Check the disk and the space on it, then "
    "look whether what you did was recorded before you repeat it.",
    "SQLITE_CANTOPEN": "The ledger's file or its directory may not be opened, or has gone. Check that both are where "
    "they were and may be written to.",
    "SQLITE_BUSY": "Another program keeps the ledger locked. End it, or wait until it is done.",
}
_CERTAINLY_UNWRITTEN = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN")


class Contention(Exception):
    """Another writer is in the way: the whole block is tried again."""


def is_contention(error: BaseException) -> bool:
    """Whether the same block may succeed when it is tried again."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, Contention)
    name = getattr(error.orig, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return True
    waited = getattr(error.orig, "sqlstate", None) == _CANCELED and "lock" in str(error.orig).lower()
    return waited or getattr(error.orig, "errno", None) == _LOCKED


def is_lost_session(error: BaseException) -> bool:
    """Whether the session is gone, and a new one may well do."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def is_unanswered_commit(error: BaseException) -> bool:
    """Whether the session was lost while a transaction was ended, which may so be written or not."""
    return isinstance(error, DBAPIError) and error.connection_invalidated and error.statement is None


def undecided(error: BaseException) -> Unavailable:
    """The error for a write whose COMMIT had no answer, where no try after it, the last one of which failed with
    `error`, could find out."""
    said = " ".join(str(getattr(error, "orig", error)).split())
    return Unavailable(
        "The ledger did not answer, so it is not known whether this was written: look before you repeat it."
        + (f" It said: {said}" if said else "")
    )


def failure(error: Contention | DBAPIError | PoolTimeout) -> Unavailable | Rejected | SettingsError:
    """The error the caller gets."""
    if isinstance(error, PoolTimeout):
        return Unavailable(
            "Too many are using the ledger at once, so nothing was read or written; try again in a moment.", sent=False
        )
    if is_contention(error):
        return Unavailable(
            "The ledger is busy: another writer did not finish in time. Nothing was written; try again.", sent=False
        )
    said = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    if isinstance(error, IntegrityError):
        return Rejected(f"The ledger refused the write, and nothing was changed: {said}.", code="integrity")
    if mend := _MENDED_BY_SETTINGS.get(getattr(getattr(error, "orig", None), "errno", None) or 0):
        return SettingsError(f"{mend} Snowflake said: {' '.join(said.split())}")
    if told := unavailable(getattr(error, "orig", None)):
        return told
    return Unavailable(f"The ledger failed: {said}. Check its disk or network and its settings, then try again.")


def meaning(error: BaseException | None) -> str:
    """What an error of SQLite's means and what to do about it; empty where there is nothing better than its own
    words."""
    name = getattr(error, "sqlite_errorname", "")
    sentence = next((said for known, said in _MEANINGS.items() if name.startswith(known)), "")
    return f"{sentence} SQLite said: {error}." if sentence else ""


def is_damage(error: BaseException | None) -> bool:
    """Whether the file itself is at fault, or no ledger's: not the disk, nor another program."""
    name = getattr(error, "sqlite_errorname", "")
    return name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or name == "SQLITE_ERROR"


def unavailable(error: BaseException | None) -> Unavailable | None:
    """The error a reader or writer gets for an error of SQLite's; None where there is nothing better to say."""
    said = meaning(error)
    name = getattr(error, "sqlite_errorname", "")
    return Unavailable(said, sent=not name.startswith(_CERTAINLY_UNWRITTEN)) if said else None


def require_whole(engine: Engine) -> None:
    """Read every page of a SQLite ledger and raise `LedgerUnusable` where its file is damaged: an app that started all
    the same would fail later, in the middle of somebody's work. Nothing is checked on another store."""
    if engine.dialect.name != "sqlite":
        return
    path = Path(engine.url.database or "")
    try:
        with engine.connect() as conn:
            faults = list(conn.exec_driver_sql("PRAGMA quick_check(3)").scalars())
    except DBAPIError as error:
        raise unusable(path, error.orig) from error
    if faults != ["ok"]:
        raise damaged(path, faults)


def unusable(path: Path, error: BaseException | None) -> LedgerUnusable:
    """The error for a ledger file that SQLite cannot open or read."""
    if is_damage(error):
        another_kind = getattr(error, "sqlite_errorname", "").startswith("SQLITE_NOTADB")
        return damaged(path, [str(error)], "is damaged, or never was a ledger" if another_kind else "is damaged")
    return LedgerUnusable(f"The ledger file {path} cannot be opened: {meaning(error) or _why_not(error)}")


def damaged(path: Path, faults: list[str], so: str = "is damaged") -> LedgerUnusable:
    """The error for a file whose pages do not fit together. What SQLite's check found goes to the log: nobody mends a
    file by it."""
    log.error("ledger.damaged", path=str(path), sqlite=[" ".join(fault.split()) for fault in faults[:3]])
    return LedgerUnusable(f"The ledger file {path} {so}. {restoring(path)}")


def restoring(path: Path) -> str:
    """What to do about a damaged ledger file."""
    return _RESTORE.format(where=f" --data {shlex.quote(str(path.parent))}")


def _why_not(error: BaseException | None) -> str:
    said = error.strerror if isinstance(error, OSError) else error
    return f"{said}. Check that the file and its folder are on a local disk and may be written to."


def faults_of(connection: sqlite3.Connection) -> list[str]:
    """What SQLite's own full check finds in a file, indexes included; none when it is whole. Raises
    `sqlite3.DatabaseError` where it cannot even be read."""
    found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    return [] if found == ["ok"] else found
