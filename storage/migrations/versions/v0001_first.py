"""The first schema, from nothing."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.types import Exact, UtcDateTime

revision = "0001"
down_revision = None


def _text(name: str, *args: sa.ForeignKey, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String, *args, nullable=False, primary_key=primary_key)


def _moment(name: str) -> sa.Column[datetime]:
    return sa.Column(name, UtcDateTime, nullable=False)


def _exact(name: str, scale: int, nullable: bool = False) -> sa.Column[Decimal]:
    return sa.Column(name, Exact(scale, name), nullable=nullable)


def _count(name: str, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, autoincrement=False, primary_key=primary_key)


def _long(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _create(name: str, *columns: sa.Column[Any]) -> None:
    # Where DDL commits at once, an upgrade that was cut short can simply be run again.
    op.create_table(name, *columns, if_not_exists=True)


def upgrade() -> None:
    _create_audit()
    _create_orders()
    _create_lines_and_outbox()
    _create_sign_ins()
    if op.get_context().dialect.name == "sqlite":
        op.create_index("ix_statements_order", "statements", ["order_id", "version"])
        op.create_index("ix_orders_created", "orders", ["created_at"])
        op.create_index("ix_audit_log_written", "audit_log", ["written_at"])
        op.create_index("ix_intents_done", "intents", ["done"])
        op.create_index("ix_sign_in_failures", "sign_in_failures", ["username", "address"])
    _open_the_registry()


def _create_audit() -> None:
    _create("stamp", _text("book_id", primary_key=True), _moment("created_at"))
    _create("streams", _text("stream", primary_key=True), _count("seq"), _text("sha256"))
    _create(
        "commands",
        _text("command_id", primary_key=True),
        _text("stream"),
        _moment("written_at"),
        _text("content_sha256"),
        _long("result"),
    )
    _create(
        "audit_log",
        _text("stream", primary_key=True),
        _count("seq", primary_key=True),
        _moment("written_at"),
        _text("actor"),
        _text("action"),
        _text("subject"),
        _long("body"),
        _text("previous"),
        _text("sha256"),
    )


def _create_orders() -> None:
    _create(
        "statements",
        _text("id", primary_key=True),
        _text("order_id"),
        _count("version"),
        _moment("created_at"),
        _text("created_by"),
        _long("body"),
        _text("sha256"),
    )
    _create(
        "orders",
        _text("id", primary_key=True),
        _count("version"),
        _text("state"),
        _text("group_ticker"),
        _text("asset_id"),
        _text("label"),
        _text("currency"),
        _text("side"),
        _exact("ordered", 0),
        _exact("face", 0),
        sa.Column("settlement", sa.Date, nullable=False),
        sa.Column("trade_date", sa.Date, nullable=False),
        _exact("limit_price", 12, nullable=True),
        _text("engine"),
        _text("statement_id", sa.ForeignKey("statements.id")),
        _text("statement_sha256"),
        _text("remark"),
        _text("created_by"),
        _moment("created_at"),
        _moment("updated_at"),
        _text("broker_id"),
        _text("broker_status"),
        _exact("filled", 6),
        _exact("average_price", 12, nullable=True),
        _text("message"),
    )


def _create_lines_and_outbox() -> None:
    _create(
        "order_lines",
        _text("order_id", sa.ForeignKey("orders.id"), primary_key=True),
        _text("account_id", primary_key=True),
        _count("place"),
        _exact("face", 0),
        _exact("booked", 6),
    )
    _create(
        "order_events",
        _text("order_id", sa.ForeignKey("orders.id"), primary_key=True),
        _count("version", primary_key=True),
        _moment("happened_at"),
        _text("actor"),
        _text("event"),
        _text("state"),
        _text("detail"),
    )
    _create(
        "intents",
        _text("id", primary_key=True),
        _text("order_id", sa.ForeignKey("orders.id")),
        _text("kind"),
        _moment("created_at"),
        sa.Column("done", sa.Boolean, nullable=False),
    )
    _create("leases", _text("name", primary_key=True), _text("holder"), _count("fence"), _moment("held_until"))


def _create_sign_ins() -> None:
    _create(
        "sign_in_failures",
        _text("id", primary_key=True),
        _text("username"),
        _text("address"),
        _moment("failed_at"),
    )
    _create("sign_in_revocations", _text("username", primary_key=True), _moment("not_before"))


def _open_the_registry() -> None:
    """The one head that must exist before any other: opening a stream locks it."""
    streams = sa.table("streams", sa.column("stream", sa.String), sa.column("seq", sa.BigInteger), sa.column("sha256"))
    head = sa.select(sa.literal("registry"), sa.literal(0), sa.literal("0" * 64))
    there = sa.select(streams.c.stream).where(streams.c.stream == "registry")
    op.execute(sa.insert(streams).from_select(["stream", "seq", "sha256"], head.where(~there.exists())))
