from __future__ import annotations

import json
import re

import pytest

from allocation.model import Choices, Metric
from allocation.proposal import Proposal
from allocation.propose import propose
from tests.allocation.desk import account, block
from ui import charts, formats
from ui.strip import Seen, strip

ACCOUNTS = (account("A", level=4.0), account("B", nav="400000000", level=6.0), account("C", level=None))


@pytest.fixture
def proposal() -> Proposal:
    group = (account("A", level=4.0), account("B", cash="100000", level=6.0))
    return propose(block(3_000_000), group, Choices())


def test_the_dumbbell_joins_before_and_after_and_marks_who_stopped_at_a_cap(proposal: Proposal) -> None:
    joined, before, after = charts.dumbbell(proposal.effect, proposal.lines).data
    assert list(before.y) == list(after.y) == ["A", "B"]
    assert list(before.x) == list(proposal.effect.before.values())
    assert list(after.x) == list(proposal.effect.after.values())
    assert list(joined.x) == [before.x[0], after.x[0], None, before.x[1], after.x[1], None]
    assert list(after.marker.symbol) == ["circle", "diamond"]
    assert formats.face(proposal.lines[0].face) in after.hovertext[0]


def test_an_account_left_out_of_the_metric_has_no_row() -> None:
    group = (account("A"), account("C", level=None))
    made = propose(block(1_000_000), group, Choices(excluded=frozenset({"C"})))
    _, before, _ = charts.dumbbell(made.effect, made.lines).data
    assert list(before.y) == ["A"]


def test_targets_are_ticks_and_take_the_place_of_the_mean() -> None:
    group = (account("A", level=4.0), account("B", level=6.0), account("C", level=None))
    choices = Choices("to_target", {"aim": "level", "level": 5.5}, excluded=frozenset({"C"}))
    made = propose(block(1_000_000), group, choices)
    figure = charts.dumbbell(made.effect, made.lines)
    _, _, _, targets = figure.data
    assert dict(zip(targets.y, targets.x, strict=True)) == {"A": 5.5, "B": 5.5}
    assert "target 5.500 years" in targets.hovertext[0]
    assert not figure.layout.shapes


def test_without_targets_the_band_is_the_tolerance_about_the_mean(proposal: Proposal) -> None:
    band, _ = charts.dumbbell(proposal.effect, proposal.lines).layout.shapes
    effect = proposal.effect
    assert (band.x0, band.x1) == (effect.mean_after - effect.tolerance, effect.mean_after + effect.tolerance)


def test_nobody_with_the_metric_is_an_empty_dumbbell() -> None:
    group = (account("C", level=None),)
    made = propose(block(1_000_000), group, Choices(excluded=frozenset({"C"})))
    assert all(not trace.x for trace in charts.dumbbell(made.effect, made.lines).data)


def test_colours_are_the_themes_so_that_a_figure_is_right_in_both(proposal: Proposal) -> None:
    figures = (
        strip([Seen.of("BIG6", ACCOUNTS, Metric.ASD)]),
        charts.dumbbell(proposal.effect, proposal.lines),
    )
    replaced = {charts.AFTER, charts.BEFORE, charts.LIMIT, charts.TARGET, charts.PAGE, charts.TEXT}
    for figure in figures:
        own = json.dumps([trace.to_plotly_json() for trace in figure.data], default=list)
        assert set(re.findall(r"#[0-9a-f]{6}", own)) <= replaced
        assert figure.layout.template.layout.dragmode == "select"


def test_a_chart_saved_as_a_picture_is_named_after_what_it_shows() -> None:
    named = charts.config("BIG6", "Active spread duration")["toImageButtonOptions"]
    assert named["filename"] == "evenlot-big6-active-spread-duration"
    assert named["format"] == "png"
