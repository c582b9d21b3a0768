"""Profit and loss of real orders: confirmed, sent, filled and read back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from allocation.model import Account, Choices, Metric, Side
from orders.dispatch import Dispatch
from orders.errors import NotFound, NotPermitted
from orders.marking import Marking
from orders.model import Role, User
from orders.positions import Report
from tests.allocation.desk import account, bond
from tests.orders.desk import ANALYST, PM, TODAY, FakeBlotter, FakeBroker, dated, outfit
from tests.orders.test_desk import request
from tests.orders.watch import Watch


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    """A worker with nothing to do yet, at bonds with accrued interest."""
    at, broker = outfit(tmp_path), FakeBroker()
    at.market.bonds["B"] = dated(bond(price="98.5", accrued="0.5"))
    return Watch(
        at, broker, Dispatch(at.ledger, broker, at.clock, "w1", marking=Marking(at.market, at.marks, at.clock))
    )


def traded(watch: Watch, command: str, face: int, price: str, side: Side = Side.BUY, **booked: int) -> None:
    """A block confirmed, sent and booked at this price."""
    desk = watch.at.desk
    by = {"by": "holding"} if side is Side.SELL else {}
    choices = Choices(parameters=by, metric=Metric.DURATION)
    seen = desk.preview(PM, request(face, side, choices=choices))
    desk.confirm(PM, seen, "", command, accepted=dict.fromkeys(seen.warnings, "meant"))
    watch.round()
    watch.at.clock.pass_(60)
    watch.broker.fill("Booked", **booked)
    (order,) = list(watch.broker.book.values())[-1:]
    watch.broker.book[order.id] = replace(order, average_price=Decimal(price))
    watch.round()


def report(watch: Watch) -> Report:
    return watch.at.desk.positions.of_group(PM, "BIG6")


def test_a_group_that_traded_nothing_earned_nothing(watch: Watch) -> None:
    found = report(watch)
    assert (found.earned, found.trades, found.notes) == ((), (), ())


def test_what_was_bought_is_held_at_cost_and_valued_at_the_mark_accrued_included(watch: Watch) -> None:
    traded(watch, "c1", 2_000_000, "98", A=1_000_000, B=1_000_000)
    one, other = report(watch).earned
    assert (one.profit.account_id, other.profit.account_id, one.label, one.currency) == ("A", "B", "A bond", "USD")
    assert [one.profit.face, one.profit.cost] == [1_000_000, 985_000]
    assert [one.profit.unrealised, one.profit.realised] == [5_000, 0]


def test_a_sale_realises_the_oldest_lots(watch: Watch) -> None:
    traded(watch, "c1", 2_000_000, "98", A=1_000_000, B=1_000_000)
    traded(watch, "c2", 2_000_000, "99", A=1_000_000, B=1_000_000)
    watch.at.market.accounts = (account("A", held="2000000"), account("B", held="2000000"))
    traded(watch, "c3", 3_000_000, "100", Side.SELL, A=1_500_000, B=1_500_000)
    earned = report(watch).earned[0].profit
    assert earned.realised == 1_000_000 * Decimal("0.02") + 500_000 * Decimal("0.01")
    assert [earned.face, earned.uncosted] == [500_000, 0]


def test_what_was_held_before_is_sold_without_a_known_cost(watch: Watch) -> None:
    watch.at.market.accounts = (account("A", held="2000000"),)
    traded(watch, "c1", 1_000_000, "100", Side.SELL, A=1_000_000)
    (earned,) = report(watch).earned
    assert [earned.profit.realised, earned.profit.uncosted] == [0, 1_000_000]


def test_what_was_held_before_is_sold_before_what_the_desk_bought(watch: Watch) -> None:
    watch.at.market.accounts = (account("A", held="1000000"),)
    traded(watch, "c1", 1_000_000, "98", A=1_000_000)
    watch.at.market.accounts = (account("A", held="2000000"),)
    traded(watch, "c2", 1_000_000, "100", Side.SELL, A=1_000_000)
    (earned,) = report(watch).earned
    assert [earned.profit.realised, earned.profit.uncosted, earned.profit.face] == [0, 1_000_000, 1_000_000]
    watch.at.market.accounts = (account("A"),)
    assert report(watch).earned == (earned,), "what was realised does not change with what is held today"


def test_an_order_that_came_to_nothing_does_not_say_what_was_held_before(watch: Watch) -> None:
    desk, market = watch.at.desk, watch.at.market
    seen = desk.preview(PM, request(2_000_000, choices=Choices(metric=Metric.DURATION)))
    order = desk.confirm(PM, seen, "", "c0", accepted=dict.fromkeys(seen.warnings, "meant"))
    desk.orders.withdraw(PM, order.id, "another price", "w0")
    market.accounts = (account("A", held="1000000"), account("B", held="1000000"))  # bought elsewhere since
    traded(watch, "c1", 2_000_000, "98", A=1_000_000, B=1_000_000)
    market.accounts = (account("A", held="2000000"), account("B", held="2000000"))
    traded(watch, "c2", 2_000_000, "100", Side.SELL, A=1_000_000, B=1_000_000)
    for one in report(watch).earned:
        assert one.profit.realised == 0, "the lot of before is sold first, at a cost nobody knows"
        assert one.profit.uncosted == 1_000_000


def test_a_buy_that_was_taken_over_after_its_sale_is_not_taken_for_what_was_held_before(watch: Watch) -> None:
    """It was made in Aladdin the day before: the statement of today's sale found it among the holdings."""
    watch.at.market.accounts = (account("A", held="1000000"),)
    traded(watch, "c1", 1_000_000, "100", Side.SELL, A=1_000_000)
    shown = replace(
        watch.broker.book["1"], id="9", reference="", side=Side.BUY, average_price=Decimal(98),
        trade_date=date(2026, 11, 19), status="Active",
    )  # fmt: skip
    watch.broker.book["9"] = shown
    watch.at.market.accounts = (account("A"),)
    watch.at.desk.reconciling._given = FakeBlotter(watch.broker)
    watch.at.desk.reconciling.adopt(PM, "BIG6", "9", "bought by phone", "a1")
    watch.round()
    (earned,) = report(watch).earned
    assert [earned.profit.realised, earned.profit.uncosted, earned.profit.face] == [20_000, 0, 0]


