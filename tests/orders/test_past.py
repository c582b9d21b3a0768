"""What a user may see of the past, added up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from allocation.model import Side
from orders.desk import Request
from orders.errors import NotPermitted
from orders.history import Wanted
from orders.model import OrderState
from tests.orders.desk import PM, Outfit, outfit


@pytest.fixture
def at(tmp_path: Path) -> Outfit:
    made = outfit(tmp_path)
    for number in range(2):
        preview = made.desk.preview(PM, Request("BIG6", "B", Side.BUY, 2_000_000, date(2026, 11, 23)))
        made.desk.confirm(PM, preview, "", f"c{number}", batch="b1" if number else "")
    return made


def test_orders_are_counted_by_state_as_far_as_they_are_wanted(at: Outfit) -> None:
    counts = at.desk.past.counts(PM)
    assert set(counts) == set(OrderState)
    assert {state: count for state, count in counts.items() if count} == {OrderState.CONFIRMED: 2}
    assert at.desk.past.counts(PM, Wanted(batch="b1"))[OrderState.CONFIRMED] == 1


def test_nobody_learns_how_many_orders_there_are_in_groups_they_do_not_see(at: Outfit) -> None:
    elsewhere = replace(PM, groups=frozenset({"OPNIC"}))
    assert not any(at.desk.past.counts(elsewhere).values())
    assert not any(at.desk.past.counts(elsewhere, Wanted(groups=frozenset({"BIG6"}))).values())
    with pytest.raises(NotPermitted):
        at.desk.past.counts(replace(PM, roles=frozenset()))
