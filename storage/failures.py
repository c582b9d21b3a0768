"""What a store's error means: try again, a refusal, or a sentence for whoever can mend it."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, IntegrityError

from orders.errors import Rejected, SettingsError, Unavailable
from storage.damage import unavailable

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


def failure(error: Contention | DBAPIError) -> Unavailable | Rejected | SettingsError:
    """The error the caller gets."""
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
