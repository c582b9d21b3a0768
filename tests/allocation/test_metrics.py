from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.metrics import Dispersion, basis, dispersion, exposures, on_basis, post_trade, spread
from allocation.model import Benchmark, Holding, Measures, Metric
from tests.allocation.desk import account

BOTH = Measures(spread_duration=4.0, duration=5.0, oas=100.0)
INDEX = Benchmark("AGG", Measures(spread_duration=3.0, duration=6.0, oas=50.0))


def _holding(name: str, value: str, measures: Measures = BOTH, accrued: str | None = "0") -> Holding:
    return Holding(name, Decimal(value), Decimal(value), None if accrued is None else Decimal(accrued), measures)


def test_an_exposure_is_the_sum_of_market_value_times_measure_over_nav() -> None:
    found = exposures([_holding("A", "30"), _holding("B", "20")], Decimal(100), INDEX)
    assert found[Metric.SPREAD_DURATION].value == pytest.approx(2.0)
    assert found[Metric.DURATION].value == pytest.approx(2.5)
    assert found[Metric.OAS].value == pytest.approx(50.0)
    assert found[Metric.DTS].value == pytest.approx(200.0)
    assert found[Metric.ASD].value == pytest.approx(-1.0)


def test_a_missing_figure_lowers_the_coverage_and_is_never_zero() -> None:
    holdings = [_holding("A", "90"), _holding("B", "10", Measures(duration=5.0))]
    found = exposures(holdings, Decimal(100), INDEX)
    assert found[Metric.OAS].value is None
    assert found[Metric.OAS].coverage == pytest.approx(0.9)
    assert "1 holding has no OAS" in found[Metric.OAS].reason
    assert "90.0% of market value is covered, 95% is needed" in found[Metric.OAS].reason
    assert found[Metric.DURATION].value == pytest.approx(5.0)


def test_at_the_coverage_limit_the_metric_is_summed_over_what_has_it() -> None:
    holdings = [_holding("A", "95"), _holding("B", "5", Measures())]
    assert exposures(holdings, Decimal(100), None)[Metric.DURATION].value == pytest.approx(4.75)


def test_without_a_benchmark_active_spread_duration_is_unavailable_and_says_so() -> None:
    found = exposures([_holding("A", "90")], Decimal(100), None)
    assert found[Metric.ASD].reason == "no benchmark is assigned"
    assert found[Metric.SPREAD_DURATION].value == pytest.approx(3.6)


def test_a_missing_or_empty_nav_makes_every_metric_unavailable() -> None:
    assert exposures([_holding("A", "1")], None, INDEX)[Metric.OAS].reason == "NAV is missing"
    assert "not above zero" in exposures([_holding("A", "1")], Decimal(0), INDEX)[Metric.OAS].reason


def test_holdings_are_valued_dirty_only_when_accrued_is_known_for_all() -> None:
    known = [_holding("A", "100", accrued="2")]
    assert basis(known) == "dirty"
    assert exposures(known, Decimal(200), None)[Metric.DURATION].value == pytest.approx(2.55)
    mixed = [*known, _holding("B", "100", accrued=None)]
    assert basis(mixed) == "clean"
    assert exposures(mixed, Decimal(200), None)[Metric.DURATION].value == pytest.approx(5.0)


def test_an_account_is_restated_on_the_clean_basis() -> None:
    plain = account("A", held="1000000")
    assert on_basis(plain, "dirty") is plain
    assert on_basis(plain, "clean").exposures[Metric.OAS].coverage == 0.0


def test_the_post_trade_metric_moves_by_market_value_times_measure_over_nav() -> None:
    one = np.ones(1)
    after = post_trade(5.2 * one, 1, 1_000_000 * one, 0.985 * one, 3.8, 100_000_000 * one)
    assert after[0] == pytest.approx(5.2 + 0.985 * 3.8 / 100)
    back = post_trade(after, -1, 1_000_000 * one, 0.985 * one, 3.8, 100_000_000 * one)
    assert back[0] == pytest.approx(5.2, abs=1e-15)


def test_the_dispersion_measures_are_those_of_the_textbook() -> None:
    values = np.array([1.0, 2.0, 3.0, 6.0])
    assert dispersion(values) == pytest.approx(1.8708286933869707)
    assert dispersion(values, Dispersion.RANGE) == 5.0
    assert dispersion(values, Dispersion.MAX_DEVIATION) == 3.0
    assert dispersion(values, Dispersion.IQR) == pytest.approx(2.0)
    assert dispersion(values, Dispersion.STDEV_NAV, np.array([1.0, 1.0, 1.0, 1.0])) == pytest.approx(dispersion(values))
    with pytest.raises(ValueError, match="NAV"):
        dispersion(values, Dispersion.STDEV_NAV)


def test_a_group_of_none_or_one_is_not_spread() -> None:
    assert dispersion(np.array([])) == 0.0
    assert dispersion(np.array([4.2])) == 0.0


def test_a_groups_spread_lists_who_is_left_out_and_why() -> None:
    seen = spread([account("A", level=1.0), account("B", level=3.0), account("C", level=None)], Metric.OAS)
    assert (seen.mean, seen.stdev) == (2.0, 1.0)
    assert seen.missing == {"C": "half of it has no figure"}


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=30), st.floats(-10, 10))
def test_shifting_every_account_leaves_the_dispersion_as_it_is(values: list[float], shift: float) -> None:
    vector = np.array(values)
    assert dispersion(vector + shift) == pytest.approx(dispersion(vector), abs=1e-9)
