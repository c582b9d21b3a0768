"""The unit of work: one locked, idempotent, audited transaction, tried again while others are in its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog
from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from orders.canonical import canonical, digest
from orders.errors import Rejected, Unavailable
from orders.model import AuditEntry
from orders.ports import Clock
from storage import audit
from storage.engine import WRITES
from storage.schema import audit_log, commands, streams

T = TypeVar("T")
PATIENCE = 30.0  # seconds a write is tried again for
_SNOWFLAKE_LOCKED = 625  # also: too many waiters for one lock

log = structlog.get_logger(__name__)


class _Contention(Exception):
    """Another writer is in the way: the whole block is tried again."""


class _AlreadyDone(Exception):
    """The command was carried out before; rolls this transaction back and carries what it returned then."""

    def __init__(self, result: str) -> None:
        super().__init__()
        self.result = result


def read(engine: Engine, query: Callable[[Connection], T]) -> T:
    """Run a query in one transaction; never waits for a writer. Raises `Unavailable` when the store fails."""
    try:
        with engine.connect() as conn, conn.begin():
            return query(conn)
    except DBAPIError as error:
        raise _failure(error) from error


def write(engine: Engine, work: Callable[[Connection], T], patience: float = PATIENCE) -> T:
    """Run `work` in one write transaction, tried again for `patience` seconds while the store is locked. Raises
    `Unavailable` when that was not enough or the store fails, `Rejected` where a key is taken."""
    return _patiently(lambda: _transaction(engine, work), patience)


def _transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.connect() as conn:
        conn.execution_options(**{WRITES: True})
        with conn.begin():
            return work(conn)


def _patiently(attempt: Callable[[], T], patience: float) -> T:
    retrying = Retrying(
        retry=retry_if_exception(_is_contention),
        stop=stop_after_delay(patience),
        wait=wait_random_exponential(multiplier=0.02, max=1.0),
        reraise=True,
    )
    try:
        return retrying(attempt)
    except (_Contention, DBAPIError) as error:
        raise _failure(error) from error


def _is_contention(error: BaseException) -> bool:
    if isinstance(error, DBAPIError):
        name = getattr(error.orig, "sqlite_errorname", "")
        locked = name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
        return locked or getattr(error.orig, "errno", None) == _SNOWFLAKE_LOCKED
    return isinstance(error, _Contention)


def _failure(error: _Contention | DBAPIError) -> Unavailable | Rejected:
    if _is_contention(error):
        return Unavailable(
            "The ledger is busy: another writer did not finish in time. Nothing was written; try again.", sent=False
        )
    reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    if isinstance(error, IntegrityError):
        return Rejected(f"The ledger refused the write, and nothing was changed: {reason}.", code="integrity")
    return Unavailable(f"The ledger failed: {reason}. Check its disk and its settings, then try again.")


@dataclass(frozen=True, slots=True)
class Command:
    """One write as it was asked for. `content` is what makes it this command and no other: times and versions, which
    differ when a screen asks again, stay out of it."""

    id: str
    stream: str
    actor: str
    action: str
    subject: str
    content: object  # anything `canonical` takes
    guard: Callable[[Connection], None] | None = None  # must pass even when the command was carried out before


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did: the JSON a repeated command gets back, and what the audit entry records."""

    result: str
    body: object


