"""The peers that need nothing beyond scipy."""

from __future__ import annotations

import pytest

from allocation.kernel.solve import solve
from bench.contest import case, judge
from bench.instances import Kind, draw, kinds
from bench.peers import mad, slsqp
from bench.scaled import to_lots


@pytest.mark.parametrize("kind", [kind for kind in kinds(10) if kind.piece == 1_000], ids=str)
def test_tuned_slsqp_comes_within_lots_of_the_optimum(kind: Kind) -> None:
    given = case(draw(kind, 0))
    found = slsqp.tuned(given)
    assert found.note == ""
    assert found.lots is not None
    best = judge(given.terms, solve(given.terms).lots).dispersion
    assert judge(given.terms, to_lots(given.terms, found.lots)).dispersion == pytest.approx(best, abs=1e-6)


def test_slsqp_in_currency_units_stays_where_it_started_and_calls_it_success() -> None:
    given = case(draw(Kind(10, 0.3, 1_000, "equal"), 0))
    found = slsqp.as_published(given)
    assert found.note == slsqp.AT_START
    assert found.lots is not None
    assert found.lots == pytest.approx(given.pro_rata, abs=1e-3)


@pytest.mark.parametrize("kind", [Kind(10, 0.3, piece, "equal") for piece in (1_000, 2_000, 200_000)], ids=str)
def test_the_linear_stand_in_is_legal_and_no_better_than_the_optimum(kind: Kind) -> None:
    given = case(draw(kind, 0))
    found = mad.mixed_integer(given)
    assert found.lots is not None
    judged = judge(given.terms, found.lots)
    assert judged.violations == 0
    assert judged.dispersion >= judge(given.terms, solve(given.terms).lots).dispersion - 1e-12
