"""Which locks can be, in the order they were typed, and what is offered in the place of those that cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.errors import InvalidParameter, LockRefused
from allocation.limits import Limit, LimitTable, Rule
from allocation.model import Choices, Side
from allocation.pose import pose
from allocation.propose import propose
from tests.allocation.desk import block
from tests.allocation.test_pose import GROUP


def refused(face: int, side: Side = Side.BUY, **locked: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The locks that cannot be, by account."""
    with pytest.raises(LockRefused) as caught:
        pose(block(face, side), GROUP, Choices(locked=locked))
    return {lock.account_id: (lock.sentence, lock.near) for lock in caught.value.locks}


@pytest.mark.parametrize(
    ("locked", "said"),
    [
        ({"D": 3_000_000}, "D cannot be locked at 3,000,000: cash of USD 1,000,000 buys 1,015,228"),
        ({"A": 3_000_500}, "trades in steps of 1,000. Nearest: 3,000,000 or 3,001,000."),
        ({"A": 500}, "is below the minimum piece of 1,000. Nearest: 0 or 1,000."),
        ({"Z": 1_000}, "Z is not an account"),
        ({"A": 1.5}, "a face is a whole number"),
        ({"A": -1_000}, "zero or more"),
    ],
)
def test_a_lock_that_cannot_be_traded_is_refused(locked: dict[str, int], said: str) -> None:
    with pytest.raises(InvalidParameter, match=said):
        propose(block(8_000_000), GROUP, Choices(locked=locked))


def test_the_lock_typed_last_is_what_the_order_has_no_room_for_and_it_is_offered_what_the_others_leave() -> None:
    assert refused(8_000_000, A=4_500_000, B=4_000_000) == {
        "B": (
            "B cannot be locked at 4,000,000: A has 4,500,000 of the order's 8,000,000, which leaves 3,500,000. "
            "Nearest: 3,500,000.",
            (3_500_000,),
        )
    }
    assert refused(8_000_000, B=4_000_000, A=4_500_000)["A"][1] == (4_000_000,)
    assert refused(2_000_000, A=9_000_000)["A"][0].endswith("the order is for 2,000,000. Nearest: 2,000,000.")
    every = refused(2_000_000, A=9_000_000, B=1_500_000, C=900_000, D=500_000)
    assert every["A"][0].endswith("B and D have 2,000,000 of the order's 2,000,000, which leaves nothing. Nearest: 0.")
    assert list(every) == ["A", "C"], "what is too much for one is kept for those typed after it"


def test_a_rest_that_may_not_be_left_of_a_holding_is_said_with_its_size() -> None:
    said, near = refused(2_000_500, Side.SELL, D=199_500)["D"]
    assert said.startswith("D cannot be locked at 199,500: it trades in steps of 1,000.")
    assert near == (199_000, 200_000)


@given(st.dictionaries(st.sampled_from("ABCD"), st.integers(0, 9_000_000), min_size=1), st.sampled_from(Side))
def test_each_face_that_is_offered_can_be_locked_beside_the_locks_that_are_kept(
    locked: dict[str, int], side: Side
) -> None:
    order, choices = block(3_000_000, side), Choices(locked=locked)
    try:
        pose(order, GROUP, choices)
    except LockRefused as error:
        kept = {account: face for account, face in locked.items() if account not in error.accounts}
        assert sum(kept.values()) <= order.face
        pose(order, GROUP, replace(choices, locked=kept))
        for lock in error.locks:
            assert lock.near
            for near in lock.near:
                pose(order, GROUP, replace(choices, locked=kept | {lock.account_id: near}))


@pytest.mark.parametrize("side", Side)
def test_a_lock_below_the_accounts_minimum_allocation_is_refused(side: Side) -> None:
    limits = LimitTable(1, (Limit("A", Rule.MIN_ALLOCATION, "", "100000"),))
    with pytest.raises(InvalidParameter, match="A cannot be locked at 50,000: its minimum allocation is 100,000"):
        propose(block(2_000_000, side), GROUP, Choices(locked={"A": 50_000}), limits)
