"""One step of an order as statements: the versioned row, its lines, what was booked, the event, the intents, and where
it modifies the order the next version of its statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Table, case, cast, func, insert, literal, select, update

from orders.canonical import canonical
from orders.errors import Rejected
from orders.lifecycle import READY, Event
from orders.model import Change, Order, OrderLine, OrderState, Statement
from orders.statement import engine_of
from storage import conflicts
from storage.confirmations import disagreements, known_as, refuse, refuse_known, refuse_out_of_turn, turn
from storage.dialects import Rows
from storage.rows import (
    figures,
    fill_rows,
    line_rows,
    named,
    order_row,
    read_orders,
    reading,
    statement_row,
    step_intents,
    step_row,
)
from storage.schema import fills, intents, order_events, order_lines, orders, statement_figures, statement_lines
from storage.schema import statements as statement_table
from storage.unit import Outcome
from watch import references

# fields None leaves as they are
_KEPT = (
    "broker_id", "broker_status", "filled", "average_price", "message",
    "ordered", "face", "limit", "settlement", "engine",
)  # fmt: skip

_REPEAT_IN_VAIN = (Event.REPEAT_NEVER_LEFT, Event.REPEAT_REFUSED)


def asked(change: Change) -> dict[str, object]:
    """What a change asks for: all but the version and the time it was made at, which differ when it is made again, as
    does what a screen reads as booked for its lines, which the step leaves as it is."""
    terms = {f.name: getattr(change, f.name) for f in fields(change) if f.name not in ("version", "at")}
    lines = change.lines and [{"account_id": line.account_id, "face": line.face} for line in change.lines]
    return terms | {"lines": lines}


def asks(change: Change, statement: Statement | None) -> dict[str, ScalarSelect[Any]]:
    """What `advance` has to know of the ledger to write this step and its statement."""
    table = statement_table.c
    others = {"known_as": known_as(change.broker_id, change.order_id)} if change.broker_id else {}
    if statement is None:
        return others
    return (
        others
        | turn()
        | {
            "newest": select(func.max(table.version)).where(table.order_id == statement.order_id).scalar_subquery(),
            "taken": select(func.count()).where(table.id == statement.id).scalar_subquery(),
        }
    )


def advance(
    conn: Connection,
    known: Mapping[str, Any],
    change: Change,
    fence: int | None,
    statement: Statement | None,
    made_after: tuple[int | None, int | None] = (None, None),
) -> Outcome:
    """Write the step, made under `fence`, and its statement, made after so many others and under that version of the
    limits; `known` has the answers to `asks`. `VersionConflict`; `Rejected` for an intent that is not open, and where
    step and statement do not agree."""
    (before,) = read_orders(conn, select(orders).where(orders.c.id == change.order_id))
    if before.version != change.version:
        raise conflicts.of_order(conn, before, change.version)
    if statement is not None:
        refuse_out_of_turn(conn, known, *made_after)
    told = None if statement is None else _told(statement)
    after = stepped(before, change, told)
    _require_agreement(change, after, statement, known)
    if after.broker_id != before.broker_id:
        refuse_known(after, known["known_as"])
    if statement is not None:  # before the order's row, which names it
        conn.execute(insert(statement_table), [statement_row(statement)])
    at_version = update(orders).where(orders.c.id == change.order_id, orders.c.version == change.version)
    if conn.execute(at_version.values(order_row(after))).rowcount != 1:
        raise conflicts.of_order(conn, before, change.version)
    _update_lines(conn, before, after, change.at)
    if change.closes_intent is not None:
        _close(conn, change.order_id, change.closes_intent)
    had = {line.account_id for line in before.lines}
    body = {"change": change, "version": after.version, "fence": fence}
    return Outcome(
        canonical(after),
        body=body if told is None else body | {"statement": told},
        rows=(
            (order_events, [step_row(after, change)]),
            (fills, fill_rows(before, after, change.at)),
            (intents, step_intents(after, change, references.current())),
            (order_lines, [row for row in line_rows(after, change.at) if row["account_id"] not in had]),
            *_in_columns(statement, after),
        ),
    )


def _told(statement: Statement) -> dict[str, object]:
    """What the audit log has of a statement that came with a step: from then on its engine is the order's."""
    with reading(statement):
        return named(statement) | {"engine": engine_of(statement)}


