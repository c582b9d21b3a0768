"""When a second person must approve: by the size of an order, with what was confirmed alone of the same within a day,
so that a block is not made small by being made twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from allocation.proposal import Proposal
from orders.lifecycle import FINAL
from orders.model import Order, OrderState
from orders.ports import Ledger

WITHIN = timedelta(days=1)
_HOW = "it is sent once an approver has approved this very statement. Whoever confirms it cannot."


def needed(ledger: Ledger, limit: int | None, group: str, proposal: Proposal, now: datetime) -> str:
    """Why somebody else must approve the order the proposal makes; empty where nobody has to."""
    if limit is None:
        return ""
    if proposal.placed >= limit:
        return f"An order of {limit:,} or more needs a second person: {_HOW}"
    block = proposal.block
    alike = ledger.orders([group], assets=[block.bond.asset_id], since=now - WITHIN)
    total = proposal.placed + sum(o.face for o in alike if o.side is block.side and _alone(ledger, o))
    if total < limit:
        return ""
    return (
        f"With what was confirmed for {group} of this bond within a day, and that nobody approved, it comes to "
        f"{total:,}, and {limit:,} or more needs a second person: {_HOW}"
    )


def _alone(ledger: Ledger, order: Order) -> bool:
    """Whether one person had it sent. What ended before it was at Aladdin does not count."""
    if order.state in FINAL and not order.broker_id:
        return False
    return ledger.events(order.id)[0].state is not OrderState.AWAITING
