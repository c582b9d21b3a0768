"""What may still be traded: Aladdin's figures less what is promised to our own orders that it does not count yet, or
does not show any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from allocation.effect import after_trade
from allocation.model import Account
from orders import compared, lifecycle
from orders.attempts import unsettled
from orders.lifecycle import PENDING
from orders.model import Group, Order, Statement
from orders.ports import Ledger
from orders.statement import frozen_block, placed, reserved


class _Part(NamedTuple):
    """What an order promises of one account, or for it."""

    face: int = 0
    money: Decimal = Decimal(0)


def lacking(orders: Sequence[Order]) -> frozenset[tuple[str, bool]]:
    """What Aladdin's figures may lack of these orders: what a modification adds, or the whole of it."""
    return frozenset((order.id, _uncounted(order)) for order in orders)


def less_ours(group: Group, pending: Sequence[Order], ledger: Ledger) -> Group:
    """The group as it will be once the `pending` orders are done: what Aladdin's figures lack of their buys is paid for
    and held (so that it counts in concentrations and metrics, as Aladdin's order-adjusted positions do), of their sells
    is gone. What a sell brings is not spent before it is there."""
    accounts = {account.id: account for account in group.accounts}
    for order, statement in zip(pending, ledger.statements_of(pending), strict=True):
        block, basis = frozen_block(statement)
        for name, part in _missing(order, statement, ledger).items():
            if (account := accounts.get(name)) is not None:
                accounts[name] = _pay(after_trade(account, block, part.face, basis), part.money)
    return replace(group, accounts=tuple(accounts[account.id] for account in group.accounts))


def _missing(order: Order, statement: Statement, ledger: Ledger) -> dict[str, _Part]:
    """What Aladdin may not count yet, by account id. While it is not known what became of a modification, Aladdin has
    the terms of before or the new ones: the more of the two is promised, and the terms of before are what it counts.
    What is booked of an order that it does not show are trades, which it counts all the same."""
    newest = before = _parts(statement)
    if order.state in PENDING and unsettled(ledger.events(order.id)):
        before = _parts(ledger.statement(order.id, statement.version - 1))
    most = {name: _more(newest.get(name, _Part()), before.get(name, _Part())) for name in newest.keys() | before.keys()}
    counted: Mapping[str, _Part] = before
    if _uncounted(order):
        counted = _executed(order, most) if compared.unseen(order) else {}
    return {name: _less(part, counted.get(name, _Part())) for name, part in most.items()}


def _more(one: _Part, other: _Part) -> _Part:
    return _Part(max(one.face, other.face), max(one.money, other.money))


def _less(part: _Part, counted: _Part) -> _Part:
    return _Part(part.face - counted.face, part.money - counted.money)


def _executed(order: Order, promised: Mapping[str, _Part]) -> dict[str, _Part]:
    """What Aladdin counts as trades of an order that it does not show any more, at what was promised for it."""
    executed = {}
    for line in order.lines:
        part = promised.get(line.account_id, _Part())
        if face := min(int(line.booked), part.face):
            executed[line.account_id] = _Part(face, part.money * face / part.face)
    return executed


def _uncounted(order: Order) -> bool:
    return lifecycle.uncounted(order) or compared.unseen(order)


def _parts(statement: Statement) -> dict[str, _Part]:
    paid = reserved(statement)
    return {name: _Part(face, paid.get(name, Decimal(0))) for name, face in placed(statement).items()}


def _pay(account: Account, money: Decimal) -> Account:
    if not money or account.cash is None:
        return account
    return replace(account, cash=account.cash - money)
