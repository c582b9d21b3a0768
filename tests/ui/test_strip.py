from __future__ import annotations

import pytest

from allocation.model import Account, Metric
from tests.allocation.desk import account
from ui.charts import AFTER, BEFORE
from ui.strip import Seen, strip

ACCOUNTS = (account("A", level=4.0), account("B", nav="400000000", level=6.0), account("C", level=None))
OTHERS = (account("A", level=4.0), account("D", nav=None, level=7.0))


def seen(*accounts: Account, group: str = "BIG6") -> Seen:
    return Seen.of(group, accounts, Metric.ASD)


def test_each_group_is_a_row_of_dots_around_its_own_mean_and_the_first_stands_out() -> None:
    figure = strip([seen(*ACCOUNTS), seen(*OTHERS, group="OPNIC")])
    ours, theirs = figure.data
    assert list(ours.x) == [4.0, 6.0], "an account without the metric has no dot"
    assert [tuple(row) for row in theirs.customdata] == [("OPNIC", "A"), ("OPNIC", "D")]
    assert min(ours.y) > max(theirs.y)
    assert (ours.marker.color, theirs.marker.color) == (AFTER, BEFORE)
    assert [note.text for note in figure.layout.annotations] == [
        "mean 5.000, one standard deviation 1.0000 years",
        "mean 5.500, one standard deviation 1.5000 years",
    ]
    bands = [(shape.x0, shape.x1) for shape in figure.layout.shapes if shape.type == "rect"]
    assert bands == [(4.0, 6.0), (4.0, 7.0)]
    assert list(figure.layout.yaxis.ticktext) == ["BIG6", "OPNIC"]
    assert figure.layout.xaxis.title.text == "Active spread duration, years"
    for said in ("Active spread duration 4.000 years", "-1.000 from the mean", "NAV USD 100,000,000"):
        assert said in ours.hovertext[0]


def test_dots_are_sized_by_nav_over_all_groups_unless_currencies_differ() -> None:
    ours, theirs = strip([seen(*ACCOUNTS), seen(*OTHERS, group="OPNIC")]).data
    assert ours.marker.size[1] > ours.marker.size[0] == theirs.marker.size[0] > theirs.marker.size[1]
    (dots,) = strip([seen(ACCOUNTS[0], account("J", nav="15000000000", currency="JPY"))]).data
    assert len(set(dots.marker.size)) == 1


@pytest.mark.parametrize("how_many", [6, 200])
def test_neighbours_on_the_axis_are_on_different_heights(how_many: int) -> None:
    near = [account(f"A{i}", level=5.0 + i / 1000) for i in range(how_many)]
    (dots,) = strip([seen(*near)]).data
    assert all(a != b for a, b in zip(dots.y, dots.y[1:], strict=False))


def test_a_group_without_the_metric_is_an_empty_strip() -> None:
    figure = strip([seen(account("C", level=None))])
    assert not figure.data[0].x
    assert not figure.layout.annotations
