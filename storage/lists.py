"""The groups that users put on their lists: a row each, and what the audit log must say of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from orders.canonical import canonical
from storage.schema import added_groups
from storage.unit import Outcome

Pair = tuple[str, str]  # a username and the ticker of a group


class Unchanged(Exception):
    """The list is as was asked already: nothing is written, and nothing audited."""


def added(conn: Connection, username: str | None) -> tuple[str, ...]:
    """The groups this user added, in that order; of everybody, each once, when no user is named."""
    query = select(added_groups.c.ticker).order_by(added_groups.c.added_at, added_groups.c.ticker)
    if username is not None:
        query = query.where(added_groups.c.username == username)
    return tuple(dict.fromkeys(conn.scalars(query)))


def add(conn: Connection, username: str, ticker: str, at: datetime) -> Outcome:
    """Put the group on the user's list; `Unchanged` when it is there."""
    if ticker in added(conn, username):
        raise Unchanged
    conn.execute(insert(added_groups).values(username=username, ticker=ticker, added_at=at))
    return _outcome(username, ticker, listed=True)


def remove(conn: Connection, username: str, ticker: str) -> Outcome:
    """Take the group off the user's list; `Unchanged` when it is not there."""
    here = (added_groups.c.username == username) & (added_groups.c.ticker == ticker)
    if conn.execute(delete(added_groups).where(here)).rowcount == 0:
        raise Unchanged
    return _outcome(username, ticker, listed=False)


def faults(conn: Connection, recorded: dict[Pair, bool]) -> Iterator[str]:
    """A sentence for each row that is not what the audit log recorded last of it."""
    found = {(row.username, row.ticker) for row in conn.execute(select(added_groups))}
    expected = {pair for pair, listed in recorded.items() if listed}
    for username, ticker in sorted(found ^ expected):
        what = "was put there past" if (username, ticker) in found else "was added, and has been removed past"
        yield f"The group {ticker} on the list of {username} {what} the audit log."


def _outcome(username: str, ticker: str, *, listed: bool) -> Outcome:
    return Outcome(canonical(None), body={"username": username, "ticker": ticker, "listed": listed})
