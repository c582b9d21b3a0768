"""Who departs from the choice best for it alone, so that lines and odd whole holdings add up to the total modulo a lot.

Each departure costs the benefit it gives up and moves the sum's residue, so the cheapest departures are a shortest path
over the residues. Accounts enter with the cheapest departure first; once what is found costs no more than the next
account's cheapest, no later account can better it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allocation.kernel.terms import Terms, Vector

Kinds = NDArray[np.intp]

_COSTS = 10_000_000  # as many as may be kept at once: 80 MB


def fitting(terms: Terms, gains: Vector, kinds: Kinds) -> Kinds | None:
    """The kinds (0 nothing, 1 a line, 2 the whole holding) of the largest sum of `gains` (one row for each kind) that
    the total allows modulo a lot, from the `kinds` best without that; None when there are none.

    Where it would take too long, `kinds` as they are: their sum of gains is not smaller.
    """
    if terms.total_face % terms.unit:
        return None
    everyone, modulus = np.arange(terms.size), terms.modulus
    residues = np.zeros(gains.shape, dtype=np.int64)
    residues[1], residues[2] = terms.residues[0], terms.residues[1:]
    now = residues[kinds, everyone]
    wanted = int((terms.total_face // terms.unit - now.sum()) % modulus)
    if wanted == 0:
        return kinds
    costs = np.maximum(gains[kinds, everyone] - gains, 0.0)
    shifts = (residues - now) % modulus
    costs[shifts == 0] = np.inf
    cheapest = costs.min(axis=0)
    order = [int(i) for i in np.argsort(cheapest, kind="stable") if cheapest[i] < np.inf]
    layers = [np.full(modulus, np.inf)]
    layers[0][0] = 0.0
    for i in order:
        if layers[-1][wanted] <= cheapest[i]:
            break
        if len(layers) * modulus >= _COSTS:
            return kinds
        layers.append(_with(layers[-1], shifts[:, i], costs[:, i]))
    if np.isinf(layers[-1][wanted]):
        return None
    return _traced(layers, order, shifts, costs, kinds, wanted)


def _with(before: Vector, shifts: NDArray[np.int64], costs: Vector) -> Vector:
    """The costs of the residues when one more account may depart."""
    after = before.copy()
    for shift, cost in zip(shifts.tolist(), costs.tolist(), strict=True):
        if cost < np.inf:
            np.minimum(after[shift:], before[:-shift] + cost, out=after[shift:])
            np.minimum(after[:shift], before[-shift:] + cost, out=after[:shift])
    return after


def _traced(
    layers: list[Vector], order: list[int], shifts: NDArray[np.int64], costs: Vector, kinds: Kinds, wanted: int
) -> Kinds:
    """The kinds along the shortest path to the wanted residue."""
    kinds = kinds.copy()
    for depth in range(len(layers) - 1, 0, -1):
        cost, before, i = layers[depth][wanted], layers[depth - 1], order[depth - 1]
        if before[wanted] == cost:
            continue
        came = (wanted - shifts[:, i]) % before.size
        kinds[i] = int(np.argmin(np.abs(before[came] + costs[:, i] - cost)))
        wanted = int(came[kinds[i]])
    return kinds
