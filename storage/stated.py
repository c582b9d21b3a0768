"""The statements of an order as they were frozen, read by version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, select

from orders.errors import NotFound
from orders.model import Order, Statement
from storage.dialects import at_most
from storage.schema import statements


def one(conn: Connection, order_id: str, version: int | None) -> Statement:
    """The newest statement of an order, or the one of a version; `NotFound` when there is none."""
    query = _newest_first(order_id).limit(at_most(1))
    row = conn.execute(query if version is None else query.where(statements.c.version == version)).first()
    if row is None:
        which = "statement" if version is None else f"version {version} of the statement"
        raise NotFound(f"The ledger has no {which} for order {order_id}.")
    return Statement(**row._mapping)


def every(conn: Connection, order_id: str) -> tuple[Statement, ...]:
    """Every version, newest first: one query, in the order of an index."""
    return tuple(Statement(**row._mapping) for row in conn.execute(_newest_first(order_id)))


def of(conn: Connection, orders: Sequence[Order]) -> tuple[Statement, ...]:
    """What each of these orders names as its statement: one query. `NotFound` when one is not there."""
    query = select(statements).where(statements.c.id.in_([order.statement_id for order in orders]))
    found = {row.id: Statement(**row._mapping) for row in conn.execute(query)}
    if missing := [order.id for order in orders if order.statement_id not in found]:
        raise NotFound(f"The ledger has no statement for order {missing[0]}.")
    return tuple(found[order.statement_id] for order in orders)


def _newest_first(order_id: str) -> Select[Any]:
    return select(statements).where(statements.c.order_id == order_id).order_by(statements.c.version.desc())
