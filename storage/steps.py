"""One step of an order as statements: the versioned row, what was booked, the event, the intent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from decimal import Decimal

from sqlalchemy import Connection, case, insert, literal, select, update

from orders.canonical import canonical
from orders.errors import Rejected, VersionConflict
from orders.model import Change, Order, OrderLine
from storage.rows import line_rows, order_row, read_orders
from storage.schema import intents, order_events, order_lines, orders
from storage.unit import Outcome

_KEPT = ("broker_id", "broker_status", "filled", "average_price", "message")  # fields None leaves as they are


def asked(change: Change) -> dict[str, object]:
    """What a change asks for: all but the version and the time it was made at, which differ when it is made again."""
    return {f.name: getattr(change, f.name) for f in fields(change) if f.name not in ("version", "at")}


def advance(conn: Connection, change: Change, fence: int | None) -> Outcome:
    """Write the step, made under `fence`. `VersionConflict`; `Rejected` for an intent that is not open."""
    (before,) = read_orders(conn, select(orders).where(orders.c.id == change.order_id))
    after = _stepped(before, change)
    row = order_row(after)
    at_version = update(orders).where(orders.c.id == change.order_id, orders.c.version == change.version)
    if before.version != change.version or conn.execute(at_version.values(row)).rowcount != 1:
        raise VersionConflict(
            f"Order {change.order_id} was changed by somebody else: it is at version {before.version}, and this step "
            f"was made from version {change.version}. Look at it again, then repeat the step if it still applies."
        )
    _book(conn, before, after)
    conn.execute(
        insert(order_events).values(
            order_id=after.id,
            version=after.version,
            happened_at=change.at,
            actor=change.actor,
            event=change.event,
            state=change.state.value,
            detail=change.detail,
        )
    )
    if change.closes_intent is not None:
        _close(conn, change.order_id, change.closes_intent)
    return Outcome(canonical(after), body={"change": change, "version": after.version, "fence": fence})


def _stepped(order: Order, change: Change) -> Order:
    given = {name: getattr(change, name) for name in _KEPT if getattr(change, name) is not None}
    return replace(
        order,
        version=order.version + 1,
        state=change.state,
        updated_at=change.at,
        lines=_booked(order.lines, change.booked or {}),
        **given,
    )


def _booked(lines: tuple[OrderLine, ...], booked: Mapping[str, Decimal]) -> tuple[OrderLine, ...]:
    known = tuple(replace(line, booked=booked.get(line.account_id, line.booked)) for line in lines)
    strangers = sorted(booked.keys() - {line.account_id for line in lines})
    return known + tuple(OrderLine(account, 0, booked[account]) for account in strangers)


def _book(conn: Connection, before: Order, after: Order) -> None:
    """The lines that changed, in one statement however many they are."""
    changed = [new for old, new in zip(before.lines, after.lines, strict=False) if old != new]
    if changed:
        column = order_lines.c.booked
        booked = {line.account_id: literal(line.booked, column.type) for line in changed}
        here = update(order_lines).where(order_lines.c.order_id == after.id, order_lines.c.account_id.in_(booked))
        conn.execute(here.values(booked=case(booked, value=order_lines.c.account_id)))
    added = after.lines[len(before.lines) :]
    if added:
        conn.execute(insert(order_lines), line_rows(after.id, added, first=len(before.lines)))


def _close(conn: Connection, order_id: str, intent_id: str) -> None:
    here = update(intents).where(intents.c.id == intent_id, intents.c.order_id == order_id, intents.c.done.is_(False))
    if conn.execute(here.values(done=True)).rowcount != 1:
        raise Rejected(
            f"The intent {intent_id} of order {order_id} is not open: it was completed before, or never written.",
            code="intent_not_open",
        )
