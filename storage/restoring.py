"""Puts a backup in the place of a SQLite ledger: only a sound one, never over a ledger in use, nothing thrown away."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from errno import EACCES, EPERM, EROFS
from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError

from orders.canonical import canonical
from orders.errors import Rejected, Unavailable
from orders.lifecycle import OURS, Event, step
from orders.model import Change, Kind, Order
from orders.ports import Clock
from storage import failures, seals
from storage.backup import copy_whole, draft_beside, failed, opened, require_sound, sync, sync_one
from storage.engine import open_engine, url_of
from storage.ledger import SqlLedger
from storage.losses import UPKEEP, listed, look, refuse_loss
from storage.migrations import migrate
from storage.schema import leases, stamp
from storage.seals import Seal
from storage.unit import Command, Outcome, UnitOfWork, read

_ANOTHER = "Nothing was changed: restore another backup."
_LOCK_BYTES = (0x40000000, 512)  # where SQLite locks a file, and how many bytes: part of its file format


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of a restore. `kept` is the ledger that was there, `looked_up` the orders whose sending the backup had
    not seen the end of, `missing` those that only the ledger that was there has; None where it cannot be read."""

    newest: Seal | None
    kept: Path | None
    looked_up: tuple[str, ...]
    missing: tuple[str, ...] | None

    def remarks(self) -> Iterator[str]:
        """What whoever restored it has to know, a sentence each."""
        if self.kept is not None:
            yield f"What was there is kept as {self.kept}."
        if self.looked_up:
            yield to_be_looked_up(self.looked_up)
        if self.missing:
            yield (
                f"Only in the ledger that was there: {listed(self.missing)}. Aladdin may have them: look each one up "
                "there by this reference."
            )
        elif self.kept is not None and self.missing is None:
            yield (
                "The ledger that was there could not be read. Orders confirmed since the backup are not in this one, "
                "and Aladdin may have them."
            )


def to_be_looked_up(order_ids: Sequence[str]) -> str:
    """What becomes of the orders `mark_restored` returned."""
    return f"To be looked up at Aladdin before any of them is posted, which the worker does: {listed(order_ids)}."


def restore(backup: Path, ledger: Path, clock: Clock, actor: str, *, even_if_newer: bool = False) -> Restored:
    """Put a copy of `backup` in the place of `ledger`, brought to this program's tables and with an audit entry that
    says so; the ledger that was there, damaged or not, is kept beside it under another name.

    An order that the backup does not know to be at Aladdin may have been posted since: see `mark_restored`. Raises
    `Rejected` where the backup is not sound or the ledger is in use, `WrongBook` where they belong to different books,
    `VersionConflict` where the ledger has entries that the backup has not (unless `even_if_newer`), `Unavailable`
    where the disk fails."""
    if not backup.is_file():
        raise Rejected(f"There is no backup {backup}.", code="no_backup")
    if ledger.exists() and backup.samefile(ledger):
        raise Rejected(f"{backup} is the ledger itself: name a backup of it.", code="no_backup")
    try:
        _require_backup(backup)
        ledger.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with draft_beside(ledger) as draft:
            looked_up = _prepare(backup, draft, clock, actor)
            with opened(draft) as conn:
                newest = require_sound(conn, f"The restored copy of {backup}", _ANOTHER)
            with _held(ledger) as there:
                place = look(there, backup) if there is not None else None
                if place is not None:
                    refuse_loss(place, backup, ledger, even_if_newer)
                kept = _keep_aside(ledger, clock)
                draft.replace(ledger)
                sync(ledger)
    except OSError as error:
        why = f"{error.strerror} ({error.filename})"
        if error.errno in (EACCES, EPERM, EROFS) and Path(error.filename or "").parent == ledger.parent:
            why = f"the folder {ledger.parent} may not be written to"
        raise Unavailable(f"The backup {backup} was not restored: {why}.") from error
    except (sqlite3.Error, DBAPIError) as error:
        raise failed(f"The backup {backup} was not restored.", error) from error
    return Restored(newest, kept, looked_up, place.missing if place is not None else None)


def _require_backup(backup: Path) -> None:
    try:
        with opened(backup) as conn:
            require_sound(conn, f"The backup {backup}", _ANOTHER)
    except (sqlite3.Error, DBAPIError) as error:
        said = getattr(error, "orig", error)
        if not failures.is_damage(said):
            raise
        raise Rejected(
            f"{backup} is no backup of a ledger, or is damaged (SQLite: {said}). {_ANOTHER}", code="damaged"
        ) from error


