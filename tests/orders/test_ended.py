from __future__ import annotations

from decimal import Decimal

import pytest

from orders.checks import Policy
from orders.differing import Comparison, Difference
from orders.errors import IllegalTransition, Unavailable
from orders.model import OrderState
from orders.reconcile import Reconciling
from tests.orders.desk import BOOK, PM, FakeBlotter
from tests.orders.test_dispatch_following import looks
from tests.orders.watch import Watch

DAY = 86_400


@pytest.fixture
def booked(watch: Watch) -> Watch:
    """An order that has ended as booked, with nothing booked to accounts yet."""
    watch.round()
    watch.shown(status="Booked", filled=Decimal(2_000_000), average_price=Decimal("98.5"))
    watch.round()
    assert watch.order().state is OrderState.BOOKED
    return watch


def parts(watch: Watch) -> dict[str, int]:
    return {line.account_id: int(line.booked) for line in watch.order().lines}


def compared(watch: Watch) -> Comparison:
    at = watch.at
    watch.shown(modified_at=at.clock.now())
    use = Reconciling(FakeBlotter(watch.broker), at.desk, at.ledger, at.clock, BOOK, Policy(), watch.worker.wake)
    return use.compare(PM, "BIG6")


def only(watch: Watch) -> Difference:
    (difference,) = compared(watch).differences
    return difference


def taken_over(watch: Watch, command: str = "a1") -> None:
    at = watch.at
    use = Reconciling(FakeBlotter(watch.broker), at.desk, at.ledger, at.clock, BOOK, Policy(), watch.worker.wake)
    use.adopt(PM, "BIG6", "1", "a bust, told by the dealer", command)


def test_what_is_shared_out_after_the_end_is_followed_until_it_adds_up(booked: Watch) -> None:
    booked.rounds(120)
    booked.broker.fill("Booked", A=1_000_000)
    booked.shown(filled=Decimal(2_000_000))
    booked.rounds(60)
    assert parts(booked) == {"A": 1_000_000, "B": 0}
    booked.broker.fill("Booked", A=1_000_000, B=1_000_000)
    booked.rounds(60)
    assert parts(booked) == {"A": 1_000_000, "B": 1_000_000}
    (earned,) = {line.profit.face for line in booked.at.desk.positions.of_group(PM, "BIG6").earned}
    assert earned == 1_000_000
    booked.agrees()


def test_it_is_shared_out_after_a_weekend_and_by_another_worker_too(booked: Watch) -> None:
    booked.at.clock.pass_(4 * DAY)
    booked.broker.fill("Booked", A=1_000_000, B=1_000_000)
    booked.tick()
    assert parts(booked) == {"A": 1_000_000, "B": 1_000_000}


def test_what_is_settled_is_looked_at_every_ten_minutes_of_a_day_and_no_more(booked: Watch) -> None:
    booked.broker.fill("Booked", A=1_000_000, B=1_000_000)
    booked.rounds(60)
    seen = looks(booked)
    booked.rounds(3600)
    assert 5 <= len(seen) <= 7
    booked.broker.fill("Booked", A=500_000, B=500_000)  # half of it is taken back
    booked.rounds(600)
    assert (booked.order().filled, parts(booked)) == (Decimal(1_000_000), {"A": 500_000, "B": 500_000})
    booked.at.clock.pass_(DAY + 60)
    seen.clear()
    booked.rounds(1200)
    assert seen == []


def test_a_trade_that_is_taken_back_whole_is_no_fill_any_more(booked: Watch) -> None:
    booked.broker.fill("Booked", A=1_000_000, B=1_000_000)
    booked.rounds(600)
    booked.broker.fill("Canceled", A=0, B=0)
    after = booked.rounds(600)
    assert (after.state, after.filled, after.average_price, sum(parts(booked).values())) == (
        OrderState.CANCELED, Decimal(0), None, 0,
    )  # fmt: skip
    assert booked.at.ledger.verify() == ()


def test_an_outage_is_outlived_and_another_order_is_not_taken_over(booked: Watch) -> None:
    ask = booked.broker.orders

    def out(broker_ids: object) -> None:
        raise Unavailable("No answer.")

    booked.broker.orders = out  # type: ignore[method-assign,assignment]
    booked.rounds(120)
    assert booked.worker.pulse.trouble == ""
    booked.broker.orders = ask  # type: ignore[method-assign]
    booked.broker.fill("Booked", A=1_000_000, B=1_000_000)
    booked.shown(asset_id="C")
    booked.rounds(120)
    assert parts(booked) == {"A": 0, "B": 0}


def test_a_correction_that_nobody_follows_any_more_is_told_and_can_be_taken_over(booked: Watch) -> None:
    booked.broker.fill("Booked", A=1_000_000, B=1_000_000)
    booked.rounds(60)
    assert compared(booked).differences == ()
    booked.at.clock.pass_(3 * DAY)
    booked.broker.fill("Booked", A=500_000, B=500_000)
    assert "A has 500,000 booked there, 1,000,000 here; B has 500,000 booked there" in only(booked).sentence
    booked.broker.fill("Booked", A=1_000_000, B=500_000)
    found = only(booked)
    assert found.adoptable
    assert found.sentence.endswith(
        "2,000,000 filled here; Aladdin says Booked, 1,500,000 filled. B has 500,000 booked there, 1,000,000 here."
    )
    taken_over(booked)
    assert (booked.order().filled, parts(booked)) == (Decimal(1_500_000), {"A": 1_000_000, "B": 500_000})
    event = booked.at.ledger.events(booked.order().id)[-1]
    assert (event.event, event.actor, event.reason) == ("booked", "pm", "a bust, told by the dealer")
    taken_over(booked)
    assert booked.history().count("booked") == 3
    assert compared(booked).differences == ()
    assert booked.at.ledger.verify() == ()


def test_another_price_is_a_correction_and_one_with_a_part_for_a_stranger_is_not_taken_over(booked: Watch) -> None:
    booked.broker.fill("Booked", A=1_000_000, B=1_000_000)
    booked.rounds(60)
    booked.shown(average_price=Decimal("98.25"))
    assert only(booked).sentence.endswith("The average price is 98.25 there, 98.5 here.")
    booked.shown(booked={**booked.broker.book["1"].booked, "Z": Decimal(5)})
    assert not only(booked).adoptable
    with pytest.raises(IllegalTransition, match="a part for Z"):
        taken_over(booked)


def test_an_order_that_was_never_sent_from_here_is_not_looked_after(watch: Watch) -> None:
    watch.at.desk.orders.withdraw(PM, watch.order().id, "not wanted", "w1")
    seen = looks(watch)
    watch.rounds(1200)
    assert seen == []
