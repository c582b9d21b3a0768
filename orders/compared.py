"""What Aladdin reports of an order, held against what we sent: whether it is that order at all, what differs, and what
is new."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from orders.lifecycle import FINAL, LIVE, Event, reported, step
from orders.model import BrokerOrder, Order, OrderState

NOT_SHOWN = "Aladdin does not show this order any more"
OTHER = "Aladdin shows another order than this one"
UNSEEN = (NOT_SHOWN, OTHER)  # how it is said of an order that the last look found nothing of it
_DECIDE = "A person must decide."
_DIFFERS = "At Aladdin it is not what was confirmed"


def lost(order: Order) -> bool:
    """Whether a live order was missing at the last look."""
    return order.state in LIVE and order.message.startswith(NOT_SHOWN)


def unseen(order: Order) -> bool:
    """Whether the last look at a live order found nothing of it, or another one in its place: Aladdin's figures may not
    count it."""
    return order.state in LIVE and order.message.startswith(UNSEEN)


def still_said(order: Order) -> str:
    """What goes on being said of an order when something new is asked or told of it, as its money is set aside by that:
    that it was not there at the last look. Only the next look knows better."""
    if not unseen(order):
        return ""
    return not_shown(order) if lost(order) else "".join(order.message.partition(_DECIDE)[:2])


def not_shown(order: Order) -> str:
    """What is said of an order at Aladdin that Aladdin does not show."""
    return f"{NOT_SHOWN} (its {order.broker_id}): look for it there."


def mistaken(order: Order, answer: BrokerOrder) -> str:
    """Why what Aladdin shows cannot be taken for this order; empty when it can. What it leaves out says nothing."""
    ours = {line.account_id for line in order.lines}
    wrong = []
    if answer.reference not in ("", order.id):
        wrong.append(f"it carries the reference {answer.reference}")
    if answer.asset_id not in ("", order.asset_id):
        wrong.append(f"its security is {answer.asset_id}, not {order.asset_id}")
    if answer.side is not None and answer.side is not order.side:
        wrong.append(f"it is a {answer.side.value}, not a {order.side.value}")
    if strangers := sorted(account for account in _trading(answer) if account not in ours):
        wrong.append(f"it has a part for {', '.join(strangers)}, which this order has not")
    if not wrong:
        return ""
    return f"{OTHER} (Aladdin's {answer.id}): {'; '.join(wrong)}. Nothing of it is counted here. {_DECIDE}"


def message(order: Order, answer: BrokerOrder) -> str:
    """What the screen says of an order that is this one: where it is not as we sent it, and Aladdin's own words."""
    late = ""
    if order.state is OrderState.CANCEL_PENDING and reported(answer) is Event.REPORTED_BOOKED:
        late = f"The cancellation came too late: {filled(answer)}"
    # while it is modified, the terms here are not those there; what is canceled meanwhile has settled that at its end
    asked = order.state is OrderState.CANCEL_PENDING and there(answer) not in FINAL
    told = "" if asked or order.state is OrderState.MODIFY_PENDING else differences(order, answer)
    return " ".join(part for part in (late, told, answer.message) if part)


def differences(order: Order, answer: BrokerOrder) -> str:
    """Where the terms at Aladdin are not those here, as a sentence; empty when they are, as far as Aladdin tells."""
    apart = _differences(order, answer)
    return f"{_DIFFERS}: {'; '.join(apart)}." if apart else ""


def shows(order: Order, answer: BrokerOrder) -> bool:
    """Whether Aladdin tells every term, and each is as here: nothing is taken for granted."""
    ours = {line.account_id: Decimal(line.face) for line in order.lines if line.face}
    terms = (answer.face, answer.limit, answer.settlement)
    return (
        terms == (Decimal(order.face), order.limit, order.settlement)
        and answer.limit_type.lower() in ("", "price")
        and {account: face for account, face in answer.asked.items() if face} == ours
    )


def filled(answer: BrokerOrder) -> str:
    """How much is filled, as a sentence."""
    return f"{answer.filled:,.0f} is filled."


