"""No cash and no holding is offered twice, whatever is asked of an order meanwhile."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from allocation.model import Choices, Side
from orders.errors import NotPermitted, Rejected, Unavailable
from orders.lifecycle import Event
from orders.model import Change, Group, Order, OrderState
from orders.ports import Dated
from tests.allocation.desk import account
from tests.orders.changes import at_aladdin, at_desk, cash, counts, held, modify
from tests.orders.desk import PM
from tests.orders.test_desk import request


def test_what_a_modification_adds_is_set_aside_until_aladdin_has_it(tmp_path: Path) -> None:
    watch = at_aladdin(tmp_path)
    counts(watch)
    before = cash(watch)
    assert before == {"A": Decimal("4015000"), "B": Decimal("4015000")}
    assert modify(watch, face=9_000_000).state is OrderState.MODIFY_PENDING
    added = 3_500_000 * Decimal("0.985")
    assert cash(watch) == {name: had - added for name, had in before.items() if had is not None}
    assert held(watch) == {"A": 3_500_000, "B": 3_500_000}
    assert watch.at.desk.preview(PM, request(7_000_000)).proposal.placed < 2_000_000
    watch.round()
    assert cash(watch) == before  # Aladdin's figures, which have it from now on


def test_what_a_modification_gives_up_is_not_offered_before_it_is(tmp_path: Path) -> None:
    watch = at_aladdin(tmp_path)
    counts(watch)
    before = cash(watch)
    modify(watch, locked={"A": 1_500_000, "B": 500_000})
    assert cash(watch) == {"A": before["A"] - 500_000 * Decimal("0.985"), "B": before["B"]}  # type: ignore[operator]


def test_a_higher_limit_is_set_aside_for_as_well(tmp_path: Path) -> None:
    watch = at_aladdin(tmp_path, limit=Decimal("98.5"))
    before = cash(watch)
    modify(watch, limit=Decimal("99.5"))
    assert cash(watch) == {name: had - 10_000 for name, had in before.items() if had is not None}


def test_what_a_modification_sells_more_is_not_sold_twice(tmp_path: Path) -> None:
    watch = at_desk(tmp_path)
    watch.at.market.accounts = (account("A", held="5000000"), account("B"))
    desk = watch.at.desk
    desk.confirm(PM, desk.preview(PM, request(1_000_000, Side.SELL)), "", "c1")
    watch.round()
    watch.at.market.accounts = (account("A", held="4000000"), account("B"))  # Aladdin's are order-adjusted
    modify(watch, face=5_000_000)
    assert held(watch) == {"A": 0, "B": 0}


@pytest.mark.parametrize("status", ["Compl Pending", "Something New"])
@pytest.mark.parametrize("ask", ["cancel", "modify to less"])
def test_an_order_that_aladdin_may_not_count_stays_paid_for_while_something_is_asked_of_it(
    tmp_path: Path, status: str, ask: str
) -> None:
    watch = at_aladdin(tmp_path, status)
    before = cash(watch)
    assert before == {"A": Decimal("4015000"), "B": Decimal("4015000")}
    if ask == "cancel":
        watch.at.desk.orders.cancel(PM, watch.order().id, "the client called", "x1")
    else:
        modify(watch, face=1_000_000)
    assert watch.order().state in (OrderState.CANCEL_PENDING, OrderState.MODIFY_PENDING)
    assert cash(watch) == before


def test_a_modification_that_aladdin_takes_while_the_group_is_read_is_not_missed(tmp_path: Path) -> None:
    watch = at_aladdin(tmp_path)
    modify(watch, face=9_000_000)
    reading = watch.at.market.group

    def overtaken(ticker: str, settlement: date, *, fresh: bool = False) -> Dated[Group]:
        """What was read is of before; Aladdin has the new terms by now."""
        read = reading(ticker, settlement, fresh=fresh)
        watch.at.market.group = reading  # type: ignore[method-assign]
        watch.round()
        counts(watch)
        return read

    watch.at.market.group = overtaken  # type: ignore[method-assign]
    assert cash(watch) == {"A": Decimal("567500"), "B": Decimal("567500")}


def test_a_block_split_anew_is_not_paid_for_twice(tmp_path: Path) -> None:
    """An order's own part is added back first, so that its face may stay as it is where the cash is just enough."""
    watch = at_desk(tmp_path)
    watch.at.market.accounts = (account("A", cash="1000000"), account("B", cash="1000000"))
    desk = watch.at.desk
    asked: Any = request(2_000_000, choices=Choices("pro_rata"))
    desk.confirm(PM, desk.preview(PM, asked), "", "c1")
    watch.round()
    counts(watch)
    assert modify(watch, limit=Decimal("98.25")).face == 2_000_000


