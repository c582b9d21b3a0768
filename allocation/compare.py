"""Engines side by side: the same block under the same caps, one row for each, against the least dispersion that any
legal split of the same face can leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from allocation.certificate import certify
from allocation.effect import effect
from allocation.engines import ENGINES, Problem
from allocation.engines.options import Choice, Level, Option, Switch, read_options
from allocation.engines.targets import shown
from allocation.errors import EvenlotError, InvalidParameter
from allocation.kernel.solve import solve
from allocation.limits import NO_LIMITS, LimitTable
from allocation.metrics import Dispersion, dispersion
from allocation.model import Account, BlockOrder, Choices, Metric, Side
from allocation.money import common_currency, exact, in_currency
from allocation.pose import least_line, pose
from allocation.proposal import Proposal
from allocation.propose import propose
from allocation.reduction import Reduction, faces_of, legal, reduce

_SHARED = {  # what all rows must agree on, in the words of the screen
    "metric": "metric",
    "excluded": "accounts left out of the metric",
    "locked": "locked lines",
    "min_allocation": "minimum allocation",
    "respect_cash": "respect for cash",
    "round_to_denomination": "rounding to whole lots",
    "tolerance": "tolerance",
    "minimum_coverage": "minimum coverage",
}


@dataclass(frozen=True, slots=True)
class Least:
    """The least standard deviation (equal weights, the metric's unit) that a legal split of `face` over the accounts
    that count can leave, under the caps, locks and pieces of all rows.

    `found` is that of the best split known, `bound` what none can be below. `note` says why they are not proved equal,
    and is empty where they are.
    """

    face: int  # beside what is locked
    found: float
    bound: float
    note: str = ""

    @property
    def proved(self) -> bool:
        return not self.note


@dataclass(frozen=True, slots=True)
class Figures:
    """What a row comes to. Dispersions are over the accounts that count, in the metric's unit; without the NAV-weighted
    one where an exchange rate to compare their NAVs by is missing."""

    placed: int  # face
    fill: float  # placed over ordered face
    dispersion_before: Mapping[Dispersion, float]
    dispersion_after: Mapping[Dispersion, float]
    touched: int  # accounts with a line
    smallest_line: int | None  # face; None where nobody has a line
    cash_left: Mapping[str, Decimal]  # by base currency, over the accounts whose cash is known
    cash_unknown: tuple[str, ...]  # the accounts whose cash is not
    outside: tuple[str, ...]  # beyond the tolerance from the mean, or from the targets this row steers by
    least: Least

    @property
    def max_deviation(self) -> float:
        """The largest distance of an account from the mean afterwards."""
        return self.dispersion_after[Dispersion.MAX_DEVIATION]

    @property
    def excess(self) -> float:
        """Standard deviation afterwards above the least that was found at the same face. At most
        `excess_at_most` above the least there is; the two agree where `least.proved`."""
        return self.dispersion_after[Dispersion.STDEV] - self.least.found

    @property
    def excess_at_most(self) -> float:
        return self.dispersion_after[Dispersion.STDEV] - self.least.bound


@dataclass(frozen=True, slots=True)
class Comparison:
    """One engine's row. `failed` is the sentence of an engine that has no answer; there are no figures then."""

    label: str  # unlike that of every other row
    choices: Choices
    proposal: Proposal | None
    figures: Figures | None
    failed: str = ""


def compare(
    block: BlockOrder, accounts: Sequence[Account], choices: Sequence[Choices], limits: LimitTable = NO_LIMITS
) -> tuple[Comparison, ...]:
    """A row for each of `choices`, in their order.

    Raises `InvalidParameter` where they differ in anything but the engine and its parameters, and what `pose` raises:
    a block that cannot be traded has no rows. An engine that cannot answer has its sentence in its row.
    """
    refuse_disagreement(choices)
    if not choices:
        return ()
    problem = pose(block, accounts, choices[0], limits)
    answers = [_answer(block, accounts, chosen, limits) for chosen in choices]
    proposals = [answer for answer in answers if isinstance(answer, Proposal) and not answer.failed]
    least = _leasts(problem, proposals, choices[0], limits)
    rows = []
    for label, chosen, answer in zip(labels(problem, choices), choices, answers, strict=True):
        if isinstance(answer, str):
            rows.append(Comparison(label, chosen, None, None, answer))
        elif answer.failed:
            rows.append(Comparison(label, chosen, answer, None, answer.failed))
        else:
            rows.append(Comparison(label, chosen, answer, _figures(answer, least[_counted_face(problem, answer)])))
    return tuple(rows)


def refuse_disagreement(choices: Sequence[Choices]) -> None:
    """`InvalidParameter` where the choices differ in anything but the engine and its parameters."""
    for name, words in _SHARED.items():
        if any(_shared(chosen, name) != _shared(choices[0], name) for chosen in choices[1:]):
            raise InvalidParameter(name, f"Engines are compared on the same terms: give all of them the same {words}.")


def _shared(choices: Choices, name: str) -> object:
    if name == "tolerance":
        return choices.metric.tolerance if choices.tolerance is None else choices.tolerance
    return dict(choices.locked) if name == "locked" else getattr(choices, name)


def labels(problem: Problem, choices: Sequence[Choices]) -> list[str]:
    """A label for each of `choices`: the engine, with what differs from its defaults; numbered where two are alike."""
    found: list[str] = []
    seen: dict[str, int] = {}
    for chosen in choices:
        label = _label(problem, chosen)
        seen[label] = seen.get(label, 0) + 1
        found.append(f"{label}, no. {seen[label]}" if seen[label] > 1 else label)
    return found


def _label(problem: Problem, choices: Choices) -> str:
    chosen = ENGINES.get(choices.engine)
    if chosen is None:
        return choices.engine
    side, ids = problem.block.side, [account.id for account in problem.accounts]
    try:
        parameters = read_options(chosen.label, chosen.options, choices.parameters, side, ids)
    except EvenlotError:
        return chosen.label  # its row says what is wrong with them
    said = [_said(option, parameters[option.name], side, problem.metric) for option in chosen.options]
    differing = "; ".join(words for words in said if words)
    return f"{chosen.label} ({differing})" if differing else chosen.label


def _said(option: Option, value: Any, side: Side, metric: Metric) -> str:
    """A parameter in words; empty where it is the default."""
    if value == option.default(side):
        return ""
    label = option.label[:1].lower() + option.label[1:]
    if isinstance(option, Choice):
        return f"{label} {option.choices[value]}"
    if isinstance(option, Switch):
        return f"{label}: {'on' if value else 'off'}"
    if isinstance(option, Level):
        return f"{label} {shown(metric, value)} {metric.unit}"
    if isinstance(value, Mapping):
        return f"{label} for {len(value)} {'account' if len(value) == 1 else 'accounts'}"
    return f"{label} {value}"


def _answer(block: BlockOrder, accounts: Sequence[Account], choices: Choices, limits: LimitTable) -> Proposal | str:
    """The engine's proposal, or why it has none."""
    try:
        return propose(block, accounts, choices, limits)
    except EvenlotError as error:
        return str(error)


def _figures(proposal: Proposal, least: Least) -> Figures:
    lines = [line.face for line in proposal.lines if line.face]
    cash_left: dict[str, Decimal] = {}
    with exact():
        for line, account in zip(proposal.lines, proposal.accounts, strict=True):
            if line.cash_after is not None:
                cash_left[account.currency] = cash_left.get(account.currency, Decimal(0)) + line.cash_after
    return Figures(
        placed=proposal.placed,
        fill=proposal.fill,
        dispersion_before=_dispersions(proposal, proposal.effect.before),
        dispersion_after=_dispersions(proposal, proposal.effect.after),
        touched=len(lines),
        smallest_line=min(lines, default=None),
        cash_left=dict(sorted(cash_left.items())),
        cash_unknown=tuple(line.account_id for line in proposal.lines if line.cash_after is None),
        outside=proposal.effect.outside,
        least=least,
    )


def _dispersions(proposal: Proposal, metric: Mapping[str, float]) -> dict[Dispersion, float]:
    values = np.array(list(metric.values()), dtype=np.float64)
    counted = [account for account in proposal.accounts if account.id in metric]
    currency = common_currency(proposal.accounts, proposal.block.bond.currency)
    navs = [in_currency(account, account.nav, currency) for account in counted]
    measures = [measure for measure in Dispersion if measure is not Dispersion.STDEV_NAV or None not in navs]
    weights = np.array([float(nav or 0) for nav in navs], dtype=np.float64)
    return {measure: dispersion(values, measure, weights) for measure in measures}


def _split(problem: Problem, proposal: Proposal) -> list[int]:
    """The faces the accounts that count were given, beside what is locked; 0 for the others."""
    return [
        0 if line.account_id in problem.excluded or line.account_id in problem.locked else line.face
        for line in proposal.lines
    ]


def _counted_face(problem: Problem, proposal: Proposal) -> int:
    return sum(_split(problem, proposal))


def _leasts(problem: Problem, proposals: Sequence[Proposal], choices: Choices, limits: LimitTable) -> dict[int, Least]:
    """The least dispersion at each face that a row placed with the accounts that count."""
    reduction = reduce(problem, "equal")
    best: dict[int, Proposal] = {}
    for proposal in proposals:
        face = _counted_face(problem, proposal)
        if face not in best or proposal.effect.dispersion_after < best[face].effect.dispersion_after:
            best[face] = proposal
    if reduction is None:  # every split leaves the same
        return {
            face: Least(face, proposal.effect.dispersion_after, proposal.effect.dispersion_after)
            for face, proposal in best.items()
        }
    return {face: _least(problem, reduction, proposal, choices, limits) for face, proposal in best.items()}


def _least(problem: Problem, reduction: Reduction, best: Proposal, choices: Choices, limits: LimitTable) -> Least:
    """The least at the face of the best row, whose split is the search's start: that face can be placed for certain."""
    split = _split(problem, best)
    assert legal(split, problem.rooms, problem.lattice), "a checked proposal has legal lines"
    terms = reduction.terms(sum(split))
    start = np.array([split[i] for i in reduction.members], dtype=np.float64) / terms.lot_face
    answer = solve(terms, start)
    proof = certify(answer, terms, reduction.ids, "equal", reduction.sign, ())
    faces = faces_of(reduction, terms, answer.lots, len(problem.accounts))
    found, refused = best.effect.dispersion_after, _refused(problem, faces, sum(split), choices, limits)
    if not refused:
        lines = [locked + face for locked, face in zip(problem.fixed, faces, strict=True)]
        after = effect(problem.block, problem.accounts, lines, choices, problem.excluded, problem.basis, {})
        found = min(found, after.dispersion_after)
    bound = min(found, proof.bound)
    note = ""
    if found - bound > proof.tolerance:
        note = refused or "Not proved: the search stopped at its limit."
        note += f" The least may be up to {found - bound:.2g} {problem.metric.unit} below the best split found."
    return Least(sum(split), found, bound, note)


def _refused(problem: Problem, faces: Sequence[int], total: int, choices: Choices, limits: LimitTable) -> str:
    """Why a split is not one that may be traded, which the kernel cannot know all of; empty when it may."""
    if sum(faces) != total or not legal(faces, problem.rooms, problem.lattice):
        return "Not proved: the search returned faces that may not be traded."
    asset = problem.block.bond.asset_id
    below = [
        account.id
        for account, face in zip(problem.accounts, faces, strict=True)
        if 0 < face < least_line(choices, limits, account.id)
        and not (problem.block.side is Side.SELL and face == account.held(asset))
    ]
    if not below:
        return ""
    names = ", ".join(below[:5]) + (f" and {len(below) - 5} more" if len(below) > 5 else "")
    return f"Not proved: the bound does not count on the minimum allocation of {names}."