def test_the_first_day_is_told_so_far_and_ever_after_at_that_days_last_mark(watch: Watch) -> None:
    traded(watch, "c1", 2_000_000, "98", A=1_000_000, B=1_000_000)
    today = report(watch).trades[0]
    assert [today.first_day, today.unknown] == [5_000, "The day is not over: so far."]
    watch.at.market.bonds["B"] = dated(bond(price="98.75", accrued="0.5"))
    watch.rounds(120)
    watch.at.clock.today_ = date(2026, 11, 23)
    ended = report(watch).trades[0]  # the mark is still that day's: its last
    assert [ended.first_day, ended.unknown] == [7_500, ""]
    watch.at.market.bonds["B"] = dated(bond(price="99", accrued="0.6"), price=date(2026, 11, 23))
    watch.rounds(120)
    later = report(watch).trades[0]
    assert [later.first_day, later.unknown] == [7_500, ""]


def test_a_mark_that_comes_days_after_the_trade_is_still_that_days(watch: Watch) -> None:
    watch.at.market.bonds["B"] = dated(bond(price="98.5", accrued="0.5"), price=date(2026, 11, 19))
    traded(watch, "c1", 2_000_000, "98", A=1_000_000, B=1_000_000)
    watch.rounds(120)
    unknown = report(watch).trades[0]
    assert [unknown.first_day, unknown.unknown] == [None, "No mark of 20 Nov 2026 is known."]
    watch.at.clock.today_ = date(2026, 11, 23)
    watch.at.market.bonds["B"] = dated(bond(price="98.75", accrued="0.5"), price=TODAY)
    watch.rounds(120)
    watch.at.market.bonds["B"] = dated(bond(price="99", accrued="0.5"), price=date(2026, 11, 23))
    assert report(watch).trades[0].first_day == 7_500


def test_accrued_interest_known_of_a_trade_and_not_of_its_mark_is_no_first_day(watch: Watch) -> None:
    traded(watch, "c1", 2_000_000, "98", A=1_000_000, B=1_000_000)
    watch.at.market.bonds["B"] = dated(bond(price="98.5", accrued=None))
    watch.rounds(120)
    watch.at.market.bonds["B"] = dated(bond(price="99", accrued="0.5"), price=date(2026, 11, 23))
    watch.at.clock.today_ = date(2026, 11, 23)
    assert report(watch).trades[0].first_day is None


def test_the_time_from_statement_to_first_fill_is_told(watch: Watch) -> None:
    traded(watch, "c1", 2_000_000, "98", A=1_000_000, B=1_000_000)
    trade = report(watch).trades[0]
    assert timedelta(seconds=60) < trade.waited < timedelta(seconds=61)
    assert not trade.restated


