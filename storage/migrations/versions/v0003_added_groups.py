"""The groups that users add to their lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # where DDL commits at once, an upgrade that was cut short can simply be run again
    op.create_table(
        "added_groups",
        sa.Column("username", sa.String, nullable=False, primary_key=True),
        sa.Column("ticker", sa.String, nullable=False, primary_key=True),
        sa.Column("added_at", UtcDateTime, nullable=False),
        if_not_exists=True,
    )
