"""The audit log: chains of entries, each of which carries the hash of the one before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import Connection, Row, case, insert, select, update

from orders.canonical import canonical, digest
from orders.model import AuditEntry
from storage.dialects import at_most, require_fit
from storage.schema import audit_log, streams

REGISTRY = "registry"  # the chain that records every entry of the others
LIMITS = "limits"  # versions of the limits table
USERS = "users"  # who may come in, and with which rights
LISTS = "lists"  # the groups users put on their lists
GENESIS = "0" * 64  # what the first entry of a chain follows


def group_stream(ticker: str) -> str:
    """The audit stream of a group's orders."""
    return f"group:{ticker}"


def seal(entry: AuditEntry) -> AuditEntry:
    """The entry with its hash: over every other field, the previous hash included."""
    return replace(entry, sha256=fingerprint(entry))


def fingerprint(entry: AuditEntry) -> str:
    """The hash an entry must carry."""
    return digest(canonical({f.name: getattr(entry, f.name) for f in fields(entry) if f.name != "sha256"}))


def lock(conn: Connection, names: Collection[str]) -> bool:
    """Take streams for this transaction, in one statement so that nobody takes them in another order: other writers to
    them wait. Their heads then count the entry to come. False when one of them has no head."""
    here = update(streams).where(streams.c.stream.in_(sorted(names)))
    return conn.execute(here.values(seq=streams.c.seq + 1)).rowcount == len(names)


def append(conn: Connection, entries: Sequence[AuditEntry]) -> None:
    """Write sealed entries, one for each stream this transaction has locked, and move the heads on to them."""
    rows = [_row(entry) for entry in entries]
    require_fit(conn, audit_log, rows)
    conn.execute(insert(audit_log), rows)
    newest = {entry.stream: entry.sha256 for entry in entries}
    moved = case(newest, value=streams.c.stream)
    conn.execute(update(streams).where(streams.c.stream.in_(newest)).values(sha256=moved))


def register(entry: AuditEntry, number: int, previous: str) -> AuditEntry:
    """The registry's record of another stream's entry: its number and hash. The registry so holds the first and the
    newest entry of each stream, and its own newest hash vouches for all of them."""
    body = canonical({"seq": entry.seq, "sha256": entry.sha256})
    return seal(AuditEntry(REGISTRY, number, entry.at, entry.actor, "entry", entry.stream, body, previous, sha256=""))


def heads(conn: Connection) -> frozenset[tuple[str, int, str]]:
    """Every stream with the number and hash of its newest entry."""
    return frozenset(conn.execute(select(streams.c.stream, streams.c.seq, streams.c.sha256)).tuples())


def newest(conn: Connection, stream: str | None, limit: int) -> tuple[AuditEntry, ...]:
    """The newest entries, newest first; without a stream, of all but the registry."""
    query = select(audit_log)
    if stream is None:
        newest_first = (audit_log.c.written_at.desc(), audit_log.c.stream, audit_log.c.seq.desc())
        query = query.where(audit_log.c.stream != REGISTRY).order_by(*newest_first)
    else:  # in the order of its key: nothing is sorted, however long the stream is
        query = query.where(audit_log.c.stream == stream).order_by(audit_log.c.seq.desc())
    return tuple(entry_of(row) for row in conn.execute(query.limit(at_most(limit))))


def entry_of(row: Row[Any]) -> AuditEntry:
    """An audit_log row as an entry."""
    return AuditEntry(
        stream=row.stream,
        seq=row.seq,
        at=row.written_at,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        body=row.body,
        previous=row.previous,
        sha256=row.sha256,
    )


def _row(entry: AuditEntry) -> dict[str, object]:
    row = {field.name: getattr(entry, field.name) for field in fields(entry)}
    row["written_at"] = row.pop("at")
    row["reference"] = entry.reference or None
    return row
