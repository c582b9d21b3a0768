"""The convex problem written in cvxpy, for Clarabel and for OSQP. The mean is a variable of its own: that keeps the
problem sparse, which made it eight times faster at 200 accounts than the mean written out."""

from __future__ import annotations

from collections.abc import Callable

import cvxpy as cp
import numpy as np

from bench.contest import Answer, Case
from bench.scaled import Scaled


def clarabel(case: Case) -> Answer:
    """Modelled and solved each time, with Clarabel's default tolerances."""
    return _fresh(case, solver=cp.CLARABEL, max_threads=1)


def osqp(case: Case) -> Answer:
    """Modelled and solved each time, with the tolerances cvxpy gives OSQP."""
    return _fresh(case, solver=cp.OSQP)


def _fresh(case: Case, **options: object) -> Answer:
    s = case.scaled
    z, mean = cp.Variable(s.level.size), cp.Variable()
    spread = cp.sum_squares(cp.multiply(np.sqrt(s.weight), s.level + z - mean))
    problem = cp.Problem(cp.Minimize(spread), [s.per_z @ z == 1.0, z >= 0.0, z <= s.high])
    return _solve(problem, z, s, options)


def compiled() -> Callable[[Case], Answer]:
    """The same problem with parameters, compiled once for each size (not timed), then only given its numbers."""
    ready: dict[int, Callable[[Scaled], Answer]] = {}

    def solve(case: Case) -> Answer:
        size = case.scaled.level.size
        if size not in ready:
            ready[size] = _compile(size)
        return ready[size](case.scaled)

    return solve


def _compile(size: int) -> Callable[[Scaled], Answer]:
    root, level, per_z, high = (cp.Parameter(size, nonneg=nonneg) for nonneg in (True, False, True, True))
    z, mean = cp.Variable(size), cp.Variable()
    spread = cp.sum_squares(level + cp.multiply(root, z) - root * mean)
    problem = cp.Problem(cp.Minimize(spread), [per_z @ z == 1.0, z >= 0.0, z <= high])

    def solve(s: Scaled) -> Answer:
        root.value = np.sqrt(s.weight)
        level.value = root.value * s.level
        per_z.value, high.value = s.per_z, s.high
        return _solve(problem, z, s, {"solver": cp.CLARABEL, "max_threads": 1})

    return solve


def _solve(problem: cp.Problem, z: cp.Variable, s: Scaled, options: dict[str, object]) -> Answer:
    try:
        problem.solve(**options)
    except cp.SolverError as error:
        return Answer(None, str(error))
    lots = None if z.value is None else s.lots(np.asarray(z.value, dtype=np.float64))
    return Answer(lots, "" if problem.status == cp.OPTIMAL else problem.status)
