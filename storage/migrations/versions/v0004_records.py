"""The order memorandum, fills, statements in figures and users' activity as columns."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.types import Exact, UtcDateTime

revision = "0004"
down_revision = "0003"


def _text(name: str, *, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String, nullable=False, primary_key=key)


def _moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, UtcDateTime, nullable=False)


def _exact(name: str, scale: int, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Exact(scale, name), nullable=nullable)


def _count(name: str, *, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=False, autoincrement=False, primary_key=key)


def upgrade() -> None:
    _create_statements_in_figures()
    _create_fills_and_activity()
    _widen()
    if op.get_context().dialect.name == "sqlite":
        _index()


def _create_statements_in_figures() -> None:
    op.create_table(
        "statement_figures",
        sa.Column("statement_id", sa.String, sa.ForeignKey("statements.id"), nullable=False, primary_key=True),
        _text("order_id"),
        _count("version"),
        _moment("created_at"),
        *(_text(name) for name in ("created_by", "group_ticker", "asset_id", "label", "side", "engine")),
        _exact("ordered", 0),
        _exact("placed", 0),
        _text("metric"),
        sa.Column("dispersion_before", sa.Float, nullable=False),
        sa.Column("dispersion_after", sa.Float, nullable=False),
        sa.Column("improvement", sa.Float, nullable=True),
        _text("sha256"),
        if_not_exists=True,
    )
    op.create_table(
        "statement_lines",
        _text("order_id", key=True),
        _count("version", key=True),
        _text("account_id", key=True),
        _count("place"),
        _moment("ordered_at"),
        _exact("wish", 2),
        _exact("asked", 2, nullable=True),
        _exact("face", 0),
        _exact("money", 2),
        _text("cap_rule"),
        _exact("cap_face", 0),
        sa.Column("reason", sa.Text, nullable=False),
        if_not_exists=True,
    )


def _create_fills_and_activity() -> None:
    op.create_table(
        "fills",
        sa.Column("order_id", sa.String, sa.ForeignKey("orders.id"), nullable=False, primary_key=True),
        _count("version", key=True),
        _text("account_id", key=True),
        _moment("filled_at"),
        _exact("booked", 6),
        _exact("delta", 6),
        _exact("average_price", 12, nullable=True),
        if_not_exists=True,
    )
    op.create_table(
        "activity",
        _text("id", key=True),
        _moment("done_at"),
        *(_text(name) for name in ("username", "action", "about", "detail")),
        if_not_exists=True,
    )


def _widen() -> None:
    # SQLite has no IF NOT EXISTS here and does not need it: it rolls a revision that was cut short back
    again = op.get_context().dialect.name != "sqlite"
    for table, columns in widened().items():
        for column in columns:
            op.add_column(table, column, if_not_exists=again or None)


def widened() -> dict[str, list[sa.Column[Any]]]:
    """The columns that tables which were there get."""
    return {
        "orders": [
            sa.Column("recommended_by", sa.String),
            sa.Column("placed_by", sa.String),
            sa.Column("discretionary", sa.Boolean),
            sa.Column("entered_at", UtcDateTime),
        ],
        "order_lines": [sa.Column("ordered_at", UtcDateTime), sa.Column("first_filled_at", UtcDateTime)],
        "order_events": [
            sa.Column("reason", sa.String),
            _exact("ordered", 0, nullable=True),
            _exact("face", 0, nullable=True),
            _exact("limit_price", 12, nullable=True),
            sa.Column("settlement", sa.Date),
            sa.Column("broker_status", sa.String),
            _exact("filled", 6, nullable=True),
            _exact("average_price", 12, nullable=True),
        ],
    }


def _index() -> None:
    op.drop_index("ix_orders_created", "orders")
    newest = ["created_at", "id"]
    for name, columns in {
        "created": [],
        "group": ["group_ticker"],
        "state": ["state"],
        "group_state": ["group_ticker", "state"],
        "asset": ["asset_id"],
        "user": ["created_by"],
    }.items():
        op.create_index(f"ix_orders_{name}", "orders", columns + newest)
    op.create_index("ix_statement_figures_order", "statement_figures", ["order_id", "version"])
    op.create_index("ix_statement_lines_account", "statement_lines", ["account_id", "ordered_at", "order_id"])
    op.create_index("ix_order_lines_account", "order_lines", ["account_id", "ordered_at", "order_id"])
    op.create_index("ix_activity_done", "activity", ["done_at", "id"])
    op.create_index("ix_activity_user", "activity", ["username", "done_at", "id"])
    op.create_index("ix_audit_log_subject", "audit_log", ["subject", "stream", "seq"])
