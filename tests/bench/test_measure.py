from __future__ import annotations

import math

import pytest

from bench import ours
from bench.contest import Answer, Case, Entrant
from bench.figures import figures, ratio
from bench.instances import Kind
from bench.measure import Trial, contest

ROUNDS = {4: 1, 10: 1}


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    return list(contest(ours.entrants(ROUNDS), (4, 10)))


def test_every_method_takes_part_in_every_instance_it_was_given(trials: list[Trial]) -> None:
    assert len(trials) == 24
    assert all(set(trial.readings) == {ours.KERNEL, ours.PROPOSAL, ours.PRO_RATA, ours.SORT} for trial in trials)


def test_ours_is_legal_proved_and_never_worse_than_pro_rata(trials: list[Trial]) -> None:
    for trial in trials:
        kernel, shares = trial.readings[ours.KERNEL].given, trial.readings[ours.PRO_RATA].given
        assert kernel is not None
        assert shares is not None
        assert kernel.violations == 0
        assert kernel.dispersion <= shares.dispersion
        assert trial.bound <= kernel.dispersion <= trial.bound + max(1e-9, 1e-6 * kernel.dispersion)


def test_the_proposal_is_the_kernels_allocation(trials: list[Trial]) -> None:
    for trial in trials:
        assert trial.readings[ours.KERNEL].given == trial.readings[ours.PROPOSAL].given


def test_a_method_that_is_asked_for_less_is_left_out_of_the_rest() -> None:
    def nothing(_: Case) -> Answer:
        return Answer(None, "gave up")

    shy = Entrant("shy", "Shy", "Gives up.", nothing, {4: 1}, False)
    trials = list(contest((*ours.entrants({4: 2}), shy), (4,)))
    assert len(trials) == 24
    assert sum("shy" in trial.readings for trial in trials) == 12
    found = figures(trials, "shy")
    assert found is not None
    assert found.notes == {"gave up": 12}
    assert found.excess is None
    assert figures(trials, "nobody") is None
    assert ratio(trials, "nobody", ours.KERNEL) is None


def test_the_best_known_is_the_best_legal_one(trials: list[Trial]) -> None:
    for trial in trials:
        kernel = trial.readings[ours.KERNEL].given
        assert kernel is not None
        assert trial.best <= kernel.dispersion
    assert math.isnan(Trial(Kind(4, 0.3, 1_000, "nav"), 0.0, 0.0, 0.0, 0, {}).best)
