"""The one compliance rule of the simulated world: a warning when an order is large for an account."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from aladdin.simulator.state import PlacedOrder
from aladdin.simulator.world import World, rest_price

LARGE_ORDER = Decimal("0.25")  # of the account's NAV
RULE = "ORDER_SIZE_25_PCT_NAV"


def violations(order: PlacedOrder, world: World) -> list[dict[str, Any]]:
    """One warning per account whose part of the order costs more than a quarter of its NAV."""
    security = world.book.securities[order.asset_id]
    price = rest_price(order, security)
    found = []
    for detail in order.details:
        nav = world.book.portfolios[detail.account].nav
        money = None if price is None else world.money(security, detail.account, detail.quantity, price)
        if money is not None and money > LARGE_ORDER * nav:
            found.append(_warning(order, detail.account, money, nav, world))
    return found


def _warning(order: PlacedOrder, account: str, money: Decimal, nav: Decimal, world: World) -> dict[str, Any]:
    currency = world.book.portfolios[account].currency
    share = f" ({money / nav:.0%})" if nav > 0 else ""
    return {
        "ruleId": RULE,
        "ruleAssignmentName": "Order size",
        "portfolioId": str(world.catalog.account_ids[account]),
        "complianceSeverity": "COMPLIANCE_SEVERITY_WARNING",
        "violationDate": world.book.as_of,
        "offender": order.asset_id,
        "actionStatus": "Open",
        "violationDescription": (
            f"{order.side} of {money:,.0f} {currency} for {account} is more than {LARGE_ORDER:.0%} of its NAV of "
            f"{nav:,.0f} {currency}{share}"
        ),
    }
