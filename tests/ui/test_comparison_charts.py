from __future__ import annotations

import json
from fractions import Fraction

import pytest

from allocation.compare import Comparison, compare
from allocation.model import Choices, Metric
from allocation.partial_fill import FillPolicy, partial_fill
from allocation.proposal import Proposal
from allocation.size_curve import size_curve
from tests.allocation.desk import account, block, bond
from ui import charts, comparison_charts, formats

GROUP = (account("A", level=4.0), account("B", nav="400000000", level=6.0), account("C", cash="100000", level=5.5))
ENGINES = (Choices(), Choices("equal"), Choices("min_dispersion"))


@pytest.fixture
def rows() -> tuple[Comparison, ...]:
    return compare(block(3_000_000), GROUP, ENGINES)


def _proposal(row: Comparison) -> Proposal:
    assert row.proposal is not None
    return row.proposal


def _labelled(rows: tuple[Comparison, ...]) -> list[tuple[str, Proposal]]:
    return [(row.label, _proposal(row)) for row in rows]


def test_each_engine_has_a_panel_with_every_account_before_and_after(rows: tuple[Comparison, ...]) -> None:
    figure = comparison_charts.dumbbells(_labelled(rows), "Equal")
    assert len(figure.data) == 2 * len(rows)
    for place, row in enumerate(rows):
        before, after = figure.data[2 * place : 2 * place + 2]
        effect = _proposal(row).effect
        assert list(after.text) == ["A", "C", "B"], "lowest before at the bottom"
        assert list(before.x) == [effect.before[name] for name in after.text]
        assert list(after.x) == [effect.after[name] for name in after.text]
        assert list(after.customdata[:, 1]) == [
            next(line.face for line in _proposal(row).lines if line.account_id == name) for name in after.text
        ]
        ends = after.x + after.error_x.array - after.error_x.arrayminus
        assert list(ends) == pytest.approx(list(before.x)), "the line joins after and before"


def test_who_stopped_at_a_cap_is_a_diamond(rows: tuple[Comparison, ...]) -> None:
    _, after = comparison_charts.dumbbells(_labelled(rows[:1]), "Pro rata").data
    assert list(after.marker.symbol) == ["circle", "diamond", "circle"]


def test_the_panel_looked_at_stands_out_and_all_have_one_axis_and_a_band(rows: tuple[Comparison, ...]) -> None:
    figure = comparison_charts.dumbbells(_labelled(rows), "Equal")
    assert [note.text.split("<br>")[0] for note in figure.layout.annotations] == [
        "Pro rata", "<b>Equal</b>", "Minimum dispersion",
    ]  # fmt: skip
    assert figure.layout.xaxis.range == figure.layout.xaxis2.range == figure.layout.xaxis3.range
    bands = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    for band, row in zip(bands, rows, strict=True):
        effect = _proposal(row).effect
        assert (band.x0 + band.x1) / 2 == pytest.approx(effect.mean_after)
        assert (band.x1 - band.x0) / 2 == pytest.approx(effect.dispersion_after)


def test_panels_of_a_large_group_are_small_to_send() -> None:
    group = [account(f"ACCOUNT{i:03}", level=4 + i / 100) for i in range(200)]
    rows = compare(block(50_000_000), group, [*ENGINES, Choices("min_dispersion", {"weighting": "nav"})])
    figure = comparison_charts.dumbbells(_labelled(rows), "Equal")
    assert len(figure.to_json()) < 120_000


def test_each_bar_is_crossed_by_what_its_own_face_cannot_go_below(rows: tuple[Comparison, ...]) -> None:
    figure = comparison_charts.bars(rows, Metric.ASD, "Equal")
    (bars,) = figure.data
    before = _proposal(rows[0]).effect.dispersion_before
    assert list(bars.x) == [before, *(_proposal(row).effect.dispersion_after for row in rows)]
    assert bars.text[0] == formats.dispersion(before, Metric.ASD)
    assert bars.text[3].endswith("narrower")
    assert list(bars.marker.opacity) == [1.0, 0.45, 1.0, 0.45]
    bounds = [row.figures.least.bound for row in rows if row.figures is not None]
    assert [(line.x0, line.x1) for line in figure.layout.shapes] == [(bound, bound) for bound in bounds]
    assert all(line.y0 < place < line.y1 for place, line in enumerate(figure.layout.shapes, 1))
    assert bounds[2] == pytest.approx(bars.x[3])


