"""The one schema, for every store. Keys are declared and enforced on SQLite, but no statement relies on them: Snowflake
keeps only NOT NULL. Names avoid every store's reserved words, so none is ever quoted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, Float, ForeignKey, Index, MetaData, String, Table, Text

from storage.columns import count, exact, later, moment, text
from storage.types import Exact, UtcDateTime

metadata = MetaData()

FACE_DECIMALS = 6  # up to 9.2e12 of face
PRICE_DECIMALS = 12  # up to 9.2e6 per 100 face
ROUNDED_DECIMALS = 2  # of what a statement has in full, rounded so that SQL can add it up

# Which book this ledger belongs to: one row, written once.
stamp = Table("stamp", metadata, text("book_id", primary_key=True), moment("created_at"))

# The head of each audit stream. Every write first locks its stream's and the registry's, so that writers take turns.
streams = Table("streams", metadata, text("stream", primary_key=True), count("seq"), text("sha256"))

# What each command returned, so that a repeated one returns it again. `content_sha256` is of what was asked for.
commands = Table(
    "commands",
    metadata,
    text("command_id", primary_key=True),
    text("stream"),
    moment("written_at"),
    text("content_sha256"),
    Column("result", Text, nullable=False),
)

audit_log = Table(
    "audit_log",
    metadata,
    text("stream", primary_key=True),
    count("seq", primary_key=True),
    moment("written_at"),
    text("actor"),
    text("action"),
    text("subject"),
    Column("body", Text, nullable=False),  # canonical JSON
    text("previous"),
    text("sha256"),
    later("reference", String),  # what the body says of it, to find the entry by
)

statements = Table(
    "statements",
    metadata,
    text("id", primary_key=True),
    text("order_id"),
    count("version"),
    moment("created_at"),
    text("created_by"),
    Column("body", Text, nullable=False),  # canonical JSON, kept byte for byte
    text("sha256"),
)

# What a statement's text says, as columns: written with it and never changed. Apart from it, because a row that holds a
# long text is slow to read.
statement_figures = Table(
    "statement_figures",
    metadata,
    text("statement_id", ForeignKey("statements.id"), primary_key=True),
    text("order_id"),
    count("version"),
    moment("created_at"),
    text("created_by"),
    text("group_ticker"),
    text("asset_id"),
    text("label"),
    text("side"),
    text("engine"),
    exact("ordered", 0),
    exact("placed", 0),
    text("metric"),  # its key; dispersions are in its unit
    Column("dispersion_before", Float, nullable=False),
    Column("dispersion_after", Float, nullable=False),
    Column("improvement", Float, nullable=True),
    text("sha256"),
)

statement_lines = Table(
    "statement_lines",
    metadata,
    text("order_id", primary_key=True),
    count("version", primary_key=True),  # of the statement
    text("account_id", primary_key=True),
    count("place"),
    moment("ordered_at"),  # when the order was confirmed: an account's lines are read in this order
    exact("wish", ROUNDED_DECIMALS),
    exact("asked", ROUNDED_DECIMALS, nullable=True),
    exact("face", 0),
    exact("money", ROUNDED_DECIMALS),
    text("cap_rule"),
    exact("cap_face", 0),
    Column("reason", Text, nullable=False),
)

# Columns that came after the first schema take null in the store, and never are but for what may be unknown.
orders = Table(
    "orders",
    metadata,
    text("id", primary_key=True),
    count("version"),
    text("state"),
    text("group_ticker"),
    text("asset_id"),
    text("label"),
    text("currency"),
    text("side"),
    exact("ordered", 0),
    exact("face", 0),
    Column("settlement", Date, nullable=False),
    Column("trade_date", Date, nullable=False),
    exact("limit_price", PRICE_DECIMALS, nullable=True),
    text("engine"),
    text("statement_id", ForeignKey("statements.id")),
    text("statement_sha256"),
    text("remark"),
    text("created_by"),
    moment("created_at"),
    moment("updated_at"),
    text("broker_id"),
    text("broker_status"),
    exact("filled", FACE_DECIMALS),
    exact("average_price", PRICE_DECIMALS, nullable=True),
    text("message"),
    later("recommended_by", String),
    later("placed_by", String),
    later("discretionary", Boolean),
    later("entered_at", UtcDateTime),
    later("release_at", UtcDateTime),
    later("batch", String),
)

order_lines = Table(
    "order_lines",
    metadata,
    text("order_id", ForeignKey("orders.id"), primary_key=True),
    text("account_id", primary_key=True),
    count("place"),  # keeps the lines in the statement's order
    exact("face", 0),
    exact("booked", FACE_DECIMALS),
    later("ordered_at", UtcDateTime),  # the order's created_at: an account's lines are read in this order
    later("first_filled_at", UtcDateTime),
)

# One row per version of an order: the step that led to it, and the terms and the fill it left the order with.
order_events = Table(
    "order_events",
    metadata,
    text("order_id", ForeignKey("orders.id"), primary_key=True),
    count("version", primary_key=True),
    moment("happened_at"),
    text("actor"),
    text("event"),
    text("state"),
    text("detail"),
    later("reason", String),
    later("ordered", Exact(0, "ordered")),
    later("face", Exact(0, "face")),
    later("limit_price", Exact(PRICE_DECIMALS, "limit_price")),
    later("settlement", Date),
    later("broker_status", String),
    later("filled", Exact(FACE_DECIMALS, "filled")),
    later("average_price", Exact(PRICE_DECIMALS, "average_price")),
)

# What Aladdin newly reported as booked, per account: in all, and since its report before.
fills = Table(
    "fills",
    metadata,
    text("order_id", ForeignKey("orders.id"), primary_key=True),
    count("version", primary_key=True),
    text("account_id", primary_key=True),
    moment("filled_at"),
    exact("booked", FACE_DECIMALS),
    exact("delta", FACE_DECIMALS),
    exact("average_price", PRICE_DECIMALS, nullable=True),
)

intents = Table(
    "intents",
    metadata,
    text("id", primary_key=True),
    text("order_id", ForeignKey("orders.id")),
    text("kind"),
    moment("created_at"),
    Column("done", Boolean, nullable=False),
    later("reference", String),  # of what somebody did to ask for it
)

# The limits accounts are under. A version is written whole and never changed; the rows keep their place.
limit_versions = Table(
    "limit_versions",
    metadata,
    count("version", primary_key=True),
    moment("written_at"),
    text("actor"),
    text("remark"),
)

limit_rows = Table(
    "limit_rows",
    metadata,
    count("version", ForeignKey("limit_versions.version"), primary_key=True),
    count("place", primary_key=True),
    text("account_id"),  # or * for every account
    text("rule"),
    text("about"),
    text("bound"),  # the limit, as it was typed
)

# The groups users added to those of the settings.
added_groups = Table(
    "added_groups",
    metadata,
    text("username", primary_key=True),
    text("ticker", primary_key=True),
    moment("added_at"),
)

leases = Table(
    "leases",
    metadata,
    text("name", primary_key=True),
    text("holder"),  # empty once released
    count("fence"),  # unique over all leases, so a write need not say which lease it was made under
    moment("held_until"),
    # how its holder is: everybody reads it, so it names no order
    later("finished_at", UtcDateTime),  # its last round
    later("trouble", String),
    later("held_up", BigInteger),
)

# What users did that changes no order. Not chained: it is written in batches, outside every lock.
activity = Table(
    "activity",
    metadata,
    text("id", primary_key=True),
    moment("done_at"),
    text("username"),
    text("action"),
    text("about"),
    text("detail"),
)

# Orders that users have begun and not confirmed. Not chained: nobody relies on one.
drafts = Table(
    "drafts",
    metadata,
    text("username", primary_key=True),
    text("id", primary_key=True),  # one user's: others may have the same
    moment("saved_at"),
    Column("body", Text, nullable=False),  # canonical JSON of a request
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    text("id", primary_key=True),
    text("username"),
    text("address"),
    moment("failed_at"),
)

sign_in_revocations = Table("sign_in_revocations", metadata, text("username", primary_key=True), moment("not_before"))

# A page of orders is read from the index that has them newest first under what is asked for.
_PAGED_BY: dict[str, tuple[Column[Any], ...]] = {
    "created": (),
    "group": (orders.c.group_ticker,),
    "state": (orders.c.state,),
    "group_state": (orders.c.group_ticker, orders.c.state),
    "asset": (orders.c.asset_id,),
    "user": (orders.c.created_by,),
    "batch": (orders.c.batch,),
}

# Standard Snowflake tables have no indexes.
for _index in (
    *(Index(f"ix_{t}_order", t.c.order_id, t.c.version) for t in (statements, statement_figures)),
    *(Index(f"ix_{t}_account", t.c.account_id, t.c.ordered_at, t.c.order_id) for t in (statement_lines, order_lines)),
    *(Index(f"ix_orders_{name}", *columns, orders.c.created_at, orders.c.id) for name, columns in _PAGED_BY.items()),
    Index("ix_orders_broker", orders.c.broker_id),
    Index("ix_orders_updated", orders.c.updated_at),
    Index("ix_activity_done", activity.c.done_at, activity.c.id),
    Index("ix_activity_user", activity.c.username, activity.c.done_at, activity.c.id),
    Index("ix_audit_log_reference", audit_log.c.reference),
    Index("ix_audit_log_written", audit_log.c.written_at),
    Index("ix_audit_log_subject", audit_log.c.subject, audit_log.c.stream, audit_log.c.seq),
    Index("ix_orders_traded", orders.c.trade_date, orders.c.asset_id),
    Index("ix_intents_done", intents.c.done),
    Index("ix_sign_in_failures", sign_in_failures.c.username, sign_in_failures.c.address),
):
    _index.ddl_if(dialect="sqlite")