def _in_columns(statement: Statement | None, order: Order) -> tuple[tuple[Table, Rows], ...]:
    if statement is None:
        return ()
    row, lines = figures(statement, order)
    return (statement_figures, [row]), (statement_lines, lines)


def _require_agreement(change: Change, after: Order, statement: Statement | None, known: Mapping[str, Any]) -> None:
    if statement is None:
        refuse(after, "modified", {"statement_missing": change.modifies and "no statement has its new terms"})
        return
    following = (known["newest"] or 0) + 1
    faults = {
        "reason_missing": not change.reason.strip() and "no reason is given",
        "statement_version": statement.version != following
        and f"its statement is version {statement.version}, and {following} is the next",
        "statement_exists": bool(known["taken"]) and f"there is a statement {statement.id} already",
    }
    refuse(after, "modified", disagreements(statement, after, change.at, change.actor) | faults)


def stepped(order: Order, change: Change, statement: Mapping[str, Any] | None = None) -> Order:
    """The order as the step leaves it; `statement` is what the audit log has of the one that came with it."""
    told: dict[str, Any] = {name: getattr(change, name) for name in _KEPT if getattr(change, name) is not None}
    told |= dict.fromkeys(change.cleared)
    if statement is not None:
        told |= {"statement_id": statement["id"], "statement_sha256": statement["sha256"]}
        told.setdefault("engine", statement["engine"])
    return replace(
        order,
        version=order.version + 1,
        state=change.state,
        updated_at=change.at,
        entered_at=_entered(order, change),
        lines=_booked(_restated(order.lines, change.lines), change.booked or {}),
        **told,
    )


def _entered(order: Order, change: Change) -> datetime | None:
    """When the first post left that Aladdin may have: a repeated one does not move it. After a restore that forgot
    the first one, a repeated one that came to nothing leaves it unknown."""
    if change.state is OrderState.SENDING:
        return order.entered_at or change.at
    if change.state in READY:
        return None  # it certainly is not there
    by_this_post = order.state is OrderState.SENDING and order.entered_at == order.updated_at
    return None if by_this_post and change.event in _REPEAT_IN_VAIN else order.entered_at


def _restated(lines: tuple[OrderLine, ...], anew: tuple[OrderLine, ...] | None) -> tuple[OrderLine, ...]:
    """The new lines with what they have booked; then those they leave out, which may have booked as well."""
    if anew is None:
        return lines
    booked = {line.account_id: line.booked for line in lines}
    named_anew = {line.account_id for line in anew}
    return (
        *(replace(line, booked=booked.get(line.account_id, Decimal(0))) for line in anew),
        *(replace(line, face=0) for line in lines if line.account_id not in named_anew),
    )


def _booked(lines: tuple[OrderLine, ...], booked: Mapping[str, Decimal]) -> tuple[OrderLine, ...]:
    known = tuple(replace(line, booked=booked.get(line.account_id, line.booked)) for line in lines)
    strangers = sorted(booked.keys() - {line.account_id for line in lines})
    return known + tuple(OrderLine(account, 0, booked[account]) for account in strangers)


def _update_lines(conn: Connection, before: Order, after: Order, at: datetime) -> None:
    """The lines that changed, in one statement however many they are, for each column that may change."""
    was = {row["account_id"]: row for row in line_rows(before)}
    now = [row for row in line_rows(after) if row["account_id"] in was]
    account, first = order_lines.c.account_id, order_lines.c.first_filled_at
    for column in (order_lines.c.place, order_lines.c.face, order_lines.c.booked):
        new = {row["account_id"]: row[column.name] for row in now}
        changed = {
            name: cast(literal(value, column.type), column.type)
            for name, value in new.items()
            if value != was[name][column.name]
        }
        if changed:
            values: dict[str, ColumnElement[Any]] = {column.name: case(changed, value=account)}
            if column is order_lines.c.booked:
                values[first.name] = func.coalesce(first, literal(at, first.type))
            here = update(order_lines).where(order_lines.c.order_id == after.id, account.in_(changed))
            conn.execute(here.values(values))


def _close(conn: Connection, order_id: str, intent_id: str) -> None:
    here = update(intents).where(intents.c.id == intent_id, intents.c.order_id == order_id, intents.c.done.is_(False))
    if conn.execute(here.values(done=True)).rowcount != 1:
        raise Rejected(
            f"The intent {intent_id} of order {order_id} is not open: it was completed before, or never written.",
            code="intent_not_open",
        )
