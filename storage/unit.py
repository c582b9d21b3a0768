"""The unit of work: one locked, idempotent, audited transaction, tried again while others are in its way."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine, ScalarSelect, Table, column, func, insert, select, table, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    stop_all,
    wait_random_exponential,
)

from orders.canonical import canonical, digest
from orders.errors import Rejected, SettingsError, Unavailable
from orders.model import AuditEntry
from orders.ports import Clock
from storage import audit
from storage.dialects import Rows, insert_all
from storage.engine import READER, WRITES
from storage.failures import (
    Contention,
    failure,
    is_contention,
    is_lost_session,
    is_unanswered_commit,
    undecided,
)
from storage.schema import audit_log, commands, streams
from watch import counts, references

T = TypeVar("T")
_REVISION = table("alembic_version", column("version_num"))
PATIENCE = 30.0  # seconds a write is tried again for

log = structlog.get_logger(__name__)


class _AlreadyDone(Exception):
    """The command was carried out before; rolls this transaction back and carries what it returned then."""

    def __init__(self, result: str, heads: Sequence[tuple[str, int, str]]) -> None:
        super().__init__()
        self.result = result
        self.heads = heads  # stream, number and hash of its newest entry


def read(engine: Engine, query: Callable[[Connection], T]) -> T:
    """Run a query in one transaction; never waits for a writer. On Snowflake each statement of it sees what was
    committed when it began. Raises `Unavailable` when the store fails, `SettingsError` where a setting is at fault."""
    reader = engine.get_execution_options().get(READER, engine)
    retrying = Retrying(retry=retry_if_exception(is_lost_session), stop=stop_after_attempt(2), reraise=True)
    try:
        return retrying(lambda: _query(reader, query))
    except (DBAPIError, PoolTimeout) as error:
        raise failure(error) from error


def read_still(engine: Engine, query: Callable[[Connection], T], doubtful: Callable[[T], bool]) -> T:
    """Read as of one moment what several statements tell together. Where each statement sees its own moment, an answer
    that is `doubtful` and was read while entries were written is read again with the writers waiting."""
    if engine.dialect.name == "sqlite":
        return read(engine, query)
    before = read(engine, audit.heads)
    found = read(engine, query)
    if not doubtful(found) or read(engine, audit.heads) == before:
        return found

    def undisturbed(conn: Connection) -> T:
        lock_registry(conn)
        return query(conn)

    return write(engine, undisturbed)


def _query(engine: Engine, query: Callable[[Connection], T]) -> T:
    with engine.connect() as conn, conn.begin():
        return query(conn)


def write(engine: Engine, work: Callable[[Connection], T], patience: float = PATIENCE) -> T:
    """Run `work` in one write transaction, tried again for `patience` seconds, and once at least, while the store is
    locked or when its session was lost: it must do no harm when done twice. Raises `Unavailable` when that was not
    enough or the store fails, `SettingsError` where a setting is at fault, `Rejected` where a key is taken."""
    return _patiently(lambda: _transaction(engine, work), patience)


def _transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.connect() as conn:
        conn.execution_options(**{WRITES: True})
        with conn.begin():
            return work(conn)


def _patiently(attempt: Callable[[], T], patience: float) -> T:
    in_doubt = False

    def passes(error: BaseException) -> bool:
        nonlocal in_doubt
        in_doubt = in_doubt or is_unanswered_commit(error)
        return is_contention(error) or is_lost_session(error)

    retrying = Retrying(
        retry=retry_if_exception(passes),
        stop=stop_all(stop_after_delay(patience), stop_after_attempt(2)),  # one wait may take as long as the patience
        wait=wait_random_exponential(multiplier=0.02, max=1.0),
        reraise=True,
    )
    try:
        return retrying(attempt)
    except (Contention, DBAPIError, PoolTimeout) as error:
        raise (undecided(error) if in_doubt else failure(error)) from error
    except (Unavailable, SettingsError) as error:  # no new session could be had
        if in_doubt:
            raise undecided(error) from error
        raise


@dataclass(frozen=True, slots=True)
class Command:
    """One write as it was asked for. `content` is what makes it this command and no other: times and versions, which
    differ when a screen asks again, stay out of it. `asks` are questions that are answered by the statement that looks
    the command up, so that they cost no request of their own."""

    id: str
    stream: str
    actor: str
    action: str
    subject: str
    content: object  # anything `canonical` takes
    guard: Callable[[Connection], None] | None = None  # must pass even when the command was carried out before
    asks: Mapping[str, ScalarSelect[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did: the JSON a repeated command gets back, what the audit entry records, and rows that are still
    to be inserted."""

    result: str
    body: object
    rows: Sequence[tuple[Table, Rows]] = ()


Work = Callable[[Connection, Mapping[str, Any]], Outcome]  # the connection, and the answers to the command's `asks`


