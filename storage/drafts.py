"""Requests that users have begun and not confirmed: plain rows, theirs alone, in no chain and under no lock."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from orders.model import Draft
from storage.dialects import require_fit
from storage.schema import drafts


def save(conn: Connection, draft: Draft) -> None:
    """Put the draft in the place of what its user saved under its id before."""
    row = asdict(draft)
    require_fit(conn, drafts, [row])
    if conn.execute(update(drafts).where(_its(draft.username, draft.id)).values(row)).rowcount == 0:
        conn.execute(insert(drafts), [row])


def of_user(conn: Connection, username: str) -> tuple[Draft, ...]:
    """This user's drafts, newest first. Where no keys are kept, two windows that save a new one at once leave two rows
    of it: the newest counts, and the next save makes them one in content."""
    query = select(drafts).where(drafts.c.username == username).order_by(drafts.c.saved_at.desc(), drafts.c.id)
    found: dict[str, Draft] = {}
    for row in conn.execute(query):
        found.setdefault(row.id, Draft(row.id, row.username, row.saved_at, row.body))
    return tuple(found.values())


def remove(conn: Connection, username: str, draft_id: str) -> None:
    """Forget a draft of this user's, if it is there."""
    conn.execute(delete(drafts).where(_its(username, draft_id)))


def _its(username: str, draft_id: str) -> ColumnElement[bool]:
    return (drafts.c.username == username) & (drafts.c.id == draft_id)
