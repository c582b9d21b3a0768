"""Pro rata: shares proportional to a size of each account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from allocation.caps.wording import rate_fault
from allocation.engines.options import Choice, Option, PerAccount
from allocation.engines.problem import Draft, Problem, split_by_weight
from allocation.errors import InvalidParameter
from allocation.lots import room
from allocation.model import Account
from allocation.money import in_currency
from allocation.proposal import Cap

_SIZES = {
    "nav": "NAV",
    "market_value": "market value of holdings",
    "holding": "holding of this bond",
    "cash": "cash",
}
_MONEY: Mapping[str, Callable[[Account], Decimal | None]] = {
    "nav": lambda account: account.nav,
    "market_value": lambda account: sum((h.market_value for h in account.holdings.values()), Decimal(0)),
    "cash": lambda account: account.cash,
}
_ORDERS = {"order_size": "size of each account's own order"}


class ProRata:
    """Shares proportional to NAV, market value, holding, cash or the accounts' own orders. By NAV it leaves the
    dispersion of a NAV-contribution metric as it was, but for the lots."""

    name = "pro_rata"
    label = "Pro rata"
    sentence = "Each account in proportion to its size; what one cannot take goes to the others in proportion."
    options: tuple[Option, ...] = (
        # what a desk expects unless it says otherwise: buys by NAV, sells by what is held
        Choice("by", "In proportion to", _SIZES | _ORDERS, "nav", "holding"),
        PerAccount("order_sizes", "Order size", "face", {"by": ("order_size",)}),
    )

    def solve(self, problem: Problem, parameters: Mapping[str, Any]) -> Draft:
        if parameters["by"] == "order_size":
            return _by_order_size(problem, parameters["order_sizes"])
        by = parameters["by"]
        sizes = [_size(problem, account, by) for account in problem.accounts]
        weights = [max(size, Decimal(0)) if size is not None else Decimal(0) for size in sizes]
        taking_part = [a.id not in problem.locked for a in problem.accounts]
        total = sum(weight for weight, open_ in zip(weights, taking_part, strict=True) if open_)
        of = f"the group's {_SIZES[by]}"
        if problem.locked:  # a share of the whole group would not lead to the face
            of = f"the {problem.face:,} beside the locked lines, by {_SIZES[by]}"
        notes = [
            f"{float(weight / total):.2%} of {of}" if weight and total else _none(problem, account, by)
            for weight, account in zip(weights, problem.accounts, strict=True)
        ]
        return split_by_weight(problem, weights, notes)


def _size(problem: Problem, account: Account, by: str) -> Decimal | None:
    """What an account is weighed by: face held, or money in the one currency all are compared in."""
    if by == "holding":
        return account.held(problem.block.bond.asset_id)
    return in_currency(account, _MONEY[by](account), problem.currency)


def _none(problem: Problem, account: Account, by: str) -> str:
    """Why there is nothing to weigh an account by."""
    compared = by == "holding" or account.rate(problem.currency) is not None
    return f"no {_SIZES[by]} to share by" if compared else rate_fault(account, problem.block.bond)


def _by_order_size(problem: Problem, orders: Mapping[str, int]) -> Draft:
    """In proportion to the accounts' own orders, none beyond its own."""
    if not any(orders.values()):
        raise InvalidParameter("order_sizes", "Pro rata by order size needs the size of each account's own order.")
    sizes = [orders.get(account.id, 0) for account in problem.accounts]
    total = sum(sizes)
    notes = [
        f"{size / total:.2%} of the orders, its own is {size:,}" if size else "no order of its own" for size in sizes
    ]
    caps = tuple(
        cap
        if size >= cap.face
        else Cap(cap.account_id, "own order", problem.lattice.floor(size), f"asked for {size:,}")
        for cap, size in zip(problem.caps, sizes, strict=True)
    )
    rooms = tuple(
        was
        if size >= cap.face
        else room(problem.lattice, problem.block.side, size, a.held(problem.block.bond.asset_id))
        for was, cap, size, a in zip(problem.rooms, problem.caps, sizes, problem.accounts, strict=True)
    )
    draft = split_by_weight(replace(problem, caps=caps, rooms=rooms), [Decimal(size) for size in sizes], notes)
    wishes = tuple(min(wish, Decimal(size)) for wish, size in zip(draft.wishes, sizes, strict=True))
    asked = tuple(Decimal(size) if size else None for size in sizes)
    return replace(draft, wishes=wishes, asked=asked, left="the accounts' own orders ask for no more")
