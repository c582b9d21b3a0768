"""What may still be spent: Aladdin's figures less what is promised to our own orders that it does not know yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from allocation.model import Account, Side
from orders.model import Group, Order
from orders.ports import Ledger
from orders.statement import reserved


def less_ours(group: Group, pending: Sequence[Order], ledger: Ledger) -> Group:
    """The group with cash and holdings less what `pending` orders will use: ours, which Aladdin does not know yet."""
    money: dict[str, Decimal] = {}
    faces: dict[tuple[str, str], int] = {}
    for order in pending:
        for account, amount in reserved(ledger.statement(order.id)).items():
            money[account] = money.get(account, Decimal(0)) + amount
        if order.side is Side.SELL:
            for line in order.lines:
                key = (line.account_id, order.asset_id)
                faces[key] = faces.get(key, 0) + line.face
    accounts = tuple(_reserve(account, money.get(account.id), faces) for account in group.accounts)
    return replace(group, accounts=accounts)


def _reserve(account: Account, money: Decimal | None, faces: Mapping[tuple[str, str], int]) -> Account:
    cash = account.cash if money is None or account.cash is None else account.cash - money
    held = {
        asset: replace(holding, face=holding.face - faces[account.id, asset])
        for asset, holding in account.holdings.items()
        if (account.id, asset) in faces
    }
    if cash == account.cash and not held:
        return account
    return replace(account, cash=cash, holdings={**account.holdings, **held})
