"""What the application's role may do on Snowflake: to add and to read, and to change only what changes."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Table

from storage.batches import batches
from storage.marks import marks
from storage.people import people
from storage.schema import (
    added_groups,
    drafts,
    intents,
    leases,
    metadata,
    order_lines,
    orders,
    sign_in_failures,
    sign_in_revocations,
    streams,
)
from storage.snowflake_config import SnowflakeConfig

# What a table takes beside INSERT and SELECT. The audit log takes nothing more: what is written there stays.
_MORE: dict[Table, tuple[str, ...]] = {
    streams: ("UPDATE",),
    orders: ("UPDATE",),
    order_lines: ("UPDATE",),
    intents: ("UPDATE",),
    leases: ("UPDATE",),
    marks: ("UPDATE",),
    sign_in_revocations: ("UPDATE",),
    sign_in_failures: ("DELETE",),
    added_groups: ("DELETE",),
    drafts: ("DELETE", "UPDATE"),
    batches: ("UPDATE",),
    people: ("UPDATE",),
}


def privileges(table: Table) -> tuple[str, ...]:
    """What the application may do with a table, sorted."""
    return tuple(sorted(("INSERT", "SELECT", *_MORE.get(table, ()))))


def grants(config: SnowflakeConfig, role: str) -> Iterator[str]:
    """The statements, each without its semicolon, that let `role` run the application. Whoever runs them owns the
    schema or may manage grants."""
    schema = f"{config.database}.{config.schema}"
    yield f"GRANT USAGE ON WAREHOUSE {config.warehouse} TO ROLE {role}"
    yield f"GRANT USAGE ON DATABASE {config.database} TO ROLE {role}"
    yield f"GRANT USAGE ON SCHEMA {schema} TO ROLE {role}"
    for table in metadata.sorted_tables:
        yield f"GRANT {', '.join(privileges(table))} ON TABLE {schema}.{table.name} TO ROLE {role}"
    yield f"GRANT SELECT ON TABLE {schema}.alembic_version TO ROLE {role}"
    yield f"GRANT SELECT ON ALL VIEWS IN SCHEMA {schema} TO ROLE {role}"
