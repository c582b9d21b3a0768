"""The limits table and its versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import UtcDateTime

revision = "0002"
down_revision = "0001"


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, autoincrement=False, primary_key=True)


def upgrade() -> None:
    # where DDL commits at once, an upgrade that was cut short can simply be run again
    op.create_table(
        "limit_versions",
        _number("version"),
        sa.Column("written_at", UtcDateTime, nullable=False),
        _text("actor"),
        _text("remark"),
        if_not_exists=True,
    )
    op.create_table(
        "limit_rows",
        sa.Column(
            "version",
            sa.BigInteger,
            sa.ForeignKey("limit_versions.version"),
            nullable=False,
            autoincrement=False,
            primary_key=True,
        ),
        _number("place"),
        _text("account_id"),
        _text("rule"),
        _text("about"),
        _text("bound"),
        if_not_exists=True,
    )
