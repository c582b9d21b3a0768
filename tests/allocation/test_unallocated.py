from __future__ import annotations

import pytest

from allocation.model import Choices
from allocation.propose import propose
from tests.allocation.desk import account, block, bond

GROUP = [account("A"), account("B")]


@pytest.mark.parametrize(
    ("face", "said"),
    [(2_000_000, "below the minimum allocation of 30,000,000"), (150_000, "below the minimum piece of 200,000")],
)
def test_an_order_below_the_minimum_allocation_is_not_said_to_be_below_the_piece(face: int, said: str) -> None:
    proposal = propose(block(face, of=bond(200_000, 1_000)), GROUP, Choices(min_allocation=30_000_000))
    assert [(row.face, row.reason) for row in proposal.unallocated] == [(face, said)]
