"""Audit entries are found by the reference of what somebody did, and the worker goes on under it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    sqlite = op.get_context().dialect.name == "sqlite"
    # SQLite has no IF NOT EXISTS here and does not need it: it rolls a revision that was cut short back
    for table in ("audit_log", "intents"):
        op.add_column(table, sa.Column("reference", sa.String), if_not_exists=None if sqlite else True)
    if sqlite:
        op.create_index("ix_audit_log_reference", "audit_log", ["reference"])
