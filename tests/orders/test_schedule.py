"""The day of an order that is released later, by the clock of its market."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from orders import schedule
from orders.checks import Policy
from orders.errors import NotPermitted, Unavailable
from orders.model import Book, Order, OrderState
from tests.allocation.desk import bond
from tests.orders.desk import PM, TODAY, dated, outfit
from tests.orders.test_desk import request
from tests.orders.watch import Watch, at_work

ALADDIN = Book("aladdin:host", "aladdin", "Aladdin", TODAY, ("BIG6",))
OLD = Book("csv:old", "csv", "old", date(2025, 6, 2), ("BIG6",))
MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # Monday, ten in New York, and Tuesday in Tokyo


def scheduled(watch: Watch, settlement: date = date(2026, 11, 25)) -> Order:
    desk = watch.at.desk
    seen = desk.preview(PM, replace(request(), settlement=settlement))
    return desk.confirm(PM, seen, "", "c1", release_at=AT)


@pytest.fixture
def live(tmp_path: Path) -> Watch:
    return at_work(outfit(tmp_path, book=ALADDIN))


@pytest.fixture
def old(tmp_path: Path) -> Watch:
    """A book of last year."""
    at = outfit(tmp_path, book=OLD)
    at.clock.today_ = OLD.as_of
    at.market.bonds["B"] = dated(bond(), OLD.as_of, OLD.as_of)
    return at_work(at)


@pytest.mark.parametrize("today", [date(2026, 11, 22), MONDAY, TUESDAY])
def test_an_order_is_released_on_the_day_of_its_market_wherever_the_server_stands(live: Watch, today: date) -> None:
    assert scheduled(live).trade_date == MONDAY
    live.at.clock.at, live.at.clock.today_ = AT + timedelta(seconds=1), today
    assert live.tick().state is OrderState.OPEN


def test_an_order_that_is_lost_is_posted_again_on_the_day_of_its_market(live: Watch) -> None:
    scheduled(live)
    live.broker.fails = [(Unavailable("No answer in time.", sent=True), False)]
    live.at.clock.at, live.at.clock.today_ = AT + timedelta(seconds=1), TUESDAY
    assert live.rounds(600).state is OrderState.OPEN


def test_an_order_for_later_that_nobody_approved_lapses_after_the_day_of_its_market(tmp_path: Path) -> None:
    live = at_work(outfit(tmp_path, Policy(approval_from=0), ALADDIN))
    scheduled(live)
    live.at.clock.at, live.at.clock.today_ = AT + timedelta(hours=13), TUESDAY  # eleven at night
    assert live.tick().state is OrderState.AWAITING
    live.at.clock.at += timedelta(hours=1)
    order = live.tick()
    assert (order.state, order.message) == (OrderState.EXPIRED, "Not approved on its day, 23 Nov 2026: it lapsed.")


def test_an_order_must_settle_after_the_day_it_is_released_on(live: Watch) -> None:
    with pytest.raises(NotPermitted, match="traded on Mon 23 Nov 2026 and settle on Mon 23 Nov 2026"):
        scheduled(live, MONDAY)


def test_a_book_with_a_date_of_its_own_trades_on_that_however_late_the_release(old: Watch) -> None:
    assert scheduled(old, date(2025, 6, 3)).trade_date == OLD.as_of
    old.at.clock.at = AT + timedelta(seconds=1)
    assert old.tick().state is OrderState.OPEN


def test_an_order_of_an_old_book_lapses_after_the_day_of_its_release(old: Watch) -> None:
    scheduled(old, date(2025, 6, 3))
    old.at.clock.at = AT + timedelta(hours=14)
    order = old.tick()
    assert (order.state, old.broker.posted) == (OrderState.SEND_FAILED, [])
    assert order.message.endswith("until it lapses after 23 Nov 2026.")
    old.at.desk.orders.send_again(PM, order.id, "still wanted", "again")
    assert old.tick().message == "Not sent on its day, 23 Nov 2026: it lapsed."


def test_a_book_of_a_weekend_trades_on_the_next_business_day() -> None:
    book = replace(OLD, as_of=date(2025, 5, 31))
    assert schedule.traded_on(AT, "USD", book, book.as_of) == date(2025, 6, 2)
