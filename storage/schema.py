"""The one schema, for every store. Keys are declared and enforced on SQLite, but no statement relies on them: Snowflake
keeps only NOT NULL. Names avoid every store's reserved words, so none is ever quoted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Index, MetaData, String, Table, Text

from storage.types import Exact, UtcDateTime

metadata = MetaData()

FACE_DECIMALS = 6  # up to 9.2e12 of face
PRICE_DECIMALS = 12  # up to 9.2e6 per 100 face


def _text(name: str, *args: Any, **options: Any) -> Column[str]:
    return Column(name, String, *args, nullable=False, **options)


def _moment(name: str, **options: Any) -> Column[Any]:
    return Column(name, UtcDateTime, **{"nullable": False, **options})


def _exact(name: str, scale: int, **options: Any) -> Column[Any]:
    return Column(name, Exact(scale, name), **{"nullable": False, **options})


def _count(name: str, *args: Any, **options: Any) -> Column[int]:
    return Column(name, BigInteger, *args, nullable=False, autoincrement=False, **options)


# Which book this ledger belongs to: one row, written once.
stamp = Table("stamp", metadata, _text("book_id", primary_key=True), _moment("created_at"))

# The head of each audit stream, and the row every write to that stream locks first.
streams = Table("streams", metadata, _text("stream", primary_key=True), _count("seq"), _text("sha256"))

# What each command returned, so that a repeated one returns it again. `content_sha256` is of what was asked for.
commands = Table(
    "commands",
    metadata,
    _text("command_id", primary_key=True),
    _text("stream"),
    _moment("written_at"),
    _text("content_sha256"),
    Column("result", Text, nullable=False),
)

audit_log = Table(
    "audit_log",
    metadata,
    _text("stream", primary_key=True),
    _count("seq", primary_key=True),
    _moment("written_at"),
    _text("actor"),
    _text("action"),
    _text("subject"),
    Column("body", Text, nullable=False),  # canonical JSON
    _text("previous"),
    _text("sha256"),
)

statements = Table(
    "statements",
    metadata,
    _text("id", primary_key=True),
    _text("order_id"),
    _count("version"),
    _moment("created_at"),
    _text("created_by"),
    Column("body", Text, nullable=False),  # canonical JSON, kept byte for byte
    _text("sha256"),
)

orders = Table(
    "orders",
    metadata,
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
    Column("settlement", Date, nullable=False),
    Column("trade_date", Date, nullable=False),
    _exact("limit_price", PRICE_DECIMALS, nullable=True),
    _text("engine"),
    _text("statement_id", ForeignKey("statements.id")),
    _text("statement_sha256"),
    _text("remark"),
    _text("created_by"),
    _moment("created_at"),
    _moment("updated_at"),
    _text("broker_id"),
    _text("broker_status"),
    _exact("filled", FACE_DECIMALS),
    _exact("average_price", PRICE_DECIMALS, nullable=True),
    _text("message"),
)

order_lines = Table(
    "order_lines",
    metadata,
    _text("order_id", ForeignKey("orders.id"), primary_key=True),
    _text("account_id", primary_key=True),
    _count("place"),  # keeps the lines in the statement's order
    _exact("face", 0),
    _exact("booked", FACE_DECIMALS),
)

# One row per version of an order: the step that led to it.
order_events = Table(
    "order_events",
    metadata,
    _text("order_id", ForeignKey("orders.id"), primary_key=True),
    _count("version", primary_key=True),
    _moment("happened_at"),
    _text("actor"),
    _text("event"),
    _text("state"),
    _text("detail"),
)

intents = Table(
    "intents",
    metadata,
    _text("id", primary_key=True),
    _text("order_id", ForeignKey("orders.id")),
    _text("kind"),
    _moment("created_at"),
    Column("done", Boolean, nullable=False),
)

# The limits accounts are under. A version is written whole and never changed; the rows keep their place.
limit_versions = Table(
    "limit_versions",
    metadata,
    _count("version", primary_key=True),
    _moment("written_at"),
    _text("actor"),
    _text("remark"),
)

limit_rows = Table(
    "limit_rows",
    metadata,
    _count("version", ForeignKey("limit_versions.version"), primary_key=True),
    _count("place", primary_key=True),
    _text("account_id"),  # or * for every account
    _text("rule"),
    _text("about"),
    _text("bound"),  # the limit, as it was typed
)

# The groups users added to those of the settings.
added_groups = Table(
    "added_groups",
    metadata,
    _text("username", primary_key=True),
    _text("ticker", primary_key=True),
    _moment("added_at"),
)

leases = Table(
    "leases",
    metadata,
    _text("name", primary_key=True),
    _text("holder"),  # empty once released
    _count("fence"),  # unique over all leases, so a write need not say which lease it was made under
    _moment("held_until"),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    _text("id", primary_key=True),
    _text("username"),
    _text("address"),
    _moment("failed_at"),
)

sign_in_revocations = Table("sign_in_revocations", metadata, _text("username", primary_key=True), _moment("not_before"))

# Standard Snowflake tables have no indexes.
for _index in (
    Index("ix_statements_order", statements.c.order_id, statements.c.version),
    Index("ix_orders_created", orders.c.created_at),
    Index("ix_audit_log_written", audit_log.c.written_at),
    Index("ix_intents_done", intents.c.done),
    Index("ix_sign_in_failures", sign_in_failures.c.username, sign_in_failures.c.address),
):
    _index.ddl_if(dialect="sqlite")
