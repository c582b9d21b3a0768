"""What a user may see of the past, added up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from allocation.model import Side
from orders.auditing import Proof
from orders.desk import Request
from orders.errors import NotPermitted
from orders.history import Wanted
from orders.model import OrderState
from storage import SqlActivity
from tests.orders.desk import COMPLIANCE, PM, Outfit, outfit


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


def test_an_auditor_of_one_group_reads_nothing_of_what_was_done_to_another(at: Outfit) -> None:
    (order, _) = at.ledger.orders()
    store = at.ledger._store
    noted = SqlActivity(store, at.clock)
    for action, about in (
        ("signed in", "10.0.0.7"), ("previewed", "OPNIC"), ("previewed", "BIG6"), ("compared", "GONE"),
        ("sent a batch", "b1"), ("looked at", order.id), ("signed out", "10.0.0.7"),
    ):  # fmt: skip
        noted.note("pm", action, about, "BUY 25,000,000 SECRET 4.5 2030")
    noted.close()
    narrow = replace(COMPLIANCE, groups=frozenset({"OPNIC"}))
    first = at.desk.past.activity(narrow, size=2)
    rest = at.desk.past.activity(narrow, size=2, cursor=first.cursor)
    assert [deed.about for deed in (*first.rows, *rest.rows)] == ["10.0.0.7", "OPNIC", "10.0.0.7"]
    assert len(first.rows) == 2
    assert len(at.desk.past.activity(COMPLIANCE).rows) == 7
    assert len(at.desk.past.activity(PM, PM.username).rows) == 5


def test_an_auditor_of_one_group_is_told_how_many_faults_others_have_and_not_which(at: Outfit) -> None:
    narrow = replace(COMPLIANCE, groups=frozenset({"OPNIC"}))
    assert at.desk.auditing.verify(narrow) == Proof()
    with create_engine(at.ledger._store.url).begin() as conn:
        conn.execute(text("UPDATE orders SET face = face + 1000"))
        conn.execute(text("UPDATE audit_log SET actor = 'eve' WHERE stream = 'group:BIG6' AND seq = 1"))
    whole = at.desk.auditing.verify(COMPLIANCE)
    assert len(whole.faults) >= 3
    assert whole.others == 0
    assert at.desk.auditing.verify(narrow) == Proof((), len(whole.faults))
    of_it = at.desk.auditing.verify(replace(COMPLIANCE, groups=frozenset({"BIG6"})))
    assert any("Entry 1 of group:BIG6 was edited" in fault for fault in of_it.faults)
    assert any("face is" in fault for fault in of_it.faults)
