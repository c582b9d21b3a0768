"""When a second person must approve: by the size of an order, with what was decided alone of the same within a day,
so that a block is not made small by being made twice, nor by being made small and then larger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_CEILING

from allocation.proposal import Proposal
from orders.attempts import unsettled
from orders.lifecycle import FINAL, Event
from orders.model import Event as Happened
from orders.model import Order, OrderState, Statement
from orders.ports import Ledger
from orders.statement import placed

WITHIN = timedelta(days=1)
_HOW = "it is sent once an approver has approved this very statement. Whoever confirms it cannot."


def needed(ledger: Ledger, limit: int | None, group: str, proposal: Proposal, now: datetime) -> str:
    """Why somebody else must approve the order the proposal makes; empty where nobody has to."""
    why = too_much(ledger, limit, group, proposal, now)
    return f"{why}: {_HOW}" if why else ""


def too_much(
    ledger: Ledger, limit: int | None, group: str, proposal: Proposal, now: datetime, instead_of: str = ""
) -> str:
    """What makes a proposal too much for one person, as the beginning of a sentence; empty where nothing does. It may
    take the place of an order."""
    if limit is None:
        return ""
    if proposal.placed >= limit:
        return f"An order of {limit:,} or more needs a second person"
    block, since = proposal.block, now - WITHIN
    # all of them, and not those confirmed since: an older one may have been made larger since
    alike = ledger.orders([group], assets=[block.bond.asset_id])
    others = (o for o in alike if o.updated_at >= since and o.side is block.side and o.id != instead_of)
    total = proposal.placed + sum(_alone(ledger, order, since, limit) for order in others)
    if total < limit:
        return ""
    return (
        f"With what was confirmed for {group} of this bond within a day, and that nobody approved, it comes to "
        f"{total:,}, and {limit:,} or more needs a second person"
    )


def _alone(ledger: Ledger, order: Order, since: datetime, limit: int) -> int:
    """How much of an order one person decided `since`."""
    history = ledger.events(order.id)
    if history[0].state is OrderState.AWAITING or _taken_over(order, history, limit):
        return 0
    versions = ledger.statements(order.id)
    size = _size(order, history, versions)
    before = next((one for one in versions if one.created_at < since), None)
    return max(0, size - _face(before)) if before is not None else size


def _size(order: Order, history: Sequence[Happened], versions: Sequence[Statement]) -> int:
    """What the order came to, or may come to. What has ended came to what is filled; but of one that was closed here,
    as Aladdin did not show it, nobody knows."""
    if order.state in FINAL and not _happened(history, Event.CLOSE, Event.CLOSE_AGREED):
        return int(order.filled.to_integral_value(ROUND_CEILING))
    if unsettled(history):  # Aladdin may have either
        return max(map(_face, versions[:2]))
    return order.face


def _taken_over(order: Order, history: Sequence[Happened], limit: int) -> bool:
    """Whether an approver took over its terms from Aladdin: of this size nobody else does."""
    return order.face >= limit and (not order.placed_by or _happened(history, Event.ADOPTED))


def _happened(history: Iterable[Happened], *events: Event) -> bool:
    return any(step.event in events for step in history)


def _face(statement: Statement) -> int:
    return sum(placed(statement).values())
