from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from allocation.model import Side
from orders.checks import Policy
from orders.errors import NotPermitted, Rejected
from orders.model import Order, OrderState, Role, User
from orders.reconcile import Reconciling
from tests.orders.both import both_sides
from tests.orders.changes import at_desk
from tests.orders.desk import BOOK, PM, FakeBlotter, outfit
from tests.orders.test_desk import preview, request
from tests.orders.watch import Watch, watching

OTHER = User("pm2", "Otto", PM.roles, frozenset({"*"}))
OTHER_OF_BIG6 = replace(OTHER, groups=frozenset({"BIG6"}))
APPROVER = User("app", "Ada", frozenset({Role.APPROVER}), frozenset({"*"}))
REUSED = "under the same command something else was done before"


@pytest.fixture
def live(tmp_path: Path) -> Watch:
    watch = watching(tmp_path)
    watch.round()
    return watch


def second(live: Watch) -> Order:
    """One more order, of a group the first one's user does not see."""
    desk = live.at.desk
    seen = desk.preview(OTHER, replace(request(1_000_000), group="OPNIC"))
    order = desk.confirm(OTHER, seen, "", "c2")
    live.worker.wake()
    live.tick()
    return live.at.ledger.order(order.id)


def test_a_decision_made_twice_is_one(live: Watch) -> None:
    desk, order = live.at.desk, live.order()
    asked = desk.orders.cancel(PM, order.id, "the client called", "k1")
    assert desk.orders.cancel(PM, order.id, "the client called", "k1") == asked
    live.round()
    assert desk.orders.cancel(PM, order.id, "the client called", "k1") == asked
    assert live.history().count("cancel") == 1


def test_a_command_of_another_order_decides_nothing_and_tells_nothing_of_that_order(live: Watch) -> None:
    desk, first = live.at.desk, live.order()
    other = second(live)
    desk.orders.cancel(PM, first.id, "the client called", "k1")
    with pytest.raises(Rejected, match=REUSED) as refused:
        desk.orders.cancel(OTHER, other.id, "the client called", "k1")
    assert first.id not in str(refused.value)
    assert live.at.ledger.order(other.id).state is other.state


def test_a_command_of_another_person_or_for_another_step_is_none_of_this_one(live: Watch) -> None:
    desk, order = live.at.desk, live.order()
    desk.orders.cancel(PM, order.id, "the client called", "k1")
    with pytest.raises(Rejected, match=REUSED):
        desk.orders.cancel(OTHER_OF_BIG6, order.id, "the client called", "k1")
    with pytest.raises(Rejected, match=REUSED):
        desk.orders.withdraw(PM, order.id, "the client called", "k1")


def test_an_approval_of_an_order_for_later_made_twice_is_one(tmp_path: Path) -> None:
    at = outfit(tmp_path, Policy(approval_from=1))
    seen = at.desk.preview(PM, request())
    moment = at.clock.at.replace(hour=20)
    order = at.desk.confirm(PM, seen, "", "c1", release_at=moment)
    approved = at.desk.orders.approve(APPROVER, order.id, order.statement_sha256, "a1")
    assert approved.state is OrderState.SCHEDULED
    assert at.desk.orders.approve(APPROVER, order.id, order.statement_sha256, "a1") == approved


def test_a_block_made_small_by_being_made_twice_waits_for_a_second_person(tmp_path: Path) -> None:
    at = outfit(tmp_path, Policy(approval_from=2_000_000))

    def confirmed(command: str, side: Side = Side.BUY) -> Order:
        seen = at.desk.preview(PM, request(1_500_000, side))
        order = at.desk.confirm(PM, seen, "", command)
        assert bool(at.desk.second_person(PM, seen)) or order.state is OrderState.CONFIRMED
        return order

    first = confirmed("c1")
    second = confirmed("c2")
    assert (first.state, second.state) == (OrderState.CONFIRMED, OrderState.AWAITING)
    assert second.message.startswith("With what was confirmed for BIG6 of this bond within a day, and that nobody")
    assert "comes to 3,000,000, and 2,000,000 or more needs a second person" in second.message
    assert confirmed("c3", Side.SELL).state is OrderState.CONFIRMED
    at.desk.orders.approve(APPROVER, second.id, second.statement_sha256, "a1")
    at.desk.orders.withdraw(PM, first.id, "not wanted", "w1")
    assert confirmed("c4").state is OrderState.CONFIRMED  # what was approved, or never sent, is not counted
    at.clock.pass_(86_401)
    assert confirmed("c5").state is OrderState.CONFIRMED


