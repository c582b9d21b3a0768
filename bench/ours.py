"""The app's own methods as entrants: the kernel, the whole checked proposal, pro rata; and a sort, as the floor."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from allocation.kernel.solve import solve
from allocation.lots import apportion
from allocation.model import Choices
from allocation.propose import propose
from bench.contest import Answer, Case, Entrant
from bench.instances import METRIC

KERNEL, PROPOSAL, PRO_RATA, SORT = "kernel", "proposal", "pro_rata", "sort"


def kernel(case: Case) -> Answer:
    """`allocation.kernel.solve.solve` on ready terms."""
    return Answer(solve(case.terms).lots)


def proposal(case: Case) -> Answer:
    """`allocation.propose.propose`: caps, fill, kernel, certificate, reasons, shadow prices and the final check."""
    instance = case.instance
    choices = Choices("min_dispersion", {"weighting": instance.kind.weighting}, metric=METRIC)
    made = propose(instance.block, instance.accounts, choices)
    return Answer(np.array([line.face for line in made.lines], dtype=np.float64) / case.terms.lot_face)


def pro_rata(case: Case) -> Answer:
    """`allocation.lots.apportion` by NAV."""
    instance = case.instance
    faces = apportion(case.terms.total_face, instance.navs, instance.rooms, instance.lattice)
    return Answer(np.array(faces, dtype=np.float64) / case.terms.lot_face)


def sort(case: Case) -> Answer:
    """`numpy.sort` of the accounts' metrics: no method that looks at every account is much faster."""
    np.sort(case.terms.level)
    return Answer(None)


def entrants(rounds: Mapping[int, int]) -> tuple[Entrant, ...]:
    """All four, on `rounds` instances of each kind."""
    return (
        Entrant(KERNEL, "Evenlot, the kernel", "The least dispersion from ready arrays.", kernel, rounds, True),
        Entrant(
            PROPOSAL,
            "Evenlot, the whole proposal",
            "From accounts and block to the checked proposal with its certificate and reasons.",
            proposal,
            rounds,
            True,
        ),
        Entrant(PRO_RATA, "pro rata", "By NAV, in whole lots and minimum pieces.", pro_rata, rounds, True),
        Entrant(SORT, "numpy.sort", "Sorts n numbers: the floor.", sort, rounds, False),
    )
