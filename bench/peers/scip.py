"""SCIP on the exact problem: whole lots, minimum pieces, the quadratic dispersion."""

from __future__ import annotations

import numpy as np
from pyscipopt import Model, quicksum

from bench.contest import Answer, Case

LIMIT = 10.0  # seconds, after which it gives the best it has
AT_LIMIT = "stopped at its time limit"


def mixed_integer(case: Case) -> Answer:
    """Least t with t >= sum w d^2, d = metric less mean; a variable for each d, without which it is far slower."""
    s, terms = case.scaled, case.terms
    model = Model()
    model.hideOutput()
    model.setParam("limits/time", LIMIT)
    model.setParam("parallel/maxnthreads", 1)
    lots = [model.addVar(vtype="I", lb=0, ub=float(top)) for top in terms.top]
    away = [model.addVar(lb=None) for _ in lots]
    mean, spread = model.addVar(lb=None), model.addVar(lb=0)
    for i, x in enumerate(lots):
        model.addCons(away[i] == float(s.level[i]) + float(s.step[i]) * x - mean)
        if terms.piece > 1.0 and terms.top[i] > 0.0:
            funded = model.addVar(vtype="B")
            model.addCons(x <= float(terms.top[i]) * funded)
            model.addCons(x >= terms.piece * funded)
    model.addCons(quicksum(lots) == terms.total)
    model.addCons(quicksum(float(w) * d * d for w, d in zip(s.weight, away, strict=True)) <= spread)
    model.setObjective(spread)
    model.optimize()
    status = model.getStatus()
    if model.getNSols() == 0:
        return Answer(None, status)
    note = "" if status == "optimal" else AT_LIMIT if status == "timelimit" else status
    return Answer(np.rint([model.getVal(x) for x in lots]), note)
