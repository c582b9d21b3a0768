from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.metrics import dispersion
from bench.contest import case, judge
from bench.instances import Kind, draw
from bench.scaled import scaled, to_lots

KIND = Kind(4, 0.3, 2_000, "equal")


def test_the_start_is_pro_rata_and_legal() -> None:
    given_ = case(draw(KIND, 0))
    assert judge(given_.terms, given_.pro_rata).violations == 0


def test_each_fault_of_an_allocation_is_counted_once() -> None:
    terms = draw(KIND, 0).terms
    legal = case(draw(KIND, 0)).pro_rata
    funded = int(np.argmax(legal))
    above, below, between = legal.copy(), legal.copy(), legal.copy()
    above[funded] = terms.top[funded] + 1.0
    below[funded] = 1.0
    between[funded] -= 0.5
    assert (judge(terms, above).sum_missed, judge(terms, above).over_cap) == (True, 1)
    assert (judge(terms, below).below_piece, judge(terms, below).off_lot) == (1, 0)
    assert (judge(terms, between).off_lot, judge(terms, between).over_cap) == (1, 0)


def test_the_judge_uses_the_formula_of_the_app() -> None:
    drawn = draw(KIND, 1)
    lots = case(drawn).pro_rata
    after = drawn.terms.level + drawn.terms.kappa * lots
    assert judge(drawn.terms, lots).dispersion == pytest.approx(dispersion(after), rel=1e-12)


def test_the_scaled_problem_is_the_same_problem() -> None:
    terms = draw(Kind(10, 0.02, 1_000, "nav"), 2).terms
    s, lots = scaled(terms), case(draw(Kind(10, 0.02, 1_000, "nav"), 2)).pro_rata
    z = lots * s.step
    after = s.level + z
    spread = float(s.weight @ (after - s.weight @ after) ** 2)
    assert s.unit * math.sqrt(spread) == pytest.approx(math.sqrt(terms.spread(lots)), rel=1e-12)
    assert s.per_z @ z == pytest.approx(1.0)
    assert np.allclose(s.lots(z), lots)
    assert np.all(z <= s.high * (1.0 + 1e-12))


@given(st.integers(0, 50), st.floats(-3.0, 3.0))
def test_rounding_meets_the_total_in_whole_lots_within_the_caps(replicate: int, off: float) -> None:
    drawn = draw(Kind(10, 0.3, 1_000, "equal"), replicate)
    rng = np.random.default_rng(replicate)
    lots = case(drawn).pro_rata + off * rng.normal(size=10)
    assert judge(drawn.terms, to_lots(drawn.terms, lots)).violations == 0


def test_rounding_leaves_whole_lots_as_they_are() -> None:
    drawn = draw(Kind(50, 0.3, 1_000, "equal"), 0)
    lots = case(drawn).pro_rata
    assert np.array_equal(to_lots(drawn.terms, lots - 1e-9), lots)
