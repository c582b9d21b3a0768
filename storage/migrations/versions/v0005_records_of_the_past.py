"""Orders from before these columns get them, from the audit log and the statements' texts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import sqlalchemy as sa
from alembic import context, op

from orders.errors import SettingsError
from storage import replay
from storage.migrations.versions.v0004_records import widened
from storage.schema import fills, order_events, order_lines, orders, statement_figures, statement_lines

revision = "0005"
down_revision = "0004"

# the columns that 0004 made, whatever later revisions add to these tables
_WRITTEN = {
    statement_figures: "statement_id order_id version created_at created_by group_ticker asset_id label side engine "
    "ordered placed metric dispersion_before dispersion_after improvement sha256",
    statement_lines: "order_id version account_id place ordered_at wish asked face money cap_rule cap_face reason",
    fills: "order_id version account_id filled_at booked delta average_price",
}
_CHUNK = 200  # orders a statement


def upgrade() -> None:
    if context.is_offline_mode():
        if context.get_starting_revision_argument() is not None:
            raise SettingsError(
                "A script cannot bring the orders of a ledger that is in use to this version: they are read and "
                "rewritten. Run `python -m storage migrate` with a role that may alter the tables, or make the script "
                "for an empty ledger."
            )
        return
    conn = op.get_bind()
    for table in _WRITTEN:  # empty but where this was cut short before
        conn.execute(sa.delete(table))
    told = replay.records(conn)
    while chunk := list(islice(told, _CHUNK)):
        for table, names in _WRITTEN.items():
            rows = [{name: row[name] for name in names.split()} for record in chunk for row in record.get(table, ())]
            if rows:
                conn.execute(
                    sa.insert(sa.table(table.name, *(sa.column(n, table.c[n].type) for n in names.split()))), rows
                )
        for table in (orders, order_lines, order_events):
            _fill_in(conn, table, chunk)


def _fill_in(conn: sa.Connection, table: sa.Table, chunk: list[dict[sa.Table, replay.Rows]]) -> None:
    columns = widened()[table.name]
    here = sa.update(table).where(*(column == sa.bindparam(f"its_{column.name}") for column in table.primary_key))
    statement = here.values({column.name: sa.bindparam(f"new_{column.name}", type_=column.type) for column in columns})
    names = [column.name for column in columns], [column.name for column in table.primary_key]
    conn.execute(statement, list(_bound(chunk, table, *names)))


def _bound(
    chunk: list[dict[sa.Table, replay.Rows]], table: sa.Table, new: list[str], keys: list[str]
) -> Iterator[dict[str, object]]:
    for record in chunk:
        for row in record[table]:
            yield {f"new_{name}": row[name] for name in new} | {f"its_{name}": row[name] for name in keys}
