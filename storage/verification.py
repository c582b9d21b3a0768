"""Recomputes the audit log from its first entry, and names each fault in a sentence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from sqlalchemy import Connection, select

from orders.canonical import digest
from orders.model import AuditEntry
from storage import limits, lists
from storage.audit import GENESIS, LIMITS, LISTS, REGISTRY, entry_of, fingerprint
from storage.schema import audit_log, stamp, statements, streams


@dataclass(slots=True)
class _Claims:
    """What whole entries say of the rest of the ledger."""

    recorded: dict[str, dict[int, str]] = field(default_factory=dict)  # by stream: number -> hash, from the registry
    statements: dict[str, str] = field(default_factory=dict)  # id -> hash, from the confirmations
    limits: dict[int, object] = field(default_factory=dict)  # version -> what was written
    lists: dict[lists.Pair, bool] = field(default_factory=dict)  # user and group -> whether it is on the list at last
    books: set[str] = field(default_factory=set)
    unreadable: list[str] = field(default_factory=list)

    def take(self, entry: AuditEntry) -> None:
        try:
            body = json.loads(entry.body)
            if entry.action == "stamp":
                self.books.add(body["content"]["book"])
            elif entry.stream == REGISTRY:
                self.recorded.setdefault(entry.subject, {})[body["seq"]] = body["sha256"]
            elif entry.stream == LIMITS:
                self.limits[body["content"]["version"]] = body["content"]
            elif entry.stream == LISTS:
                said = body["content"]
                self.lists[said["username"], said["ticker"]] = said["listed"]
            elif entry.action == "confirm":
                statement = body["content"]["statement"]
                self.statements[statement["id"]] = statement["sha256"]
        except (ValueError, KeyError, TypeError):
            self.unreadable.append(f"Entry {entry.seq} of {entry.stream} cannot be read: its body was rewritten.")


def verify(conn: Connection) -> tuple[str, ...]:
    """Every fault of the chains, of their heads, of the registry, the statements, the limits and the lists; none when
    all is whole."""
    heads = {row.stream: (row.seq, row.sha256) for row in conn.execute(select(streams))}
    claims = _Claims()
    hashes: dict[str, dict[int, str]] = {stream: {} for stream in heads}
    faults: list[str] = []
    query = select(audit_log).order_by(audit_log.c.stream, audit_log.c.seq)
    rows = conn.execute(query.execution_options(yield_per=1000))
    for stream, entries in groupby((entry_of(row) for row in rows), key=lambda entry: entry.stream):
        hashes[stream] = {}
        faults.extend(_chain_faults(entries, hashes[stream], claims))
    for stream in sorted(hashes):
        faults.extend(_head_faults(stream, heads.get(stream), hashes[stream]))
    faults.extend(claims.unreadable)
    faults.extend(_registry_faults(claims.recorded, hashes))
    faults.extend(_statement_faults(conn, claims.statements))
    faults.extend(limits.faults(conn, claims.limits))
    faults.extend(lists.faults(conn, claims.lists))
    faults.extend(_stamp_faults(conn, claims.books))
    return tuple(faults)


def _chain_faults(entries: Iterable[AuditEntry], hashes: dict[int, str], claims: _Claims) -> Iterator[str]:
    """One stream's links, first to last; fills in what was found."""
    number, previous = 0, GENESIS
    for entry in entries:
        here = f"Entry {entry.seq} of {entry.stream}"
        if entry.seq > number + 1:
            gap = f"{number + 1}" if entry.seq == number + 2 else f"{number + 1} to {entry.seq - 1}"
            yield f"{here} is preceded by a gap: {gap} removed."
        elif entry.seq <= number:
            yield f"{here} is there more than once."
        elif entry.previous != previous:
            yield f"{here} does not follow from the entry before it: one of the two was replaced."
        if fingerprint(entry) == entry.sha256:
            claims.take(entry)
        else:
            yield f"{here} was edited: its hash is not that of its content."
        number, previous = entry.seq, entry.sha256
        hashes[number] = entry.sha256


def _head_faults(stream: str, head: tuple[int, str] | None, hashes: dict[int, str]) -> Iterator[str]:
    last = max(hashes, default=0)
    if head is None:
        yield f"The head of {stream} was removed."
    elif head[0] > last:
        yield f"The tail of {stream} was cut off: it has {head[0]} entries, and the last one here is {last}."
    elif head != (last, hashes.get(last, GENESIS)):
        yield f"The head of {stream} (entry {head[0]}) is not its last entry ({last}): one of the two was rewritten."


def _registry_faults(recorded: dict[str, dict[int, str]], hashes: dict[str, dict[int, str]]) -> Iterator[str]:
    for stream in sorted(recorded.keys() | hashes.keys() - {REGISTRY}):
        there, known = hashes.get(stream, {}), recorded.get(stream, {})
        if known and not there:
            yield f"The stream {stream} has vanished: the registry knows {len(known)} of its entries, none is here."
            continue
        for number in sorted(known.keys() | there.keys()):
            if number not in there:
                yield f"Entry {number} of {stream} is in the registry and was removed."
            elif number not in known:
                yield f"Entry {number} of {stream} is not in the registry: it was added, or the registry was cut."
            elif known[number] != there[number]:
                yield f"Entry {number} of {stream} is not the one the registry recorded: it was rewritten."


def _statement_faults(conn: Connection, confirmed: dict[str, str]) -> Iterator[str]:
    found = set()
    query = select(statements.c.id, statements.c.order_id, statements.c.body, statements.c.sha256)
    for row in conn.execute(query.order_by(statements.c.id)):
        found.add(row.id)
        here = f"The statement {row.id} of order {row.order_id}"
        if digest(row.body) != row.sha256:
            yield f"{here} was edited: its hash is not that of its text."
        elif row.id not in confirmed:
            yield f"{here} has no confirmation in the audit log."
        elif confirmed[row.id] != row.sha256:
            yield f"{here} is not the one that was confirmed: it was rewritten."
    for missing in sorted(confirmed.keys() - found):
        yield f"The statement {missing} was confirmed and has been removed."


def _stamp_faults(conn: Connection, books: set[str]) -> Iterator[str]:
    stamped = set(conn.scalars(select(stamp.c.book_id)))
    if stamped != books:
        yield (
            f"The ledger is stamped with {', '.join(sorted(stamped)) or 'no book'}, and the audit log says "
            f"{', '.join(sorted(books)) or 'none'}."
        )
