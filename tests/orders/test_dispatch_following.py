from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from allocation.model import Side
from orders.errors import Unavailable
from orders.model import BrokerOrder, OrderState
from tests.orders.watch import Watch

LOST = Unavailable("No answer in time.", sent=True)
ANOTHER: list[tuple[dict[str, Any], str]] = [
    ({"asset_id": "OTHER"}, "its security is OTHER, not B"),
    ({"side": Side.SELL}, "it is a SELL, not a BUY"),
    ({"asked": {"A": Decimal(5), "ZZZ": Decimal(5)}}, "it has a part for ZZZ, which this order has not"),
    ({"booked": {"ZZZ": Decimal(5)}, "filled": Decimal(5)}, "it has a part for ZZZ"),
    ({"reference": "EL-OTHER"}, "it carries the reference EL-OTHER"),
]


def looks(watch: Watch) -> list[float]:
    """When the live orders are looked at, from now on."""
    seen: list[float] = []
    ask = watch.broker.orders

    def counted(broker_ids: Sequence[str]) -> tuple[BrokerOrder, ...]:
        seen.append(watch.at.clock.at.timestamp())
        return ask(broker_ids)

    watch.broker.orders = counted  # type: ignore[method-assign]
    return seen


def accounts(watch: Watch) -> list[str]:
    return [line.account_id for line in watch.order().lines]


@pytest.mark.parametrize(("otherwise", "why"), ANOTHER)
def test_another_order_in_the_answer_to_a_post_is_told_and_never_taken_over(
    watch: Watch, otherwise: dict[str, Any], why: str
) -> None:
    post = watch.broker.post

    def mistaken(*given: Any) -> BrokerOrder:
        post(*given)
        watch.shown(**otherwise)
        return watch.broker.book["1"]

    watch.broker.post = mistaken  # type: ignore[method-assign,assignment]
    order = watch.round()
    assert (order.state, order.broker_id, order.filled) == (OrderState.UNKNOWN, "", Decimal(0))
    assert why in order.message
    assert accounts(watch) == ["A", "B"]
    watch.hide()
    order = watch.rounds(3600)
    assert "Aladdin answered with another order, and does not show this one. A person must decide" in order.message
    assert watch.history().count("send") == 1


@pytest.mark.parametrize(("otherwise", "why"), ANOTHER[:-1])
def test_another_order_found_under_our_reference_is_told_once_and_never_taken_over(
    watch: Watch, otherwise: dict[str, Any], why: str
) -> None:
    watch.broker.fails = [(LOST, True)]
    watch.round()
    (posted,) = watch.broker.book.values()
    watch.shown(**otherwise)
    order = watch.rounds(3600)
    assert (order.state, order.broker_id) == (OrderState.UNKNOWN, "")
    assert why in order.message
    assert "A person must decide" in order.message
    assert accounts(watch) == ["A", "B"]
    assert watch.history() == ["confirm", "send", "answer lost", "another order"]
    assert watch.worker.pulse.held_up == 1
    watch.broker.book[posted.id] = posted
    assert watch.rounds(120).state is OrderState.OPEN
    assert watch.order().message == ""


@pytest.mark.parametrize(("otherwise", "why"), ANOTHER)
def test_a_live_order_that_became_another_is_told_and_nothing_of_it_is_counted(
    watch: Watch, otherwise: dict[str, Any], why: str
) -> None:
    watch.round()
    (posted,) = watch.broker.book.values()
    watch.shown(status="Active", **otherwise)
    order = watch.rounds(300)
    assert (order.state, order.filled) == (OrderState.OPEN, Decimal(0))
    assert why in order.message
    assert accounts(watch) == ["A", "B"]
    assert watch.history()[-1:] == ["another order"]
    assert watch.worker.pulse.held_up == 1
    watch.broker.book[posted.id] = posted
    order = watch.rounds(60)
    assert (order.message, watch.history()[-1], watch.worker.pulse.held_up) == ("", "noted", 0)


