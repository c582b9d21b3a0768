"""Another look at an order that waited, for its time or for an approval, before it is sent: nobody saw since it was
confirmed whether its price is still one, or what compliance says by now."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

from orders.checks import Policy, drifted, fresh_enough
from orders.compliance import NOT_ASKED, in_words
from orders.confirmation import ticket_of
from orders.errors import DeskError, RateLimited, StaleData, Unavailable
from orders.model import Order, Statement
from orders.ports import Clock, Compliance, Market
from orders.statement import frozen_block


class Rechecking:
    """Reads past every cache, and writes nothing. An outage is raised: it passes."""

    def __init__(self, market: Market, compliance: Compliance, clock: Clock, policy: Policy) -> None:
        self._market = market
        self._compliance = compliance
        self._clock = clock
        self._policy = policy

    def objection(self, order: Order, statement: Statement) -> str:
        """Why the order is not to be sent without a person's word; empty where nothing is against it."""
        return self._of_the_price(order, statement) or self._of_compliance(order, statement)

    def _of_the_price(self, order: Order, statement: Statement) -> str:
        before, _ = frozen_block(statement)
        try:
            bond = self._market.bond(order.asset_id, fresh=True).value
            bond, _ = fresh_enough(bond, order.limit is not None, self._clock.today(), self._policy)
        except StaleData as stale:
            return str(stale)
        after = replace(before, bond=replace(before.bond, price=bond.price))
        if not drifted(before, after, self._policy):
            return ""
        return f"Since it was confirmed its price moved from {_told(before.trade_price)} to {_told(after.trade_price)}."

    def _of_compliance(self, order: Order, statement: Statement) -> str:
        known = json.loads(statement.body)["accepted"]
        try:
            said = [in_words(violation) for violation in self._compliance.check(ticket_of(order))]
        except (Unavailable, RateLimited):
            raise
        except DeskError as error:
            # whoever confirmed it may have been told so already, as where compliance is not open to this client
            said = [] if any(warning.startswith(NOT_ASKED) for warning in known) else [f"{NOT_ASKED}: {error}"]
        new = [sentence for sentence in dict.fromkeys(said) if sentence not in known]
        return f"New since it was confirmed: {new[0]}" if new else ""


def _told(price: Decimal | None) -> str:
    return "none" if price is None else f"{price.normalize():f}"
