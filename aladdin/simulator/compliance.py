"""Compliance of the simulated world: a warning when an order is large for an account, a restriction when the fault plan
says so."""

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


def restriction(order: PlacedOrder, world: World) -> dict[str, Any]:
    """The restriction of the fault plan, on the order's first account."""
    account = order.details[0].account
    said = f"{order.asset_id} is restricted for {account} (a fault of the plan)"
    return _violation(order, account, world, "RESTRICTED_LIST", "Restricted list", "RESTRICTION", said)


def _warning(order: PlacedOrder, account: str, money: Decimal, nav: Decimal, world: World) -> dict[str, Any]:
    currency = world.book.portfolios[account].currency
    share = f" ({money / nav:.0%})" if nav > 0 else ""
    said = (
        f"{order.side} of {money:,.0f} {currency} for {account} is more than {LARGE_ORDER:.0%} of its NAV of "
        f"{nav:,.0f} {currency}{share}"
    )
    return _violation(order, account, world, RULE, "Order size", "WARNING", said)


def _violation(
    order: PlacedOrder, account: str, world: World, rule: str, name: str, severity: str, said: str
) -> dict[str, Any]:
    return {
        "ruleId": rule,
        "ruleAssignmentName": name,
        "portfolioId": str(world.catalog.account_ids[account]),
        "complianceSeverity": f"COMPLIANCE_SEVERITY_{severity}",
        "violationDate": world.book.as_of,
        "offender": order.asset_id,
        "actionStatus": "Action Required",
        "violationDescription": said,
    }
