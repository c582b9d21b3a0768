"""A confirmation: what must hold before it is written, and the rows it makes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, ScalarSelect, func, or_, select

from orders.canonical import canonical, digest
from orders.errors import Difference, Rejected, VersionConflict
from orders.model import Order, OrderState, Statement
from orders.statement import faithful
from storage import limits
from storage.dialects import at_most
from storage.rows import (
    confirmation_intents,
    confirmation_row,
    figures,
    line_rows,
    named,
    order_row,
    reading,
    statement_row,
)
from storage.schema import (
    intents,
    limit_versions,
    order_events,
    order_lines,
    orders,
    statement_figures,
    statement_lines,
    statements,
)
from storage.unit import Outcome
from watch import references

_MADE = (
    "id", "version", "state", "statement_id", "statement_sha256", "created_at", "updated_at", "entered_at", "batch",
    "message",
)  # fmt: skip
_CONFIRMED_AS = (OrderState.AWAITING, OrderState.SCHEDULED, OrderState.CONFIRMED)
_TOLD = 5  # orders a conflict names


def asked(order: Order) -> dict[str, object]:
    """What a confirmation asks for. Ids, hashes and times are made anew when a screen sends the same command twice, and
    whether it must be approved, and why, or its time has come is judged anew."""
    terms = {name: value for name, value in order_row(order).items() if name not in _MADE}
    return {**terms, "lines": order.lines}


def require_agreement(statement: Statement, order: Order) -> None:
    """`Rejected` where the statement, the order and its lines do not agree with each other."""
    faults = disagreements(statement, order, order.created_at, order.created_by) | {
        "state": order.state not in _CONFIRMED_AS
        and not (order.state is OrderState.OPEN and order.broker_id)  # entered in Aladdin, and taken over
        and f"it is {order.state.value}, which no order begins as",
        "release_missing": order.state is OrderState.SCHEDULED
        and order.release_at is None
        and "it is scheduled, and nothing says for when",
    }
    refuse(order, "confirmed", faults)


def disagreements(statement: Statement, order: Order, at: datetime, by: str) -> dict[str, str | bool]:
    """What keeps a statement from being the one of an order as it became `at` this moment, by code; false where nothing
    does. `Rejected` for a text that is not a statement's."""
    with reading(statement):
        kept = faithful(order, statement)
    placed = sum(line.face for line in order.lines)
    accounts = {line.account_id for line in order.lines}
    return {
        "statement_hash": digest(statement.body) != statement.sha256 and "the statement's hash is not its text's",
        "statement_order": (order.statement_id, order.statement_sha256, order.id)
        != (statement.id, statement.sha256, statement.order_id)
        and "the order and the statement do not name each other",
        "lines_sum": placed != order.face and f"its lines add up to {placed:,} and the order to {order.face:,}",
        "lines_missing": not order.lines and "it has no lines",
        "lines_twice": len(accounts) != len(order.lines) and "an account has more than one line",
        "statement_made": (at, by) != (statement.created_at, statement.created_by)
        and "it and its statement were not made at once by the same person",
        "statement_terms": not kept and "its terms, its engine or its lines are not those of its statement",
    }


def refuse(order: Order, done: str, faults: Mapping[str, str | bool]) -> None:
    """`Rejected` with the first of these that is a fault."""
    for code, fault in faults.items():
        if fault:
            raise Rejected(f"Order {order.id} was not {done}: {fault}. Preview it again.", code=code)


def confirmed(conn: Connection) -> int:
    """How many statements were ever frozen: each promises cash, those of modifications as well."""
    return conn.scalar(select(func.count()).select_from(statements)) or 0


def last_by_group(conn: Connection) -> dict[str, datetime]:
    """When each group's newest order was confirmed, by group ticker."""
    newest = func.max(orders.c.created_at).label("newest")
    query = select(orders.c.group_ticker, newest).group_by(orders.c.group_ticker)
    return {row.group_ticker: row.newest for row in conn.execute(query)}


