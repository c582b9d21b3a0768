"""Proof that an allocation is the best at its total, or how far it may be from that, and the auditor who rechecks it.

A certificate bounds the dispersion of every legal allocation of the same face from below. Two multipliers (the mean
mu and the price lambda of the total) prove it alone where nothing but caps stands in the way: `relaxed_bound`. Where
whole lots, minimum pieces or whole holdings leave a gap, a tree proves it: each branch cuts the interval of the mean,
or tells one account to take a line (its whole holding) or not, and each leaf carries the two multipliers that bound it:
`leaf_bound`. The branches are written parent first, so that they cover everything by construction.

All is in the kernel's terms: `sign` is -1 where the metrics were negated because the trade lowers them, and the means
are then negated too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from allocation.kernel.dual import Choices, all_choices, decide, furthest_price, leaf_bound
from allocation.kernel.relaxed import relaxed_bound
from allocation.kernel.search import Node
from allocation.kernel.solve import TOLERANCE, Answer, tolerance_of
from allocation.kernel.terms import Terms, mean_range

# what the same sums in another order may differ by, in f: a share of f itself, and of the metric's scale squared
_OF_ITSELF = 1e-13
_OF_SCALE = 1e-15


@dataclass(frozen=True, slots=True)
class Branch:
    """One node of the tree. `split` is "mean" (at `at`), "line" or "whole" (of `account_id`; first the side where it is
    taken), or "" for a leaf, whose `prices` are the multipliers at the two ends of its interval of the mean."""

    split: str
    at: float = 0.0
    account_id: str = ""
    prices: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ShadowPrice:
    """What a binding cap costs, in the continuous relaxation and at the same total: the fall of the dispersion (the
    metric's unit) for a million more of money (the account's base currency) under `rule`."""

    account_id: str
    rule: str
    per_million: float


@dataclass(frozen=True, slots=True)
class Certificate:
    """`status` is "optimal" where `gap` (dispersion less bound) is within `tolerance`, else "gap". Dispersions are in
    the metric's unit, with the weights of `weighting`, over the accounts that count."""

    status: str
    weighting: str
    face: int  # placed with the accounts that count
    dispersion: float
    bound: float
    gap: float
    tolerance: float
    sign: int
    mean: float  # mu
    price: float  # lambda, per lot
    branches: tuple[Branch, ...] = ()
    shadow_prices: tuple[ShadowPrice, ...] = ()


def certify(
    answer: Answer, terms: Terms, ids: Sequence[str], weighting: str, sign: int, shadows: tuple[ShadowPrice, ...]
) -> Certificate:
    """The certificate of an answer. Its bound is what `audit` will find, not what the search believed."""
    branches = tuple(_branches(answer.root, ids)) if answer.root is not None else ()
    dispersion = math.sqrt(terms.spread(answer.lots))
    bound = min(dispersion, _proved(terms, ids, answer.relaxed.mean, answer.relaxed.price, branches))
    gap = dispersion - bound
    tolerance = tolerance_of(terms)
    return Certificate(
        _status(gap, tolerance),
        weighting,
        terms.total_face,
        dispersion,
        bound,
        gap,
        tolerance,
        sign,
        answer.relaxed.mean,
        answer.relaxed.price,
        branches,
        shadows,
    )


def audit(certificate: Certificate, terms: Terms, ids: Sequence[str], faces: Sequence[int]) -> tuple[str, ...]:
    """What is wrong with a certificate, as sentences; empty when it holds. Needs only the problem's data (`terms`, with
    the account ids in its order), the certificate and the faces it speaks of."""
    unreadable = tuple(_unreadable(certificate, terms, ids, faces))
    if unreadable:
        return unreadable
    faults = [
        f"account {ids[i]} may not trade {face:,}" for i, face in enumerate(faces) if not _may_trade(terms, i, face)
    ]
    if sum(faces) != certificate.face or certificate.face != terms.total_face:
        faults.append(f"it speaks of {certificate.face:,} placed, the lines add up to {sum(faces):,}")
    scale = tolerance_of(terms) / TOLERANCE
    dispersion = math.sqrt(terms.spread(np.array(faces, dtype=np.float64) / terms.lot_face))
    if _above(dispersion, certificate.dispersion, scale) or _above(certificate.dispersion, dispersion, scale):
        faults.append(f"the dispersion is {dispersion!r}, not {certificate.dispersion!r}")
    try:
        proved = _proved(terms, ids, certificate.mean, certificate.price, certificate.branches)
    except ValueError as error:
        return (*faults, str(error))
    if _above(certificate.bound, proved, scale):
        faults.append(f"it proves {proved!r}, not {certificate.bound!r}")
    if certificate.gap != certificate.dispersion - certificate.bound:
        faults.append("its gap is not its dispersion less its bound")
    if certificate.status != _status(certificate.gap, certificate.tolerance):
        faults.append(f"a gap of {certificate.gap!r} is not {certificate.status!r}")
    if not math.isclose(certificate.tolerance, tolerance_of(terms), rel_tol=1e-6):
        faults.append(f"its tolerance is {certificate.tolerance!r}, not {tolerance_of(terms)!r}")
    return tuple(faults)


