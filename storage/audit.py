"""The audit log: chains of entries, each of which carries the hash of the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import Connection, Row, case, insert, select, update

from orders.canonical import canonical, digest
from orders.model import AuditEntry
from storage.schema import audit_log, streams

REGISTRY = "registry"  # the chain that records every entry of the others
ACCESS = "access"  # sign-in matters
LIMITS = "limits"  # versions of the limits table
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


def lock(conn: Connection, stream: str) -> tuple[int, str] | None:
    """Take a stream for this transaction: other writers to it wait. Returns the next entry's number and the hash it
    follows; None when the stream has no head."""
    if conn.execute(update(streams).where(streams.c.stream == stream).values(seq=streams.c.seq + 1)).rowcount != 1:
        return None
    head = conn.execute(select(streams.c.seq, streams.c.sha256).where(streams.c.stream == stream)).one()
    return head.seq, head.sha256


def append(conn: Connection, entries: Sequence[AuditEntry]) -> None:
    """Write sealed entries, one for each stream this transaction has locked, and move the heads on to them."""
    conn.execute(insert(audit_log), [_row(entry) for entry in entries])
    newest = {entry.stream: entry.sha256 for entry in entries}
    moved = case(newest, value=streams.c.stream)
    conn.execute(update(streams).where(streams.c.stream.in_(newest)).values(sha256=moved))


def register(entry: AuditEntry, number: int, previous: str) -> AuditEntry:
    """The registry's record of another stream's entry: its number and hash. The registry so holds the first and the
    newest entry of each stream, and its own newest hash vouches for all of them."""
    body = canonical({"seq": entry.seq, "sha256": entry.sha256})
    return seal(AuditEntry(REGISTRY, number, entry.at, entry.actor, "entry", entry.stream, body, previous, sha256=""))


def newest(conn: Connection, stream: str | None, limit: int) -> tuple[AuditEntry, ...]:
    """The newest entries, newest first; without a stream, of all but the registry."""
    query = select(audit_log).order_by(audit_log.c.written_at.desc(), audit_log.c.stream, audit_log.c.seq.desc())
    query = query.where(audit_log.c.stream != REGISTRY if stream is None else audit_log.c.stream == stream)
    return tuple(entry_of(row) for row in conn.execute(query.limit(limit)))


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
    return row
