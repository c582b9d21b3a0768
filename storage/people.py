"""The users of the desk as rows, and what the audit log must say of each: everything but the password's hash, of which
it has a hash."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Engine, Row, Table, func, insert, select, update

from orders.canonical import canonical, digest
from orders.errors import NotPermitted, VersionConflict
from orders.people import Entry, Role, User
from orders.ports import Clock
from storage import audit
from storage.columns import CONFIDENTIAL, count, moment, text
from storage.dialects import require_fit
from storage.migrations import newest_revision
from storage.schema import metadata, sign_in_revocations
from storage.unit import Command, Outcome, UnitOfWork, read

people = Table(
    "desk_users",
    metadata,
    text("username", primary_key=True),
    text("full_name"),
    text("password_hash", info={CONFIDENTIAL: True}),
    text("roles"),  # a canonical list, as are the groups
    text("groups_seen"),
    Column("disabled", Boolean, nullable=False),
    Column("one_time", Boolean, nullable=False),  # the password is to be replaced at the next sign-in
    count("version"),
    moment("changed_at"),
    text("changed_by"),
)


class SqlPeople:
    """The user store over a migrated ledger. Safe to share between threads and processes; every method may raise
    `Unavailable`."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._unit = UnitOfWork(engine, clock, revision=newest_revision())

    def every(self) -> dict[str, Entry]:
        """All users by username, each with the moment before which what was issued to them no longer counts."""
        revoked = (
            select(sign_in_revocations.c.username, func.max(sign_in_revocations.c.not_before).label("not_before"))
            .group_by(sign_in_revocations.c.username)
            .subquery()
        )
        query = select(people, revoked.c.not_before).select_from(
            people.outerjoin(revoked, revoked.c.username == people.c.username)
        )
        rows = read(self._engine, lambda conn: conn.execute(query.order_by(people.c.username)).all())
        return {row.username: _entry(row) for row in rows}

    def write(self, entries: Sequence[Entry], actor: str, action: str) -> None:
        """Store these users, each in the place of the one it was made from, with one audit entry. `VersionConflict`
        where somebody else changed one since, or has added it; `NotPermitted` where nobody would be left who can
        administer users, and somebody could before."""
        at = self._clock.now()
        rows = [_row(entry, actor, at) for entry in entries]
        subject = rows[0]["username"] if len(rows) == 1 else "users"
        command = Command(uuid.uuid4().hex, audit.USERS, actor, action, str(subject), content=None)
        self._unit.run(command, lambda conn, _: _write(conn, rows))


def _write(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> Outcome:
    before = _administrators(conn)
    require_fit(conn, people, list(rows))
    for row in rows:
        name, made_from = row["username"], row["version"] - 1
        if made_from:
            here = (people.c.username == name) & (people.c.version == made_from)
            if conn.execute(update(people).where(here).values(row)).rowcount != 1:
                raise VersionConflict(f"Somebody else changed {name} meanwhile. Look again, then change what is left.")
        elif conn.scalar(select(func.count()).where(people.c.username == name)):
            raise VersionConflict(f"There is a user {name} already.")
        else:
            conn.execute(insert(people).values(row))
    if before and not _administrators(conn):
        raise NotPermitted("Nobody could administer users any more: make somebody else an administrator first.")
    return Outcome(canonical(None), body={"users": [_recorded(row) for row in rows]})


def _administrators(conn: Connection) -> int:
    return sum(_entry(row).administers for row in conn.execute(select(people)))


def faults(conn: Connection, recorded: Mapping[str, object]) -> Iterator[str]:
    """A sentence for each user who is not what the audit log recorded last."""
    found: dict[str, Row[Any]] = {}
    for row in conn.execute(select(people)):
        if row.username in found:
            yield f"The user {row.username} is there more than once."
        found[row.username] = row
    for username in sorted(found.keys() | recorded.keys()):
        if username not in recorded:
            yield f"The user {username} was added past the audit log."
        elif username not in found:
            yield f"The user {username} was recorded and has been removed."
        elif json.loads(canonical(_recorded(dict(found[username]._mapping)))) != recorded[username]:
            yield f"The user {username} is not what the audit log recorded: the entry or its password was edited."


def _recorded(row: Mapping[str, Any]) -> dict[str, object]:
    """A user as the audit log has them. The password's hash has 128 random bits of salt: nobody learns or guesses it
    from a hash of it, and whoever puts another one in its place is found out."""
    kept = {name: row[name] for name in people.columns.keys() if name != "password_hash"}  # noqa: SIM118, not a dict
    return kept | {"password": digest(row["password_hash"])}


def _row(entry: Entry, actor: str, at: datetime) -> dict[str, Any]:
    return {
        "username": entry.user.username,
        "full_name": entry.user.name,
        "password_hash": entry.password_hash,
        "roles": canonical(entry.user.roles),
        "groups_seen": canonical(entry.user.groups),
        "disabled": entry.disabled,
        "one_time": entry.one_time,
        "version": entry.version + 1,
        "changed_at": at,
        "changed_by": actor,
    }


def _entry(row: Row[Any]) -> Entry:
    said = row._mapping
    user = User(
        said["username"],
        said["full_name"],
        frozenset(map(Role, json.loads(said["roles"]))),
        frozenset(json.loads(said["groups_seen"])),
    )
    return Entry(
        user,
        said["password_hash"],
        said["disabled"],
        said["one_time"],
        said["version"],
        said["changed_at"],
        said["changed_by"],
        said.get("not_before"),
    )
