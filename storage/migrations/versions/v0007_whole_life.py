"""When an order is released, its batch, and what ends one that was never sent, in the views as well; drafts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.migrations.versions.v0006_views import replace
from storage.types import UtcDateTime

revision = "0007"
down_revision = "0006"

_VIEWS = {
    "order_memoranda": """
        SELECT o.id AS order_id, l.account_id, o.group_ticker, o.side, o.asset_id, o.label, o.currency,
               l.face, o.face AS block_face, o.ordered AS block_ordered, {limit_price} AS limit_price,
               o.settlement, o.trade_date, o.recommended_by, o.placed_by, o.discretionary,
               f.created_at AS stated_at, o.release_at, o.entered_at, o.broker_id, o.state, {booked_line} AS booked,
               {average_price} AS average_price, o.statement_id, o.statement_sha256, o.batch
        FROM orders o
        JOIN order_lines l ON l.order_id = o.id
        JOIN statement_figures f ON f.statement_id = o.statement_id""",
    "order_changes": """
        SELECT e.order_id, e.version, e.happened_at, e.actor, e.event, e.state,
               CASE WHEN e.event IN ('canceled', 'decline', 'expired', 'lapsed', 'refused', 'rejected', 'withdraw')
                         THEN 'cancellation'
                    WHEN e.version = 1 THEN 'entry'
                    WHEN m.order_id IS NOT NULL THEN 'modification'
                    ELSE 'step' END AS kind,
               CASE WHEN e.reason <> '' THEN e.reason ELSE e.detail END AS reason,
               e.ordered, e.face, {event_limit} AS limit_price, e.settlement, e.broker_status, {event_filled} AS filled,
               {event_price} AS average_price
        FROM order_events e
        LEFT JOIN (SELECT DISTINCT s.order_id, s.created_at, s.created_by
                   FROM statement_figures s
                   WHERE s.version > 1) m
               ON m.order_id = e.order_id AND m.created_at = e.happened_at AND m.created_by = e.actor""",
}


def upgrade() -> None:
    sqlite = op.get_context().dialect.name == "sqlite"
    # SQLite has no IF NOT EXISTS here and does not need it: it rolls a revision that was cut short back
    for column in (sa.Column("release_at", UtcDateTime), sa.Column("batch", sa.String)):
        op.add_column("orders", column, if_not_exists=None if sqlite else True)
    op.execute("UPDATE orders SET batch = '' WHERE batch IS NULL")
    op.create_table(
        "drafts",
        sa.Column("username", sa.String, nullable=False, primary_key=True),
        sa.Column("id", sa.String, nullable=False, primary_key=True),
        sa.Column("saved_at", UtcDateTime, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        if_not_exists=True,
    )
    if sqlite:
        op.create_index("ix_orders_batch", "orders", ["batch", "created_at", "id"])
    for name, query in _VIEWS.items():
        replace(name, query)
