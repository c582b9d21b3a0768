from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from allocation.certificate import Branch, audit, certify
from allocation.kernel.relaxed import relax
from allocation.kernel.solve import solve
from allocation.kernel.terms import Terms, mean_range
from tests.allocation.brute import instance, least


def _agrees_with_every_allocation(seed: int) -> None:
    given = instance(seed)
    total, best = least(given)
    terms, start = given.terms()
    assert terms.total_face == total, f"instance {seed}: the fill is not the largest"
    answer = solve(terms, start)
    faces = terms.faces(answer.lots)
    assert sum(faces) == total
    assert all(face in legal for face, legal in zip(faces, given.options(), strict=True)), f"instance {seed}"
    certificate = certify(answer, terms, given.reduction.ids, "equal", 1, ())
    # one slack for both ways: never better than the best there is, never worse
    assert certificate.dispersion == pytest.approx(best, abs=1e-9 + 2 * answer.tolerance), f"instance {seed}"
    assert certificate.bound <= best + 1e-9, f"instance {seed}: the bound is above the optimum"
    assert certificate.status == "optimal", f"instance {seed}"
    assert audit(certificate, terms, given.reduction.ids, faces) == (), f"instance {seed}"


def test_a_thousand_small_blocks_are_split_as_well_as_the_best_of_all_allocations() -> None:
    for seed in range(1_000):
        _agrees_with_every_allocation(seed)


@pytest.mark.soak
def test_forty_thousand_small_blocks_are_split_as_well_as_the_best_of_all_allocations() -> None:
    for seed in range(1_000, 41_000):
        _agrees_with_every_allocation(seed)


def _terms(level: list[float], kappa: list[float], top: list[float], total: int, piece: int = 1) -> Terms:
    count = len(level)
    return Terms(
        np.array(level), np.array(kappa), np.full(count, 1 / count), np.array(top), np.zeros(count), total, piece, 1
    )


def test_one_account_takes_what_is_placed_and_nothing_is_spread() -> None:
    answer = solve(_terms([5.0], [0.1], [9.0], 7))
    assert answer.lots.tolist() == [7.0]
    assert answer.value == answer.gap == 0.0


def test_an_empty_order_is_optimal_as_it_is() -> None:
    answer = solve(_terms([5.0, 6.0], [0.1, 0.1], [9.0, 9.0], 0))
    assert answer.lots.tolist() == [0.0, 0.0]
    assert math.sqrt(answer.value) == pytest.approx(0.5)


def test_when_every_account_is_full_there_is_one_allocation_and_it_is_proved() -> None:
    answer = solve(_terms([5.0, 4.0, 3.0], [0.1, 0.2, 0.3], [2.0, 3.0, 4.0], 9))
    assert answer.lots.tolist() == [2.0, 3.0, 4.0]
    assert answer.optimal


def test_identical_accounts_differ_by_one_lot_and_the_earlier_has_it() -> None:
    answer = solve(_terms([5.0] * 4, [0.01] * 4, [100.0] * 4, 10))
    assert answer.lots.tolist() == [3.0, 3.0, 2.0, 2.0]


def test_identical_accounts_below_two_pieces_fund_the_earlier_ones() -> None:
    answer = solve(_terms([5.0] * 4, [0.01] * 4, [100.0] * 4, 10, piece=5))
    assert answer.lots.tolist() == [5.0, 5.0, 0.0, 0.0]


def test_the_continuous_optimum_meets_its_two_equations() -> None:
    rng = np.random.default_rng(7)
    for _ in range(200):
        count = int(rng.integers(2, 30))
        terms = Terms(
            rng.normal(5, 0.3, count), 1e-5 * rng.lognormal(0, 1.3, count), np.full(count, 1 / count),
            np.floor(rng.uniform(0, 5_000, count)), np.zeros(count), int(rng.integers(1, 20_000)), 1, 1,
        )  # fmt: skip
        if terms.total > terms.top.sum():
            continue
        found = relax(terms, np.zeros(count), terms.top)
        assert float(found.lots.sum()) == pytest.approx(terms.total, rel=1e-8)
        assert found.mean == pytest.approx(terms.mean(found.lots), abs=1e-9)
        low, high = mean_range(terms)
        assert low - 1e-12 <= found.mean <= high + 1e-12


@pytest.mark.parametrize("piece", [1, 2, 200])
def test_five_thousand_accounts_are_proved(piece: int) -> None:
    rng = np.random.default_rng(11)
    nav = np.clip(7e8 * rng.lognormal(0, 1.3, 5_000), 5e7, 2e10)
    top = np.floor(nav * 0.05 / 1_000)
    terms = Terms(
        rng.normal(5, 0.3, 5_000), 6_000 / nav, np.full(5_000, 1 / 5_000), np.where(top >= piece, top, 0.0),
        np.zeros(5_000), 250_000, piece, 1,
    )  # fmt: skip
    answer = solve(terms)
    assert sum(terms.faces(answer.lots)) == 250_000
    assert answer.optimal


def test_a_search_that_reaches_its_limit_states_the_gap_and_keeps_its_best() -> None:
    given = next(g for g in map(instance, range(5_000)) if _needs_a_tree(g.terms()))
    terms, start = given.terms()
    answer = solve(terms, start, limit=1)
    assert answer.exhausted
    assert answer.gap > answer.tolerance
    certificate = certify(answer, terms, given.reduction.ids, "equal", 1, ())
    assert certificate.status == "gap"
    assert certificate.bound <= least(given)[1] + 1e-9
    assert audit(certificate, terms, given.reduction.ids, terms.faces(answer.lots)) == ()


def test_a_tree_that_leaves_something_out_or_means_nothing_is_rejected() -> None:
    for seed in range(5_000):
        given = instance(seed)
        terms, start = given.terms()
        answer = solve(terms, start)
        ids, faces = given.reduction.ids, terms.faces(answer.lots)
        proof = certify(answer, terms, ids, "equal", 1, ())
        tree = proof.branches
        if {"mean", "line", ""} <= {branch.split for branch in tree}:
            break
    assert audit(proof, terms, ids, faces) == ()
    leaf = next(i for i, branch in enumerate(tree) if branch.split == "")
    cut = next(i for i, branch in enumerate(tree) if branch.split == "mean")
    for other in (
        tree[:-1],
        (*tree, Branch("", prices=(0.0, 0.0))),
        (*tree[:leaf], replace(tree[leaf], split="luck"), *tree[leaf + 1 :]),
        (*tree[:leaf], replace(tree[leaf], split="line", account_id="nobody"), *tree[leaf + 1 :]),
        (*tree[:cut], replace(tree[cut], at=-99.0), *tree[cut + 1 :]),
        tuple(replace(b, prices=(b.prices[0] - 1.0, b.prices[1] + 1.0)) if b.prices else b for b in tree),
        (),
    ):
        assert audit(replace(proof, branches=other), terms, ids, faces) != ()


def _needs_a_tree(case: tuple[Terms, np.ndarray | None]) -> bool:
    return case[0].total_face > 0 and solve(*case).nodes > 10