def turn() -> dict[str, ScalarSelect[Any]]:
    """What a promise of cash has to know of the ledger, to be asked once every stream is locked: groups share accounts,
    so confirmations and modifications in all of them take turns, and so do limits."""
    return {
        "confirmed": select(func.count()).select_from(statements).scalar_subquery(),
        "limits": select(func.max(limit_versions.c.version)).scalar_subquery(),
    }


def refuse_out_of_turn(
    conn: Connection, known: Mapping[str, Any], after: int | None, limits_version: int | None
) -> None:
    """`VersionConflict` when more than `after` statements are frozen, or the limits are past `limits_version`; None is
    not asked about. `known` has the answers to `turn`."""
    if after is not None and known["confirmed"] != after:
        raise VersionConflict(
            "Someone confirmed or modified another allocation since you opened this one; read its figures again.",
            _confirmed_since(conn, after, known["confirmed"]),
        )
    if limits_version is not None and (known["limits"] or 0) != limits_version:
        raise VersionConflict(
            f"Someone changed the limits since the allocation was made: they are at version {known['limits'] or 0}, "
            f"and it was made under version {limits_version}. Look at it again.",
            limits.differences(conn, limits_version),
        )


def asks(statement: Statement, order: Order) -> dict[str, ScalarSelect[Any]]:
    """What `confirm` has to know of the ledger."""
    taken = or_(statements.c.id == statement.id, statements.c.order_id == order.id)  # no order is without a statement
    return turn() | {
        "known_as": known_as(order.broker_id, order.id),
        "taken": select(func.count()).select_from(statements).where(taken).scalar_subquery(),
    }


def known_as(broker_id: str, order_id: str) -> ScalarSelect[Any]:
    """Which other order is Aladdin's order by this id: to be asked under the lock that all writers take in turn, which
    holds where a store enforces no key, and in a ledger that has such a pair from before."""
    others = select(func.min(orders.c.id)).where(orders.c.broker_id == broker_id, orders.c.id != order_id)
    return others.where(orders.c.broker_id != "").scalar_subquery()


def refuse_known(order: Order, known: str | None) -> None:
    """`Rejected` where another order is this one of Aladdin's: its fills would be counted twice."""
    if known is not None:
        raise Rejected(
            f"Aladdin's order {order.broker_id} is {known} in this ledger, so it cannot be {order.id} as well. Look at "
            f"{known}, and compare with Aladdin again.",
            code="broker_id_taken",
        )


def confirm(
    conn: Connection,
    known: Mapping[str, Any],
    statement: Statement,
    order: Order,
    after: int | None,
    limits_version: int | None,
) -> Outcome:
    """A statement with its figures, its order with lines and first event, and what it asks of the worker, as rows.
    `known` has the answers to `asks`. `VersionConflict` as in `refuse_out_of_turn`; `Rejected` when the order is
    there."""
    if known["taken"]:
        raise Rejected(f"Order {order.id} is in the ledger already, under another command.", code="order_exists")
    refuse_known(order, known["known_as"])
    refuse_out_of_turn(conn, known, after, limits_version)
    row, lines = figures(statement, order)
    return Outcome(
        canonical(order),
        body={"order": order, "statement": named(statement)},
        rows=(
            (statements, [statement_row(statement)]),
            (statement_figures, [row]),
            (orders, [order_row(order)]),
            (order_events, [confirmation_row(order, statement.created_by)]),
            (intents, confirmation_intents(order, references.current())),
            (statement_lines, lines),
            (order_lines, line_rows(order)),
        ),
    )


def _confirmed_since(conn: Connection, after: int, now: int) -> list[Difference]:
    newest = (
        select(statements.c.version.label("stated"), orders)
        .join(orders, orders.c.id == statements.c.order_id)
        .order_by(statements.c.created_at.desc(), statements.c.id.desc())
        .limit(at_most(min(now - after, _TOLD)))
    )
    said = [
        Difference(f"order {row.id}", _was(row.stated), f"{row.side} {row.face:,} {row.label} for {row.group_ticker}")
        for row in conn.execute(newest)
    ]
    return [Difference("confirmed allocations", str(after), str(now)), *said]


def _was(version: int) -> str:
    return "none" if version == 1 else "other terms"
