"""How an order here and one at Aladdin differ: both sides in words, and what can be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orders import compared
from orders.lifecycle import FINAL, ON_THE_WAY, PENDING, READY, WAITING, WORKING
from orders.model import BrokerOrder, Order, OrderState

LOOK = "Look for it in Aladdin."
CANCEL = "Cancel it in Aladdin, where it is not wanted."
_NEXT_LOOK = "The worker takes it over at its next look; it can be asked to look now."
# of orders that are not live here, yet are shown
_ADVICE = {
    **dict.fromkeys(FINAL, f"It has ended here, so it is not followed any more. {CANCEL}"),  # it lives there
    **dict.fromkeys(ON_THE_WAY, _NEXT_LOOK),
    **dict.fromkeys(
        (*WAITING, *READY),
        "It was not sent from here, as far as this ledger knows. Do not send it: look at it in Aladdin, and withdraw "
        "it here if it is this order.",
    ),
}

_GONE_ON = (*WORKING, OrderState.FILLED, OrderState.BOOKED)  # as an order does that nobody stops


class Finding(StrEnum):
    """What kind of difference it is."""

    MISSING = "missing at Aladdin"
    NOT_HERE = "not in this ledger"  # it carries a reference, of ours or of another system
    ELSEWHERE = "entered elsewhere"
    MISTAKEN = "another order"
    TERMS = "other terms"
    STATE = "other state"
    BEHIND = "newer at Aladdin"  # no difference: the worker reads it at its next look
    REMARK = "not shown"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: what is here and what is there, and what can be done. `adoptable` is whether `adopt` can take
    over what Aladdin has."""

    finding: Finding
    sentence: str
    advice: str
    order_id: str = ""
    broker_id: str = ""
    adoptable: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found, and how many orders are the same on both sides. `behind` are orders that went on at
    Aladdin since the worker looked: nothing is to be done about them."""

    group: str
    at: datetime
    same: int
    differences: tuple[Difference, ...]
    behind: tuple[Difference, ...] = ()


def missing(order: Order) -> Difference:
    told = f"{_called(order)} is {order.state.value} here; Aladdin does not show its {order.broker_id}."
    advice = f"{LOOK} It is followed again as soon as it shows. Where it is gone for good, close it on its page."
    return Difference(Finding.MISSING, told, advice, order.id, order.broker_id)


def stranger(answer: BrokerOrder) -> Difference:
    """An order of Aladdin's that the ledger does not have."""
    told = f"Aladdin's {_described(answer)} is not in this ledger"
    advice = "Take it over, and it is followed here; its cash counts already."
    if answer.reference:
        told += f"; it carries the reference {answer.reference}, of another ledger or another system."
        return Difference(Finding.NOT_HERE, told, f"Find out who sent it. {advice}", "", answer.id, adoptable=True)
    return Difference(Finding.ELSEWHERE, f"{told}: it was entered elsewhere.", advice, "", answer.id, adoptable=True)


def over(answer: BrokerOrder) -> bool:
    """Whether Aladdin has done with it."""
    return compared.there(answer) in FINAL


def apart(order: Order, answer: BrokerOrder) -> Difference | None:
    """How an order of ours differs from what Aladdin shows of it; None where it does not."""
    there = compared.there(answer)
    if (wrong := other_order(order, answer)) is not None:
        return wrong
    if order.state in FINAL and there in FINAL:
        return _corrected(order, answer) if compared.ended_otherwise(order, answer) else None
    if order.state in _ADVICE:
        adoptable = order.state in ON_THE_WAY
        return Difference(
            Finding.STATE, _both(order, answer), _ADVICE[order.state], order.id, answer.id, adoptable=adoptable
        )
    fixed = order.state not in PENDING
    if told := compared.mistaken(order, answer) or (compared.differences(order, answer) if fixed else ""):
        advice = "Modify it here to what was meant, or take over the terms it has there."
        return Difference(Finding.TERMS, f"{_called(order)}: {told}", advice, order.id, answer.id, adoptable=fixed)
    expected = order.state if order.state in PENDING and there not in FINAL else there
    if expected is order.state and not compared.moved(order, answer):
        return None
    if there in _GONE_ON and compared.more(order, answer):
        return Difference(Finding.BEHIND, _both(order, answer), _NEXT_LOOK, order.id, answer.id)
    return Difference(Finding.STATE, _both(order, answer), _NEXT_LOOK, order.id, answer.id, adoptable=True)


def _corrected(order: Order, answer: BrokerOrder) -> Difference:
    """It has ended on both sides, and Aladdin has booked something later, or corrected it."""
    booked = {line.account_id: line.booked for line in order.lines}
    apart = [
        f"{name} has {face:,.0f} booked there, {booked[name]:,.0f} here"
        for name, face in compared.ours(order, answer).items()
        if face != booked[name]
    ]
    if answer.average_price != order.average_price:
        there, here = (
            "no price" if price is None else f"{price.normalize():f}"
            for price in (answer.average_price, order.average_price)
        )
        apart.append(f"the average price is {there} there, {here} here")
    told = "; ".join(apart)
    told = f"{_both(order, answer)} {told[:1].upper()}{told[1:]}." if told else _both(order, answer)
    if wrong := compared.mistaken(order, answer):
        return Difference(Finding.MISTAKEN, f"{_called(order)}: {wrong}", LOOK, order.id, answer.id)
    advice = "Aladdin changed it after its end. Take over what it has there, once it is clear why."
    return Difference(Finding.STATE, told, advice, order.id, answer.id, adoptable=True)


def other_order(order: Order, answer: BrokerOrder) -> Difference | None:
    """Aladdin shows another security, side or reference under its name: no terms can be taken over from it."""
    same = (
        answer.reference in ("", order.id)
        and answer.asset_id in ("", order.asset_id)
        and answer.side in (None, order.side)
    )
    if order.broker_id not in ("", answer.id):
        twice = f"{_described(answer)} there carries its reference too"
        told = f"{_called(order)} is Aladdin's {order.broker_id}, and {twice}."
        return Difference(Finding.MISTAKEN, told, f"It was entered twice there. {CANCEL}", order.id, answer.id)
    if same:
        return None
    told = f"{_called(order)}: {compared.mistaken(order, answer)}"
    return Difference(
        Finding.MISTAKEN, told, "Have it looked at in Aladdin: it is not this order.", order.id, answer.id
    )


def _both(order: Order, answer: BrokerOrder) -> str:
    here = f"{order.state.value}, {order.filled:,.0f} filled"
    return f"{_called(order)} is {here} here; Aladdin says {answer.status}, {answer.filled:,.0f} filled."


def _called(order: Order) -> str:
    return f"{order.id} ({order.side.value} {order.face:,} {order.label})"


def _described(answer: BrokerOrder) -> str:
    side = answer.side.value if answer.side is not None else "order"
    security = answer.asset_id or "of a security it does not name"
    return f"order {answer.id} ({side} {answer.face:,.0f} {security}, {answer.status})"
