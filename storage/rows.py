"""Orders, their parts and their statements as rows, and back."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, Select, func, or_, select

from allocation.model import Side
from orders.compared import UNSEEN
from orders.errors import NotFound, Rejected, Unavailable
from orders.lifecycle import COUNTED_WORDS, LIVE, PENDING, UNCOUNTED
from orders.model import Change, Event, Intent, Kind, Order, OrderLine, OrderState, Statement
from storage.schema import ROUNDED_DECIMALS, intents, order_events, order_lines, orders
from watch import accounts

_RENAMED = {"group": "group_ticker", "limit": "limit_price", "comment": "remark"}  # reserved words in some store
_FIELDS = {column: field for field, column in _RENAMED.items()}
_UNIT = Decimal(1).scaleb(-ROUNDED_DECIMALS)
_READS = 10  # before giving up on orders that keep changing
_order: TypeAdapter[Order] = TypeAdapter(Order)


def order_of_json(text: str) -> Order:
    """An order from the JSON that `canonical` made of it."""
    return order_of(json.loads(text))


def order_of(said: dict[str, Any]) -> Order:
    """An order from its JSON as values. One written before these two were kept was placed by who confirmed it."""
    for person in ("recommended_by", "placed_by"):
        said.setdefault(person, said["created_by"])
    return _order.validate_python(said)


def no_order(order_id: str) -> NotFound:
    """There is none of this id."""
    return NotFound(f"The ledger has no order {order_id}.")


def order_row(order: Order) -> dict[str, object]:
    """An order as its row, without its lines. Enums go in as plain text: not every driver takes a subclass of it."""
    row = {column.name: getattr(order, _FIELDS.get(column.name, column.name)) for column in orders.columns}
    return {**row, "state": order.state.value, "side": order.side.value}


def line_rows(order: Order, at: datetime | None = None) -> list[dict[str, object]]:
    """An order's lines as rows. What they have booked was booked `at`."""
    return [
        {
            "order_id": order.id,
            "account_id": line.account_id,
            "place": place,
            "face": line.face,
            "booked": line.booked,
            "ordered_at": order.created_at,
            "first_filled_at": at if line.booked else None,
        }
        for place, line in enumerate(order.lines)
    ]


def confirmation_row(order: Order, actor: str) -> dict[str, object]:
    """The first event of an order."""
    return _event_row(order, actor, "confirm", order.created_at)


def step_row(order: Order, change: Change) -> dict[str, object]:
    """The event of the step that led to this order."""
    return _event_row(order, change.actor, change.event, change.at, change.detail, change.reason)


def _event_row(
    order: Order, actor: str, event: str, at: datetime, detail: str = "", reason: str = ""
) -> dict[str, object]:
    return {
        "order_id": order.id,
        "version": order.version,
        "happened_at": at,
        "actor": actor,
        "event": event,
        "state": order.state.value,
        "detail": detail,
        "reason": reason,
        "ordered": order.ordered,
        "face": order.face,
        "limit_price": order.limit,
        "settlement": order.settlement,
        "broker_status": order.broker_status,
        "filled": order.filled,
        "average_price": order.average_price,
    }


def fill_rows(before: Order, after: Order, at: datetime) -> list[dict[str, object]]:
    """What was booked between the two, one row for each account it changed for."""
    had = {line.account_id: line.booked for line in before.lines}
    changed = ((line, line.booked - had.get(line.account_id, 0)) for line in after.lines)
    return [
        {
            "order_id": after.id,
            "version": after.version,
            "account_id": line.account_id,
            "filled_at": at,
            "booked": line.booked,
            "delta": delta,
            "average_price": after.average_price,
        }
        for line, delta in changed
        if delta
    ]


def confirmation_intents(order: Order, reference: str) -> list[dict[str, object]]:
    """What a confirmation asks of the worker: to send the order, unless somebody else must approve it first, or it was
    entered in Aladdin."""
    if order.state in (OrderState.AWAITING, OrderState.OPEN):
        return []
    return [intent_row(order, Kind.SEND, f"{order.id}:{Kind.SEND.value}", order.created_at, reference)]


def step_intents(order: Order, change: Change, reference: str) -> list[dict[str, object]]:
    """What the step that led to this order asks of the worker. The intent is named after the version it led to."""
    if (kind := change.opens_intent) is None:
        return []
    return [intent_row(order, kind, f"{order.id}:{order.version}:{kind.value}", change.at, reference)]


def intent_row(order: Order, kind: Kind, id_: str, at: datetime, reference: str) -> dict[str, object]:
    """An open intent. Its kind goes in as plain text: not every driver takes an enum for it."""
    row = {"id": id_, "order_id": order.id, "kind": kind.value, "created_at": at, "done": False}
    return row | {"reference": reference or None}


def statement_row(statement: Statement) -> dict[str, object]:
    """A statement as its row."""
    return {field.name: getattr(statement, field.name) for field in fields(Statement)}


def named(statement: Statement) -> dict[str, object]:
    """What the audit log has of a statement: all but its text, and the order, which is the entry's subject."""
    return {name: value for name, value in statement_row(statement).items() if name not in ("order_id", "body")}


def figures(statement: Statement, order: Order) -> tuple[dict[str, object], list[dict[str, object]]]:
    """The row of a statement's figures and the rows of its lines; `order` is the one it was made for, as it then was.
    `Rejected` for a text that is not a statement's."""
    with reading(statement):
        body = json.loads(statement.body)
        return _figures_row(statement, order, body["choices"]["engine"], body["effect"]), [
            _line_row(statement, order, place, line) for place, line in enumerate(body["lines"])
        ]


