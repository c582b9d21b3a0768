"""The groups that users put on their lists: a row each, and what the audit log must say of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

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
    return _outcome(username, ticker, listed=True, at=at)


def remove(conn: Connection, username: str, ticker: str) -> Outcome:
    """Take the group off the user's list; `Unchanged` when it is not there."""
    here = (added_groups.c.username == username) & (added_groups.c.ticker == ticker)
    if conn.execute(delete(added_groups).where(here)).rowcount == 0:
        raise Unchanged
    return _outcome(username, ticker, listed=False)


def faults(conn: Connection, recorded: Mapping[Pair, Mapping[str, Any]]) -> Iterator[str]:
    """A sentence for each row that is not what the audit log recorded last of it."""
    found: dict[Pair, datetime] = {}
    for row in conn.execute(select(added_groups)):
        pair = row.username, row.ticker
        if pair in found:
            yield f"The group {row.ticker} is on the list of {row.username} more than once."
        found[pair] = row.added_at
    expected = {pair: entry.get("at") for pair, entry in recorded.items() if entry["listed"]}
    for username, ticker in sorted(found.keys() ^ expected.keys()):
        what = "was put there past" if (username, ticker) in found else "was added, and has been removed past"
        yield f"The group {ticker} on the list of {username} {what} the audit log."
    for pair in sorted(found.keys() & expected.keys()):
        # the first entries did not have the time
        if expected[pair] is not None and json.loads(canonical(found[pair])) != expected[pair]:
            yield f"The group {pair[1]} on the list of {pair[0]} was edited: it was added at {expected[pair]}."


def _outcome(username: str, ticker: str, *, listed: bool, at: datetime | None = None) -> Outcome:
    return Outcome(canonical(None), body={"username": username, "ticker": ticker, "listed": listed, "at": at})
