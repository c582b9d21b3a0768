from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from orders.lifecycle import FINAL, TABLE
from orders.model import Event, OrderState
from tests.ui.test_tables import order
from ui.lifecycle import diagram

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def history(*states: OrderState) -> list[Event]:
    return [Event("EL-1", AT, "worker", "step", state, "") for state in states]


def test_the_path_taken_is_bold_and_what_may_come_is_dashed() -> None:
    drawn = diagram(history(OrderState.CONFIRMED, OrderState.SENDING, OrderState.OPEN), order(OrderState.OPEN))
    assert "  CONFIRMED ==> SENDING" in drawn
    assert "  SENDING ==> OPEN" in drawn
    assert "  OPEN -.-> AUTHORIZED\n  AUTHORIZED -.-> ACTIVE\n  ACTIVE -.-> FILLED" in drawn
    assert "style OPEN fill" in drawn


def test_a_fill_in_the_same_state_draws_no_loop() -> None:
    drawn = diagram(history(OrderState.SENDING, OrderState.ACTIVE, OrderState.ACTIVE), order(OrderState.ACTIVE))
    assert "ACTIVE ==> ACTIVE" not in drawn
    assert "ACTIVE -.-> ACTIVE" not in drawn


@pytest.mark.parametrize("final", FINAL)
def test_nothing_comes_after_the_end(final: OrderState) -> None:
    drawn = diagram(history(OrderState.SENDING, final), order(final))
    assert "-.->" not in drawn


def test_a_way_walked_twice_is_drawn_once() -> None:
    back_and_forth = history(OrderState.SENDING, OrderState.CONFIRMED, OrderState.SENDING, OrderState.OPEN)
    assert diagram(back_and_forth, order(OrderState.OPEN)).count("CONFIRMED ==> SENDING") == 1


@pytest.mark.parametrize("release_at", [None, AT])
@pytest.mark.parametrize("state", [state for state in OrderState if state not in FINAL])
def test_from_every_state_the_way_on_is_made_of_steps_of_the_table_and_ends(
    state: OrderState, release_at: datetime | None
) -> None:
    ahead = re.findall(r"(\w+) -\.-> (\w+)", diagram(history(state), order(state, release_at=release_at)))
    assert {(OrderState[a], OrderState[b]) for a, b in ahead} <= {(frm, to) for (frm, _), to in TABLE.items()}
    assert [a for a, _ in ahead[1:]] == [b for _, b in ahead[:-1]]
    assert ahead[0][0] == state.name
    assert ahead[-1][1] == ("CANCELED" if state is OrderState.CANCEL_PENDING else "BOOKED")


def test_an_order_that_waits_for_two_things_goes_on_by_its_schedule() -> None:
    waiting = diagram(history(OrderState.AWAITING), order(OrderState.AWAITING, release_at=AT))
    assert "  AWAITING -.-> SCHEDULED\n  SCHEDULED -.-> CONFIRMED\n  CONFIRMED -.-> SENDING" in waiting
    assert "  AWAITING -.-> APPROVED" in diagram(history(OrderState.AWAITING), order(OrderState.AWAITING))


def test_an_order_that_waited_for_its_time_is_released_where_others_are_confirmed() -> None:
    waited = replace(order(OrderState.SENDING), release_at=AT)
    drawn = diagram(history(OrderState.SCHEDULED, OrderState.CONFIRMED, OrderState.SENDING), waited)
    assert " released" in drawn
    assert " confirmed" not in drawn