def _unreadable(certificate: Certificate, terms: Terms, ids: Sequence[str], faces: Sequence[int]) -> Iterator[str]:
    """What keeps a certificate from being checked at all: comparisons with what is not a number would all pass."""
    if not len(ids) == len(faces) == terms.size:
        yield f"it is checked with {len(ids)} ids and {len(faces)} lines for {terms.size} accounts"
    for name in ("dispersion", "bound", "gap", "tolerance"):
        value = getattr(certificate, name)
        if not (math.isfinite(value) and value >= 0.0):
            yield f"its {name} is {value!r}, not a number from zero up"
    told = [certificate.mean, certificate.price]
    told += [value for branch in certificate.branches for value in (branch.at, *branch.prices)]
    if not all(math.isfinite(value) for value in told):
        yield "a mean or a multiplier in it is not a finite number"


def _may_trade(terms: Terms, account: int, face: int) -> bool:
    """Whether a face is nothing, the account's whole holding, or a line on the lattice up to its top."""
    if face == 0 or (terms.whole_face and face == terms.whole_face[account]):
        return True
    on_lattice = face >= terms.piece_face and (face - terms.piece_face) % terms.lot_face == 0
    return on_lattice and face <= round(float(terms.top[account]) * terms.lot_face)


def _status(gap: float, tolerance: float) -> str:
    return "optimal" if gap <= tolerance else "gap"


def _above(one: float, other: float, scale: float) -> bool:
    """Whether a dispersion is above another by more than rounding. Compared as f: near zero the root magnifies."""
    return one * one > other * other * (1.0 + _OF_ITSELF) + _OF_SCALE * scale * scale


def _branches(node: Node, ids: Sequence[str]) -> Iterator[Branch]:
    waiting = [node]
    while waiting:
        this = waiting.pop()
        if not this.children:
            yield Branch("", prices=this.prices)
            continue
        yield Branch(this.split, this.at, ids[this.account] if this.account >= 0 else "")
        waiting += reversed(this.children)


def _proved(terms: Terms, ids: Sequence[str], mean: float, price: float, branches: Sequence[Branch]) -> float:
    """The dispersion that multipliers and tree prove: the better of the two. ValueError for a tree that is not one."""
    means = mean_range(terms)
    far = furthest_price(terms, means)
    proved = relaxed_bound(terms, _within(*means, mean), _within(-far, far, price), means)
    if branches:
        proved = max(proved, _tree_bound(terms, ids, means, far, branches))
    return math.sqrt(max(0.0, proved))


def _within(low: float, high: float, value: float) -> float:
    return min(high, max(low, value))


def _tree_bound(
    terms: Terms, ids: Sequence[str], means: tuple[float, float], far: float, branches: Sequence[Branch]
) -> float:
    """The least bound of the leaves, met by walking the branches, the parents first. Multipliers beyond `far` count as
    `far`."""
    place = {account: i for i, account in enumerate(ids)}
    open_: list[tuple[Choices, tuple[float, float]]] = [(all_choices(terms), means)]
    least = math.inf
    for branch in branches:
        if not open_:
            raise ValueError("its tree has more branches than it has room for")
        choices, (left, right) = open_.pop()
        if branch.split == "mean":
            if not left <= branch.at <= right:
                raise ValueError("its tree cuts an interval outside itself")
            open_ += [(choices, (branch.at, right)), (choices, (left, branch.at))]
        elif branch.split in ("line", "whole") and branch.account_id in place:
            yes, no = (decide(terms, choices, place[branch.account_id], branch.split, way) for way in (True, False))
            open_ += [(no, (left, right)), (yes, (left, right))]
        elif branch.split == "" and len(branch.prices) == 2:
            at_left, at_right = (_within(-far, far, price) for price in branch.prices)
            least = min(least, leaf_bound(terms, choices, (left, right), (at_left, at_right)))
        else:
            raise ValueError(f"its tree has a branch that means nothing: {branch.split!r}")
    if open_:
        raise ValueError("its tree leaves allocations unproved")
    return least