def test_a_trade_whose_statement_was_changed_after_its_first_fill_is_marked(watch: Watch) -> None:
    desk = watch.at.desk
    seen = desk.preview(PM, request())
    order = desk.confirm(PM, seen, "", "c1")
    watch.round()
    watch.broker.fill("Active", A=500_000, B=500_000)
    watch.round()
    wanted = desk.modifying.request(PM, order.id)
    anew = replace(wanted, choices=replace(wanted.choices, locked={"A": 1_500_000, "B": 500_000}))
    desk.modifying.modify(PM, desk.preview(PM, anew), "A has an inflow", "m1")
    assert [trade.restated for trade in report(watch).trades] == [True, True]


def test_lots_and_trades_of_another_group_of_the_account_count(watch: Watch) -> None:
    both = replace(PM, groups=frozenset({"BIG6", "OPNIC"}))
    traded(watch, "c1", 2_000_000, "98", A=1_000_000, B=1_000_000)
    desk = watch.at.desk
    found = desk.positions.of_group(both, "OPNIC")
    assert [one.profit.face for one in found.earned] == [1_000_000, 1_000_000]
    assert [(trade.group, trade.deal.order_id[:3], trade.first_day) for trade in found.trades] == [
        ("BIG6", "EL-", Decimal(5_000)), ("BIG6", "EL-", Decimal(5_000)),
    ]  # fmt: skip


def test_money_is_in_the_accounts_own_currency_at_the_rate_of_its_statement(watch: Watch) -> None:
    watch.at.market.accounts = (account("A", currency="EUR", fx={"USD": Decimal("0.9")}), account("B"))
    traded(watch, "c1", 2_000_000, "98", A=1_000_000, B=1_000_000)
    at_now: tuple[Account, ...] = (account("A", currency="EUR", fx={"USD": Decimal("0.8")}), account("B"))
    watch.at.market.accounts = at_now
    earned = report(watch).earned[0]
    assert [earned.currency, earned.profit.cost] == ["EUR", 886_500]
    assert earned.profit.unrealised == 1_000_000 * Decimal("0.99") * Decimal("0.8") - 886_500


def test_what_cannot_be_valued_is_told_and_never_zero(watch: Watch) -> None:
    traded(watch, "c1", 2_000_000, "98", A=1_000_000, B=1_000_000)
    watch.at.market.bonds["B"] = dated(bond(price=None))
    found = report(watch)
    assert found.earned[0].profit.unrealised is None
    assert found.notes == ("A bond has no price: what is held of it is not valued.",)
    assert found.trades[0].first_day == 5_000, "at the mark that was kept"
    del watch.at.market.bonds["B"]
    assert report(watch).notes == ("B has no mark: There is no bond B.",)


def test_accrued_interest_that_is_not_known_is_told(watch: Watch) -> None:
    watch.at.market.bonds["B"] = dated(bond(accrued=None))
    traded(watch, "c1", 2_000_000, "98", A=1_000_000, B=1_000_000)
    found = report(watch)
    assert found.earned[0].profit.cost == 980_000
    assert any("was not known in EL-" in note for note in found.notes)
    assert "The accrued interest of A bond is not known: its mark stands without." in found.notes


def test_the_orders_of_a_group_that_the_user_does_not_see_are_counted_and_not_named(watch: Watch) -> None:
    watch.at.market.bonds["B"] = dated(bond(accrued=None))
    traded(watch, "c1", 2_000_000, "98", A=1_000_000, B=1_000_000)
    other = User("opn", "Olga", frozenset({Role.PORTFOLIO_MANAGER}), frozenset({"OPNIC"}))
    found = watch.at.desk.positions.of_group(other, "OPNIC")
    assert [one.profit.cost for one in found.earned] == [980_000, 980_000]
    assert any("was not known in an order of another group" in note for note in found.notes)
    assert not any("EL-" in note for note in found.notes)
    assert [(trade.group, trade.deal.order_id) for trade in found.trades] == [("", ""), ("", "")]


def test_orders_of_accounts_of_other_groups_are_not_read(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    traded(watch, "c1", 2_000_000, "98", A=1_000_000, B=1_000_000)
    watch.at.market.accounts = (account("C"),)
    monkeypatch.setattr(watch.at.ledger, "statement", None)  # nothing is left to read one of
    assert report(watch).earned == ()


def test_profit_and_loss_is_of_groups_the_user_sees(watch: Watch) -> None:
    with pytest.raises(NotPermitted, match="not entitled to the group OPNIC"):
        watch.at.desk.positions.of_group(PM, "OPNIC")
    with pytest.raises(NotFound):
        watch.at.desk.positions.of_group(ANALYST, "GONE")
