from __future__ import annotations

import pytest

from orders.model import OrderState
from tests.ui.test_tables import order
from ui import states


@pytest.mark.parametrize("state", OrderState)
def test_every_state_has_a_sign_and_a_word(state: OrderState) -> None:
    sign, _, word = states.word(order(state, broker_status="Wizardry")).partition(" ")
    assert sign
    assert word == ("Wizardry (unknown status)" if state is OrderState.FOREIGN else state.value)


def test_what_aladdin_says_in_its_own_words_is_text_in_a_badge_whatever_is_in_it() -> None:
    foreign = order(OrderState.FOREIGN, broker_status="Held] :red[*now*")
    assert states.short(foreign) == "? Held] :red[*now*"
    assert states.badge(foreign) == r":orange-badge[? Held\] :red\[\*now\* (unknown status)]"


def test_a_partly_filled_order_says_so_and_a_whole_one_does_not() -> None:
    assert states.word(order(OrderState.ACTIVE, "500000")) == "▶ active, partly filled"
    assert states.word(order(OrderState.CANCELED, "500000")) == "× canceled, partly filled"
    assert states.word(order(OrderState.BOOKED, "2000000")) == "● booked"
    assert states.word(order(OrderState.PART_FILLED, "500000")) == "◐ part filled"
    assert states.word(order(OrderState.CANCEL_PENDING, "500000")) == "⊗ cancel pending, partly filled"


def test_every_state_says_what_comes_next_and_is_in_one_view() -> None:
    assert set(states.NEXT) == set(states.SIGNS) == set(states.COLOURS) == set(OrderState)
    found = [state for name, of in states.VIEWS.items() for state in of if name]
    assert sorted(found) == sorted(OrderState)


def test_how_many_orders_are_in_which_state_is_told_where_there_are_several_states() -> None:
    counts = dict.fromkeys(OrderState, 0) | {OrderState.OPEN: 1_000, OrderState.BOOKED: 2}
    assert states.told(counts, ()) == "○ 1,000 open · ● 2 booked"
    assert states.told(counts, {OrderState.BOOKED}) == ""
