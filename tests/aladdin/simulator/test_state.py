"""Orders survive in their file, once each."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from aladdin.simulator.errors import WrongWorld
from aladdin.simulator.protocol import Code, OrderRefused
from aladdin.simulator.state import FIRST_ORDER, Blotter, Booking, Detail, PlacedOrder, Status

NOW = datetime(2025, 9, 12, 12, 0, 0, 123456, tzinfo=UTC)


def draft(reference: str = "") -> PlacedOrder:
    return PlacedOrder(
        id=0,
        reference=reference,
        status=Status.OPEN,
        asset_id="BOND1",
        side="BUY",
        limit=Decimal("99.123456789012345678901"),
        settle=date(2025, 9, 15),
        trade=date(2025, 9, 12),
        details=(Detail(1, "ALPHA", Decimal("1000.5"), strategy=4), Detail(2, "BRAVO", Decimal(2000))),
        entered=NOW,
        modified=NOW,
        due=NOW,
        comments=(("General", "as agreed"),),
    )


def test_an_order_read_again_is_the_same_to_the_last_digit(tmp_path: Path) -> None:
    first = Blotter(tmp_path / "orders.sqlite", "csv:x")
    order = first.add(draft("ref-1"))
    booking = Booking(order.id, 1, NOW, "ALPHA", Decimal("0.5"), Decimal("98.000001"))
    changed = first.change(order.id, lambda o: (replace(o, step=1, spent=Decimal("49.0000005")), (booking,)))
    first.close()
    again = Blotter(tmp_path / "orders.sqlite", "csv:x")
    assert again.orders() == (changed,)
    assert again.by_reference("ref-1") == changed
    assert again.bookings(order.id) == (booking,)
    assert again.add(draft("ref-2")).id == order.id + 1 == FIRST_ORDER + 1


def test_a_reference_is_taken_once_however_many_ask_at_once(tmp_path: Path) -> None:
    blotter = Blotter(tmp_path / "orders.sqlite", "csv:x")
    refusals: list[OrderRefused] = []

    def add() -> None:
        try:
            blotter.add(draft("same"))
        except OrderRefused as refused:
            refusals.append(refused)

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(blotter.orders()) == 1
    assert {refused.code for refused in refusals} == {Code.ALREADY_EXISTS}
    assert len(refusals) == 7


def test_orders_without_a_reference_do_not_collide(tmp_path: Path) -> None:
    blotter = Blotter(tmp_path / "orders.sqlite", "csv:x")
    assert blotter.add(draft()).id != blotter.add(draft()).id


def test_a_reference_may_come_twice_where_that_is_accepted(tmp_path: Path) -> None:
    blotter = Blotter(tmp_path / "orders.sqlite", "csv:x", accept_duplicates=True)
    both = blotter.add(draft("twice")), blotter.add(draft("twice"))
    assert blotter.referenced("twice") == both
    blotter.close()
    again = Blotter(tmp_path / "orders.sqlite", "csv:x")
    assert again.referenced("twice") == both
    assert again.by_reference("twice") == both[0]
    with pytest.raises(OrderRefused):
        again.add(draft("twice"))


def test_a_change_that_fails_leaves_the_order_as_it_was(tmp_path: Path) -> None:
    blotter = Blotter(tmp_path / "orders.sqlite", "csv:x")
    order = blotter.add(draft())
    twice = Booking(order.id, 1, NOW, "ALPHA", Decimal(1), Decimal(98))
    with pytest.raises(Exception, match="UNIQUE"):
        blotter.change(order.id, lambda o: (replace(o, step=9), (twice, twice)))
    assert blotter.order(order.id) == order
    assert blotter.bookings(order.id) == ()


def test_the_file_of_another_book_is_refused_by_name(tmp_path: Path) -> None:
    Blotter(tmp_path / "orders.sqlite", "demo:7").close()
    with pytest.raises(WrongWorld, match=r"orders of the book demo:7, not of demo:8.*another data directory"):
        Blotter(tmp_path / "orders.sqlite", "demo:8")


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "orders.sqlite").write_bytes(b"no database " * 200)
    with pytest.raises(WrongWorld, match=r"cannot be read as a file of orders\. Remove it"):
        Blotter(tmp_path / "orders.sqlite", "demo:7")