class UnitOfWork:
    """Carries out commands, each in one transaction with its audit entry, at most once by command id."""

    def __init__(self, engine: Engine, clock: Clock, patience: float = PATIENCE, revision: str | None = None) -> None:
        """Where `revision` is given, a store whose tables are of another refuses every command with `SettingsError`: it
        was migrated while this program had it open."""
        self._engine = engine
        self._revision = revision
        self._clock = clock
        self._patience = patience
        self._opened = {audit.REGISTRY}  # streams known to have a head

    def run(self, command: Command, work: Work) -> str:
        """Do `work` and return its result, or the result of the first time. Whatever `work` raises undoes the whole
        and is passed on. `Rejected` when the id was used for something else; `Unavailable` when the store is."""
        try:
            with counts.timed(counts.COMMIT_SECONDS):
                outcome, entries = _patiently(lambda: self._attempt(command, work), self._patience)
        except _AlreadyDone as done:  # whoever wrote it may not have come to say so
            for stream, seq, sha256 in done.heads:
                log.info("ledger.committed", stream=stream, seq=seq, sha256=sha256, command=command.id)
            return done.result
        counts.COMMITS.labels(command.action).inc()
        for entry in entries:  # kept outside the store as well: whoever can rewrite every row could rebuild a chain
            log.info("ledger.committed", stream=entry.stream, seq=entry.seq, sha256=entry.sha256, command=command.id)
        return outcome.result

    def _attempt(self, command: Command, work: Work) -> tuple[Outcome, tuple[AuditEntry, ...]]:
        names = {command.stream, audit.REGISTRY}
        if not names <= self._opened:
            if not read(self._engine, lambda conn: _have_heads(conn, names)):
                _transaction(self._engine, lambda conn: _open_stream(conn, command.stream))
            self._opened |= names
        return _transaction(self._engine, lambda conn: self._block(conn, command, work))

    def _block(self, conn: Connection, command: Command, work: Work) -> tuple[Outcome, tuple[AuditEntry, ...]]:
        if not audit.lock(conn, {command.stream, audit.REGISTRY}):
            self._opened -= {command.stream, audit.REGISTRY}  # looked for before the next try
            raise Contention
        if command.guard is not None:
            command.guard(conn)
        asked = digest(canonical([command.action, command.content]))
        heads, answers, revision = _look_up(conn, command, asked)
        if self._revision is not None and revision != self._revision:
            raise SettingsError(
                f"The ledger's tables were brought to revision {revision} while this program, which works with "
                f"{self._revision}, had it open, so nothing was written. Start the version they were migrated by."
            )
        outcome = work(conn, answers)
        at = self._clock.now()
        answered = digest(outcome.result)
        told = {"command": command.id, "asked": asked, "answered": answered, "content": outcome.body}
        if reference := references.current():
            told["reference"] = reference
        seq, previous = heads[command.stream]
        written = AuditEntry(
            command.stream, seq, at, command.actor, command.action, command.subject, canonical(told), previous, ""
        )
        entries: tuple[AuditEntry, ...] = (audit.seal(written),)
        if command.stream != audit.REGISTRY:
            entries += (audit.register(entries[0], *heads[audit.REGISTRY]),)
        done = {
            "command_id": command.id,
            "stream": command.stream,
            "written_at": at,
            "content_sha256": asked,
            "result": outcome.result,
        }
        insert_all(conn, [*outcome.rows, (commands, [done])])
        audit.append(conn, entries)
        return outcome, entries


def _look_up(conn: Connection, command: Command, asked: str) -> tuple[dict[str, tuple[int, str]], dict[str, Any], str]:
    """The heads of the locked streams by name, as (next number, hash to follow), the answers to what the command asks,
    and the revision of the tables: one statement, sent once the lock is held. Raises what `run` answers a repeated
    command with."""
    rows = conn.execute(
        select(
            streams.c.stream,
            streams.c.seq,
            streams.c.sha256.label("head"),
            commands.c.content_sha256,
            commands.c.result,
            select(_REVISION.c.version_num).scalar_subquery().label("revision"),
            *(question.label(f"ask_{name}") for name, question in command.asks.items()),
        )
        .select_from(streams.outerjoin(commands, commands.c.command_id == command.id))
        .where(streams.c.stream.in_(sorted({command.stream, audit.REGISTRY})))
    ).all()
    earlier = rows[0]
    if earlier.content_sha256 is None:
        answers = {name: earlier._mapping[f"ask_{name}"] for name in command.asks}
        return {row.stream: (row.seq, row.head) for row in rows}, answers, earlier.revision
    if earlier.content_sha256 != asked:
        raise Rejected(
            f"The command {command.id} was carried out before with another content, so this {command.action} of "
            f"{command.subject} was not written. Start it again as a new command.",
            code="command_reused",
        )
    raise _AlreadyDone(earlier.result, [(row.stream, row.seq - 1, row.head) for row in rows])  # locking counted one


def _have_heads(conn: Connection, names: Collection[str]) -> bool:
    there = set(conn.scalars(select(streams.c.stream).where(streams.c.stream.in_(sorted(names)))))
    return there == set(names)


def lock_registry(conn: Connection) -> None:
    """Make other openers of streams and new holders of leases wait for this transaction, writing nothing."""
    here = update(streams).where(streams.c.stream == audit.REGISTRY)
    if conn.execute(here.values(seq=streams.c.seq)).rowcount != 1:
        raise Rejected("The ledger's audit registry has no head: the ledger was tampered with.", code="audit_broken")


def _open_stream(conn: Connection, stream: str) -> None:
    """Give a stream its head. One that the registry knows already has lost it: never begun anew in silence."""
    lock_registry(conn)
    if _have_heads(conn, {stream}):
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
