"""How far the batches of users are: a plain row for each, theirs alone, in no chain and under no lock."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import ColumnElement, Connection, Table, insert, select, update

from orders.model import BatchRun
from storage.columns import count, moment, text
from storage.dialects import require_fit
from storage.schema import metadata

# How far the batches of users are. Not chained: what is made of one are its orders.
batches = Table(
    "batches",
    metadata,
    text("username", primary_key=True),
    text("id", primary_key=True),  # as its orders carry it; others may have a batch of the same name
    text("name"),
    count("blocks"),
    count("tried"),
    moment("noted_at"),
)


def note(conn: Connection, run: BatchRun) -> None:
    """Put what is known of the batch in the place of what was."""
    row = asdict(run)
    require_fit(conn, batches, [row])
    if conn.execute(update(batches).where(_its(run.username, run.id)).values(row)).rowcount == 0:
        conn.execute(insert(batches), [row])


def of_user(conn: Connection, username: str, batch_id: str) -> BatchRun | None:
    """This user's batch. Where no keys are kept there may be two rows of one: the newest counts."""
    query = select(batches).where(_its(username, batch_id)).order_by(batches.c.noted_at.desc())
    row = conn.execute(query).first()
    return None if row is None else BatchRun(**row._mapping)


def _its(username: str, batch_id: str) -> ColumnElement[bool]:
    return (batches.c.username == username) & (batches.c.id == batch_id)
