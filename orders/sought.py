"""Whether Aladdin shows an order at this moment: looked for before anybody's word that it does not is acted upon."""

from __future__ import annotations

from orders.errors import SettingsError
from orders.model import Order
from orders.ports import Blotter


def needed(blotter: Blotter | None) -> Blotter:
    """Aladdin's orders; `SettingsError` for a desk that was opened without them."""
    if blotter is None:
        raise SettingsError("This desk was opened without Aladdin's orders, so it cannot be told what is there.")
    return blotter


def shown(blotter: Blotter | None, order: Order) -> str:
    """What Aladdin shows of the order, in words; empty when it shows nothing of it, under our reference or its own
    number. May raise `SettingsError`, and what the look-ups raise: `NotPermitted` or `Malformed` where Aladdin leaves a
    doubt, any `OutsideError`. Then it is not told to be missing either. What carries another order's reference is that
    order, whatever its number."""
    there = needed(blotter)
    named = [order.broker_id] if order.broker_id else []
    found = (*there.find_orders([order.id]), *(there.orders(named) if named else ()))
    for answer in found:
        if answer.reference in ("", order.id):
            return f"its order {answer.id} ({answer.status}, {answer.filled:,.0f} filled)"
    # one that cannot be read is left out above where it does not carry our reference
    if named and not found and order.broker_id in there.live_order_ids(order.group).ids:
        return f"its order {order.broker_id} among the live ones"
    return ""
