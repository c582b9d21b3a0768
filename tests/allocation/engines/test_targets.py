"""Minimum dispersion with targets: against every allocation, and in words."""

from __future__ import annotations

import pytest

from allocation.certificate import audit as audit_terms
from allocation.certificate import certify
from allocation.check import audit
from allocation.errors import InvalidParameter
from allocation.kernel.solve import solve
from allocation.model import Choices
from allocation.propose import propose
from tests.allocation.brute import instance, least, steered
from tests.allocation.desk import account, block, bond

GROUP = [
    account("A", "100000000", "5000000", level=5.2),
    account("B", "150000000", "8000000", level=4.8),
    account("C", "80000000", "3000000", level=5.5),
    account("D", "50000000", "1000000", level=5.0),
]
TARGETS = {"A": 5.3, "B": 5.0, "C": 5.5, "D": 5.1}


def _agrees_with_every_allocation(seed: int) -> None:
    given = steered(instance(seed))
    terms, start = given.terms()
    total, best = least(given)
    assert terms.total_face == total
    answer = solve(terms, start)
    faces = terms.faces(answer.lots)
    assert sum(faces) == total
    assert all(face in legal for face, legal in zip(faces, given.options(), strict=True)), f"instance {seed}"
    certificate = certify(answer, terms, given.reduction.ids, "equal", 1, ())
    assert certificate.dispersion == pytest.approx(best, abs=1e-9 + 2 * answer.tolerance), f"instance {seed}"
    assert certificate.bound <= best + 1e-9, f"instance {seed}: the bound is above the optimum"
    assert certificate.status == "optimal", f"instance {seed}"
    assert audit_terms(certificate, terms, given.reduction.ids, faces) == (), f"instance {seed}"


def test_a_thousand_small_blocks_end_as_near_to_their_targets_as_the_best_of_all_allocations() -> None:
    for seed in range(1_000):
        _agrees_with_every_allocation(seed)


@pytest.mark.soak
def test_ten_thousand_small_blocks_end_as_near_to_their_targets_as_the_best_of_all_allocations() -> None:
    for seed in range(1_000, 11_000):
        _agrees_with_every_allocation(seed)


@pytest.mark.parametrize("weighting", ["equal", "nav"])
@pytest.mark.parametrize("piece", [1_000, 200_000, 2_000_000])
def test_every_account_goes_towards_its_own_target_and_the_auditor_agrees(weighting: str, piece: int) -> None:
    choices = Choices("min_dispersion", {"centre": "targets", "targets": TARGETS, "weighting": weighting})
    proposal = propose(block(8_000_000, of=bond(piece, 1_000)), GROUP, choices)
    assert proposal.certificate is not None
    assert proposal.certificate.status == "optimal"
    assert audit(proposal) == ()
    assert proposal.placed == 8_000_000
    assert proposal.lines[2].face == 0  # it stands at its target
    assert "its target is 5.000" in proposal.lines[1].reason
    assert proposal.effect.targets == TARGETS


def test_within_and_outside_are_counted_from_the_target() -> None:
    choices = Choices("min_dispersion", {"centre": "targets", "targets": TARGETS})
    effect = propose(block(8_000_000), GROUP, choices).effect
    assert effect.away("B") == pytest.approx(effect.after["B"] - 5.0)
    assert effect.outside == ("B",)
    assert propose(block(8_000_000), GROUP, Choices("equal", tolerance=10.0)).effect.outside == ()


def test_a_missing_target_is_not_zero() -> None:
    choices = Choices("min_dispersion", {"centre": "targets", "targets": {"A": 5.0, "B": 5.0}})
    with pytest.raises(InvalidParameter, match="C, D have no target"):
        propose(block(8_000_000), GROUP, choices)


def test_an_account_left_out_of_the_metric_needs_no_target() -> None:
    group = [*GROUP[:3], account("D", level=None)]
    targets = {name: TARGETS[name] for name in "ABC"}
    choices = Choices("min_dispersion", {"centre": "targets", "targets": targets}, excluded=frozenset({"D"}))
    assert propose(block(8_000_000), group, choices).effect.targets == targets


def test_targets_of_one_level_far_above_pull_like_the_level_itself() -> None:
    """All in one place: the answer then only depends on who is furthest away, weighed by what a lot does."""
    far = dict.fromkeys("ABCD", 50.0)
    proposal = propose(block(4_000_000), GROUP, Choices("min_dispersion", {"centre": "targets", "targets": far}))
    assert audit(proposal) == ()
    assert proposal.placed == 4_000_000
