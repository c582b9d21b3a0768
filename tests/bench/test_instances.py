from __future__ import annotations

import numpy as np
import pytest

from allocation.kernel.solve import solve
from allocation.model import Choices
from allocation.propose import propose
from bench.instances import METRIC, SIZES, Kind, draw, kinds


@pytest.mark.parametrize("size", SIZES)
def test_an_instance_is_the_same_whenever_it_is_drawn(size: int) -> None:
    kind = Kind(size, 0.02, 2_000, "nav")
    one, again, other = draw(kind, 3), draw(kind, 3), draw(kind, 4)
    assert (one.block, one.accounts, one.rooms) == (again.block, again.accounts, again.rooms)
    assert np.array_equal(one.terms.level, again.terms.level)
    assert one.accounts != other.accounts


def test_the_twelve_kinds_of_a_size_are_drawn_apart() -> None:
    blocks = [draw(kind, 0).block.face for kind in kinds(10)]
    assert len(set(blocks)) == len(blocks) == 12


@pytest.mark.parametrize("kind", list(kinds(50)), ids=str)
def test_an_instance_is_what_its_kind_promises(kind: Kind) -> None:
    for replicate in range(5):
        drawn = draw(kind, replicate)
        assert all(50_000_000 <= nav <= 20_000_000_000 for nav in drawn.navs)
        assert 1_000_000 <= drawn.block.face <= 500_000_000
        assert drawn.block.face % 1_000 == 0
        assert 0 < drawn.terms.total_face <= drawn.block.face
        assert drawn.terms.weight.sum() == pytest.approx(1.0)
        assert all(room.top == 0 or room.top >= kind.piece for room in drawn.rooms)
        cash = [int(account.cash or 0) for account in drawn.accounts]
        assert all(have <= nav * 5 // 100 for have, nav in zip(cash, drawn.navs, strict=True))
        assert sum(have == nav * 5 // 100 for have, nav in zip(cash, drawn.navs, strict=True)) >= 15


@pytest.mark.parametrize("kind", list(kinds(10)), ids=str)
def test_the_kernel_is_given_the_problem_that_the_app_solves(kind: Kind) -> None:
    for replicate in range(3):
        drawn = draw(kind, replicate)
        choices = Choices("min_dispersion", {"weighting": kind.weighting}, metric=METRIC)
        proposal = propose(drawn.block, drawn.accounts, choices)
        assert [line.face for line in proposal.lines] == drawn.terms.faces(solve(drawn.terms).lots)
        assert proposal.placed == drawn.terms.total_face
