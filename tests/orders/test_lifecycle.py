from __future__ import annotations

from decimal import Decimal

import pytest

from orders.errors import IllegalTransition
from orders.lifecycle import FINAL, LIVE, OURS, PENDING, READY, TABLE, WAITING, Event, reported, step
from orders.model import BrokerOrder, OrderState


def test_every_state_is_ours_live_or_final() -> None:
    assert sorted([*OURS, *LIVE, *FINAL]) == sorted(OrderState)


def test_a_final_state_is_left_for_another_end_only() -> None:
    assert not [pair for pair, to in TABLE.items() if pair[0] in FINAL and to not in FINAL]
    assert step(OrderState.BOOKED, Event.REPORTED_CANCELED) is OrderState.CANCELED  # a trade that was taken back
    with pytest.raises(IllegalTransition, match="booked cannot have the event “active”"):
        step(OrderState.BOOKED, Event.REPORTED_ACTIVE)


def test_a_cancel_may_lose_to_a_fill() -> None:
    assert step(OrderState.ACTIVE, Event.REPORTED_BOOKED) is OrderState.BOOKED


def test_every_state_but_the_first_can_be_reached() -> None:
    reached = {OrderState.CONFIRMED, OrderState.AWAITING, OrderState.SCHEDULED}
    for _ in OrderState:
        reached |= {to for (state, _), to in TABLE.items() if state in reached}
    assert reached == set(OrderState)


@pytest.mark.parametrize(
    ("word", "event"),
    [
        ("Compl Pending", Event.REPORTED_COMPLIANCE),
        ("ACTIVE ", Event.REPORTED_ACTIVE),
        ("Canceled", Event.REPORTED_CANCELED),
        ("Something New", Event.REPORTED_FOREIGN),
    ],
)
def test_aladdins_words_are_mapped_and_an_unknown_one_stays_live(word: str, event: Event) -> None:
    assert reported(BrokerOrder("X1", "", word, Decimal(5), Decimal(0), None, {})) is event


@pytest.mark.parametrize(("filled", "event"), [(1, Event.REPORTED_PART_FILLED), (5, Event.REPORTED_FILLED)])
def test_an_order_aladdin_works_on_is_told_by_how_much_is_filled(filled: int, event: Event) -> None:
    for word in ("Open", "Authorized", "Active"):
        assert reported(BrokerOrder("X1", "", word, Decimal(5), Decimal(filled), None, {})) is event
    canceled = BrokerOrder("X1", "", "Canceled", Decimal(5), Decimal(filled), None, {})
    assert reported(canceled) is Event.REPORTED_CANCELED


def test_only_an_order_that_never_left_lapses() -> None:
    assert {state for state, event in TABLE if event is Event.LAPSED} == {*WAITING, *READY}


def test_whatever_comes_of_a_second_post_the_order_is_looked_up_again() -> None:
    repeats = [Event.REPEAT_NEVER_LEFT, Event.REPEAT_REFUSED, Event.ANSWER_LOST, Event.MISTAKEN]
    assert {step(OrderState.SENDING, event) for event in repeats} == {OrderState.UNKNOWN}


def test_after_a_restore_whatever_may_have_been_posted_is_looked_up() -> None:
    assert {step(state, Event.RESTORED) for state in OURS} == {OrderState.UNKNOWN}
    assert {state for state, event in TABLE if event is Event.RESTORED} == set(OURS)


def test_what_is_only_told_moves_no_order() -> None:
    said = (Event.NOTED, Event.ADOPTED, Event.EXPLAINED, Event.EXPLANATION_APPROVED)
    assert all(state is to for (state, what), to in TABLE.items() if what in said)


@pytest.mark.parametrize("state", PENDING)
def test_while_something_is_asked_of_aladdin_only_the_end_is_another_state(state: OrderState) -> None:
    moved = {to for (of, event), to in TABLE.items() if of is state and event.name.startswith("REPORTED")}
    assert moved == {state, *FINAL}
