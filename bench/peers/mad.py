"""HiGHS on a linear stand-in: the mean absolute deviation, with whole lots and minimum pieces."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from bench.contest import Answer, Case

LIMIT = 10.0  # seconds
AT_LIMIT = "stopped at its time limit"


def mixed_integer(case: Case) -> Answer:
    """Least sum w e with e >= |metric - mean|. Variables: lots x, deviations e, funded or not b, the mean."""
    s, terms, n = case.scaled, case.terms, case.scaled.level.size
    one, none = sparse.eye(n), sparse.csc_matrix((n, n))
    moved, column, empty = sparse.diags(s.step), sparse.csc_matrix(np.ones((n, 1))), sparse.csc_matrix((n, 1))
    sums = np.zeros((2, 3 * n + 1))
    sums[0, :n] = 1.0
    sums[1, :n], sums[1, -1] = s.weight * s.step, -1.0
    totals = np.array([terms.total, -float(s.weight @ s.level)])
    rules = [
        LinearConstraint(sparse.hstack([moved, -one, none, -column], format="csc"), -np.inf, -s.level),
        LinearConstraint(sparse.hstack([moved, one, none, -column], format="csc"), -s.level, np.inf),
        LinearConstraint(sparse.csc_matrix(sums), totals, totals),
    ]
    if terms.piece > 1.0:
        rules += [
            LinearConstraint(sparse.hstack([one, none, -sparse.diags(terms.top), empty], format="csc"), -np.inf, 0.0),
            LinearConstraint(sparse.hstack([one, none, -terms.piece * one, empty], format="csc"), 0.0, np.inf),
        ]
    found = milp(
        np.concatenate((np.zeros(n), s.weight, np.zeros(n + 1))),
        integrality=np.concatenate((np.ones(n), np.zeros(n), np.ones(n), [0.0])),
        bounds=Bounds(
            np.concatenate((np.zeros(3 * n), [-np.inf])),
            np.concatenate((terms.top, np.full(n, np.inf), np.ones(n), [np.inf])),
        ),
        constraints=rules,
        options={"time_limit": LIMIT},
    )
    if found.x is None:
        return Answer(None, str(found.message))
    note = "" if found.success else AT_LIMIT if found.status == 1 else str(found.message)
    return Answer(np.rint(found.x[:n]), note)
