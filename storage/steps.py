"""One step of an order as statements: the versioned row, what was booked, the event, the intent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, case, cast, func, literal, select, update

from orders.canonical import canonical
from orders.errors import Rejected
from orders.model import Change, Order, OrderLine, OrderState
from storage import conflicts
from storage.rows import fill_rows, line_rows, order_row, read_orders, step_row
from storage.schema import fills, intents, order_events, order_lines, orders
from storage.unit import Outcome

_KEPT = ("broker_id", "broker_status", "filled", "average_price", "message")  # fields None leaves as they are


def asked(change: Change) -> dict[str, object]:
    """What a change asks for: all but the version and the time it was made at, which differ when it is made again."""
    return {f.name: getattr(change, f.name) for f in fields(change) if f.name not in ("version", "at")}


def advance(conn: Connection, change: Change, fence: int | None) -> Outcome:
    """Write the step, made under `fence`. `VersionConflict`; `Rejected` for an intent that is not open."""
    (before,) = read_orders(conn, select(orders).where(orders.c.id == change.order_id))
    after = stepped(before, change)
    at_version = update(orders).where(orders.c.id == change.order_id, orders.c.version == change.version)
    if before.version != change.version or conn.execute(at_version.values(order_row(after))).rowcount != 1:
        raise conflicts.of_order(conn, before, change.version)
    _book(conn, before, after, change.at)
    if change.closes_intent is not None:
        _close(conn, change.order_id, change.closes_intent)
    return Outcome(
        canonical(after),
        body={"change": change, "version": after.version, "fence": fence},
        rows=(
            (order_events, [step_row(after, change)]),
            (fills, fill_rows(before, after, change.at)),
            (order_lines, line_rows(after, first=len(before.lines), at=change.at)),
        ),
    )


def stepped(order: Order, change: Change) -> Order:
    """The order as the step leaves it. It is entered while it is being sent, and not entered once it is certain that
    it never left."""
    entered = {OrderState.SENDING: change.at, OrderState.CONFIRMED: None}
    return replace(
        order,
        version=order.version + 1,
        state=change.state,
        updated_at=change.at,
        entered_at=entered.get(change.state, order.entered_at),
        lines=_booked(order.lines, change.booked or {}),
        **{name: getattr(change, name) for name in _KEPT if getattr(change, name) is not None},
    )


def _booked(lines: tuple[OrderLine, ...], booked: Mapping[str, Decimal]) -> tuple[OrderLine, ...]:
    known = tuple(replace(line, booked=booked.get(line.account_id, line.booked)) for line in lines)
    strangers = sorted(booked.keys() - {line.account_id for line in lines})
    return known + tuple(OrderLine(account, 0, booked[account]) for account in strangers)


def _book(conn: Connection, before: Order, after: Order, at: datetime) -> None:
    """The lines that changed, in one statement however many they are."""
    changed = [new for old, new in zip(before.lines, after.lines, strict=False) if old != new]
    if changed:
        column = order_lines.c.booked
        booked = {line.account_id: cast(literal(line.booked, column.type), column.type) for line in changed}
        first = order_lines.c.first_filled_at
        here = update(order_lines).where(order_lines.c.order_id == after.id, order_lines.c.account_id.in_(booked))
        conn.execute(
            here.values(
                booked=case(booked, value=order_lines.c.account_id),
                first_filled_at=func.coalesce(first, literal(at, first.type)),
            )
        )


def _close(conn: Connection, order_id: str, intent_id: str) -> None:
    here = update(intents).where(intents.c.id == intent_id, intents.c.order_id == order_id, intents.c.done.is_(False))
    if conn.execute(here.values(done=True)).rowcount != 1:
        raise Rejected(
            f"The intent {intent_id} of order {order_id} is not open: it was completed before, or never written.",
            code="intent_not_open",
        )
