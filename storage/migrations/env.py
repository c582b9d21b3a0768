"""Run by alembic: upgrades over the connection `storage.migrations` hands in, or writes the SQL that would."""

from __future__ import annotations

from alembic import context
from alembic.ddl.impl import DefaultImpl

from storage.schema import metadata


class SnowflakeImpl(DefaultImpl):
    """Teaches alembic the dialect's name."""

    __dialect__ = "snowflake"


# SQLite can roll DDL back once BEGIN is really sent; Snowflake commits at each DDL statement.
if context.is_offline_mode():
    context.configure(dialect_name=context.config.attributes["dialect"], literal_binds=True, transactional_ddl=False)
else:
    connection = context.config.attributes["connection"]
    transactional = connection.dialect.name == "sqlite"
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=transactional)
with context.begin_transaction():
    context.run_migrations()
