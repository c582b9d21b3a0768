"""Blocks of a batch that are orders today already, though not of this batch: in another one, or confirmed alone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from orders.block import Request
from orders.lifecycle import FINAL
from orders.model import Order
from orders.ports import Ledger

MADE_OVERNIGHT = timedelta(hours=12)  # what was made so long ago is not made again, though its day is over


def alike(ledger: Ledger, request: Request, batch: str | None, moment: datetime) -> tuple[str, ...]:
    """A sentence for the newest order of the same block that was made today outside this batch, by `moment`'s market;
    None is no batch yet. It says nothing that changes, so that who accepted it can be held to it."""
    day = datetime.combine(moment.date(), time(), moment.tzinfo)
    since = min(day, moment - MADE_OVERNIGHT).astimezone(UTC)
    made = [
        order
        for order in ledger.orders([request.group], assets=[request.asset_id], since=since)
        if order.batch != batch and _same(order, request) and (order.broker_id or order.state not in FINAL)
    ]
    if not made:
        return ()
    newest = made[0]
    where = f"in batch {newest.batch}" if newest.batch else "by itself"
    more = f", and {len(made) - 1:,} more" if len(made) > 1 else ""
    at = f"{newest.created_at:%H:%M} UTC on {newest.created_at:%d %b %Y}"
    return (
        f"The same block was made {where} already, as {newest.id} by {newest.created_by} at {at}{more}. This would be "
        "another order.",
    )


def _same(order: Order, request: Request) -> bool:
    terms = (request.side, request.face, request.settlement, request.limit)
    return (order.side, order.ordered, order.settlement, order.limit) == terms
