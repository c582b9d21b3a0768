"""A statement as a FIX 4.4 AllocationInstruction (35=J), which tells how an order is divided among accounts.

Quantity (53) is the "total quantity allocated to all accounts", and 80 what each gets, so that 53 is always the sum of
80. While an order lives that is what was allocated: the message is the instruction for fills to come, and AvgPx (6),
which FIX requires, is 0 as there is no price yet. Once all of it is filled, or it has ended, it is what was booked for
each account, at the average price: nothing else is left to be settled. AllocType (626) is 2, preliminary, that is
without fees and net money; AllocNoOrdersType (857) is 0, as our orders do not travel by FIX and have no ClOrdID; the
order's id is in 793. AllocID (70) is the statement's id, with `-B` behind it once booked, as each message needs one of
its own. The session that sends it stamps sender, target, sequence number and time (49, 56, 34, 52).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import simplefix

from allocation.model import Bond, Side
from orders.errors import Rejected
from orders.frozen import Frozen
from orders.lifecycle import FINAL
from orders.model import Order, OrderState

_SIDES = {Side.BUY: "1", Side.SELL: "2"}
_NO_SYMBOL = "[N/A]"  # FIX's own word for securities that have none
_PERCENT_OF_PAR = "1"


def allocation_instruction(order: Order, frozen: Frozen, at: datetime) -> bytes:
    """The message, made at this time. `Rejected` for a statement that the order does not stand on any more, for an
    order that ended with nothing booked, and for a text that FIX cannot carry."""
    faces, booked = _faces(order, frozen)
    price = order.average_price if order.state in FINAL or order.state is OrderState.FILLED else None
    message = simplefix.FixMessage()
    for tag, value in (
        (8, "FIX.4.4"),
        (35, "J"),
        (70, frozen.statement.id + ("-B" if booked else "")),
        (71, "0"),  # new
        (626, "2"),
        (793, order.id),
        (857, "0"),
        (54, _SIDES[order.side]),
        *_instrument(frozen.proposal.block.bond),
        (53, _plain(sum(faces.values(), Decimal(0)))),
        (423, _PERCENT_OF_PAR),
        (6, _plain(price or Decimal(0))),
        (15, order.currency),
        (75, f"{order.trade_date:%Y%m%d}"),
        (60, f"{at.astimezone(UTC):%Y%m%d-%H:%M:%S}.{at.microsecond // 1000:03}"),
        (64, f"{order.settlement:%Y%m%d}"),
        (78, str(len(faces))),
    ):
        message.append_pair(tag, _carried(value))
    for account, face in faces.items():
        message.append_pair(79, _carried(account))
        message.append_pair(80, _plain(face))
    encoded: bytes = message.encode()
    return encoded


def _faces(order: Order, frozen: Frozen) -> tuple[Mapping[str, Decimal], bool]:
    """What each account gets, none of them nothing; and whether that is what was booked."""
    if order.statement_id != frozen.statement.id:
        raise Rejected(
            f"The order stands on {order.statement_id} by now: only that one can be given as a FIX instruction.",
            code="superseded",
        )
    booked = {line.account_id: line.booked for line in order.lines if line.booked}
    if order.state in FINAL:
        if not booked:
            raise Rejected(
                f"The order ended ({order.state.value}) with nothing booked: there is nothing to instruct.",
                code="nothing_booked",
            )
        return booked, True
    if order.state is OrderState.FILLED and sum(booked.values(), Decimal(0)) == order.filled:
        return booked, True
    return {line.account_id: Decimal(line.face) for line in frozen.proposal.lines if line.face}, False


def _instrument(bond: Bond) -> tuple[tuple[int, str], ...]:
    """Symbol, and the security's own identifier with whose it is: 1 CUSIP, 4 ISIN, 2 SEDOL."""
    known = ((bond.cusip, "1"), (bond.isin, "4"), (bond.sedol, "2"))
    found = next(((identifier, source) for identifier, source in known if identifier), None)
    named = (55, bond.asset_id) if found is None else (55, _NO_SYMBOL)
    by = () if found is None else ((48, found[0]), (22, found[1]))
    return (named, *by, (107, bond.label))


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _carried(text: str) -> str:
    """The text, which must not end a field of its own: FIX separates fields by a control character."""
    if not text or any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise Rejected(f"FIX cannot carry {text!r}: it is empty, or has a control character.", code="not_fix")
    return text
