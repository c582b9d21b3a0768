"""Refusals for a role or a group are heard of, once in a minute each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from orders import refusals
from orders.desk import Desk
from orders.errors import DeskError
from orders.model import EVERY_GROUP, Role, User
from orders.refusals import Noting
from tests.access.surroundings import SetClock
from tests.orders.desk import PM, outfit
from tests.orders.noted import Noted
from tests.orders.test_desk import preview, request

EVE = User("eve", "Eve", frozenset({Role.VIEWER}), frozenset({"OPNIC"}))


@pytest.fixture
def noted() -> Iterator[tuple[Noted, SetClock]]:
    activity, clock = Noted(), SetClock()
    silence = refusals.listen(Noting(activity, clock))
    yield activity, clock
    silence()


def refused(desk: Desk, order_id: str) -> None:
    every = User("eve", "Eve", frozenset({Role.VIEWER}), frozenset({EVERY_GROUP}))
    for call in (
        lambda: desk.preview(every, request()),
        lambda: desk.group(EVE, "BIG6"),
        lambda: desk.past.order(EVE, order_id),
        lambda: desk.limits.set(User("eve", "Eve", frozenset(Role), frozenset()), (), 0, "why", "c"),
    ):
        with pytest.raises(DeskError):
            call()


def test_who_was_refused_what_is_in_the_activity_and_a_page_that_asks_again_and_again_is_noted_once_a_minute(
    tmp_path: Path, noted: tuple[Noted, SetClock]
) -> None:
    at, (activity, clock) = outfit(tmp_path), noted
    order = at.desk.confirm(PM, preview(at), "", "c1")
    for _ in range(3):
        refused(at.desk, order.id)
    once = [
        ("eve", "refused of a group", "BIG6", "may not preview"),
        ("eve", "refused of a group", "BIG6", "is not entitled to the group"),
        ("eve", "refused", "", "may not change limits without seeing every group of the settings"),
    ]
    assert activity.deeds == once
    clock.move(timedelta(minutes=1))
    refused(at.desk, order.id)
    assert activity.deeds == once * 2