def test_of_what_ended_at_aladdin_what_is_filled_counts_for_a_second_person(tmp_path: Path) -> None:
    watch = at_desk(tmp_path, Policy(approval_from=2_000_000))
    desk = watch.at.desk
    order = desk.confirm(PM, desk.preview(PM, request(1_500_000)), "", "c1")
    watch.round()
    again = desk.preview(PM, request(1_500_000))
    assert "comes to 3,000,000" in desk.second_person(PM, again)
    watch.broker.fill("Canceled", A=300_000, B=100_000)
    assert watch.round().state is OrderState.CANCELED
    assert desk.second_person(PM, again) == ""
    larger = desk.preview(PM, request(1_600_000))
    assert "comes to 2,000,000" in desk.second_person(PM, larger)
    assert desk.past.order(PM, order.id).filled == 400_000


def test_what_was_closed_here_still_counts_whole_for_a_second_person(tmp_path: Path) -> None:
    """What became of it at Aladdin, nobody saw."""
    watch = at_desk(tmp_path, Policy(approval_from=2_000_000))
    desk = watch.at.desk
    order = desk.confirm(PM, desk.preview(PM, request(1_500_000)), "", "c1")
    watch.round()
    watch.broker.book.clear()
    watch.round()
    assert desk.closing.close(PM, order.id, "gone", "x1").state is OrderState.CANCELED
    assert "comes to 3,000,000" in desk.second_person(PM, desk.preview(PM, request(1_500_000)))


def test_what_an_approver_took_over_does_not_count_as_decided_alone(tmp_path: Path) -> None:
    both = both_sides(tmp_path)
    both.watch.broker.fill("Canceled")  # the order that is there already
    both.watch.round()
    at, policy = both.watch.at, Policy(approval_from=900_000)
    use = Reconciling(both.blotter, at.desk, at.ledger, at.clock, BOOK, policy, lambda order_id: None)
    both.entered()
    taken = use.adopt(APPROVER, "BIG6", "77", "agreed", "a1")
    desk = outfit(tmp_path, policy).desk
    assert taken.face == 900_000
    assert desk.second_person(PM, desk.preview(PM, request(400_000))) == ""


def test_terms_as_large_as_need_approval_are_taken_over_by_an_approver(live: Watch) -> None:
    at, order, policy = live.at, live.order(), Policy(approval_from=3_000_000)
    use = Reconciling(FakeBlotter(live.broker), at.desk, at.ledger, at.clock, BOOK, policy, lambda order_id: None)
    live.shown(face=Decimal(4_000_000), asked={"A": Decimal(4_000_000)})
    both = replace(PM, roles=PM.roles | APPROVER.roles)
    for alone in (PM, OTHER_OF_BIG6, both):
        with pytest.raises(NotPermitted, match="taken over by an approver, who did not confirm it"):
            use.adopt(alone, "BIG6", order.broker_id, "agreed", "a1")
    assert use.adopt(APPROVER, "BIG6", order.broker_id, "agreed", "a1").face == 4_000_000
    live.shown(face=Decimal(2_000_000), asked={"A": Decimal(2_000_000)})
    with pytest.raises(NotPermitted, match="approver you may not confirm"):
        use.adopt(APPROVER, "BIG6", order.broker_id, "agreed", "a2")
    assert use.adopt(PM, "BIG6", order.broker_id, "agreed", "a3").face == 2_000_000


def test_a_modification_under_a_used_command_is_not_taken_for_made(live: Watch) -> None:
    desk, order = live.at.desk, live.order()
    wanted = desk.modifying.request(PM, order.id)
    seen = desk.preview(PM, replace(wanted, face=1_000_000))
    made = desk.modifying.modify(PM, seen, "half of it", "m1", dict.fromkeys(seen.warnings, "meant"))
    assert desk.modifying.modify(PM, seen, "half of it", "m1", dict.fromkeys(seen.warnings, "meant")) == made
    other = desk.preview(PM, replace(wanted, face=600_000))
    with pytest.raises(Rejected, match=REUSED):
        desk.modifying.modify(PM, other, "less", "m1", dict.fromkeys(other.warnings, "meant"))
    with pytest.raises(Rejected, match=REUSED):
        desk.modifying.modify(OTHER_OF_BIG6, seen, "half of it", "m1", dict.fromkeys(seen.warnings, "meant"))


def test_an_adoption_under_a_used_command_is_not_taken_for_made(live: Watch) -> None:
    at, order = live.at, live.order()
    use = Reconciling(FakeBlotter(live.broker), at.desk, at.ledger, at.clock, BOOK, Policy(), lambda order_id: None)
    made = at.desk.confirm(PM, preview(at), "", "c2")
    with pytest.raises(Rejected, match=REUSED):
        use.adopt(PM, "BIG6", order.broker_id, "agreed", "c2")
    live.shown(limit=Decimal(98), limit_type="Price")
    adopted = use.adopt(PM, "BIG6", order.broker_id, "agreed", "a1")
    assert use.adopt(PM, "BIG6", order.broker_id, "agreed", "a1") == adopted
    with pytest.raises(Rejected, match=REUSED):
        use.adopt(PM, "BIG6", "2", "agreed", "a1")
    assert at.ledger.order(made.id) == made
