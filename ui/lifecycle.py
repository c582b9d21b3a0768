"""The order's life in a line: the way it took, where it is, and the usual way on."""

from __future__ import annotations

from collections.abc import Sequence

from orders.lifecycle import FINAL
from orders.model import Event, Order
from orders.model import OrderState as S
from ui.states import COLOURS, DECLINED, SIGNS

HELP = "In grey frames the way it took, in colour where it is, without a frame the usual way on."

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


def path(events: Sequence[Event], order: Order) -> str:
    """As Markdown: it wraps where there is no room. What was gone through twice stands where it was the last time."""
    taken = [*(event.state for event in events), order.state]
    gone = list(dict.fromkeys(reversed(taken)))[:0:-1]
    # an order that waited for its time was confirmed long before it is what the table calls so
    words = {S.CONFIRMED: "released"} if order.release_at is not None else {}
    if order.declined:
        words[S.REJECTED] = DECLINED

    def told(state: S) -> str:
        return f"{SIGNS[state]}\u00a0{words.get(state, state.value)}".replace(" ", "\u00a0")

    behind = "".join(f":gray-badge[{told(state)}] → " for state in gone)
    here = f":{COLOURS[order.state]}-badge[**{told(order.state)}**]"
    ahead = "".join(f" :gray[:small[⇢ {told(state)}]]" for state in way_on(order))
    return behind + here + ahead


def way_on(order: Order) -> list[S]:
    """The usual states still to come."""
    way, at = list[S](), order.state
    usual = {**_USUAL, S.AWAITING: S.APPROVED if order.release_at is None else S.SCHEDULED}
    while at not in FINAL:
        at = usual[at]
        way.append(at)
    return way
