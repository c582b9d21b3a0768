from __future__ import annotations

import subprocess
import sys

import pytest

from bench import ours, threads
from bench.contest import Judged
from bench.instances import Kind
from bench.measure import Reading, Trial, contest
from bench.report import report
from bench.targets import targets

LEGAL = Judged(0.25, sum_missed=False, over_cap=0, below_piece=0, off_lot=0)
BROKEN = Judged(0.24, sum_missed=False, over_cap=0, below_piece=2, off_lot=1)


def _trial(
    size: int, peer: float, judged: Judged = LEGAL, gap: float = 0.0, best: float = 0.25, used: float | None = None
) -> Trial:
    """The kernel takes 1 ms and the proposal 4, cvxpy `peer` ms, `used` of them of a processor; SCIP answers `best`."""
    other = Judged(best, sum_missed=False, over_cap=0, below_piece=0, off_lot=0)
    return Trial(
        Kind(size, 0.3, 1_000, "equal"),
        bound=0.25 - gap,
        gap=gap,
        tolerance=1e-10,
        parts=3,
        readings={
            ours.KERNEL: Reading(0.001, 0.001, "", judged, judged),
            ours.PROPOSAL: Reading(0.004, 0.004, "", judged, judged),
            "cvxpy_clarabel": Reading(peer / 1_000, (used or peer) / 1_000, "slow", BROKEN, BROKEN),
            "scip": Reading(1.0, 1.0, "", other, other),
        },
    )


def _found(trials: list[Trial], start: str) -> tuple[str, bool | None]:
    return next((target.figure, target.reached) for target in targets(trials) if target.promise.startswith(start))


def test_a_speed_is_reached_only_if_it_is_at_every_size() -> None:
    fast, slow = _trial(10, 30.0), _trial(200, 19.0)
    promise = "20 times as fast as cvxpy + Clarabel"
    assert _found([fast], promise) == ("30 at 10 (30; 7.5)", True)
    assert _found([fast, slow], promise) == ("30 at 10 (30; 7.5), 19 at 200 (19; 4.75)", False)
    assert _found([fast], "50 times as fast as cvxpy + Clarabel") == ("not measured in this run", None)


def test_a_speed_that_only_a_busy_machine_gave_is_not_reached() -> None:
    assert _found([_trial(10, 30.0, used=15.0)], "20 times as fast as cvxpy") == ("30 at 10 (15; 7.5)", False)


def test_a_ratio_is_taken_within_an_instance_and_is_then_the_median() -> None:
    trials = [_trial(10, peer) for peer in (1.0, 30.0, 500.0)]
    assert _found(trials, "20 times as fast as cvxpy")[0].startswith("30 at 10")


def test_a_violation_a_gap_and_a_better_legal_peer_each_miss_their_target() -> None:
    good = _trial(10, 30.0)
    assert _found([good], "No violation") == ("0 on 1 instances", True)
    assert _found([good, _trial(10, 30.0, BROKEN)], "No violation") == ("6 on 2 instances", False)
    assert _found([good, _trial(10, 30.0, gap=1e-5)], "Gap") == ("50.0% of 2; largest gap 1.0e-05 years", False)
    assert _found([good], "Never worse")[1] is True
    assert _found([good, _trial(10, 30.0, best=0.2)], "Never worse") == (
        "worse on 1 of 2; 5.0e-02 years behind at most",
        False,
    )


def test_an_illegal_answer_is_not_the_best_known_however_small_its_dispersion() -> None:
    assert _trial(10, 30.0).best == 0.25


def test_the_page_has_every_method_its_notes_and_the_versions() -> None:
    entrants = ours.entrants({4: 1})
    page = report(list(contest(entrants, (4,))), entrants, (12.3, 6.15), {"numpy": "1.2.3"})
    assert page.startswith("# Minimum dispersion, measured\n")
    assert "12 instances in 12 seconds on " in page
    assert "of which it had a processor for 50%." in page
    assert "numpy 1.2.3." in page
    for entrant in entrants:
        assert f"- **{entrant.label}**: {entrant.sentence}" in page
        assert f"\n| {entrant.label} | 12 |" in page
    assert "| No violation of sum, caps, pieces or lots | 0 on 12 instances | reached |" in page
    assert page.count("not judged") == 9


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    entrants = ours.entrants({4: 1})
    page = report([_trial(10, 30.0)], entrants, (1.0, 1.0), {})
    tables = [block.splitlines() for block in page.split("\n\n") if block.startswith("|")]
    assert len(tables) == 3
    for table in tables:
        assert len({line.count("|") for line in table}) == 1


def test_threads_are_held_to_one_before_numpy_is_there_and_not_after() -> None:
    with pytest.raises(RuntimeError, match="numpy was imported before"):
        threads.hold_to_one()
    code = "import os; from bench.threads import *; hold_to_one(); print([os.environ[name] for name in NAMES])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == str(["1"] * len(threads.NAMES))