def _prepare(backup: Path, draft: Path, clock: Clock, actor: str) -> tuple[str, ...]:
    """The copy that will be the ledger, in a file of its own until it is ready; the orders it must look up."""
    with opened(backup) as conn:
        copy_whole(conn.connection.driver_connection, draft)  # type: ignore[arg-type]
    engine = open_engine(url_of(draft))
    try:
        migrate(engine)
        return mark_restored(engine, clock, actor, backup.name)
    finally:
        engine.dispose()
        with closing(sqlite3.connect(draft)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")  # nothing of it may be in another file when it moves


def mark_restored(engine: Engine, clock: Clock, actor: str, source: str) -> tuple[str, ...]:
    """Write into a ledger that was put back to an earlier state, on either store, that it was, and from what. The
    orders whose sending it has not seen the end of, which are returned, may have been posted since, or posted again:
    the worker looks each one up at Aladdin, and the wait before it posts one begins anew. `Rejected` for a ledger
    nothing was ever written to."""
    book, newest = read(engine, lambda conn: (conn.scalar(select(stamp.c.book_id)), seals.newest(conn)))
    if book is None or newest is None:
        raise Rejected(f"The ledger from {source} belongs to no book: nothing was ever written to it.", code="empty")
    ledger = SqlLedger(engine, book, clock)
    asked = f"restore:{newest.sha256[:16]}:{clock.now():%Y%m%dT%H%M%S.%f}"
    content = {"backup": source, "newest": newest}
    command = Command(asked, UPKEEP, actor, "restore", "ledger", content)
    UnitOfWork(engine, clock).run(command, lambda *_: Outcome(canonical(content), body=content))
    ours = sorted(ledger.orders(states=OURS), key=lambda order: order.id)
    in_outbox = {intent.order_id for intent in ledger.intents() if intent.kind is Kind.SEND}
    for order in ours:
        look_up = _look_up_first(order, clock, actor, opens=None if order.id in in_outbox else Kind.SEND)
        ledger.advance(f"{asked}:{order.id}", look_up)
    return tuple(order.id for order in ours)


def mark_put_back(engine: Engine, clock: Clock, actor: str) -> tuple[str, ...]:
    """`mark_restored` for a ledger that was put back by other means than `restore`. `Rejected` while a worker is at
    work on it, which may have posted orders again already."""
    until = read(engine, lambda conn: conn.scalar(select(func.max(leases.c.held_until)).where(leases.c.holder != "")))
    if until is not None and until > clock.now():
        raise Rejected(
            f"A worker holds the ledger's lease until {until:%H:%M:%S} UTC, so nothing was noted. Stop the app and "
            "every worker, and try again after that.",
            code="in_use",
        )
    return mark_restored(engine, clock, actor, "elsewhere")


def _look_up_first(order: Order, clock: Clock, actor: str, opens: Kind | None) -> Change:
    """The step to a look-up, which is the worker's to do: one that awaits approval, or that was given up, is in no
    outbox yet."""
    return Change(
        order_id=order.id,
        version=order.version,
        state=step(order.state, Event.RESTORED),
        event=Event.RESTORED.value,
        actor=actor,
        at=clock.now(),
        detail="the ledger was restored: it may have been posted since, so it is looked up first",
        opens_intent=opens,
    )


@contextmanager
def _held(ledger: Path) -> Iterator[sqlite3.Connection | None]:
    """Keep every other process out of the ledger. Gives the connection that does; None where there is no
    ledger, or one that SQLite cannot read. `Rejected` where it is in use."""
    if not ledger.exists():
        yield None
        return
    connection = sqlite3.connect(ledger, timeout=1)
    with closing(connection):
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # the lock outlives the transaction
            connection.execute("PRAGMA synchronous = FULL")
            # refused while anybody else has the ledger open. What a killed app left in the log goes into the file, or
            # a restore that is cut short would leave the file without its log: acknowledged orders would be lost.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("BEGIN EXCLUSIVE")
            _require_no_log(ledger)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                raise _in_use(ledger) from error
            if not failures.is_damage(error):
                raise  # a disk that fails now says nothing of what the ledger has
        else:
            yield connection
            return
    import fcntl  # not there on Windows, which the rest of this works on

    with ledger.open("r+b") as file:  # damaged: SQLite's own lock, taken without SQLite
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCK_BYTES[1], _LOCK_BYTES[0])
        except OSError as error:
            raise _in_use(ledger) from error
        yield None


def _require_no_log(ledger: Path) -> None:
    log = Path(f"{ledger}-wal")
    if log.exists() and log.stat().st_size:
        raise Unavailable(f"The ledger {ledger} has writes in {log.name} that could not be brought into the file.")


def _in_use(ledger: Path) -> Rejected:
    return Rejected(
        f"The ledger {ledger} is in use, so nothing was restored. Stop the app and every worker on it first.",
        code="in_use",
    )


def _keep_aside(ledger: Path, clock: Clock) -> Path | None:
    """Give the ledger that is there, and SQLite's files for it, a second name that says when."""
    if not ledger.exists():
        return None
    kept = ledger.with_name(f"{ledger.name}.replaced-{clock.now():%Y%m%dT%H%M%S.%fZ}")
    for suffix in ("", "-wal", "-shm", "-journal"):
        file = Path(f"{ledger}{suffix}")
        if file.exists() and (not suffix or file.stat().st_size):
            _link(file, Path(f"{kept}{suffix}"))
    sync_one(kept.parent)  # opening the file itself here, and closing it, would give up SQLite's lock on it
    for suffix in ("-wal", "-shm", "-journal"):  # SQLite would take them for the new file's
        Path(f"{ledger}{suffix}").unlink(missing_ok=True)
    return kept


def _link(file: Path, name: Path) -> None:
    try:
        os.link(file, name)
    except OSError as error:
        raise Unavailable(
            f"{file} cannot be kept beside the restored one, so nothing was restored: the disk did not give it a "
            f"second name ({error.strerror}). Restore into a folder on a disk with hard links."
        ) from error
