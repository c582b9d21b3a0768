"""How the holder of a lease is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import UtcDateTime

revision = "0009"
down_revision = "0007"


def upgrade() -> None:
    # SQLite has no IF NOT EXISTS here and does not need it: it rolls a revision that was cut short back
    again = op.get_context().dialect.name != "sqlite"
    for column in (
        sa.Column("finished_at", UtcDateTime),
        sa.Column("trouble", sa.String),
        sa.Column("held_up", sa.BigInteger),
    ):
        op.add_column("leases", column, if_not_exists=again or None)
