"""Which orders are those that Aladdin knows by a number, and which have ended and are looked after still."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, select, union

from orders.lifecycle import FINAL
from storage.schema import order_events, order_lines, orders


def known_as(broker_ids: Collection[str]) -> Select[Any]:
    """Those with these ids at Aladdin, oldest first."""
    those = orders.c.broker_id.in_(sorted(set(broker_ids) - {""}))
    return select(orders).where(those).order_by(orders.c.created_at, orders.c.id)


def unsettled(asked: str, settled: str) -> Select[Any]:
    """Those of which the newest event `asked` has no event `settled` after it, oldest first."""

    def newest(event: str) -> Any:
        return func.max(case((order_events.c.event == event, order_events.c.version), else_=0))

    waiting = (
        select(order_events.c.order_id)
        .where(order_events.c.event.in_([asked, settled]))
        .group_by(order_events.c.order_id)
        .having(newest(asked) > newest(settled))
    )
    return select(orders).where(orders.c.id.in_(waiting)).order_by(orders.c.created_at, orders.c.id)


def ended(since: datetime, unshared_since: datetime) -> Select[Any]:
    """Those at Aladdin that have ended, with their last step `since`; and where more is filled than is booked to
    accounts, `unshared_since`."""
    there = orders.c.state.in_([state.value for state in FINAL]), orders.c.broker_id != ""
    shared = order_lines.c.order_id == orders.c.id
    unshared = (
        select(orders.c.id)
        .join(order_lines, shared)
        .where(*there, orders.c.updated_at >= unshared_since)
        .group_by(orders.c.id, orders.c.filled)
        .having(orders.c.filled > func.sum(order_lines.c.booked))
    )
    late = select(orders.c.id).where(*there, orders.c.updated_at >= since)
    return select(orders).where(orders.c.id.in_(union(late, unshared))).order_by(orders.c.created_at, orders.c.id)
