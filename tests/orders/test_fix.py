"""The FIX message of a statement, read by the library's own parser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import simplefix
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.model import Account, Choices, Metric, Side
from allocation.propose import propose
from orders.confirmation import order_of
from orders.errors import Rejected
from orders.fix import allocation_instruction
from orders.frozen import Frozen, read
from orders.model import Order, OrderState
from tests.allocation.desk import block
from tests.orders.test_replaying import GROUPS
from tests.orders.test_statement import AT, GROUP, made, statement

PART = Decimal("1500.5")


def parsed(message: bytes) -> simplefix.FixMessage:
    parser = simplefix.FixParser()
    parser.append_buffer(message)
    return parser.get_message()


def shares(message: simplefix.FixMessage) -> dict[str, Decimal]:
    count = int(message.get(78))
    return {message.get(79, n + 1).decode(): Decimal(message.get(80, n + 1).decode()) for n in range(count)}


def order_and(frozen: Frozen, **change: object) -> tuple[Order, Frozen]:
    order = order_of(frozen.proposal, frozen.statement, "BIG6", "", date(2026, 11, 20))
    return replace(order, **change), frozen  # type: ignore[arg-type]


def booked(order: Order, faces: Mapping[str, Decimal]) -> Order:
    lines = tuple(replace(line, booked=faces.get(line.account_id, Decimal(0))) for line in order.lines)
    return replace(order, lines=lines, filled=sum(faces.values(), Decimal(0)), average_price=Decimal("98.515625"))


@given(GROUPS, st.integers(2 * 10**5, 2 * 10**7), st.sampled_from(Side))
@settings(deadline=None, max_examples=30)
def test_what_the_accounts_get_adds_up_to_the_quantity(group: tuple[Account, ...], face: int, side: Side) -> None:
    out = frozenset(a.id for a in group if a.exposures[Metric.DURATION].value is None)
    proposal = propose(block(face, side), group, Choices("pro_rata", metric=Metric.DURATION, excluded=out))
    if not proposal.placed:
        return
    message = parsed(allocation_instruction(*order_and(read(statement(proposal))), AT))
    assert sum(shares(message).values()) == Decimal(message.get(53).decode()) == proposal.placed
    assert message.get(54) == (b"1" if side is Side.BUY else b"2")


def test_a_live_order_is_instructed_as_it_was_allocated_without_a_price() -> None:
    order, frozen = order_and(read(statement(made())), state=OrderState.PART_FILLED)
    raw = allocation_instruction(booked(order, {"A": PART}), frozen, AT)
    message = parsed(raw)
    assert shares(message) == {line.account_id: line.face for line in frozen.proposal.lines if line.face}
    fields = {8: b"FIX.4.4", 35: b"J", 70: b"EL-1.1", 71: b"0", 6: b"0", 75: b"20261120", 793: b"EL-1", 857: b"0"}
    assert {tag: message.get(tag) for tag in fields} == fields
    bond = frozen.proposal.block.bond
    assert (message.get(48), message.get(22)) == ((bond.cusip.encode(), b"1") if bond.cusip else (None, None))
    body = raw[raw.index(b"\x0135=") + 1 : raw.index(b"\x0110=") + 1]
    assert int(message.get(9)) == len(body)
    assert int(message.get(10)) == sum(raw[: raw.index(b"\x0110=") + 1]) % 256


@pytest.mark.parametrize("state", [OrderState.BOOKED, OrderState.FILLED, OrderState.CANCELED])
def test_an_ended_order_is_instructed_as_it_was_booked_at_the_average_price(state: OrderState) -> None:
    order, frozen = order_and(read(statement(made())), state=state)
    message = parsed(allocation_instruction(booked(order, {"A": PART}), frozen, AT))
    assert shares(message) == {"A": PART}
    assert (message.get(53), message.get(6), message.get(70)) == (b"1500.5", b"98.515625", b"EL-1.1-B")


def test_what_cannot_be_instructed_says_why() -> None:
    order, frozen = order_and(read(statement(made())), state=OrderState.CANCELED)
    with pytest.raises(Rejected, match="with nothing booked"):
        allocation_instruction(order, frozen, AT)
    with pytest.raises(Rejected, match=r"stands on EL-1\.2 by now"):
        allocation_instruction(replace(order, statement_id="EL-1.2"), frozen, AT)


def test_no_text_adds_a_field_to_the_message() -> None:
    group = tuple(replace(account, id=f"{account.id}\x0153=1") for account in GROUP)
    frozen = read(statement(propose(block(9_000_000), group, Choices())))
    with pytest.raises(Rejected, match="control character"):
        allocation_instruction(*order_and(frozen), AT)
