"""What a confirmation makes: an order, under a reference that follows from the command."""

from __future__ import annotations

import uuid
from datetime import date

from allocation.proposal import Proposal
from orders.calendar import trade_date
from orders.model import Order, OrderLine, OrderState, Statement, Ticket


def order_id(command_id: str) -> str:
    """Our reference, from the command, so that a repeated confirmation names the same order."""
    return f"EL-{uuid.uuid5(uuid.NAMESPACE_OID, command_id).hex[:12].upper()}"


def order_of(proposal: Proposal, statement: Statement, group: str, comment: str, traded: date) -> Order:
    """The order a statement of this proposal asks for."""
    block = proposal.block
    return Order(
        id=statement.order_id,
        version=1,
        state=OrderState.CONFIRMED,
        group=group,
        asset_id=block.bond.asset_id,
        label=block.bond.label,
        currency=block.bond.currency,
        side=block.side,
        ordered=block.face,
        face=proposal.placed,
        settlement=block.settlement,
        trade_date=traded,
        limit=block.limit,
        engine=proposal.engine,
        lines=tuple(OrderLine(line.account_id, line.face) for line in proposal.lines if line.face),
        statement_id=statement.id,
        statement_sha256=statement.sha256,
        comment=comment,
        created_by=statement.created_by,
        created_at=statement.created_at,
        updated_at=statement.created_at,
        recommended_by=statement.created_by,
        placed_by=statement.created_by,
    )


def ticket_for(proposal: Proposal, traded: date) -> Ticket:
    """What Aladdin would be sent, to be asked what compliance says of it."""
    block = proposal.block
    return Ticket(
        reference="",
        asset_id=block.bond.asset_id,
        side=block.side,
        settlement=block.settlement,
        trade_date=trade_date(traded, block.bond.currency),
        limit=block.limit,
        lines=tuple(OrderLine(line.account_id, line.face) for line in proposal.lines if line.face),
        comment="",
    )


def ticket_of(order: Order) -> Ticket:
    """What Aladdin is sent of it."""
    return Ticket(
        reference=order.id,
        asset_id=order.asset_id,
        side=order.side,
        settlement=order.settlement,
        trade_date=order.trade_date,
        limit=order.limit,
        lines=tuple(line for line in order.lines if line.face),
        comment=order.comment,
    )
