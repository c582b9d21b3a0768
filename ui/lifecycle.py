"""The order's life as a drawing, from the same table the worker walks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, groupby, pairwise

from orders.lifecycle import FINAL
from orders.model import Event, Order
from orders.model import OrderState as S
from ui.states import SIGNS

_WIDE = "\u00a0"  # signs are wider than what the drawing makes room for

_USUAL = {  # the state that usually comes next
    S.APPROVED: S.SENDING,
    S.SCHEDULED: S.CONFIRMED,
    S.CONFIRMED: S.SENDING,
    S.SEND_FAILED: S.SENDING,
    S.SENDING: S.OPEN,
    S.UNKNOWN: S.OPEN,
    S.COMPLIANCE: S.OPEN,
    S.OPEN: S.AUTHORIZED,
    S.AUTHORIZED: S.ACTIVE,
    S.FOREIGN: S.ACTIVE,
    S.MODIFY_PENDING: S.OPEN,
    S.CANCEL_PENDING: S.CANCELED,
    S.ACTIVE: S.FILLED,
    S.PART_FILLED: S.FILLED,
    S.FILLED: S.BOOKED,
}


def diagram(events: Sequence[Event], order: Order) -> str:
    """A Mermaid flowchart: the path this order has taken, drawn bold, and the usual way on from here, dotted."""
    path = [state for state, _ in groupby([*(event.state for event in events), order.state])]
    taken = list(dict.fromkeys(pairwise(path)))
    ahead = [step for step in pairwise([order.state, *_way_on(order)]) if step not in taken]
    rows = ["flowchart LR"]
    # an order that waited for its time was confirmed long before it is what the table calls so
    words = {S.CONFIRMED: "released"} if order.release_at is not None else {}
    drawn = dict.fromkeys([*path, *chain(*ahead)])
    rows += [f'  {s.name}(["{_WIDE}{SIGNS[s]} {words.get(s, s.value)}{_WIDE}"])' for s in drawn]
    rows += [f"  {a.name} ==> {b.name}" for a, b in taken]
    rows += [f"  {a.name} -.-> {b.name}" for a, b in ahead]
    rows.append(f"  style {order.state.name} fill:#2f6fde,color:#ffffff,stroke:#2f6fde")
    return "\n".join(rows)


def _way_on(order: Order) -> list[S]:
    """The usual states still to come."""
    way, at = list[S](), order.state
    usual = {**_USUAL, S.AWAITING: S.APPROVED if order.release_at is None else S.SCHEDULED}
    while at not in FINAL:
        at = usual[at]
        way.append(at)
    return way
