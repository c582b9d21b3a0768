from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from orders.lifecycle import FINAL, TABLE
from orders.model import Event, OrderState
from tests.ui.test_tables import order
from ui.lifecycle import path, way_on

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def history(*states: OrderState) -> list[Event]:
    return [Event("EL-1", AT, "worker", "step", state, "") for state in states]


def drawn(*states: OrderState, release_at: datetime | None = None) -> str:
    """The path of an order that has come to the last of these states."""
    return path(history(*states), order(states[-1], release_at=release_at)).replace("\u00a0", " ")


def test_what_is_behind_is_framed_where_it_is_has_its_colour_and_what_may_come_is_plain() -> None:
    assert drawn(OrderState.CONFIRMED, OrderState.SENDING, OrderState.OPEN, OrderState.OPEN) == (
        ":gray-badge[◌ confirmed] → :gray-badge[→ sending] → :blue-badge[**○ open**] "
        ":gray[:small[⇢ ◎ authorized]] :gray[:small[⇢ ▶ active]] :gray[:small[⇢ ◉ filled]] :gray[:small[⇢ ● booked]]"
    )


@pytest.mark.parametrize("final", FINAL)
def test_nothing_comes_after_the_end(final: OrderState) -> None:
    assert "⇢" not in drawn(OrderState.SENDING, final)


def test_a_way_walked_twice_is_told_once_and_ends_where_the_order_is() -> None:
    back_and_forth = (OrderState.SENDING, OrderState.SEND_FAILED, OrderState.CONFIRMED, OrderState.SENDING)
    assert drawn(*back_and_forth).split(" :gray[:small")[0] == (
        ":gray-badge[! send failed] → :gray-badge[◌ confirmed] → :blue-badge[**→ sending**]"
    )


@pytest.mark.parametrize("release_at", [None, AT])
@pytest.mark.parametrize("state", [state for state in OrderState if state not in FINAL])
def test_from_every_state_the_way_on_is_made_of_steps_of_the_table_and_ends(
    state: OrderState, release_at: datetime | None
) -> None:
    ahead = way_on(order(state, release_at=release_at))
    assert set(pairwise([state, *ahead])) <= {(frm, to) for (frm, _), to in TABLE.items()}
    assert ahead[-1] is (OrderState.CANCELED if state is OrderState.CANCEL_PENDING else OrderState.BOOKED)


def test_an_order_that_waits_for_two_things_goes_on_by_its_schedule() -> None:
    assert way_on(order(OrderState.AWAITING, release_at=AT))[:2] == [OrderState.SCHEDULED, OrderState.CONFIRMED]
    assert way_on(order(OrderState.AWAITING))[0] is OrderState.APPROVED


def test_an_order_that_waited_for_its_time_is_released_where_others_are_confirmed() -> None:
    waited = replace(order(OrderState.SENDING), release_at=AT)
    told = path(history(OrderState.SCHEDULED, OrderState.CONFIRMED, OrderState.SENDING), waited)
    assert "released" in told
    assert "confirmed" not in told
