"""What a ledger has that the backup to be put in its place has not, and the refusal to lose it unasked."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, inspect, not_, or_, select
from sqlalchemy.exc import DBAPIError

from orders.errors import VersionConflict, WrongBook
from orders.lifecycle import Event
from storage import failures
from storage.audit import REGISTRY
from storage.backup import opened, over
from storage.schema import audit_log, orders, stamp

UPKEEP = "upkeep"  # the stream of what was done to the ledger as a whole
_SHOWN = 10  # of a long list


@dataclass(frozen=True, slots=True)
class Place:
    """What the ledger in the place has: its book, and how many entries and which orders the backup has not; whether
    it can be read, though its file is `damaged`."""

    book: str | None
    newer: int
    missing: tuple[str, ...]
    damaged: bool = False


def look(connection: sqlite3.Connection, backup: Path) -> Place | None:
    """What the ledger has that the backup has not; None where it is too damaged to tell."""
    with over(connection) as conn, opened(backup) as old:
        try:
            if not inspect(conn).has_table("audit_log"):
                return Place(None, 0, ())
            return Place(
                book=conn.scalar(select(stamp.c.book_id)),
                newer=len(_done(conn) - _done(old)),
                missing=tuple(sorted(_order_ids(conn) - _order_ids(old))),
                damaged=_is_damaged(conn),
            )
        except DBAPIError as error:
            if not failures.is_damage(error.orig):
                raise
            return None


def _done(conn: Connection) -> set[str]:
    """The hashes of what was done in a ledger; that it was restored is no loss, and will be noted anew."""
    marks = or_(audit_log.c.stream.in_([REGISTRY, UPKEEP]), audit_log.c.action == Event.RESTORED.value)
    return set(conn.scalars(select(audit_log.c.sha256).where(not_(marks))))


def _is_damaged(conn: Connection) -> bool:
    try:
        return bool(conn.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok")
    except DBAPIError as error:
        if not failures.is_damage(error.orig):
            raise
        return True


def _order_ids(conn: Connection) -> set[str]:
    return set(conn.scalars(select(orders.c.id)))


def refuse_loss(place: Place, backup: Path, ledger: Path, even_if_newer: bool) -> None:
    """`WrongBook`, or `VersionConflict` where entries would be lost, unless that was asked for."""
    with opened(backup) as conn:
        book = conn.scalar(select(stamp.c.book_id))
    if place.book not in (None, book):
        raise WrongBook(f"{ledger} belongs to the book {place.book}, and the backup to {book}. Name the right folder.")
    if place.newer and not even_if_newer:
        entries = "1 entry" if place.newer == 1 else f"{place.newer} entries"
        which = f" (orders {listed(place.missing)})" if place.missing else ""
        raise VersionConflict(
            f"The ledger {ledger} {'is damaged, and ' if place.damaged else ''}has {entries}{which} that the backup "
            f"{backup} has not, so nothing was restored. Restore a newer backup, or accept their loss with "
            "--even-if-newer: what is there will be kept beside it."
        )


def listed(names: Sequence[str]) -> str:
    """The first of these names, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
