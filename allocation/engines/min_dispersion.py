"""Minimum dispersion: the most that can be placed, split so that the group ends as close together as it can."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from allocation.caps.wording import rate_fault
from allocation.certificate import Certificate, ShadowPrice, certify
from allocation.engines.options import Choice, Option, PerAccount, read_options
from allocation.engines.pro_rata import ProRata
from allocation.engines.problem import Draft, Problem
from allocation.engines.reasons import reasons
from allocation.engines.targets import own_targets
from allocation.errors import InvalidParameter
from allocation.fill import Fill, split_fill
from allocation.kernel.relaxed import relax
from allocation.kernel.solve import Answer, solve
from allocation.kernel.terms import Terms, Vector
from allocation.lots import Room, room
from allocation.money import money
from allocation.proposal import Cap
from allocation.reduction import Reduction, faces_of, legal, reduce

_MILLION = 1e6


class MinDispersion:
    """Fills the order first, then minimises the standard deviation of the metric over the accounts that count in it, or
    with targets their root mean square distance from them: exactly, in whole lots and minimum pieces, with a
    certificate (`allocation.certificate`)."""

    name = "min_dispersion"
    label = "Minimum dispersion"
    sentence = "Places all that can be placed, so that the accounts end as close together as possible; proved."
    options: tuple[Option, ...] = (
        Choice("weighting", "Accounts weigh", {"equal": "the same", "nav": "by NAV"}, "equal"),
        Choice("centre", "Closest to", {"mean": "each other", "targets": "targets of their own"}, "mean"),
        PerAccount("targets", "Target", "level", {"centre": ("targets",)}),
    )

    def solve(self, problem: Problem, parameters: Mapping[str, Any]) -> Draft:
        weighting, targets = parameters["weighting"], _targets(problem, parameters)
        if weighting == "nav":
            _refuse_incomparable(problem)
        reduction = reduce(problem, weighting, targets)
        if reduction is None:
            return _pro_rata(problem, _nothing_moves(problem))
        fill, others = split_fill(problem, reduction.members, reduction.rooms)
        terms = reduction.terms(fill.total)
        start = None if fill.faces is None else np.array(fill.faces, dtype=np.float64) / terms.lot_face
        answer = solve(terms, start)
        faces = faces_of(reduction, terms, answer.lots, len(problem.accounts))
        if sum(faces) != fill.total or not legal(faces, problem.rooms, problem.lattice):
            return _pro_rata(problem, "the search returned faces that may not be traded")
        for i, line in others.items():
            faces[i] = line
        shadows = _shadow_prices(problem, reduction, terms, answer)
        certificate = certify(answer, terms, reduction.ids, weighting, reduction.sign, shadows)
        said = reasons(problem, reduction, faces, answer.relaxed, shadows, targets)
        return Draft(
            faces=tuple(faces),
            wishes=_wishes(problem, reduction, terms, faces),
            notes=said,
            remarks=_remarks(problem, certificate),
            tried=_tried(problem, answer, certificate, fill),
            reasons=said,
            certificate=certificate,
            targets=targets or {},
        )


def stated(
    problem: Problem, parameters: Mapping[str, Any], face: int, caps: Sequence[Cap]
) -> tuple[Terms, tuple[str, ...]]:
    """The kernel's terms of placing `face` under `caps`, and the accounts in their order: what an auditor needs beside
    a certificate. ValueError where there is nothing to prove."""
    held = [account.held(problem.block.bond.asset_id) for account in problem.accounts]
    rooms = tuple(
        Room(0) if account.id in problem.locked else room(problem.lattice, problem.block.side, cap.face, own)
        for account, cap, own in zip(problem.accounts, caps, held, strict=True)
    )
    reduction = reduce(replace(problem, rooms=rooms), parameters["weighting"], _targets(problem, parameters))
    if reduction is None:
        raise ValueError("the trade moves nobody's metric: there is nothing to prove")
    return reduction.terms(face), reduction.ids


def _targets(problem: Problem, parameters: Mapping[str, Any]) -> dict[str, float] | None:
    return own_targets(problem, parameters["targets"]) if parameters["centre"] == "targets" else None


def _refuse_incomparable(problem: Problem) -> None:
    """`InvalidParameter` where the NAV of an account that counts cannot be set against those of the others."""
    for account, nav in zip(problem.accounts, problem.navs, strict=True):
        if account.id not in problem.excluded and nav is None:
            why = rate_fault(account, problem.block.bond)
            raise InvalidParameter(
                "weighting", f"{account.id}: {why}, so its NAV cannot weigh against the others'. Weigh all the same."
            )


def _nothing_moves(problem: Problem) -> str:
    if len(problem.excluded) >= len(problem.accounts):
        return "no account counts in the metric"
    if problem.block.bond.measures.of(problem.metric) == 0:
        return "every split leaves the same dispersion"
    return "no account that counts has an exchange rate, so no split can be valued"


def _pro_rata(problem: Problem, why: str) -> Draft:
    engine = ProRata()
    parameters = read_options(engine.label, engine.options, {}, problem.block.side, ())
    draft = engine.solve(problem, parameters)
    return replace(
        draft,
        remarks=(*draft.remarks, f"Minimum dispersion does not apply: {why}. The split is pro rata."),
        tried=(f"minimum dispersion: {why}", "pro rata"),
    )


def _remarks(problem: Problem, certificate: Certificate) -> tuple[str, ...]:
    if certificate.status == "optimal":
        return ()
    unit = problem.metric.unit
    return (f"Not proved to be the least dispersion: it may be up to {certificate.gap:.2g} {unit} above it.",)


def _tried(problem: Problem, answer: Answer, certificate: Certificate, fill: Fill) -> tuple[str, ...]:
    unit = problem.metric.unit
    steps = []
    if not fill.proved:
        steps.append("total: the best proportional split of the odd holdings; too many sums to try them all")
    if answer.root is None:
        steps.append(f"two multipliers: gap {certificate.gap:.1e} {unit}")
    else:
        steps.append("two multipliers: not proved")
        stopped = ", stopped at its limit with the best found" if answer.exhausted else ""
        steps.append(f"branch and bound, {answer.nodes} parts: gap {certificate.gap:.1e} {unit}{stopped}")
    return tuple(steps)


def _wishes(problem: Problem, reduction: Reduction, terms: Terms, faces: Sequence[int]) -> tuple[Decimal, ...]:
    """What each account would get were there no caps, lots or pieces; others wish for what they got, locked accounts
    for nothing."""
    step, face = problem.lattice.increment, problem.face
    free = np.where(terms.most > 0.0, face / step, 0.0)
    own = [problem.caps[i].rule != "order" and problem.accounts[i].id not in problem.locked for i in reduction.members]
    capped = np.array(own) & (reduction.per_lot > 0.0)
    free = np.where(capped, face / step, free)
    wishes = [Decimal(line) for line in faces]
    if not free.any():
        return tuple(wishes)
    loose = replace(terms, top=free, whole=np.zeros(terms.size), whole_face=(), total_face=face)
    for i, lots in zip(reduction.members, relax(loose, np.zeros(terms.size), free).lots, strict=True):
        wishes[i] = Decimal(round(float(lots) * step))
    return tuple(wishes)


def _shadow_prices(problem: Problem, reduction: Reduction, terms: Terms, answer: Answer) -> tuple[ShadowPrice, ...]:
    """The multipliers of the caps that bind in the continuous optimum, nu_i = 2 (w_i kappa_i (mu - m_i) + lambda) for
    f, as a fall of the dispersion, nu_i / (2 sqrt f), for a million of money. None at zero dispersion, nor where every
    account is full (the price of the total is then any)."""
    lots: Vector = answer.relaxed.lots
    least = math.sqrt(terms.spread(lots))
    if least <= answer.tolerance or terms.total >= float(terms.most.sum()):
        return ()
    per_lot = 2.0 * (terms.lever * (answer.relaxed.mean - terms.metric(lots)) + answer.relaxed.price)
    found = []
    block = problem.block
    for k, i in enumerate(reduction.members):
        cap, rate = problem.caps[i], problem.accounts[i].rate(block.bond.currency)
        full = terms.most[k] > 0.0 and lots[k] >= terms.most[k]
        if not full or cap.rule == "order" or rate is None or block.trade_price is None or not per_lot[k] > 0.0:
            continue
        paid = float(money(terms.lot_face, block.bond, block.trade_price, rate))
        found.append(ShadowPrice(cap.account_id, cap.rule, float(per_lot[k]) / (2.0 * least) / paid * _MILLION))
    return tuple(found)
