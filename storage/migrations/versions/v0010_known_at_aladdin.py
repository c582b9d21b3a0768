"""Orders are found by their number at Aladdin, and by their last step. The first index is not unique: a ledger from
before may have two orders of one number, and every writer asks under the lock."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.create_index("ix_orders_broker", "orders", ["broker_id"])
        op.create_index("ix_orders_updated", "orders", ["updated_at"])
