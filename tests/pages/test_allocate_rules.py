"""The rules around every engine, what-ifs, what the caps would bind, and engines that give up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from allocation.engines import ENGINES, Draft, Problem
from allocation.engines.equal import Equal
from allocation.model import Metric
from tests.pages.allocating import chosen, errors, faces, method, settled, switch, three_accounts
from tests.pages.front import Front, buttons, press, words
from tests.pages.test_allocate import CONFIRM, table, type_face


@pytest.fixture
def group(front: Front) -> Front:
    return three_accounts(front)


def test_rules_as_usual_are_not_mentioned(group: Front) -> None:
    page = group.at_allocate("4mm")
    assert page.number_input("allocate.BIG6.tolerance.asd").value == 0.05
    assert (chosen(page).tolerance, chosen(page).min_allocation, chosen(page).what_if) == (None, 0, False)
    assert not any(
        said in words(page) for said in ("badge[tolerance", "badge[no line", "not respected]", "not rounded]")
    )


def test_a_tolerance_is_in_the_metrics_unit_and_changes_who_is_within(group: Front) -> None:
    page = group.at_allocate("4mm")
    assert "1 of 3 accounts end within 0.05 years of the mean." in words(page)
    page.number_input("allocate.BIG6.tolerance.asd").set_value(1.5).run()
    assert "3 of 3 accounts end within 1.5 years of the mean." in words(page)
    assert ":blue-badge[tolerance 1.5 years]" in words(page)
    page.segmented_control("metric").set_value(Metric.OAS).run()
    assert page.number_input("allocate.BIG6.tolerance.oas").value == 5.0
    assert "tolerance 1.5" not in words(page)


def test_a_minimum_allocation_is_typed_as_a_face(group: Front) -> None:
    page = group.at_allocate("4mm")
    box = page.text_input("allocate.BIG6.least.B.0")
    box.set_value("200k").run()
    assert ":blue-badge[no line below 200,000]" in words(page)
    assert table(page)["Face"].iloc[2] == 0
    box.set_value("some").run()
    assert errors(page) == ["Minimum allocation: “some” is not a face: type 25,000,000 or 25mm."]


def test_a_what_if_without_rounding_is_marked_and_cannot_be_confirmed(group: Front) -> None:
    page = switch(group.at_allocate("4mm"), "rounding", False)
    assert "**What-if, not rounded.**" in errors(page)[0]
    assert words(page).lower().count("not rounded") == 2, "once in a box, once in the badge beside the rules"
    assert "not rounded]" in words(page)
    assert CONFIRM not in buttons(page)
    assert "switch rounding back on under Rules" in words(page)
    switch(page, "rounding", True)
    assert CONFIRM in buttons(page)


def test_a_what_if_without_cash_names_who_would_be_overdrawn(group: Front) -> None:
    page = switch(group.at_allocate("4mm"), "cash", False)
    said = words(page)
    assert "**What-if, cash not respected.** Overdrawn: C (-USD 689,500). Confirming needs a reason" in said
    assert said.lower().count("not respected") == 2, "once in a box, once in the badge beside the rules"
    assert "cash not respected]" in said
    assert CONFIRM in buttons(page)


def test_a_what_if_without_cash_is_sent_only_with_a_reason_which_the_statement_keeps(group: Front) -> None:
    page = switch(group.at_allocate("4mm"), "cash", False)
    press(page, CONFIRM)
    page.text_area("allocate.override").set_value("  ")
    page.button("allocate.send").click().run()
    assert group.orders() == ()
    assert page.session_state["allocate.unsaid"]
    press(page, CONFIRM)
    page.text_area("allocate.override").set_value("Inflow arrives on Monday")
    page.button("allocate.send").click().run()
    (order,) = group.orders()
    body = json.loads(group.ledger.statement(order.id).body)
    assert body["confirmed"]["override"] == "Inflow arrives on Monday"
    assert body["choices"]["respect_cash"] is False


def test_the_next_block_starts_with_cash_respected_and_nothing_locked(group: Front) -> None:
    page = settled(faces(switch(group.at_allocate("4mm"), "cash", False), B="7k"))
    press(page, CONFIRM)
    page.text_area("allocate.override").set_value("Inflow")
    page.button("allocate.send").click().run()
    page.switch_page("pages/allocate.py").run()
    type_face(page, "1mm")
    assert not chosen(page).what_if
    assert chosen(page).locked == {}
    assert "cash not respected]" not in words(page)


# -- what the caps would bind ---------------------------------------------------------------------------------------


def test_what_each_cap_would_bind_has_a_row_for_each_rule(group: Front) -> None:
    page = group.at_allocate("4mm")
    (rules,) = [frame.value for frame in page.dataframe if "Tightest" in frame.value.columns]
    assert list(rules["Rule"]) == ["cash"]
    assert str(rules.loc[0, "Tightest"]).startswith("C: 100,000, cash of USD 98,500 buys 100,000")


def test_where_no_rule_limits_anybody_the_panel_says_so(group: Front) -> None:
    page = switch(group.at_allocate("4mm"), "cash", False)
    assert "No rule limits any account in this bond." in words(page)


# -- engines that give up -------------------------------------------------------------------------------------------


class Overdrawing(Equal):
    """An engine that goes beyond a cap."""

    def solve(self, problem: Problem, parameters: Mapping[str, Any]) -> Draft:
        draft = super().solve(problem, parameters)
        return replace(draft, faces=(*draft.faces[:2], 1_000_000), tried=("one way", "another way"))


def test_a_failed_proposal_says_what_was_tried_and_cannot_be_confirmed(
    group: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENGINES, "equal", Overdrawing())
    page = method(group.at_allocate("4mm"), "equal")
    assert errors(page)[0].startswith("No allocation. The result failed its own check: ")
    (tried,) = [panel for panel in page.expander if panel.label == "What was tried"]
    assert "1. one way\n2. another way\n3. The result failed its own check" in tried.markdown[0].value
    assert "The engine has no answer, so there is nothing to confirm." in words(page)
    assert CONFIRM not in buttons(page)
