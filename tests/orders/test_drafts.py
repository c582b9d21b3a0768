from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from allocation.engines.custom import Ask, Instruction
from allocation.model import Choices, Metric, Side
from orders.desk import Request
from orders.errors import NotPermitted
from tests.orders.desk import COMPLIANCE, PM, outfit

PLAIN = Request("BIG6", "B", Side.BUY, 2_000_000, date(2026, 11, 23))
CHOICES = (
    Choices(),
    Choices("min_dispersion", {"centre": "targets", "targets": {"A": 4.125}}, Metric.OAS, tolerance=7.5),
    Choices("custom", {"instructions": {"A": Instruction(Ask.PERCENT, Decimal("12.5"), 0, 500_000, 2)}}),
    Choices(locked={"A": 200_000}, excluded=frozenset({"B"}), min_allocation=100_000, respect_cash=False),
)


@pytest.mark.parametrize("choices", CHOICES)
def test_a_draft_is_taken_up_as_it_was_saved(tmp_path: Path, choices: Choices) -> None:
    desk = outfit(tmp_path).desk
    request = replace(PLAIN, limit=Decimal("98.515625"), choices=choices)
    desk.save_draft(PM, request, "d1")
    (draft,) = desk.drafts(PM)
    assert draft.request == request


def test_a_draft_saved_again_takes_its_own_place_and_one_thrown_away_is_gone(tmp_path: Path) -> None:
    desk = outfit(tmp_path).desk
    desk.save_draft(PM, PLAIN, "d1")
    desk.save_draft(PM, replace(PLAIN, face=3_000_000), "d1")
    desk.save_draft(PM, PLAIN, "d2")
    assert {draft.id: draft.request.face for draft in desk.drafts(PM)} == {"d1": 3_000_000, "d2": 2_000_000}
    desk.remove_draft(PM, "d1")
    desk.remove_draft(PM, "d1")
    assert [draft.id for draft in desk.drafts(PM)] == ["d2"]


def test_drafts_are_of_whoever_saved_them_and_of_groups_they_still_see(tmp_path: Path) -> None:
    desk = outfit(tmp_path).desk
    desk.save_draft(PM, PLAIN, "d1")
    assert desk.drafts(replace(PM, username="other")) == ()
    assert desk.drafts(replace(PM, groups=frozenset({"OPNIC"}))) == ()
    with pytest.raises(NotPermitted):
        desk.save_draft(COMPLIANCE, PLAIN, "d2")


def test_a_draft_of_another_version_is_left_out_and_hides_no_other(tmp_path: Path) -> None:
    at = outfit(tmp_path)
    at.desk.save_draft(PM, PLAIN, "d1")
    for body in ('{"choices":{"metric":"gone","parameters":{},"excluded":[]}}', "{}"):
        at.ledger.save_draft(PM.username, "d2", body, at.clock.now())
        assert [draft.id for draft in at.desk.drafts(PM)] == ["d1"]