@pytest.mark.parametrize(
    ("otherwise", "why"),
    [
        ({"face": Decimal(1_500_000)}, "its face is 1,500,000, not 2,000,000"),
        ({"asked": {"A": Decimal(500_000), "B": Decimal(1_000_000)}}, "A has 500,000, not 1,000,000"),
        ({"asked": {"A": Decimal(1_000_000)}}, "B has 0, not 1,000,000"),
        ({"limit": Decimal("99.50"), "limit_type": "Price"}, "its limit is 99.5 price, not none"),
        ({"limit": Decimal("4.2"), "limit_type": "Yield"}, "its limit is 4.2 yield, not none"),
        ({"settlement": date(2026, 12, 1)}, "it settles on 01 Dec 2026"),
    ],
)
def test_an_order_changed_at_aladdin_is_followed_and_the_difference_told_until_it_is_gone(
    watch: Watch, otherwise: dict[str, Any], why: str
) -> None:
    watch.round()
    (posted,) = watch.broker.book.values()
    watch.shown(**otherwise)
    watch.broker.fill("Active", A=100_000, B=100_000)
    order = watch.rounds(60)
    assert (order.state, order.filled) == (OrderState.PART_FILLED, Decimal(200_000))
    assert order.message.startswith("At Aladdin it is not what was confirmed: ")
    assert why in order.message
    assert watch.history()[-2:] == ["opened", "part filled"]
    watch.broker.book[posted.id] = posted
    assert watch.rounds(60).message == ""


def test_a_fill_that_aladdin_takes_back_whole_leaves_no_price_and_is_written_once(watch: Watch) -> None:
    watch.round()
    watch.broker.fill("Active", A=600_000)
    assert watch.round().average_price == Decimal("98.5")
    watch.broker.fill("Active", A=0)
    order = watch.round()
    assert (order.filled, order.average_price) == (Decimal(0), None)
    assert watch.round().version == order.version


def test_what_compliance_said_to_the_post_stays_until_the_order_moves(watch: Watch) -> None:
    post = watch.broker.post

    def held(*given: Any) -> BrokerOrder:
        post(*given)
        watch.shown(status="Compl Pending", message="ESG list")
        answer = watch.broker.book["1"]
        watch.shown(message="")
        return answer

    watch.broker.post = held  # type: ignore[method-assign,assignment]
    watch.round()
    assert watch.rounds(60).message == "ESG list"
    watch.shown(status="Open")
    assert watch.rounds(60).message == ""


def test_a_live_order_that_aladdin_shows_no_more_says_so_until_it_is_back(watch: Watch) -> None:
    watch.round()
    gone = dict(watch.broker.book)
    watch.broker.book.clear()
    order = watch.rounds(120)
    assert (order.state, watch.worker.pulse.held_up) == (OrderState.OPEN, 1)
    assert order.message == "Aladdin does not show this order any more (its 1): look for it there."
    assert watch.history()[-1] == "noted"
    watch.broker.book.update(gone)
    assert watch.rounds(60).message == ""
    assert watch.worker.pulse.held_up == 0


def test_live_orders_that_cannot_be_looked_at_are_trouble_that_names_none_of_them(watch: Watch) -> None:
    watch.round()
    ask = watch.broker.orders

    def silent(broker_ids: Sequence[str]) -> tuple[BrokerOrder, ...]:
        raise Unavailable(f"Aladdin does not answer while following {broker_ids}.")

    watch.broker.orders = silent  # type: ignore[method-assign]
    watch.rounds(60)
    assert watch.worker.pulse.trouble == "The live orders cannot be followed."
    watch.broker.orders = ask  # type: ignore[method-assign]
    watch.rounds(60)
    assert watch.worker.pulse.trouble == ""


def test_live_orders_where_nothing_moves_are_looked_at_less_and_less_often(watch: Watch) -> None:
    watch.tick()
    seen = looks(watch)
    watch.rounds(600, step=1)
    assert len([at for at in seen if at < seen[0] + 60]) <= 5
    assert max(later - sooner for sooner, later in itertools.pairwise(seen)) < 25


def test_live_orders_that_move_are_looked_at_every_few_seconds(watch: Watch) -> None:
    watch.tick()
    watch.rounds(120, step=1)
    seen = looks(watch)
    for part in range(1, 61):
        watch.broker.fill("Active", A=part * 1000, B=part * 1000)
        watch.tick()
        watch.at.clock.pass_(1)
    assert 12 <= len(seen) <= 21


def test_after_something_of_ours_the_live_orders_are_looked_at_at_once(watch: Watch) -> None:
    watch.tick()
    watch.rounds(120, step=1)
    seen = looks(watch)
    watch.tick()
    watch.worker.wake()
    watch.tick()
    assert len(seen) == 1
