"""From a block, accounts and choices to a checked `Proposal`: caps, engine, the one formula, reasons for every unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from allocation.caps import CASH, HARD, bind
from allocation.check import check
from allocation.engines import Draft, Problem, engine, read_options
from allocation.errors import InvalidBlock, MetricUnavailable, MissingMeasure, MissingPrice
from allocation.lots import Lattice, room
from allocation.metrics import MINIMUM_COVERAGE, basis, dispersion, on_basis, post_trade
from allocation.model import Account, BlockOrder, Effect, Line, Metric, Proposal
from allocation.money import exact, market_value_per_face, money
from allocation.unallocated import unallocated


@dataclass(frozen=True, slots=True)
class Choices:
    """What the portfolio manager chose beside the block itself."""

    engine: str = "pro_rata"
    parameters: Mapping[str, str] = field(default_factory=dict)
    metric: Metric = Metric.ASD
    excluded: frozenset[str] = frozenset()  # accounts left out of the metric, by explicit choice
    minimum_coverage: float = MINIMUM_COVERAGE
    respect_cash: bool = True


def propose(block: BlockOrder, accounts: Sequence[Account], choices: Choices) -> Proposal:
    """Split `block` over `accounts` with the chosen engine.

    Raises `InvalidBlock`, `MissingPrice`, `MissingMeasure`, `MetricUnavailable` (accounts without the metric that
    were not excluded) or `InvalidParameter`. The result has passed `check`.
    """
    _refuse_untradable(block, choices.metric)
    valued, restated = _valuation(block, accounts)
    members = tuple(
        on_basis(account, valued, choices.minimum_coverage) for account in sorted(accounts, key=lambda a: a.id)
    )
    excluded = _excluded(members, choices)
    lattice = Lattice.of(block.bond)
    caps = tuple(bind(block, members, HARD + CASH if choices.respect_cash else HARD, lattice))
    rooms = tuple(
        room(lattice, block.side, cap.face, account.held(block.bond.asset_id))
        for cap, account in zip(caps, members, strict=True)
    )
    units = tuple(_unit_value(block, account, valued) for account in members)
    problem = Problem(block, members, caps, rooms, lattice, choices.metric, units, frozenset(excluded))
    chosen = engine(choices.engine)
    parameters = read_options(chosen, choices.parameters)
    draft = chosen.solve(problem, parameters)
    lines = tuple(_line(problem, draft, i) for i in range(len(members)))
    proposal = Proposal(
        engine=choices.engine,
        parameters=parameters,
        block=block,
        accounts=members,
        lines=lines,
        unallocated=unallocated(problem, draft),
        effect=effect(block, members, lines, choices.metric, excluded, valued),
        basis=valued,
        warnings=_warnings(block, choices) + restated + draft.warnings,
        tried=draft.tried or (choices.engine,),
        certificate=draft.certificate,
    )
    check(proposal, respect_cash=choices.respect_cash)
    return proposal


def effect(
    block: BlockOrder,
    accounts: Sequence[Account],
    lines: Sequence[Line],
    metric: Metric,
    excluded: Mapping[str, str],
    valued: str,
) -> Effect:
    """The metric of every account that is not excluded before and after `lines`, and the dispersion of both."""
    kept = [(a, line) for a, line in zip(accounts, lines, strict=True) if a.id not in excluded]
    measure = block.bond.measures.of(metric)
    assert measure is not None, "a bond without the measure is refused before"
    before = np.array([a.exposures[metric].value for a, _ in kept], dtype=np.float64)
    face = np.array([line.face for _, line in kept], dtype=np.float64)
    unit = np.array([_unit_value(block, a, valued) for a, _ in kept], dtype=np.float64)
    nav = np.array([float(a.nav or 0) for a, _ in kept], dtype=np.float64)
    after = post_trade(before, block.side.sign, face, unit, measure, nav)
    ids = [a.id for a, _ in kept]
    return Effect(
        metric=metric,
        before=dict(zip(ids, before.tolist(), strict=True)),
        after=dict(zip(ids, after.tolist(), strict=True)),
        dispersion_before=dispersion(before),
        dispersion_after=dispersion(after),
        excluded=dict(excluded),
    )


def _unit_value(block: BlockOrder, account: Account, valued: str) -> float:
    # without a rate the account is capped at 0, so what a unit would be worth does not enter
    rate = account.rate(block.bond.currency)
    return float(market_value_per_face(block, valued, rate)) if rate is not None else 0.0


def _refuse_untradable(block: BlockOrder, metric: Metric) -> None:
    bond = block.bond
    if block.face <= 0:
        raise InvalidBlock("face", "The face must be above zero.")
    if block.trade_price is None:
        raise MissingPrice(f"{bond.label} has no price: no account read so far holds it. Type a price to go on.")
    if block.trade_price <= 0 or (block.mark is not None and block.mark <= 0):
        raise InvalidBlock("limit", "The price must be above zero.")
    if bond.factor <= 0:
        raise InvalidBlock("bond", f"{bond.label} has a factor of {bond.factor:f}: nothing of it is outstanding.")
    if bond.maturity is not None and block.settlement >= bond.maturity:
        raise InvalidBlock(
            "settlement", f"{bond.label} matures on {bond.maturity:%d %b %Y}, before the trade would settle."
        )
    if bond.measures.of(metric) is None:
        others = [m.label for m in Metric if bond.measures.of(m) is not None]
        hint = f"Choose another metric: {', '.join(others)}." if others else "None of its figures is known today."
        raise MissingMeasure(f"{bond.label} has no {_figure(metric)}, so {metric.label} cannot be shown. {hint}")


def _figure(metric: Metric) -> str:
    return {
        Metric.ASD: "spread duration",
        Metric.SPREAD_DURATION: "spread duration",
        Metric.DURATION: "duration",
        Metric.OAS: "OAS",
        Metric.DTS: "spread duration or OAS",
    }[metric]


def _valuation(block: BlockOrder, accounts: Sequence[Account]) -> tuple[str, tuple[str, ...]]:
    """One basis for holdings and trade, dirty only when accrued interest is known for all of them; and a warning that
    names the accounts for whom it is not."""
    if block.bond.accrued is None:
        return "clean", ()
    unknown = sorted(a.id for a in accounts if basis(a.holdings.values()) == "clean")
    if not unknown:
        return "dirty", ()
    names = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
    return "clean", (f"Metrics are on clean values: accrued interest is not known for all holdings of {names}.",)


def _excluded(accounts: Sequence[Account], choices: Choices) -> dict[str, str]:
    """Accounts left out of the metric with the reason; `MetricUnavailable` where one lacks it and was not left out."""
    reasons = {a.id: a.exposures[choices.metric].reason for a in accounts if a.exposures[choices.metric].value is None}
    unsaid = {account: reason for account, reason in reasons.items() if account not in choices.excluded}
    if unsaid:
        have = "has" if len(unsaid) == 1 else "have"
        raise MetricUnavailable(
            f"{len(unsaid)} of {len(accounts)} accounts {have} no {choices.metric.label}: "
            "leave them out of the dispersion, or choose another metric.",
            unsaid,
        )
    chosen = {a.id: "left out by choice" for a in accounts if a.id in choices.excluded}
    return chosen | reasons


def _line(problem: Problem, draft: Draft, i: int) -> Line:
    block, account, cap, face = problem.block, problem.accounts[i], problem.caps[i], draft.faces[i]
    price, rate = block.trade_price, account.rate(block.bond.currency)
    assert price is not None, "a block without a price is refused before"
    spent = money(face, block.bond, price, rate) if rate is not None else Decimal(0)
    with exact():
        after = None if account.cash is None else account.cash - block.side.sign * spent
    reason = _reason(problem, draft, i)
    return Line(account.id, face, draft.wishes[i], cap, spent, account.cash, after, reason)


def _reason(problem: Problem, draft: Draft, i: int) -> str:
    if draft.reasons:
        return draft.reasons[i]
    cap, face, wish = problem.caps[i], draft.faces[i], draft.wishes[i]
    note, lattice = draft.notes[i], problem.lattice
    if wish == 0:
        return f"Nothing: {note}."
    if cap.face == 0:
        return f"Nothing: {cap.reason}."
    if face == cap.face and cap.rule != "order":
        return f"Stopped at its {cap.rule}: {cap.reason}."
    if face == 0:
        return f"Nothing: its share of {wish:,.0f} rounds to none; the smallest line is {lattice.min_piece:,}."
    if face < wish - lattice.increment:
        return f"{_sentence(note)}: {wish:,.0f}, lowered so that the order can be placed in minimum pieces."
    if face > wish + lattice.increment:
        return f"{_sentence(note)}: {wish:,.0f}, raised by what others cannot take."
    return f"{_sentence(note)}, in whole lots."


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:]


def _warnings(block: BlockOrder, choices: Choices) -> tuple[str, ...]:
    warnings = []
    if block.bond.accrued is None:
        warnings.append(f"Accrued interest of {block.bond.label} is not known: money is at the clean price.")
    if block.bond.measures.of(choices.metric) == 0:
        figure = _figure(choices.metric)
        warnings.append(f"{block.bond.label} has a {figure} of 0: {choices.metric.label} moves for nobody.")
    if not choices.respect_cash:
        warnings.append("Cash was not respected: accounts may be overdrawn.")
    return tuple(warnings)
