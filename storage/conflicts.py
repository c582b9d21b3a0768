"""What somebody else changed since a user opened something, told field by field."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, RowMapping, select

from orders.errors import Difference, VersionConflict
from orders.model import Order
from storage.schema import fills, order_events
from storage.schema import statement_figures as figures

_FIELDS = {  # columns of an event, by the desk's words
    "state": "state",
    "ordered": "ordered face",
    "face": "allocated face",
    "limit_price": "limit",
    "settlement": "settlement",
    "broker_status": "Aladdin's status",
    "filled": "filled",
    "average_price": "average price",
}


def of_order(conn: Connection, order: Order, opened: int) -> VersionConflict:
    """The conflict of who made a step from the version `opened` of an order that is now as given."""
    query = select(order_events).where(order_events.c.order_id == order.id, order_events.c.version >= opened)
    steps = [row._mapping for row in conn.execute(query.order_by(order_events.c.version))]
    changes: tuple[Difference, ...] = ()
    who = ""
    if len(steps) > 1:
        changes = (
            *_terms(steps[0], steps[-1]),
            *_statements(conn, order.id, steps[0]["happened_at"]),
            *_bookings(conn, order.id, opened),
        )
        who = f" by {steps[-1]['actor']} at {steps[-1]['happened_at']:%d %b %Y %H:%M:%S} UTC"
    told = "; ".join(map(str, changes)) or "nothing that a screen shows"
    return VersionConflict(
        f"Someone changed order {order.id} since you opened it: it is at version {order.version}{who}, and this step "
        f"was made from version {opened}. What changed: {told}. Look at it again, then repeat the step if it still "
        "applies.",
        changes,
    )


def _terms(was: RowMapping, now: RowMapping) -> Iterator[Difference]:
    for column, name in _FIELDS.items():
        if was[column] != now[column]:
            yield Difference(name, said(was[column]), said(now[column]))


def _statements(conn: Connection, order_id: str, opened_at: datetime) -> Iterator[Difference]:
    """The modifications since: one that only splits the same face anew changes none of the terms."""
    made = select(figures.c.version, figures.c.created_at).where(figures.c.order_id == order_id)
    rows = conn.execute(made.order_by(figures.c.version)).all()
    was = max((row.version for row in rows if row.created_at <= opened_at), default=rows[0].version)
    if rows[-1].version != was:
        yield Difference("statement", f"version {was}", f"version {rows[-1].version}")


def _bookings(conn: Connection, order_id: str, opened: int) -> Iterator[Difference]:
    query = select(fills).where(fills.c.order_id == order_id, fills.c.version > opened)
    first: dict[str, Decimal] = {}
    last: dict[str, Decimal] = {}
    for row in conn.execute(query.order_by(fills.c.account_id, fills.c.version)):
        first.setdefault(row.account_id, row.booked - row.delta)
        last[row.account_id] = row.booked
    for account, was in first.items():
        if was != last[account]:
            yield Difference(f"booked for {account}", said(was), said(last[account]))


def said(value: object) -> str:
    """A value of a column as a sentence has it."""
    if value is None or value == "":
        return "none"
    if isinstance(value, datetime):
        return f"{value:%d %b %Y %H:%M:%S.%f} UTC"
    if isinstance(value, date):
        return f"{value:%d %b %Y}"
    if isinstance(value, Decimal):
        whole, point, rest = f"{value:,f}".partition(".")
        return whole + (point + rest).rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
