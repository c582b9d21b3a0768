"""What may still be traded: Aladdin's figures less what is promised to our own orders that it does not know yet, or
does not show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from allocation.effect import after_trade
from allocation.model import Account, Side
from orders.model import Group, Order
from orders.ports import Ledger
from orders.statement import frozen_block, reserved


def less_ours(group: Group, pending: Sequence[Order], ledger: Ledger) -> Group:
    """The group as it will be once `pending` orders, ours that Aladdin's figures may not count, are done: their buys
    are paid for and held (so that they count in concentrations and metrics, as Aladdin's order-adjusted positions do),
    their sells are gone. What a sell brings is not spent before it is there."""
    accounts = {account.id: account for account in group.accounts}
    for order, statement in zip(pending, ledger.statements_of(pending), strict=True):
        block, basis = frozen_block(statement)
        paid = reserved(statement) if block.side is Side.BUY else {}
        for line in order.lines:
            if (account := accounts.get(line.account_id)) is not None:
                accounts[account.id] = _pay(after_trade(account, block, line.face, basis), paid.get(account.id))
    return replace(group, accounts=tuple(accounts[account.id] for account in group.accounts))


def _pay(account: Account, money: Decimal | None) -> Account:
    if money is None or account.cash is None:
        return account
    return replace(account, cash=account.cash - money)
