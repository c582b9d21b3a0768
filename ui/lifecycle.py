"""The order's life as a drawing, from the same table the worker walks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from orders.lifecycle import FINAL, TABLE
from orders.model import Event, OrderState


def diagram(events: Sequence[Event], state: OrderState) -> str:
    """A Mermaid flowchart of the states this order has been in and those one step away, the path taken drawn bold."""
    path = [OrderState.CONFIRMED]
    for event in events:
        if event.state is not path[-1]:
            path.append(event.state)
    taken = list(pairwise(path))
    ahead = (
        [] if state in FINAL else [(state, to) for (frm, _), to in TABLE.items() if frm is state and to is not state]
    )
    shown = dict.fromkeys([*path, *(to for _, to in ahead)])
    rows = ["flowchart LR"]
    rows += [f'  {s.name}(["{s.value}"])' for s in shown]
    rows += [f"  {a.name} ==> {b.name}" for a, b in dict.fromkeys(taken)]
    rows += [f"  {a.name} -.-> {b.name}" for a, b in dict.fromkeys(ahead) if (a, b) not in taken]
    rows.append(f"  style {state.name} fill:#2f6fde,color:#ffffff,stroke:#2f6fde")
    return "\n".join(rows)
