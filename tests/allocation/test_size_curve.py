from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.engines.custom import Ask, Instruction
from allocation.errors import InvalidParameter, MissingPrice
from allocation.limits import NO_LIMITS, LimitTable, Rule
from allocation.model import BlockOrder, Choices, Metric, Side
from allocation.propose import propose
from allocation.size_curve import Curve, Point, size_curve
from tests.allocation.caps.table import table
from tests.allocation.desk import account, block, bond

GROUP = [
    account("A", "100000000", "1000000", "900000", level=5.2),
    account("B", "150000000", "8000000", "2700400", level=4.8),
    account("C", "80000000", "3000000", "350000", level=5.5),
    account("D", "50000000", "600000", "1234", level=5.0),
    account("E", "60000000", "2000000", "1200000.50", level=4.9),
    account("F", "70000000", "2000000", level=5.1, currency="EUR", fx={"USD": Decimal("0.9")}),
]
ENGINES = [
    Choices("pro_rata"),
    Choices("equal"),
    Choices("min_dispersion"),
    Choices("min_dispersion", {"weighting": "nav"}),
    Choices("to_target", {"aim": "level", "level": 5.1}),
    Choices("pro_rata", {"by": "order_size", "order_sizes": {"A": 500_000, "B": 900_000}}),
    Choices("custom", {"instructions": {"A": Instruction(Ask.PERCENT, Decimal(20))}, "remainder": "equal"}),
]
OWN_MINIMUMS = table(("B", Rule.MIN_ALLOCATION, "", "700000"), ("*", Rule.SECURITY, "", "3%"))
PIECES = [(1_000, 1_000), (200_000, 1_000), (2_500, 1_000), (150_000, 100_000)]


def _proposed(order: BlockOrder, choices: Choices, limits: LimitTable, face: int) -> Point:
    proposal = propose(replace(order, face=face), GROUP, choices, limits)
    assert proposal.failed == ""
    return Point(face, proposal.placed, proposal.effect.dispersion_after)


def _same(point: Point, other: Point) -> bool:
    near = point.dispersion == pytest.approx(other.dispersion, rel=0, abs=1e-12)
    return near and (point.face, point.placed) == (other.face, other.placed)


@pytest.mark.parametrize("limits", [NO_LIMITS, OWN_MINIMUMS], ids=["no limits", "own minimums"])
@pytest.mark.parametrize("pieces", PIECES)
@pytest.mark.parametrize("side", Side)
def test_a_point_is_what_the_engine_proposes_at_that_face(
    side: Side, pieces: tuple[int, int], limits: LimitTable
) -> None:
    order = block(3_000_500, side, bond(*pieces))
    for choices, curve in zip(ENGINES, size_curve(order, GROUP, ENGINES, limits, points=4), strict=True):
        assert curve.failed == ""
        assert order.face in [point.face for point in curve.points]
        for point in curve.points:
            assert _same(point, _proposed(order, choices, limits, point.face))


@settings(max_examples=10, deadline=None)
@given(
    st.sampled_from(Side),
    st.sampled_from(PIECES),
    st.sampled_from([0, 300_000]),
    st.sampled_from([NO_LIMITS, OWN_MINIMUMS]),
    st.integers(1, 9_000_000),
)
def test_any_order_is_posed_as_the_preview_would_pose_it(
    side: Side, pieces: tuple[int, int], least: int, limits: LimitTable, largest: int
) -> None:
    order = block(20_000, side, bond(*pieces))
    shared = [replace(choices, min_allocation=least) for choices in (ENGINES[0], ENGINES[2])]
    curves = size_curve(order, GROUP, shared, limits, points=3, largest=max(400_000, largest))
    for choices, curve in zip(shared, curves, strict=True):
        for point in curve.points:
            assert _same(point, _proposed(order, choices, limits, point.face))


def _curve(order: BlockOrder, choices: Choices | None = None, points: int = 200, largest: int | None = None) -> Curve:
    (curve,) = size_curve(order, GROUP, [choices or Choices()], points=points, largest=largest)
    return curve


def test_sizes_are_round_from_the_smallest_piece_to_twice_the_block_beside_the_block_itself() -> None:
    faces = [point.face for point in _curve(block(1_000_000), points=5).points]
    assert faces == [1_000, 500_000, 1_000_000, 1_500_000, 2_000_000]
    faces = [point.face for point in _curve(block(1_000_500), points=2).points]
    assert faces == [1_000, 1_000_500, 2_000_000, 2_001_000]
    faces = [point.face for point in _curve(block(8_220_000), points=60).points]
    assert [face for face in faces if face % 500_000] == [1_000, 8_220_000, 16_440_000]
    assert len(faces) == 35


