"""Orders and their parts as rows, and back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, Select, select

from allocation.model import Side
from orders.model import Order, OrderLine, OrderState
from storage.schema import order_lines, orders

_RENAMED = {"group": "group_ticker", "limit": "limit_price", "comment": "remark"}  # reserved words in some store
_order_json: TypeAdapter[Order] = TypeAdapter(Order)


def order_of_json(text: str) -> Order:
    """An order from the JSON that `canonical` made of it."""
    return _order_json.validate_json(text)


def order_row(order: Order) -> dict[str, object]:
    """An order as its row, without its lines. Enums go in as plain text: not every driver takes a subclass of it."""
    row = {column.name: getattr(order, _FIELDS.get(column.name, column.name)) for column in orders.columns}
    return {**row, "state": order.state.value, "side": order.side.value}


_FIELDS = {column: field for field, column in _RENAMED.items()}


def line_rows(order_id: str, lines: Iterable[OrderLine], first: int = 0) -> list[dict[str, object]]:
    """An order's lines as rows; `first` is the place of the first of them."""
    return [
        {"order_id": order_id, "account_id": line.account_id, "place": place, "face": line.face, "booked": line.booked}
        for place, line in enumerate(lines, start=first)
    ]


def read_orders(conn: Connection, wanted: Select[Any]) -> tuple[Order, ...]:
    """The orders a select over `orders` finds, in its order: one query for them, one for all their lines."""
    rows = conn.execute(wanted).all()
    chosen = wanted.with_only_columns(orders.c.id).subquery()
    query = select(order_lines).join(chosen, chosen.c.id == order_lines.c.order_id).order_by(order_lines.c.place)
    lines: defaultdict[str, list[OrderLine]] = defaultdict(list)
    for row in conn.execute(query):
        lines[row.order_id].append(OrderLine(row.account_id, int(row.face), row.booked))
    return tuple(_order(row, tuple(lines[row.id])) for row in rows)


def _order(row: Row[Any], lines: tuple[OrderLine, ...]) -> Order:
    values = {_FIELDS.get(name, name): value for name, value in row._mapping.items()}
    values["state"] = OrderState(values["state"])
    values["side"] = Side(values["side"])
    values["ordered"] = int(values["ordered"])
    values["face"] = int(values["face"])
    return Order(**values, lines=lines)