def test_an_engine_without_an_answer_has_no_bar() -> None:
    rows = compare(block(3_000_000), GROUP, [*ENGINES, Choices("custom")])
    (bars,) = comparison_charts.bars(rows, Metric.ASD, "Equal").data
    assert len(bars.x) == 4


def test_a_group_without_any_dispersion_is_drawn_all_the_same() -> None:
    rows = compare(block(3_000_000), (account("A"), account("B")), ENGINES)
    assert comparison_charts.bars(rows, Metric.ASD, "Equal").data[0].x[0] == 0
    assert comparison_charts.dumbbells(_labelled(rows), "Equal").data


def test_sizes_have_two_lines_an_engine_and_the_one_looked_at_in_front() -> None:
    curves = size_curve(block(3_000_000), GROUP, ENGINES, points=5)
    figure = comparison_charts.sizes(curves, Metric.ASD, "Equal", 2_000_000, 3_000_000)
    assert len(figure.data) == 6
    assert [trace.line.width for trace in figure.data] == [1.5, 1.5, 1.5, 1.5, 3, 3]
    dispersion, placed = figure.data[4:]
    assert list(dispersion.x) == [face / 1e6 for face in curves[1].faces]
    assert list(dispersion.y) == [point.dispersion for point in curves[1].points]
    assert list(placed.customdata) == [point.placed for point in curves[1].points]
    assert {shape.x0 for shape in figure.layout.shapes} == {2.0, 3.0}


def test_a_curve_is_named_where_it_is_farthest_from_the_others_and_away_from_the_nearest() -> None:
    curves = size_curve(block(3_000_000), GROUP, ENGINES, points=13)
    figure = comparison_charts.sizes(curves, Metric.ASD, "Equal", 3_000_000, 3_000_000)
    for note in figure.layout.annotations:
        curve = next(each for each in curves if each.label in note.text)
        place = [point.face / 1e6 for point in curve.points].index(note.x)
        own = curve.points[place].dispersion
        assert note.y == own
        gaps = [own - each.points[place].dispersion for each in curves if each is not curve]
        nearest = min(gaps, key=abs)
        assert note.yanchor == ("bottom" if nearest > 0 else "top")
    assert [note.text for note in figure.layout.annotations].count("<b>Equal</b>") == 1


def test_one_curve_alone_is_named_too() -> None:
    curves = size_curve(block(3_000_000), GROUP, ENGINES[:1], points=5)
    (note,) = comparison_charts.sizes(curves, Metric.ASD, "", 3_000_000, 3_000_000).layout.annotations
    assert note.text == "Pro rata"


def test_a_curve_without_points_is_left_out() -> None:
    curves = size_curve(block(3_000_000), GROUP, [*ENGINES, Choices("custom")], points=5)
    assert len(comparison_charts.sizes(curves, Metric.ASD, "Equal", 3_000_000, 3_000_000).data) == 6


def test_what_is_filled_lies_on_the_outline_of_the_line(rows: tuple[Comparison, ...]) -> None:
    made = partial_fill(_proposal(rows[0]), Fraction(1, 2))
    lines, filled = comparison_charts.part_filled(made).data
    by_id = {line.account_id: line for line in made.lines}
    assert list(lines.y) == ["C", "A", "B"], "the largest on top"
    assert list(lines.x) == [by_id[name].line / 1e6 for name in lines.y]
    assert list(filled.x) == [by_id[name].expected / 1e6 for name in lines.y]
    assert f"{by_id['A'].left:,} left" in filled.hovertext[1]


def test_a_part_below_the_minimum_piece_has_the_colour_of_caps() -> None:
    rows = compare(block(600_000, of=bond(200_000, 1_000)), GROUP, [Choices("pro_rata")])
    made = partial_fill(_proposal(rows[0]), Fraction(1, 10), FillPolicy.PRO_RATA)
    assert made.below_minimum
    _, filled = comparison_charts.part_filled(made).data
    flagged = dict(zip(filled.y, filled.marker.color, strict=True))
    assert {flagged[name] for name in made.below_minimum} == {charts.LIMIT}


def test_every_chart_can_be_sent_as_json(rows: tuple[Comparison, ...]) -> None:
    for figure in (comparison_charts.dumbbells(_labelled(rows), ""), comparison_charts.bars(rows, Metric.ASD, "")):
        assert json.loads(figure.to_json())["data"]
