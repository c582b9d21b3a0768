"""How the holder of a lease is; what traded bonds were worth, by day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Exact, UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    sqlite = op.get_context().dialect.name == "sqlite"
    # SQLite has no IF NOT EXISTS here and does not need it: it rolls a revision that was cut short back
    for column in (
        sa.Column("finished_at", UtcDateTime),
        sa.Column("trouble", sa.String),
        sa.Column("held_up", sa.BigInteger),
    ):
        op.add_column("leases", column, if_not_exists=None if sqlite else True)
    op.create_table(
        "marks",
        sa.Column("asset_id", sa.String, nullable=False, primary_key=True),
        sa.Column("marked_on", sa.Date, nullable=False, primary_key=True),
        sa.Column("price", Exact(12, "price"), nullable=False),
        sa.Column("accrued", Exact(12, "accrued"), nullable=True),
        sa.Column("factor", Exact(12, "factor"), nullable=False),
        sa.Column("marked_at", UtcDateTime, nullable=False),
        if_not_exists=True,
    )
    if sqlite:
        op.create_index("ix_orders_traded", "orders", ["trade_date", "asset_id"])
