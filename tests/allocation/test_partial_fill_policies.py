"""What an order can promise of its partial fills: each policy alone, and what all of them keep."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.errors import InvalidParameter
from allocation.lots import Lattice
from allocation.partial_fill import PROMISED, FillPolicy, shared_out

LINES = st.lists(st.integers(0, 60), min_size=1, max_size=7)
LATTICES = st.builds(Lattice, st.integers(1, 20), st.integers(1, 7))
POLICIES = st.sampled_from(PROMISED)
SMALLEST, PIECES = FillPolicy.SMALLEST_FIRST, FillPolicy.MINIMUM_PIECE_FIRST


@given(LINES, LATTICES, POLICIES, st.data())
def test_whole_lots_are_shared_out_in_whole_increments_that_add_up_to_the_fill(
    lots: list[int], lattice: Lattice, policy: FillPolicy, data: st.DataObject
) -> None:
    lines = [lot * lattice.increment for lot in lots]
    filled = data.draw(st.integers(0, sum(lines)))
    faces = shared_out(lines, filled, lattice, policy)
    assert sum(faces) == filled // lattice.increment * lattice.increment
    assert all(0 <= face <= line for face, line in zip(faces, lines, strict=True))
    assert all(face % lattice.increment == 0 for face in faces)


@given(LINES, LATTICES, POLICIES, st.data())
def test_a_larger_fill_takes_nothing_back_whatever_is_booked(
    lines: list[int], lattice: Lattice, policy: FillPolicy, data: st.DataObject
) -> None:
    booked = [data.draw(st.integers(0, line)) for line in lines] if data.draw(st.booleans()) else [0] * len(lines)
    smaller, larger = sorted(data.draw(st.integers(sum(booked), sum(lines))) for _ in range(2))
    first, then = (shared_out(lines, filled, lattice, policy, booked) for filled in (smaller, larger))
    for taken, one, two, line in zip(booked, first, then, lines, strict=True):
        assert taken <= one <= two <= line
    assert sum(first) <= smaller
    assert shared_out(lines, sum(lines), lattice, policy, booked) == lines


@given(LINES, LATTICES, POLICIES, st.data())
def test_what_was_expected_before_changes_nothing_as_a_floor(
    lines: list[int], lattice: Lattice, policy: FillPolicy, data: st.DataObject
) -> None:
    smaller, larger = sorted(data.draw(st.integers(0, sum(lines))) for _ in range(2))
    before = shared_out(lines, smaller, lattice, policy)
    assert shared_out(lines, larger, lattice, policy, before) == shared_out(lines, larger, lattice, policy)


@given(LINES, LATTICES, st.data())
def test_smallest_first_leaves_at_most_one_line_on_its_way_and_every_smaller_one_complete(
    lines: list[int], lattice: Lattice, data: st.DataObject
) -> None:
    filled = data.draw(st.integers(0, sum(lines)))
    faces = shared_out(lines, filled, lattice, SMALLEST)
    begun = [i for i, face in enumerate(faces) if 0 < face < lines[i]]
    assert len(begun) <= 1
    largest_complete = max((line for face, line in zip(faces, lines, strict=True) if face == line), default=0)
    assert all(face == line for face, line in zip(faces, lines, strict=True) if line < largest_complete)
    assert filled - sum(faces) < lattice.increment


def test_small_accounts_are_completed_before_large_ones_begin() -> None:
    lattice = Lattice(100_000, 1_000)
    lines = [900_000, 100_000, 100_000, 200_000]
    assert shared_out(lines, 150_500, lattice, SMALLEST) == [0, 100_000, 50_000, 0]
    assert shared_out(lines, 700_000, lattice, SMALLEST) == [300_000, 100_000, 100_000, 200_000]


def test_a_small_odd_holding_that_is_sold_whole_is_completed_too() -> None:
    assert shared_out([1_234, 5_000], 3_000, Lattice(1_000, 1_000), SMALLEST) == [1_234, 1_000]
    assert shared_out([1_234, 5_000], 1_233, Lattice(1_000, 1_000), SMALLEST) == [1_000, 0]


def test_what_a_large_account_has_booked_stays_and_the_small_ones_come_next() -> None:
    lattice = Lattice(1_000, 1_000)
    assert shared_out([10_000, 3_000], 9_000, lattice, SMALLEST, [7_500, 0]) == [7_500, 1_000]
    assert shared_out([10_000, 3_000], 11_000, lattice, SMALLEST, [7_500, 0]) == [8_000, 3_000]


def test_what_is_booked_counts_towards_the_minimum_piece() -> None:
    lattice = Lattice(5_000, 1_000)
    assert shared_out([20_000, 10_000], 7_000, lattice, PIECES, [0, 3_000]) == [4_000, 3_000]
    assert shared_out([20_000, 10_000], 10_000, lattice, PIECES, [0, 3_000]) == [5_000, 5_000]


def test_a_policy_that_takes_back_what_it_gave_cannot_be_promised() -> None:
    assert set(FillPolicy) - set(PROMISED) == {FillPolicy.CANCEL_BELOW_MINIMUM}
    with pytest.raises(InvalidParameter, match="“Cancel below minimum” may take back what it gave"):
        shared_out([5], 3, Lattice(1, 1), FillPolicy.CANCEL_BELOW_MINIMUM)


@pytest.mark.parametrize("policy", PROMISED)
def test_what_does_not_fit_the_lines_is_refused_by_each(policy: FillPolicy) -> None:
    with pytest.raises(InvalidParameter, match="A fill of 6 does not fit lines of 5 altogether"):
        shared_out([5], 6, Lattice(1, 1), policy)
    with pytest.raises(InvalidParameter, match="4 is booked, more than the 3 filled"):
        shared_out([5, 5], 3, Lattice(1, 1), policy, [2, 2])


def test_a_policy_is_found_by_its_key() -> None:
    assert [FillPolicy.of(policy.key) for policy in FillPolicy] == list(FillPolicy)
    with pytest.raises(ValueError, match="unknown policy"):
        FillPolicy.of("whatever")
