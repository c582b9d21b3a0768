"""What is wrong with a SQLite ledger's file, in the words of whoever has to mend it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from orders.errors import SettingsError, Unavailable

_RESTORE = (
    "Stop the app, leave the file as it is, and restore a backup with `python -m storage restore`, which keeps the "
    "damaged file beside it."
)
# by the beginning of SQLite's name for the error
_MEANINGS = {
    "SQLITE_FULL": "The disk that holds the ledger is full, so nothing was written. Free some space, then try again.",
    "SQLITE_READONLY": "The ledger may be read but not written to, so nothing was written. Give the user who runs the "
    "app the right to write to the ledger's file and to its directory.",
    "SQLITE_CORRUPT": f"The ledger's file is damaged. {_RESTORE}",
    "SQLITE_NOTADB": f"The ledger's file is damaged, or it never was a ledger. {_RESTORE}",
    "SQLITE_IOERR": "The ledger's disk failed while it was read or written. Check the disk and the space on it, then "
    "look whether what you did was recorded before you repeat it.",
    "SQLITE_CANTOPEN": "The ledger's file or its directory may not be opened, or has gone. Check that both are where "
    "they were and may be written to.",
    "SQLITE_BUSY": "Another program keeps the ledger locked. End it, or wait until it is done.",
}
_CERTAINLY_UNWRITTEN = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN")


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
    """Read every page of a SQLite ledger and raise `SettingsError` where its file is damaged: an app that started all
    the same would fail later, in the middle of somebody's work. Nothing is checked on another store."""
    if engine.dialect.name != "sqlite":
        return
    path = Path(engine.url.database or "")
    try:
        with engine.connect() as conn:
            faults = list(conn.exec_driver_sql("PRAGMA quick_check(3)").scalars())
    except DBAPIError as error:
        raise SettingsError(f"{path}: {meaning(error.orig) or error.orig}") from error
    if faults != ["ok"]:
        raise damaged(path, faults)


def damaged(path: Path, faults: list[str]) -> SettingsError:
    """The error for a file whose pages do not fit together, as SQLite's check found."""
    return SettingsError(f"{path}: The ledger's file is damaged ({'; '.join(map(str.strip, faults[:3]))}). {_RESTORE}")


def faults_of(connection: sqlite3.Connection) -> list[str]:
    """What SQLite's own full check finds in a file, indexes included; none when it is whole. Raises
    `sqlite3.DatabaseError` where it cannot even be read."""
    found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    return [] if found == ["ok"] else found
