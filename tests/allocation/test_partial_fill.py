from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from allocation.errors import InvalidParameter
from allocation.model import Choices, Side
from allocation.partial_fill import FillPolicy, PartialFill, expected_lines, partial_fill
from allocation.proposal import Proposal
from allocation.propose import propose
from tests.allocation.desk import account, block, bond

LINES = st.lists(st.integers(0, 60), min_size=1, max_size=7)
INCREMENT = st.integers(1, 7)


def _one_by_one(lines: list[int], filled: int, increment: int, booked: list[int]) -> list[int]:
    """The definition: increments by priority n / (k - 1/2), the earlier line first, as long as the fill lasts."""
    if filled == sum(lines):
        return lines
    seats = [
        (-Fraction(2 * (line // increment), 2 * k - 1), i, k)
        for i, line in enumerate(lines)
        for k in range(1, line // increment + 1)
        if k * increment > booked[i]
    ]
    faces, left = list(booked), filled - sum(booked)
    for _, i, k in sorted(seats):
        more = k * increment - faces[i]
        if more > left:
            break
        faces[i] += more
        left -= more
    return faces


@given(LINES, INCREMENT, st.data())
def test_expected_lines_are_those_of_handing_out_increments_one_by_one(
    lines: list[int], increment: int, data: st.DataObject
) -> None:
    booked = [data.draw(st.integers(0, line)) for line in lines] if data.draw(st.booleans()) else [0] * len(lines)
    filled = data.draw(st.integers(sum(booked), sum(lines)))
    assert expected_lines(lines, filled, increment, booked) == _one_by_one(lines, filled, increment, booked)


@given(LINES, INCREMENT, st.data())
def test_a_line_gets_whole_increments_and_the_sum_is_the_fill(
    lots: list[int], increment: int, data: st.DataObject
) -> None:
    lines = [lot * increment for lot in lots]
    filled = data.draw(st.integers(0, sum(lines)))
    expected = expected_lines(lines, filled, increment)
    assert sum(expected) == filled // increment * increment
    assert all(0 <= face <= line and face % increment == 0 for face, line in zip(expected, lines, strict=True))


@given(LINES, INCREMENT, st.data())
def test_a_larger_fill_takes_nothing_back(lines: list[int], increment: int, data: st.DataObject) -> None:
    booked = expected_lines(lines, data.draw(st.integers(0, sum(lines))), increment)
    smaller, larger = sorted(data.draw(st.integers(sum(booked), sum(lines))) for _ in range(2))
    for floor in (None, booked):
        first, then = (expected_lines(lines, filled, increment, floor) for filled in (smaller, larger))
        assert all(a <= b for a, b in zip(first, then, strict=True))


@given(LINES, INCREMENT, st.data())
def test_what_was_expected_before_changes_nothing_as_a_floor(
    lines: list[int], increment: int, data: st.DataObject
) -> None:
    smaller, larger = sorted(data.draw(st.integers(0, sum(lines))) for _ in range(2))
    booked = expected_lines(lines, smaller, increment)
    assert expected_lines(lines, larger, increment, booked) == expected_lines(lines, larger, increment)


@given(LINES, st.data())
def test_permuting_lines_permutes_what_they_get_unless_the_last_increments_are_tied(
    lines: list[int], data: st.DataObject
) -> None:
    filled, order = data.draw(st.integers(0, sum(lines))), data.draw(st.permutations(range(len(lines))))
    expected = expected_lines(lines, filled, 1)
    last = [Fraction(line, 2 * face - 1) for line, face in zip(lines, expected, strict=True) if face]
    following = [Fraction(line, 2 * face + 1) for line, face in zip(lines, expected, strict=True) if face < line]
    assume(not last or not following or min(last) > max(following))
    assert expected_lines([lines[i] for i in order], filled, 1) == [expected[i] for i in order]


def test_among_equals_the_earlier_account_comes_first() -> None:
    assert expected_lines([5_000, 5_000, 5_000], 4_500, 1_000) == [2_000, 1_000, 1_000]
    assert expected_lines([1_000, 3_000], 2_000, 1_000) == [1_000, 1_000]  # the first of one, the second of three


def test_the_odd_rest_of_a_whole_holding_comes_with_the_last_of_the_order() -> None:
    assert expected_lines([1_234, 2_000], 3_200, 1_000) == [1_000, 2_000]
    assert expected_lines([1_234, 2_000], 3_234, 1_000) == [1_234, 2_000]


def test_what_is_booked_off_the_increment_is_kept_and_completed_first_where_it_is_due() -> None:
    assert expected_lines([10_000, 10_000], 10_000, 1_000, [7_500, 0]) == [7_500, 2_000]
    assert expected_lines([10_000, 10_000], 16_000, 1_000, [7_500, 0]) == [8_000, 8_000]


def test_a_line_booked_ahead_of_its_share_waits_for_the_others() -> None:
    assert expected_lines([10_000, 10_000, 10_000], 12_000, 1_000, [8_000, 0, 0]) == [8_000, 2_000, 2_000]


def test_five_thousand_lines_of_half_a_billion_in_single_units_are_shared_out() -> None:
    rng = random.Random(3)
    lines = [rng.randrange(500_000_000) for _ in range(5_000)]
    filled = sum(lines) * 2 // 3
    booked = [line // 3 if i % 2 else line * 9 // 10 for i, line in enumerate(lines)]
    for floor in (None, booked):
        expected = expected_lines(lines, filled, 1, floor)
        assert sum(expected) == filled
        assert all(a <= b for a, b in zip(floor or [], expected, strict=False))


@pytest.mark.parametrize(
    ("lines", "filled", "increment", "booked", "sentence"),
    [
        ([5], 6, 1, None, "A fill of 6 does not fit lines of 5 altogether."),
        ([5], -1, 1, None, "A fill of -1 does not fit lines of 5 altogether."),
        ([5], 3, 0, None, "An increment is at least one unit of face, not 0."),
        ([5, 5], 3, 1, [1], "1 booked faces were given for 2 lines."),
        ([5, 5], 8, 1, [0, 6], "Line 2 of 5 cannot have 6 booked."),
        ([5, 5], 3, 1, [2, 2], "4 is booked, more than the 3 filled."),
    ],
)
def test_what_does_not_fit_the_lines_is_refused(
    lines: list[int], filled: int, increment: int, booked: list[int] | None, sentence: str
) -> None:
    with pytest.raises(InvalidParameter) as caught:
        expected_lines(lines, filled, increment, booked)
    assert str(caught.value) == sentence


PIECES = bond(min_piece=200_000)
GROUP = [
    account("A", "100000000", "9000000", "900000", level=5.2),
    account("B", "300000000", "9000000", "2700400", level=4.8),
    account("C", "40000000", "9000000", "350000", level=5.5),
]


def _bought(face: int = 5_000_000) -> Proposal:
    return propose(block(face, of=PIECES), GROUP, Choices())


def _faces(fill: PartialFill) -> list[int]:
    return [line.expected for line in fill.lines]


def test_a_scaled_fill_is_in_proportion_and_says_who_is_below_the_minimum_piece() -> None:
    proposal = _bought()
    fill = partial_fill(proposal, 1_000_500)
    assert [line.line for line in fill.lines] == [1_136_000, 3_409_000, 455_000]
    assert _faces(fill) == [227_000, 682_000, 91_000]
    assert (fill.remainder, fill.below_minimum) == (500, ("C",))
    assert fill.lines[0].left == 909_000


def test_the_effect_is_that_of_the_one_formula() -> None:
    proposal = _bought()
    nothing, everything = partial_fill(proposal, 0), partial_fill(proposal, Fraction(1))
    assert nothing.effect.dispersion_after == proposal.effect.dispersion_before
    assert everything.effect == proposal.effect
    assert _faces(everything) == [line.face for line in proposal.lines]


def test_a_fraction_is_of_the_placed_face_in_whole_units() -> None:
    assert partial_fill(_bought(), Fraction(1, 3)).filled == 1_666_666


@pytest.mark.parametrize(
    ("filled", "faces"),
    [
        (150_000, [0, 150_000, 0]),  # the largest line is on its way to its piece
        (450_000, [200_000, 200_000, 50_000]),
        (600_000, [200_000, 200_000, 200_000]),
        (1_100_000, [225_000, 675_000, 200_000]),
    ],
)
def test_every_line_gets_its_minimum_piece_before_the_rest_is_scaled(filled: int, faces: list[int]) -> None:
    fill = partial_fill(_bought(), filled, FillPolicy.MINIMUM_PIECE_FIRST)
    assert sum(_faces(fill)) == filled
    assert _faces(fill) == faces
    assert len(fill.below_minimum) <= 1


def test_lines_below_the_minimum_piece_are_cancelled_in_favour_of_the_others() -> None:
    fill = partial_fill(_bought(), 1_000_000, FillPolicy.CANCEL_BELOW_MINIMUM)
    assert _faces(fill) == [250_000, 750_000, 0]
    assert fill.below_minimum == ()


def test_cancelling_is_scaling_where_no_line_is_below_the_minimum_piece() -> None:
    proposal = _bought()
    assert _faces(partial_fill(proposal, 4_000_500, FillPolicy.CANCEL_BELOW_MINIMUM)) == _faces(
        partial_fill(proposal, 4_000_500)
    )


def test_a_fill_below_the_minimum_piece_is_given_to_nobody_when_such_lines_are_cancelled() -> None:
    fill = partial_fill(_bought(), 150_000, FillPolicy.CANCEL_BELOW_MINIMUM)
    assert _faces(fill) == [0, 0, 0]
    assert fill.remainder == 150_000


def test_a_sell_names_the_accounts_it_would_leave_with_less_than_a_piece() -> None:
    proposal = propose(block(3_950_400, Side.SELL, PIECES), GROUP, Choices())
    assert [line.face for line in proposal.lines] == [900_000, 2_700_400, 350_000]
    fill = partial_fill(proposal, 3_950_399)
    assert _faces(fill) == [900_000, 2_700_000, 350_000]
    assert (fill.remainder, fill.stubs, fill.below_minimum) == (399, ("B",), ())
    assert _faces(partial_fill(proposal, 3_950_400)) == [900_000, 2_700_400, 350_000]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(FillPolicy),
    st.sampled_from([(1_000, 1_000), (200_000, 1_000), (2_500, 1_000), (150_000, 100_000)]),
    st.sampled_from(Side),
    st.data(),
)
def test_every_policy_gives_each_line_at_most_itself_and_loses_no_unit(
    policy: FillPolicy, pieces: tuple[int, int], side: Side, data: st.DataObject
) -> None:
    proposal = propose(block(3_000_000, side, bond(*pieces)), GROUP, Choices())
    smaller, larger = sorted(data.draw(st.integers(0, proposal.placed)) for _ in range(2))
    fills = [partial_fill(proposal, filled, policy) for filled in (smaller, larger)]
    for fill in fills:
        assert sum(_faces(fill)) + fill.remainder == fill.filled
        assert all(0 <= line.expected <= line.line for line in fill.lines)
        if policy is FillPolicy.CANCEL_BELOW_MINIMUM:
            assert fill.below_minimum == () or fill.filled == proposal.placed
        elif side is Side.BUY and pieces[0] % pieces[1] == 0:
            assert fill.remainder == fill.filled % pieces[1]
    if policy is not FillPolicy.CANCEL_BELOW_MINIMUM:
        assert all(a <= b for a, b in zip(*(_faces(fill) for fill in fills), strict=True))
    assert _faces(partial_fill(proposal, proposal.placed, policy)) == [line.face for line in proposal.lines]


@pytest.mark.parametrize("filled", [-1, 5_000_001, Fraction(3, 2), True, 0.5])
def test_a_fill_that_is_not_one_is_refused(filled: int | Fraction) -> None:
    with pytest.raises(InvalidParameter, match=r"^A fill"):
        partial_fill(_bought(), filled)


def test_a_what_if_without_rounding_is_shared_out_in_single_units() -> None:
    proposal = propose(block(5_000_000, of=PIECES), GROUP, replace(Choices(), round_to_denomination=False))
    fill = partial_fill(proposal, 1_001, FillPolicy.CANCEL_BELOW_MINIMUM)
    assert (sum(_faces(fill)), fill.remainder) == (1_001, 0)
