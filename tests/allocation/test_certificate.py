"""Forged certificates: the auditor finds each, whatever is claimed and however it is dressed up."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.certificate import Branch, Certificate, audit, certify
from allocation.kernel.solve import solve
from allocation.kernel.terms import Terms, mean_range
from tests.allocation.brute import Instance, instance

IDS = tuple(f"A{i}" for i in range(5))


@cache
def _known(seed: int) -> tuple[Terms, Certificate, list[int], list[tuple[float, tuple[int, ...]]]]:
    """A problem, its true certificate and faces, and every allocation by its dispersion, the best first."""
    given = instance(seed)
    terms, start = given.terms()
    answer = solve(terms, start)
    faces = terms.faces(answer.lots)
    return terms, certify(answer, terms, given.reduction.ids, "equal", 1, ()), faces, _all(given, terms)


def _all(given: Instance, terms: Terms) -> list[tuple[float, tuple[int, ...]]]:
    grid = (faces for faces in product(*given.options()) if sum(faces) == terms.total_face)
    return sorted((math.sqrt(terms.spread(np.array(faces) / terms.lot_face)), faces) for faces in grid)


def _with_choice() -> list[int]:
    """Instances where the worst allocation is far worse than the best."""
    found = []
    for seed in range(200):
        if instance(seed).terms()[0].total_face > 0:
            ranked = _known(seed)[3]
            if ranked[-1][0] > 1.01 * ranked[0][0] + 1e-3:
                found.append(seed)
    return found[:25]


SEEDS = _with_choice()


def _audited(seed: int, certificate: Certificate, faces: tuple[int, ...] | list[int]) -> tuple[str, ...]:
    terms = _known(seed)[0]
    return audit(certificate, terms, IDS[: terms.size], faces)


def _worst_called_optimal(seed: int, branches: tuple[Branch, ...]) -> tuple[Certificate, tuple[int, ...]]:
    _, true, _, ranked = _known(seed)
    worst, faces = ranked[-1]
    return replace(true, dispersion=worst, bound=worst, gap=0.0, status="optimal", branches=branches), faces


@pytest.mark.parametrize("seed", SEEDS)
def test_the_true_certificate_holds(seed: int) -> None:
    _, true, faces, _ = _known(seed)
    assert true.status == "optimal"
    assert _audited(seed, true, faces) == ()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("one", [math.nan, math.inf, -math.inf, 1e308, -1e308, 1e300, 1e18, 1e15, -1e12, 1e9, 0.0])
@pytest.mark.parametrize("other", [math.nan, math.inf, -1e308, 1e15, 0.0])
def test_no_multiplier_makes_a_worse_allocation_the_best(one: float, other: float) -> None:
    for seed in SEEDS:
        for prices in ((one, other), (other, one)):
            assert _audited(seed, *_worst_called_optimal(seed, (Branch("", prices=prices),))) != ()
        forged, faces = _worst_called_optimal(seed, ())
        assert _audited(seed, replace(forged, mean=one, price=other), faces) != ()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1e-3])
@pytest.mark.parametrize("name", ["dispersion", "bound", "gap", "tolerance"])
def test_a_figure_that_is_no_number_or_below_zero_is_rejected(name: str, value: float) -> None:
    _, true, faces, _ = _known(SEEDS[0])
    forged = {
        "dispersion": replace(true, dispersion=value),
        "bound": replace(true, bound=value),
        "gap": replace(true, gap=value),
        "tolerance": replace(true, tolerance=value),
    }[name]
    for status in ("optimal", "gap"):
        assert any(name in fault for fault in _audited(SEEDS[0], replace(forged, status=status), faces))


def test_a_mean_to_cut_at_that_is_no_number_is_rejected() -> None:
    _, true, faces, _ = _known(SEEDS[0])
    leaf = Branch("", prices=(0.0, 0.0))
    assert _audited(SEEDS[0], replace(true, branches=(Branch("mean", at=math.nan), leaf, leaf)), faces) != ()


def test_an_interval_too_narrow_to_square_is_bounded_not_divided_by() -> None:
    for seed in SEEDS:
        terms, true, faces, _ = _known(seed)
        if not mean_range(terms)[0] < true.mean < mean_range(terms)[1]:
            continue
        zero, leaf = replace(terms, level=terms.level - true.mean), Branch("", prices=(0.0, 0.0))
        cut = (Branch("mean", at=0.0), leaf, Branch("mean", at=1e-200), leaf, leaf)
        faults = audit(replace(true, mean=0.0, branches=cut), zero, IDS[: terms.size], faces)
        assert not any("tree" in fault for fault in faults)


@pytest.mark.parametrize("seed", SEEDS)
def test_faces_that_may_not_be_traded_are_named_however_little_they_spread(seed: int) -> None:
    terms, true, faces, _ = _known(seed)
    for i, j in product(range(len(faces)), repeat=2):
        moved = list(faces)
        moved[i] += 1
        moved[j] -= 1
        illegal = any(face not in legal for face, legal in zip(moved, instance(seed).options(), strict=True))
        spread = math.sqrt(terms.spread(np.array(moved) / terms.lot_face))
        bound = min(true.bound, spread)
        status = "optimal" if spread - bound <= true.tolerance else "gap"
        forged = replace(true, dispersion=spread, bound=bound, gap=spread - bound, status=status)
        assert any("may not trade" in fault for fault in _audited(seed, forged, moved)) == illegal


def test_lines_for_other_accounts_than_the_problem_has_are_rejected() -> None:
    terms, true, faces, _ = _known(SEEDS[0])
    for lines in ([], faces[:-1], [*faces, 0], [sum(faces)]):
        assert any("accounts" in fault for fault in _audited(SEEDS[0], true, lines))
    assert audit(true, terms, IDS[: terms.size - 1], faces) != ()


_PRICES = st.one_of(
    st.floats(-1e-3, 1e-3), st.floats(-10.0, 10.0), st.floats(allow_nan=False, allow_infinity=False), st.just(0.0)
)
_SPLITS = st.sampled_from(["mean", "line", "whole", "", ""])


@st.composite
def _trees(draw: st.DrawFn, terms: Terms, means: tuple[float, float], depth: int) -> list[Branch]:
    split = draw(_SPLITS) if depth else ""
    if split == "":
        return [Branch("", prices=(draw(_PRICES), draw(_PRICES)))]
    left, right = means
    if split == "mean":
        at = draw(st.floats(left, right))
        parts = [draw(_trees(terms, (left, at), depth - 1)), draw(_trees(terms, (at, right), depth - 1))]
        return [Branch("mean", at=at), *parts[0], *parts[1]]
    account = draw(st.integers(0, terms.size - 1))
    return [
        Branch(split, account_id=IDS[account]),
        *draw(_trees(terms, means, depth - 1)),
        *draw(_trees(terms, means, depth - 1)),
    ]


@pytest.mark.filterwarnings("error")
@given(st.data())
@settings(max_examples=400, deadline=None)
def test_no_tree_whatever_proves_more_than_the_best_of_all_allocations(data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from(SEEDS))
    terms, true, _, ranked = _known(seed)
    branches = tuple(data.draw(_trees(terms, mean_range(terms), 4)))
    (best, _), (worst, faces) = ranked[0], ranked[-1]
    claimed = best * (1.0 + 1e-6) + 1e-6
    forged = replace(
        true,
        dispersion=worst,
        bound=claimed,
        gap=worst - claimed,
        status="gap",
        branches=branches,
        mean=data.draw(st.sampled_from([true.mean, 0.0, 1e6])),
        price=data.draw(_PRICES),
    )
    assert any("it proves" in fault for fault in _audited(seed, forged, faces))
