"""Recomputes the audit log from its first entry, and names each fault in a sentence."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.exc import DBAPIError

from orders.canonical import canonical, digest
from orders.model import AuditEntry
from storage import limits, lists, people, replay
from storage.audit import GENESIS, LIMITS, LISTS, REGISTRY, USERS, entry_of, fingerprint
from storage.conflicts import said
from storage.replay import text_digest
from storage.schema import audit_log, commands, stamp, statements, streams
from storage.types import Unstorable

_NO_TEXT = "Could not decode to UTF-8"  # sqlite3's words for bytes in a text that are none of its own


@dataclass(slots=True)
class _Claims:
    """What whole entries say of the rest of the ledger."""

    recorded: dict[str, dict[int, str]] = field(default_factory=dict)  # by stream: number -> hash, from the registry
    commands: dict[str, str] = field(default_factory=dict)  # id -> mark
    statements: dict[str, dict[str, object]] = field(default_factory=dict)  # id -> its row, but for the text
    limits: dict[int, object] = field(default_factory=dict)  # version -> what was written
    lists: dict[lists.Pair, dict[str, Any]] = field(default_factory=dict)  # user and group -> what was done last
    people: dict[str, object] = field(default_factory=dict)  # by username: how each was written last
    books: list[tuple[str, str | None]] = field(default_factory=list)  # and when, which the first entries did not have
    faults: list[str] = field(default_factory=list)
    gaps: dict[str, list[tuple[int, int]]] = field(default_factory=dict)  # by stream: entries that were lost
    whole: bool = False  # every entry was read

    def take(self, entry: AuditEntry, reference: str | None) -> None:
        """`reference` is what the entry is found by."""
        try:
            body = json.loads(entry.body)
            self._take(entry, body)
            if body.get("reference") != reference:
                here = f"Entry {entry.seq} of {entry.stream}"
                self.faults.append(f"{here} is found under the reference {reference}, and has {body.get('reference')}.")
        except (ValueError, KeyError, TypeError):
            self.faults.append(f"Entry {entry.seq} of {entry.stream} cannot be read: its body was rewritten.")

    def _take(self, entry: AuditEntry, body: dict[str, Any]) -> None:
        if "command" in body:
            self._take_command(entry, body)
        if entry.action == "stamp":
            self.books.append((body["content"]["book"], body["content"].get("at")))
        elif entry.stream == REGISTRY:
            self.recorded.setdefault(entry.subject, {})[body["seq"]] = body["sha256"]
        elif entry.stream == LIMITS:
            self.limits[body["content"]["version"]] = body["content"]
        elif entry.stream == LISTS:
            listed = body["content"]
            self.lists[listed["username"], listed["ticker"]] = listed
        elif entry.stream == USERS:
            self.people |= {user["username"]: user for user in body["content"]["users"]}
        elif isinstance(body["content"], dict) and "statement" in body["content"]:
            self._take_statement(entry, **body["content"])

    def _take_statement(
        self, entry: AuditEntry, statement: dict[str, Any], order: dict[str, Any] | None = None, **_rest: object
    ) -> None:
        said = {"order_id": entry.subject} | statement
        if order is not None:  # made with its order, which is all that the first entries have of it
            said |= {"created_at": order["created_at"], "created_by": entry.actor}
        said.pop("engine", None)  # the order's, since its text became the order's statement
        self.statements[said.pop("id")] = said

    def _take_command(self, entry: AuditEntry, body: dict[str, Any]) -> None:
        name = body["command"]
        if name in self.commands:
            self.faults.append(
                f"The command {name} was carried out twice, at last by entry {entry.seq} of {entry.stream}."
            )
        self.commands[name] = _mark(entry.stream, entry.at, body.get("asked"), body.get("answered"))


def verify(conn: Connection) -> tuple[str, ...]:
    """Every fault of the chains, of their heads, of the registry, the commands, the statements, the limits, the lists,
    the users and every order's rows; none when all is whole. Where each query sees its own moment, what is
    written meanwhile looks like faults: read by `storage.unit.read_still`."""
    claims = _Claims()
    found = list(_guarded("the ledger", _log_faults(conn, claims)))
    if claims.whole:
        found += claims.faults
        for what, faults in _vouched_for(conn, claims).items():
            found += _guarded(f"the {what}", faults)
    return tuple(found)


def _guarded(what: str, faults: Iterator[str]) -> Iterator[str]:
    """These faults, and one more for a value that cannot be read: nobody can tell what comes behind it."""
    try:
        yield from faults
    except (Unstorable, ValueError, TypeError, AttributeError, DBAPIError) as error:
        if isinstance(error, DBAPIError) and _NO_TEXT not in str(error.orig):
            raise  # the store failed: that says nothing of the ledger
        why = error.orig if isinstance(error, DBAPIError) else error
        yield f"A value was edited into something that cannot be read, so the rest of {what} was not looked at: {why}"


def _vouched_for(conn: Connection, claims: _Claims) -> dict[str, Iterator[str]]:
    return {
        "commands": _command_faults(conn, claims.commands),
        "statements": _statement_faults(conn, claims.statements),
        "limits": limits.faults(conn, claims.limits),
        "lists": lists.faults(conn, claims.lists),
        "users": people.faults(conn, claims.people),
        "orders": replay.faults(conn, claims.gaps),
        "stamp": _stamp_faults(conn, claims.books),
    }


def _log_faults(conn: Connection, claims: _Claims) -> Iterator[str]:
    """The log's own faults; fills in what its entries say, which is `whole` once all of them were read."""
    heads: dict[str, tuple[int, str]] = {}
    for row in conn.execute(select(streams)):
        if row.stream in heads:
            yield f"The head of {row.stream} is there more than once."
        heads[row.stream] = (row.seq, row.sha256)
    hashes: dict[str, dict[int, str]] = {stream: {} for stream in heads}
    query = select(audit_log).order_by(audit_log.c.stream, audit_log.c.seq)
    rows = conn.execute(query.execution_options(yield_per=1000))
    for stream, entries in groupby(((entry_of(row), row.reference) for row in rows), key=lambda one: one[0].stream):
        hashes[stream] = {}
        yield from _chain_faults(entries, hashes[stream], claims)
    claims.whole = True
    for stream in hashes.keys() | claims.recorded.keys():
        newest = max(heads.get(stream, (0,))[0], max(claims.recorded.get(stream, ()), default=0))
        if lost := _lost(hashes.get(stream, {}), newest):
            claims.gaps[stream] = lost
    for stream in sorted(hashes):
        yield from _head_faults(stream, heads.get(stream), hashes[stream])
    yield from _registry_faults(claims.recorded, hashes)