@contextmanager
def reading(statement: Statement) -> Iterator[None]:
    """Reading a statement's text: `Rejected` for one that is not a statement's."""
    try:
        yield
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise Rejected(
            f"The statement {statement.id} of order {statement.order_id} does not have the text of a statement "
            f"({error!r}), so the ledger cannot take it. Preview the allocation again.",
            code="statement_unreadable",
        ) from error


def _figures_row(statement: Statement, order: Order, engine: str, effect: dict[str, Any]) -> dict[str, object]:
    before, after = float(effect["dispersion_before"]), float(effect["dispersion_after"])
    return {
        "statement_id": statement.id,
        "order_id": order.id,
        "version": statement.version,
        "created_at": statement.created_at,
        "created_by": statement.created_by,
        "group_ticker": order.group,
        "asset_id": order.asset_id,
        "label": order.label,
        "side": order.side.value,
        "engine": engine,
        "ordered": order.ordered,
        "placed": order.face,
        "metric": effect["metric"],
        "dispersion_before": before,
        "dispersion_after": after,
        "improvement": (before - after) / before if before else None,
        "sha256": statement.sha256,
    }


def _line_row(statement: Statement, order: Order, place: int, line: dict[str, Any]) -> dict[str, object]:
    asked = line.get("asked")
    return {
        "order_id": order.id,
        "version": statement.version,
        "account_id": line["account_id"],
        "place": place,
        "ordered_at": order.created_at,
        "wish": _rounded(line["wish"]),
        "asked": None if asked is None else _rounded(asked),
        "face": line["face"],
        "money": _rounded(line["money"]),
        "cap_rule": line["cap"]["rule"],
        "cap_face": line["cap"]["face"],
        "reason": line["reason"],
    }


def _rounded(number: str | int) -> Decimal:
    return Decimal(number).quantize(_UNIT)


def read_orders(conn: Connection, wanted: Select[Any]) -> tuple[Order, ...]:
    """The orders a select over `orders` finds, in its order: one query for them, one for all their lines. Where each
    statement sees its own moment, an order may change between the two: then both are read again. `Unavailable` where
    that does not end."""
    chosen = wanted.with_only_columns(orders.c.id, orders.c.version).subquery()
    needed = (order_lines.c[name] for name in ("order_id", "account_id", "face", "booked"))  # times are slow to read
    query = select(*needed, chosen).outerjoin_from(chosen, order_lines, chosen.c.id == order_lines.c.order_id)
    query = query.order_by(order_lines.c.place)
    for _ in range(_READS):
        rows = conn.execute(wanted).all()
        lines = conn.execute(query).all()
        if {(row.id, row.version) for row in rows} <= {(line.id, line.version) for line in lines}:
            return tuple(orders_of(rows, (line for line in lines if line.order_id is not None)))
    raise Unavailable("The orders keep changing while they are read. Try again.", sent=False)


def promised() -> Select[Any]:
    """The orders of which Aladdin's figures may lack something: it may not know them or their terms yet, or does not
    show them."""
    unseen = orders.c.state.in_([state.value for state in LIVE]) & or_(*map(orders.c.message.startswith, UNSEEN))
    word = func.lower(func.trim(orders.c.broker_status))
    doubtful = (orders.c.state == OrderState.OPEN.value) & word.not_in(COUNTED_WORDS)
    whole = orders.c.state.in_([state.value for state in (*UNCOUNTED, *PENDING)])  # Snowflake binds no enum
    return select(orders).where(whole | doubtful | unseen)


def read_orders_of(conn: Connection, ids: Sequence[str]) -> tuple[Order, ...]:
    """The orders with these ids, in their order; one that is not there is left out."""
    found = {order.id: order for order in read_orders(conn, select(orders).where(orders.c.id.in_(ids)))}
    return tuple(found[id_] for id_ in ids if id_ in found)


def read_events(conn: Connection, order_id: str) -> tuple[Event, ...]:
    """An order's history, oldest first."""
    query = select(order_events).where(order_events.c.order_id == order_id).order_by(order_events.c.version)
    return tuple(
        Event(row.order_id, row.happened_at, row.actor, row.event, OrderState(row.state), row.detail, row.reason)
        for row in conn.execute(query)
    )


def open_intents(conn: Connection) -> tuple[Intent, ...]:
    """What the worker is still asked to do, oldest first."""
    query = select(intents).where(intents.c.done.is_(False)).order_by(intents.c.created_at, intents.c.id)
    return tuple(
        Intent(row.id, row.order_id, Kind(row.kind), row.created_at, row.reference or "") for row in conn.execute(query)
    )


def orders_of(rows: Iterable[Row[Any]], line_rows: Iterable[Row[Any]]) -> Iterator[Order]:
    """Orders from their rows and the rows of their lines, these in the statement's order."""
    lines: defaultdict[str, list[OrderLine]] = defaultdict(list)
    for row in line_rows:
        accounts.met(row.account_id)
        lines[row.order_id].append(OrderLine(row.account_id, int(row.face), row.booked))
    for row in rows:
        values = {_FIELDS.get(name, name): value for name, value in row._mapping.items()}
        values["state"] = OrderState(values["state"])
        values["side"] = Side(values["side"])
        values["ordered"] = int(values["ordered"])
        values["face"] = int(values["face"])
        yield Order(**values, lines=tuple(lines[row.id]))