@pytest.mark.parametrize("ask", ["cancel", "modify"])
@pytest.mark.parametrize("fault", [Unavailable("No answer.", sent=False), NotPermitted("No."), None])
def test_asking_something_of_an_order_that_aladdin_does_not_show_frees_none_of_its_cash(
    tmp_path: Path, ask: str, fault: Exception | None
) -> None:
    watch = at_aladdin(tmp_path)
    counts(watch)
    there, counted = dict(watch.broker.book), watch.at.market.accounts
    watch.broker.book.clear()
    watch.at.market.accounts = (account("A"), account("B"))
    watch.round()
    before = cash(watch)
    assert before == {"A": Decimal("4015000"), "B": Decimal("4015000")}
    if ask == "cancel":
        watch.at.desk.orders.cancel(PM, watch.order().id, "the client called", "x1")
    else:
        modify(watch, face=1_000_000)
    assert cash(watch) == before

    def unreached(ids: Any) -> Any:
        raise fault or AssertionError

    if fault is not None:
        watch.broker.orders = unreached  # type: ignore[method-assign,assignment]
    watch.round()
    watch.rounds(120)
    assert cash(watch) == before
    assert watch.order().message.startswith("Aladdin does not show this order any more (its 1): look for it there.")
    assert ("No." in watch.order().message) is isinstance(fault, NotPermitted)
    if fault is not None:
        del watch.broker.orders
    watch.broker.book.update(there)
    watch.at.market.accounts = counted
    order = watch.rounds(600)
    assert (order.state, "not show" in order.message) == (
        OrderState.CANCELED if ask == "cancel" else OrderState.ACTIVE,
        False,
    )


def test_an_order_that_aladdin_shows_another_one_for_stays_paid_for(tmp_path: Path) -> None:
    watch = at_aladdin(tmp_path)
    there = dict(watch.broker.book)
    watch.shown(asset_id="OTHER")
    assert "shows another order" in watch.round().message
    before = cash(watch)
    assert before == {"A": Decimal("4015000"), "B": Decimal("4015000")}
    watch.at.desk.orders.cancel(PM, watch.order().id, "the client called", "x1")
    assert cash(watch) == before
    watch.rounds(120)
    assert cash(watch) == before
    watch.broker.book.update(there)
    assert watch.rounds(120).state is OrderState.CANCELED


@pytest.mark.parametrize("status", ["Compl Pending", "Something New"])
@pytest.mark.parametrize("what", ["modified", "modification refused", "cancel refused"])
def test_an_order_that_aladdin_may_not_count_stays_paid_for_when_what_was_asked_is_settled_and_no_more_is_written(
    tmp_path: Path, status: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = at_aladdin(tmp_path, status)
    before = cash(watch)
    if what != "modified":
        watch.broker.fails = [(Rejected("not now"), False)]
    if what == "cancel refused":
        watch.at.desk.orders.cancel(PM, watch.order().id, "the client called", "x1")
    else:
        modify(watch, face=4_000_000)
        before = before if what != "modified" else cash(watch)
    write = watch.at.ledger.advance

    def dies(command: str, change: Change, *more: Any) -> Order:
        if change.event in (Event.REPORTED_COMPLIANCE, Event.REPORTED_FOREIGN):
            raise Unavailable("The ledger does not answer.", sent=False)
        return write(command, change, *more)

    monkeypatch.setattr(watch.at.ledger, "advance", dies)
    assert watch.round().state is OrderState.OPEN
    assert cash(watch) == before
    monkeypatch.undo()
    watch.round()
    assert (watch.order().broker_status, cash(watch)) == (status, before)


def test_what_is_filled_of_an_order_that_aladdin_purged_is_not_paid_for_twice(tmp_path: Path) -> None:
    watch = at_aladdin(tmp_path)
    counts(watch)
    before = cash(watch)
    watch.broker.fill("Active", A=1_000_000, B=400_000)
    watch.round()
    watch.broker.book.clear()
    watch.at.market.accounts = (
        account("A", cash=str(Decimal(5_000_000) - 985_000), held="1000000"),  # the trades alone
        account("B", cash=str(Decimal(5_000_000) - 394_000), held="400000"),
    )
    watch.round()
    assert cash(watch) == before
    assert held(watch) == {"A": 1_000_000, "B": 1_000_000}
    modify(watch, face=3_000_000)
    assert cash(watch) == {name: had - 492_500 for name, had in before.items() if had is not None}
    assert held(watch) == {"A": 1_500_000, "B": 1_500_000}


def test_what_is_sold_of_an_order_that_aladdin_purged_is_not_sold_twice(tmp_path: Path) -> None:
    watch = at_desk(tmp_path)
    watch.at.market.accounts = (account("A", held="2000000"), account("B", held="2000000"))
    desk = watch.at.desk
    desk.confirm(PM, desk.preview(PM, request(2_000_000, Side.SELL)), "", "c1")
    watch.round()
    watch.broker.fill("Active", A=600_000, B=0)
    watch.round()
    watch.broker.book.clear()
    watch.at.market.accounts = (account("A", held="1400000"), account("B", held="2000000"))
    watch.round()
    assert held(watch) == {"A": 1_000_000, "B": 1_000_000}