def _lost(here: Collection[int], newest: int) -> list[tuple[int, int]]:
    """The runs of numbers up to the newest that are not here."""
    runs, number = [], 0
    for there in [*sorted(here), newest + 1]:
        if there > number + 1:
            runs.append((number + 1, there - 1))
        number = max(number, there)
    return runs


def _chain_faults(
    entries: Iterable[tuple[AuditEntry, str | None]], hashes: dict[int, str], claims: _Claims
) -> Iterator[str]:
    """One stream's links, first to last, with what each is found by; fills in what was found."""
    number, previous = 0, GENESIS
    for entry, reference in entries:
        here = f"Entry {entry.seq} of {entry.stream}"
        if entry.seq > number + 1:
            gap = f"{number + 1}" if entry.seq == number + 2 else f"{number + 1} to {entry.seq - 1}"
            yield f"{here} is preceded by a gap: {gap} removed."
        elif entry.seq <= number:
            yield f"{here} is there more than once."
        elif entry.previous != previous:
            yield f"{here} does not follow from the entry before it: one of the two was replaced."
        if _is_itself(entry):
            claims.take(entry, reference)
        else:
            yield f"{here} was edited: its hash is not that of its content."
        number, previous = entry.seq, entry.sha256
        hashes[number] = entry.sha256


def _is_itself(entry: AuditEntry) -> bool:
    try:
        return fingerprint(entry) == entry.sha256
    except (TypeError, ValueError):  # bytes where a text was, or half a character
        return False


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


def _command_faults(conn: Connection, recorded: dict[str, str]) -> Iterator[str]:
    """A command that was lost could be carried out again, and an edited one would answer something else."""
    missing = set(recorded)
    query = select(commands).order_by(commands.c.command_id).execution_options(yield_per=1000)
    for row in conn.execute(query):
        here = f"The command {row.command_id}"
        if row.command_id not in recorded:
            yield f"{here} has no entry in the audit log."
        elif row.command_id not in missing:
            yield f"{here} is there more than once."
        elif recorded[row.command_id] not in _marks(row):
            yield f"{here} is not what the audit log recorded: it was edited."
        missing.discard(row.command_id)
    for command in sorted(missing):
        yield f"The command {command} was carried out and has been removed."


def _marks(row: Row[Any]) -> tuple[str, str]:
    """What the audit log may have of a command: its first entries did not have what was asked and answered."""
    full = _mark(row.stream, row.written_at, row.content_sha256, text_digest(row.result))
    return full, _mark(row.stream, row.written_at, None, None)


def _mark(*said: object) -> str:
    """One short text for what is said of a command: every command's is in memory at once."""
    return digest(canonical(said))


def _statement_faults(conn: Connection, confirmed: dict[str, dict[str, object]]) -> Iterator[str]:
    missing = set(confirmed)
    for row in conn.execute(select(statements).order_by(statements.c.id).execution_options(yield_per=100)):
        here = f"The statement {row.id} of order {row.order_id}"
        if text_digest(row.body) != row.sha256:
            yield f"{here} was edited: its hash is not that of its text."
        if row.id not in confirmed:
            yield f"{here} has no confirmation in the audit log."
            continue
        if row.id not in missing:
            yield f"{here} is there more than once."
        missing.discard(row.id)
        for column, expected in confirmed[row.id].items():
            if json.loads(canonical(row._mapping[column])) != expected:
                there_is = said(row._mapping[column])
                yield f"{here} is not the one that was confirmed: {column} is {there_is}, and was {expected}."
    for gone in sorted(missing):
        yield f"The statement {gone} was confirmed and has been removed."


def _stamp_faults(conn: Connection, books: list[tuple[str, str | None]]) -> Iterator[str]:
    stamped = sorted((row.book_id, canonical(row.created_at)) for row in conn.execute(select(stamp)))
    names, expected = [book for book, _ in stamped], sorted(book for book, _ in books)
    if names != expected:
        yield (
            f"The ledger is stamped with {', '.join(names) or 'no book'}, and the audit log says "
            f"{', '.join(expected) or 'none'}."
        )
    elif any(at not in (None, json.loads(made)) for (_, at), (_, made) in zip(sorted(books), stamped, strict=True)):
        yield "The time of the ledger's stamp is not the one in the audit log: it was edited."
