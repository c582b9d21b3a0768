from __future__ import annotations

import pytest

from orders.errors import IllegalTransition
from orders.lifecycle import FINAL, LIVE, OURS, TABLE, Event, reported, step
from orders.model import OrderState


def test_every_state_is_ours_live_or_final() -> None:
    assert sorted([*OURS, *LIVE, *FINAL]) == sorted(OrderState)


def test_a_final_state_is_never_left() -> None:
    assert not [pair for pair in TABLE if pair[0] in FINAL]
    with pytest.raises(IllegalTransition, match="booked cannot be canceled"):
        step(OrderState.BOOKED, Event.REPORTED_CANCELED)


def test_a_cancel_may_lose_to_a_fill() -> None:
    assert step(OrderState.ACTIVE, Event.REPORTED_BOOKED) is OrderState.BOOKED


def test_every_state_but_the_first_can_be_reached() -> None:
    reached = {OrderState.CONFIRMED}
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
    assert reported(word) is event


def test_only_an_order_that_never_left_lapses() -> None:
    assert [state for state, event in TABLE if event is Event.LAPSED] == [OrderState.CONFIRMED]


def test_whatever_comes_of_a_second_post_the_order_is_looked_up_again() -> None:
    repeats = [Event.REPEAT_NEVER_LEFT, Event.REPEAT_REFUSED, Event.ANSWER_LOST, Event.MISTAKEN]
    assert {step(OrderState.SENDING, event) for event in repeats} == {OrderState.UNKNOWN}


def test_after_a_restore_whatever_may_have_been_posted_is_looked_up() -> None:
    assert {step(state, Event.RESTORED) for state in OURS} == {OrderState.UNKNOWN}
    assert {state for state, event in TABLE if event is Event.RESTORED} == set(OURS)


@pytest.mark.parametrize("event", [Event.NOTED, Event.FILLED])
def test_what_is_only_told_moves_no_order(event: Event) -> None:
    assert all(state is to for (state, what), to in TABLE.items() if what is event)
