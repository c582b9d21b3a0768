"""Everybody in the contest, and how many instances each is given at each size."""

from __future__ import annotations

from collections.abc import Mapping

from bench import ours
from bench.contest import Entrant
from bench.peers import direct, mad, modelled, scip, slsqp

Rounds = Mapping[int, int]

FULL: Rounds = {4: 10, 10: 10, 50: 10, 200: 8, 1000: 5, 5000: 4}
QUICK: Rounds = {4: 1, 10: 1, 50: 1, 200: 1, 1000: 1}


def everybody(quick: bool) -> tuple[Entrant, ...]:
    """Ours first, then the peers. `quick` gives each one instance of a kind up to 1,000 accounts, and the slowest none
    above 10."""
    most = QUICK if quick else FULL
    few = {4: 1, 10: 1} if quick else {4: 3, 10: 3, 50: 3, 200: 2}
    return (
        *ours.entrants(most),
        Entrant(
            "slsqp_published",
            "SLSQP, as published",
            "Faces in currency units, standard deviation, numerical gradient, default tolerances, from pro rata. "
            "Up to 200 accounts: it does not move.",
            slsqp.as_published,
            {n: count for n, count in most.items() if n <= 200},
            False,
        ),
        Entrant(
            "slsqp",
            "SLSQP, tuned",
            "Scaled variables, variance with its gradient, ftol 1e-12, from pro rata. Up to 200 accounts: its time "
            "grows with the cube of n.",
            slsqp.tuned,
            {n: min(count, 3) for n, count in most.items() if n <= 200},
            False,
        ),
        Entrant(
            "cvxpy_clarabel",
            "cvxpy + Clarabel",
            "Modelled afresh for each block, with the mean as a sparse variable; default tolerances.",
            modelled.clarabel,
            most,
            False,
        ),
        Entrant(
            "cvxpy_compiled",
            "cvxpy + Clarabel, compiled",
            "One parametrised model (DPP) for each number of accounts, compiled before the clock starts.",
            modelled.compiled(),
            most,
            False,
        ),
        Entrant(
            "clarabel",
            "Clarabel direct",
            "The quadratic program given to Clarabel itself, its matrices put together with scipy.sparse.",
            direct.composed,
            most,
            False,
        ),
        Entrant(
            "clarabel_written",
            "Clarabel direct, by hand",
            "The same program, the columns of its matrices written down as arrays: the least set-up there is.",
            direct.written,
            most,
            False,
        ),
        Entrant(
            "cvxpy_osqp",
            "cvxpy + OSQP",
            "As cvxpy + Clarabel; the tolerances that cvxpy gives OSQP.",
            modelled.osqp,
            most,
            False,
        ),
        Entrant(
            "scip",
            "SCIP, exact",
            f"The mixed-integer quadratic program, to its default tolerances or {scip.LIMIT:.0f} seconds (its ratio is "
            "then too low). Fewer instances, and none above 200 accounts, for its time.",
            scip.mixed_integer,
            few,
            True,
        ),
        Entrant(
            "mad",
            "HiGHS, mean absolute deviation",
            "A mixed-integer linear stand-in, with whole lots and minimum pieces, to the default gap of 1e-4 or "
            f"{mad.LIMIT:.0f} seconds. It minimises another measure: the excess is what that costs. Fewer instances, "
            "and none above 200 accounts, for its time.",
            mad.mixed_integer,
            few,
            True,
        ),
    )
