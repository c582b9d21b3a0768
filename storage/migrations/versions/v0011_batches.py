"""How far the batches of users are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("username", sa.String, nullable=False, primary_key=True),
        sa.Column("id", sa.String, nullable=False, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("blocks", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("tried", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("noted_at", UtcDateTime, nullable=False),
        if_not_exists=True,
    )
