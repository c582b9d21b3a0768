"""The page that says how everything behind the desk is."""

from __future__ import annotations

from contextvars import copy_context
from dataclasses import replace
from functools import partial

import pytest

from access import demo_users
from orders.auditing import log_lines
from tests.orders.desk import PM
from tests.orders.test_desk import request
from tests.pages.front import Front, buttons, words
from ui import session
from watch import references
from watch.standing import Dependency, Standing

LINE = '{"event": "outside failure shown", "reference": "4711abcd0815"}'
PARTS = (
    Dependency("Aladdin", Standing.DEGRADED, "The API left alone", {"circuits": {"positions": "open"}}, feeds=True),
    Dependency("Store", Standing.HEALTHY, "answers", {"kind": "sqlite", "latency_seconds": 0.0004}),
    Dependency("Disk", Standing.HEALTHY, "has room", {"free_bytes": 70_610_292_736}),
)


@pytest.fixture
def front(front: Front, monkeypatch: pytest.MonkeyPatch) -> Front:
    opened = session.open_office

    def with_parts(office: session.Office) -> None:
        found = partial(log_lines, lambda said: (LINE,) if said in LINE else ())
        opened(replace(office, dependencies=lambda: PARTS, log_lines=found))

    monkeypatch.setattr(session, "open_office", with_parts)
    return front


def test_each_dependency_is_shown_with_its_standing_its_sentence_and_its_figures(front: Front) -> None:
    page = front.visit("system")
    said = words(page)
    assert "Aladdin: degraded. What still works is said below." in said
    assert "The API left alone." in said
    assert "Latency: 0.4 ms" in said
    assert "Free: 70.6 GB" in said
    assert page.dataframe[0].value.to_dict("list") == {"API": ["positions"], "Circuit": ["open"]}
    assert "Find a reference" not in said  # for those who may read what others did
    assert "Confirm…" not in buttons(page)


def test_a_reference_leads_an_administrator_to_its_log_lines(front: Front) -> None:
    front.gate.user = demo_users()[0]["administrator"].user
    page = front.visit("system")
    page.text_input("system.reference").set_value("4711abcd0815").run()
    assert LINE in words(page)
    page.text_input("system.reference").set_value("deadbeef0000").run()
    assert "No line of this process names deadbeef0000." in words(page)
    front.gate.user = replace(front.gate.user, groups=frozenset({"OPNIC"}))
    page.text_input("system.reference").set_value("4711abcd0815").run()
    assert LINE not in words(page)
    assert "only who may audit every group" in words(page)


def test_a_reference_finds_what_was_written_under_it_as_does_the_order(front: Front) -> None:
    front.gate.user = demo_users()[0]["administrator"].user

    def click() -> str:
        reference = references.begin()
        seen = front.desk.preview(PM, request())
        front.desk.confirm(PM, seen, "", "c1", accepted=dict.fromkeys(seen.warnings, "meant"))
        return reference

    reference = copy_context().run(click)
    page = front.visit("system")
    page.text_input("system.reference").set_value(f"{reference[:8]}-{reference[8:]}-4ccc-8ddd-eeeeffff0000").run()
    (written,) = [table.value for table in page.dataframe if "Action" in table.value]
    assert written[["Action", "Reference"]].to_numpy().tolist() == [["confirm", reference]]
    page.text_input("system.reference").set_value(front.orders()[0].id).run()
    (written,) = [table.value for table in page.dataframe if "Action" in table.value]
    assert list(written["Action"]) == ["confirm"]
    page.text_input("system.reference").set_value("deadbeef0000").run()
    assert "Nothing was written to the ledger under deadbeef0000." in words(page)
