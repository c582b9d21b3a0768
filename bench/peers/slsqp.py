"""SLSQP, as the literature on bond allocation sets it up, and set up well."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from allocation.kernel.terms import Vector
from bench.contest import Answer, Case

AT_START = "success declared at its start"
_STEPS = 1_000


def as_published(case: Case) -> Answer:
    """Faces in currency units, the standard deviation itself, differences for its gradient, default tolerances,
    started from pro rata."""
    terms = case.terms
    per_face, start = terms.kappa / terms.lot_face, case.pro_rata * terms.lot_face

    def deviation(face: Vector) -> float:
        after = terms.level + per_face * face
        away = after - terms.weight @ after
        return float(np.sqrt(terms.weight @ (away * away)))

    found = minimize(
        deviation,
        start,
        method="SLSQP",
        bounds=np.column_stack((np.zeros(terms.size), terms.top * terms.lot_face)),
        constraints={"type": "eq", "fun": lambda face: face.sum() - terms.total_face},
    )
    stayed = found.success and bool(np.all(np.abs(found.x - start) < 1.0))
    return Answer(found.x / terms.lot_face, AT_START if stayed else "" if found.success else str(found.message))


def tuned(case: Case) -> Answer:
    """Scaled variables, the variance with its gradient, a tolerance of 1e-12, started from pro rata."""
    s = case.scaled

    def variance(z: Vector) -> tuple[float, Vector]:
        after = s.level + z
        away = after - s.weight @ after
        pull = s.weight * away
        return float(pull @ away), 2.0 * pull

    found = minimize(
        variance,
        case.pro_rata * s.step,
        jac=True,
        method="SLSQP",
        bounds=np.column_stack((np.zeros(s.high.size), s.high)),
        constraints={"type": "eq", "fun": lambda z: s.per_z @ z - 1.0, "jac": lambda _: s.per_z},
        options={"ftol": 1e-12, "maxiter": _STEPS},
    )
    return Answer(s.lots(found.x), "" if found.success else str(found.message))