class UnitOfWork:
    """Carries out commands, each in one transaction with its audit entry, at most once by command id."""

    def __init__(self, engine: Engine, clock: Clock, patience: float = PATIENCE) -> None:
        self._engine = engine
        self._clock = clock
        self._patience = patience
        self._opened = {audit.REGISTRY}  # streams known to have a head

    def run(self, command: Command, work: Callable[[Connection], Outcome]) -> str:
        """Do `work` and return its result, or the result of the first time. Whatever `work` raises undoes the whole
        and is passed on. `Rejected` when the id was used for something else; `Unavailable` when the store is."""
        try:
            outcome, entries = _patiently(lambda: self._attempt(command, work), self._patience)
        except _AlreadyDone as done:
            return done.result
        for entry in entries:  # kept outside the store as well: whoever can rewrite every row could rebuild a chain
            log.info("ledger.committed", stream=entry.stream, seq=entry.seq, sha256=entry.sha256, command=command.id)
        return outcome.result

    def _attempt(
        self, command: Command, work: Callable[[Connection], Outcome]
    ) -> tuple[Outcome, tuple[AuditEntry, ...]]:
        if command.stream not in self._opened:
            if not read(self._engine, lambda conn: _has_head(conn, command.stream)):
                _transaction(self._engine, lambda conn: _open_stream(conn, command.stream))
            self._opened.add(command.stream)
        return _transaction(self._engine, lambda conn: self._block(conn, command, work))

    def _block(
        self, conn: Connection, command: Command, work: Callable[[Connection], Outcome]
    ) -> tuple[Outcome, tuple[AuditEntry, ...]]:
        seq, previous = self._lock(conn, command.stream)
        if command.guard is not None:
            command.guard(conn)
        asked = digest(canonical([command.action, command.content]))
        _raise_if_done(conn, command, asked)
        outcome = work(conn)
        at = self._clock.now()
        body = canonical({"command": command.id, "content": outcome.body})
        written = AuditEntry(
            command.stream, seq, at, command.actor, command.action, command.subject, body, previous, sha256=""
        )
        entries: tuple[AuditEntry, ...] = (audit.seal(written),)
        if command.stream != audit.REGISTRY:  # locked last, so that groups wait on each other as little as can be
            entries += (audit.register(entries[0], *self._lock(conn, audit.REGISTRY)),)
        conn.execute(
            insert(commands).values(
                command_id=command.id,
                stream=command.stream,
                written_at=at,
                content_sha256=asked,
                result=outcome.result,
            )
        )
        audit.append(conn, entries)
        return outcome, entries

    def _lock(self, conn: Connection, stream: str) -> tuple[int, str]:
        head = audit.lock(conn, stream)
        if head is None:
            self._opened.discard(stream)
            raise _Contention
        return head


def _raise_if_done(conn: Connection, command: Command, asked: str) -> None:
    query = select(commands.c.content_sha256, commands.c.result).where(commands.c.command_id == command.id)
    earlier = conn.execute(query).first()
    if earlier is None:
        return
    if earlier.content_sha256 != asked:
        raise Rejected(
            f"The command {command.id} was carried out before with another content, so this {command.action} of "
            f"{command.subject} was not written. Start it again as a new command.",
            code="command_reused",
        )
    raise _AlreadyDone(earlier.result)


def _has_head(conn: Connection, stream: str) -> bool:
    return conn.scalar(select(func.count()).select_from(streams).where(streams.c.stream == stream)) == 1


def lock_registry(conn: Connection) -> None:
    """Make other openers of streams and new holders of leases wait for this transaction, writing nothing."""
    here = update(streams).where(streams.c.stream == audit.REGISTRY)
    if conn.execute(here.values(seq=streams.c.seq)).rowcount != 1:
        raise Rejected("The ledger's audit registry has no head: the ledger was tampered with.", code="audit_broken")


def _open_stream(conn: Connection, stream: str) -> None:
    """Give a stream its head. One that the registry knows already has lost it: never begun anew in silence."""
    lock_registry(conn)
    if _has_head(conn, stream):
        return
    known = select(func.count()).select_from(audit_log)
    known = known.where(audit_log.c.stream == audit.REGISTRY, audit_log.c.subject == stream)
    if conn.scalar(known):
        raise Rejected(
            f"The audit stream {stream} has vanished from the ledger, so nothing can be written to it. Verify the "
            "audit log and restore the ledger from a backup.",
            code="audit_broken",
        )
    conn.execute(insert(streams).values(stream=stream, seq=0, sha256=audit.GENESIS))
