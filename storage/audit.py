"""The audit log: canonical JSON, and chains of entries each of which carries the hash of the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Row, case, insert, select, update

from orders.model import AuditEntry
from storage.schema import audit_log, streams

REGISTRY = "registry"  # the chain that records every entry of the others
ACCESS = "access"  # sign-in matters
GENESIS = "0" * 64  # what the first entry of a chain follows


def group_stream(ticker: str) -> str:
    """The audit stream of a group's orders."""
    return f"group:{ticker}"


def canonical(value: object) -> str:
    """The one JSON text of a value: sorted keys, no spaces, decimals as plain strings without trailing zeros, times
    in UTC. Takes dataclasses, mappings with text keys, sequences, enums of text, numbers, dates, None. ValueError or
    TypeError for anything else, an infinite number or a time without a zone."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    match value:
        case Enum():
            return _plain(value.value)
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return _decimal(value)
        case datetime():
            return _moment(value)
        case date():
            return value.isoformat()
        case Mapping():
            if not all(isinstance(key, str) for key in value):
                raise TypeError("canonical JSON has text keys only")
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"canonical JSON has no form for {type(value).__name__}")


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"canonical JSON has no form for {value}")
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _moment(value: datetime) -> str:
    if value.utcoffset() is None:
        raise ValueError(f"the time {value} has no time zone")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def digest(text: str) -> str:
    """SHA-256 of a text in UTF-8, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


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