def news(order: Order, answer: BrokerOrder) -> bool:
    """Whether Aladdin says anything that the ledger does not have yet."""
    said = message(order, answer)
    # what compliance holds it up for is said once, as answered to the post, and stays until the order moves
    outdated = said != order.message if said else order.message.startswith((*UNSEEN, _DIFFERS))
    other_state = step(order.state, reported(answer)) is not order.state
    return moved(order, answer) or other_state or answer.status != order.broker_status or outdated


def moved(order: Order, answer: BrokerOrder) -> bool:
    """Whether anything was executed since."""
    booked = {line.account_id: line.booked for line in order.lines}
    return (
        answer.filled != order.filled
        or answer.average_price != order.average_price
        or any(booked.get(account) != face for account, face in ours(order, answer).items())
    )


def more(order: Order, answer: BrokerOrder) -> bool:
    """Whether what was executed since only came on top of what is here."""
    booked = ours(order, answer)
    kept = all(booked.get(line.account_id, line.booked) >= line.booked for line in order.lines)
    return kept and answer.filled >= order.filled


def there(answer: BrokerOrder) -> OrderState:
    """The state it has at Aladdin."""
    return step(OrderState.OPEN, reported(answer))  # from where every report is a step


def unshared(order: Order) -> bool:
    """Whether more is filled than is booked to accounts."""
    return order.filled > sum(line.booked for line in order.lines)


def ended_otherwise(order: Order, answer: BrokerOrder) -> bool:
    """Whether an order that has ended here has ended at Aladdin too, and not so."""
    return there(answer) in FINAL and (there(answer) is not order.state or moved(order, answer))


def as_told(order: Order, answer: BrokerOrder) -> dict[str, Any]:
    """What a step that writes what Aladdin says of an order changes in it."""
    return {
        "broker_id": answer.id,
        "broker_status": answer.status,
        "filled": answer.filled,
        "average_price": answer.average_price,
        "cleared": cleared(order, answer),
        "booked": ours(order, answer),
        "message": message(order, answer),
    }


def ours(order: Order, answer: BrokerOrder) -> dict[str, Decimal]:
    """What is booked, by account of the order. A detail of zero for another account is nobody's part."""
    accounts = {line.account_id for line in order.lines}
    return {account: face for account, face in answer.booked.items() if account in accounts}


def cleared(order: Order, answer: BrokerOrder) -> frozenset[Literal["average_price", "limit"]]:
    """What Aladdin has no value for any more: a fill that it took back whole has no price."""
    gone = answer.average_price is None and order.average_price is not None
    return frozenset({"average_price"}) if gone else frozenset()


def detail(order: Order, answer: BrokerOrder) -> str:
    """What happened, for the history."""
    if answer.filled == order.filled:
        return f"Aladdin order {answer.id}: {answer.status}"
    price = f" at {answer.average_price.normalize():f}" if answer.average_price is not None else ""
    return f"{answer.filled:,.0f} of {order.face:,} filled{price}"


def _trading(answer: BrokerOrder) -> set[str]:
    """The accounts that have any part in it."""
    return {account for faces in (answer.asked, answer.booked) for account, face in faces.items() if face}


def _differences(order: Order, answer: BrokerOrder) -> list[str]:
    apart = []
    if answer.face and answer.face != order.face:
        apart.append(f"its face is {answer.face:,f}, not {order.face:,}")
    for line in order.lines if answer.asked else ():
        if (asked := answer.asked.get(line.account_id, Decimal(0))) != line.face:
            apart.append(f"{line.account_id} has {asked:,f}, not {line.face:,}")
    if answer.limit is not None and (answer.limit != order.limit or answer.limit_type.lower() not in ("", "price")):
        limit = "none" if order.limit is None else f"{order.limit.normalize():f}"
        apart.append(
            f"its limit is {answer.limit.normalize():f} {answer.limit_type.lower()}".rstrip() + f", not {limit}"
        )
    if answer.settlement is not None and answer.settlement != order.settlement:
        apart.append(f"it settles on {answer.settlement:%d %b %Y}, not {order.settlement:%d %b %Y}")
    return apart
