"""The order's life as a drawing, from the same table the worker walks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from orders.lifecycle import FINAL, TABLE
from orders.model import Event, OrderState

_USUAL = (
    OrderState.CONFIRMED,
    OrderState.SENDING,
    OrderState.OPEN,
    OrderState.AUTHORIZED,
    OrderState.ACTIVE,
    OrderState.BOOKED,
)


def diagram(events: Sequence[Event], state: OrderState) -> str:
    """A Mermaid flowchart: the path this order has taken, drawn bold, and the usual way on from here, dotted."""
    path = [OrderState.CONFIRMED]
    for event in events:
        if event.state is not path[-1]:
            path.append(event.state)
    taken = list(dict.fromkeys(pairwise(path)))
    ahead = list(pairwise([state, *_way_on(state)]))
    rows = ["flowchart LR"]
    rows += [f'  {s.name}(["{s.value}"])' for s in dict.fromkeys([*path, *(to for _, to in ahead)])]
    rows += [f"  {a.name} ==> {b.name}" for a, b in taken]
    rows += [f"  {a.name} -.-> {b.name}" for a, b in ahead]
    rows.append(f"  style {state.name} fill:#2f6fde,color:#ffffff,stroke:#2f6fde")
    return "\n".join(rows)


def _way_on(state: OrderState) -> list[OrderState]:
    """The usual states still to come, each one step of the table from the one before."""
    if state in FINAL:
        return []
    onward = _USUAL[_USUAL.index(state) + 1 :] if state in _USUAL else _USUAL[2:]
    way: list[OrderState] = []
    for to in onward:
        if any(frm is (way[-1] if way else state) and target is to for (frm, _), target in TABLE.items()):
            way.append(to)
    return way