def test_one_size_alone_is_the_legal_face_below_it() -> None:
    (alone,) = size_curve(block(1_000_000), GROUP, [Choices()], at=3_000_700)
    assert alone.faces == (3_000_000,)
    (wide,) = size_curve(block(1_000_000), GROUP, [Choices()], points=5, largest=3_000_000)
    assert alone.points[0] == wide.points[-1]
    with pytest.raises(InvalidParameter, match=r"^An order of 900 is less than the smallest line of 1,000\.$"):
        size_curve(block(1_000_000), GROUP, [Choices()], at=900)


def test_sizes_end_where_the_caps_can_take_no_more() -> None:
    faces = [point.face for point in _curve(block(90_000_000), points=3).points]
    most = propose(block(90_000_000), GROUP, Choices()).placed
    assert most < 90_000_000
    assert faces == [1_000, 10_000_000, most, 90_000_000]


def test_the_largest_order_can_be_chosen_beyond_what_the_caps_can_take() -> None:
    curve = _curve(block(1_000_000), largest=50_000_000)
    assert (curve.points[0].face, curve.points[-1].face) == (1_000, 50_000_000)
    assert curve.points[-1].fill < 0.5
    assert len(curve.points) == 101


def test_fill_falls_once_the_caps_bind_and_never_rises_again() -> None:
    fills = [point.fill for point in _curve(block(10_000_000), largest=40_000_000).points]
    assert fills[0] == 1.0
    assert fills == sorted(fills, reverse=True)


def test_a_curve_begins_at_what_is_locked() -> None:
    locked = Choices("equal", locked={"A": 400_000})
    curve = _curve(block(2_000_000), locked, points=3)
    assert [point.face for point in curve.points] == [400_000, 2_000_000, 4_000_000]
    assert curve.points[0].placed == 400_000
    assert _same(curve.points[2], _proposed(block(1), locked, NO_LIMITS, 4_000_000))


def test_accounts_left_out_of_the_metric_do_not_count_in_the_dispersion() -> None:
    chosen = Choices("equal", excluded=frozenset({"C"}))
    curve = _curve(block(2_000_000), chosen, points=3)
    assert _same(curve.points[-1], _proposed(block(1), chosen, NO_LIMITS, curve.points[-1].face))


def test_an_engine_without_an_answer_says_why_and_the_others_have_their_curves() -> None:
    choices = [Choices("to_target"), Choices(), Choices("magic")]
    lost, found, unknown = size_curve(block(2_000_000), GROUP, choices, points=3)
    assert (lost.points, lost.failed) == ((), "Type the level of Active spread duration the accounts are to reach.")
    assert len(found.points) == 3
    assert unknown.failed.startswith("There is no engine called 'magic'")
    assert [curve.label for curve in (lost, found, unknown)] == ["To target", "Pro rata", "magic"]


def test_a_point_is_found_by_its_face() -> None:
    curve = _curve(block(1_000_000), points=3)
    assert curve.at(1_000_000) == curve.points[1]
    assert curve.at(17) is None


def test_no_choices_make_no_curve() -> None:
    assert size_curve(block(1_000_000), GROUP, []) == ()


@pytest.mark.parametrize(
    ("points", "largest", "sentence"),
    [
        (1, None, "A curve needs at least 2 points, not 1."),
        (5, 900, "An order of 900 is less than the smallest line of 1,000."),
    ],
)
def test_points_that_make_no_curve_are_refused(points: int, largest: int | None, sentence: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        _curve(block(1_000_000), points=points, largest=largest)
    assert str(caught.value) == sentence


def test_a_largest_order_below_what_is_locked_is_refused() -> None:
    with pytest.raises(InvalidParameter, match=r"of 300,000 is less than the 400,000 locked by hand\.$"):
        _curve(block(2_000_000), Choices(locked={"A": 400_000}), largest=300_000)


def test_a_block_that_cannot_be_traded_has_no_curve() -> None:
    with pytest.raises(MissingPrice):
        _curve(block(1_000_000, of=bond(price=None)))


def test_choices_that_differ_in_more_than_the_engine_are_refused() -> None:
    with pytest.raises(InvalidParameter, match=r"give all of them the same metric\.$"):
        size_curve(block(1_000_000), GROUP, [Choices(), Choices("equal", metric=Metric.DURATION)])


@pytest.mark.parametrize("least", [5_000, 300_000])
def test_the_smallest_line_can_be_placed_where_the_block_is_far_below_it(least: int) -> None:
    choices = Choices(min_allocation=least)
    curve = _curve(block(1_000), choices, points=4)
    assert [(point.face, point.placed) for point in curve.points] == [(1_000, 0), (least, least)]


def test_an_account_that_cannot_be_weighed_fails_its_curve_and_no_other() -> None:
    group = [*GROUP, account("G", currency="JPY")]
    by_nav, equal = size_curve(block(1_000_000), group, [ENGINES[3], ENGINES[1]], points=3)
    assert "G: no exchange rate from USD to JPY" in by_nav.failed
    assert equal.failed == ""
