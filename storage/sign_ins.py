"""Failed sign-ins and revoked sessions, kept in the store so that they hold across processes and restarts."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Connection, Engine, and_, delete, distinct, func, insert, or_, select, update

from orders.ports import Clock
from storage.schema import sign_in_failures, sign_in_revocations
from storage.unit import read, write

_KEPT = timedelta(days=1)  # a failure, which is longer than anybody is locked out for


class SqlSignIns:
    """Sign-in failures by user and address, and the moment before which a user's sessions no longer count. Safe to
    share between threads and processes. Every method may raise `Unavailable`."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def record_failure(self, username: str, address: str) -> None:
        """Remember one failed attempt, now."""
        row = {"id": uuid4().hex, "username": username, "address": address, "failed_at": self._clock.now()}
        write(self._engine, lambda conn: conn.execute(insert(sign_in_failures).values(row)))

    def failures(self, username: str, address: str, since: datetime) -> int:
        """How many attempts failed at `since` (aware) or later. One whose commit was not answered is written again
        under its id, which not every store refuses: it counts once."""
        table = sign_in_failures.c
        query = select(func.count(distinct(table.id))).where(
            table.username == username, table.address == address, table.failed_at >= since
        )
        return read(self._engine, lambda conn: conn.execute(query).scalar_one())

    def failing(self, since: datetime, limit: int) -> dict[str, tuple[str, ...]]:
        """By user, the addresses where so many attempts or more failed at `since` (aware) or later."""
        table = sign_in_failures.c
        pair = table.username, table.address
        often = func.count(distinct(table.id)) >= limit
        query = select(*pair).where(table.failed_at >= since).group_by(*pair).having(often).order_by(*pair)
        found: dict[str, tuple[str, ...]] = {}
        for username, address in read(self._engine, lambda conn: conn.execute(query).all()):
            found[username] = (*found.get(username, ()), address)
        return found

    def clear(self, username: str, address: str) -> None:
        """Forget this pair's failures, as after a sign-in that worked, and all old ones: many names never succeed."""
        table = sign_in_failures.c
        its = and_(table.username == username, table.address == address)
        gone = delete(sign_in_failures).where(or_(its, table.failed_at < self._clock.now() - _KEPT))
        write(self._engine, lambda conn: conn.execute(gone))

    def revoke(self, username: str, issued_at: datetime | None = None) -> None:
        """End every session of a user that began before now, and one that was issued then. A clock that is behind
        another server's, or the provider's, brings none back."""
        now = self._clock.now()
        mine = sign_in_revocations.c.username == username

        def renew(conn: Connection) -> None:
            before = conn.scalar(select(func.max(sign_in_revocations.c.not_before)).where(mine))
            row = {"username": username, "not_before": max(filter(None, (now, issued_at, before)))}
            if conn.execute(update(sign_in_revocations).where(mine).values(row)).rowcount == 0:
                conn.execute(insert(sign_in_revocations).values(row))

        write(self._engine, renew)

    def not_before(self, username: str) -> datetime | None:
        """The moment the user's sessions must have begun at or after; None when none was ever revoked."""
        column = sign_in_revocations.c.not_before
        query = select(func.max(column)).where(sign_in_revocations.c.username == username)
        moment: datetime | None = read(self._engine, lambda conn: conn.scalar(query))
        return moment
