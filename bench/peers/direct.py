"""Clarabel without a modelling layer: the quadratic program in z and mu, whose matrix has the shape of an arrow."""

from __future__ import annotations

import clarabel
import numpy as np
from scipy import sparse

from bench.contest import Answer, Case
from bench.scaled import Scaled


def composed(case: Case) -> Answer:
    """The matrices put together with scipy.sparse, as its documentation does."""
    s, n = case.scaled, case.scaled.level.size
    above = sparse.hstack([sparse.diags(2.0 * s.weight), sparse.csc_matrix(-2.0 * s.weight[:, None])])
    quadratic = sparse.vstack([above, sparse.csc_matrix(([2.0], ([0], [n])), shape=(1, n + 1))], format="csc")
    unit = sparse.eye(n, n + 1)
    rows = sparse.vstack([sparse.csc_matrix(np.append(s.per_z, 0.0)), unit, -unit], format="csc")
    return _solve(s, quadratic, rows)


def written(case: Case) -> Answer:
    """The columns of the matrices written down as arrays: the least set-up there is."""
    s, n = case.scaled, case.scaled.level.size
    each = np.arange(n)
    quadratic = sparse.csc_matrix(
        (
            np.concatenate((2.0 * s.weight, -2.0 * s.weight, [2.0])),
            np.concatenate((each, each, [n])),
            np.concatenate((each, [n, 2 * n + 1])),
        ),
        shape=(n + 1, n + 1),
    )
    values, places = np.empty((n, 3)), np.empty((n, 3), dtype=np.int64)
    values[:, 0], values[:, 1], values[:, 2] = s.per_z, 1.0, -1.0
    places[:, 0], places[:, 1], places[:, 2] = 0, each + 1, each + n + 1
    rows = sparse.csc_matrix(
        (values.ravel(), places.ravel(), np.append(np.arange(0, 3 * n + 1, 3), 3 * n)), shape=(2 * n + 1, n + 1)
    )
    return _solve(s, quadratic, rows)


def _solve(s: Scaled, quadratic: sparse.csc_matrix, rows: sparse.csc_matrix) -> Answer:
    n = s.level.size
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    linear = np.append(2.0 * s.weight * s.level, 0.0)
    limits = np.concatenate(([1.0], s.high, np.zeros(n)))
    cones = [clarabel.ZeroConeT(1), clarabel.NonnegativeConeT(2 * n)]
    found = clarabel.DefaultSolver(quadratic, linear, rows, limits, cones, settings).solve()
    solved = found.status == clarabel.SolverStatus.Solved
    return Answer(s.lots(np.asarray(found.x, dtype=np.float64)[:n]), "" if solved else str(found.status))
