"""A sentence for each account of a minimum-dispersion split: why it got that amount."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from allocation.certificate import ShadowPrice
from allocation.engines.problem import Problem
from allocation.engines.targets import shown
from allocation.kernel.relaxed import Relaxed
from allocation.model import Side
from allocation.reduction import Reduction


@dataclass(frozen=True, slots=True)
class _Moved:
    """A line: the account's place, its face, what suited it in the continuous optimum, where that leaves its metric,
    what a lot does to it, and whether no other account's line could be both smaller and larger."""

    i: int
    face: int
    wish: float
    after: float
    per_lot: float
    alone: bool


def reasons(
    problem: Problem,
    reduction: Reduction,
    faces: Sequence[int],
    relaxed: Relaxed,
    shadows: Sequence[ShadowPrice],
    targets: Mapping[str, float] | None,
) -> tuple[str, ...]:
    """The sentences in the problem's order; those of accounts left out of the metric among them."""
    prices = {shadow.account_id: shadow for shadow in shadows}
    lots = {i: float(lots) for i, lots in zip(reduction.members, relaxed.lots, strict=True)}
    moved = {i: float(step) * reduction.sign for i, step in zip(reduction.members, reduction.per_lot, strict=True)}
    step = problem.lattice.increment
    after = {i: _before(problem, i) + moved[i] * (faces[i] + problem.fixed[i]) / step for i in reduction.members}
    mean = sum(float(w) * after[i] for i, w in zip(reduction.members, reduction.weight, strict=True))
    aims = dict.fromkeys(reduction.members, (mean, "mean"))
    if targets is not None:
        aims = {i: (targets[problem.accounts[i].id], "target") for i in reduction.members}
    alone = sum(_between(problem, i, faces[i]) for i in reduction.members) == 1
    said = []
    for i, face in enumerate(faces):
        if i not in after:
            said.append(_left_out(problem, i, face))
        elif face == 0:
            said.append(_nothing(problem, i, lots[i] * step, aims[i], moved[i]))
        else:
            line = _Moved(i, face, lots[i] * step, after[i], moved[i], alone)
            said.append(_something(problem, line, aims[i], prices))
    return tuple(said)


def _between(problem: Problem, i: int, face: int) -> bool:
    """Whether a line could be both smaller and larger: such lines end where one lot does as much in each of them."""
    cap, lattice = problem.caps[i], problem.lattice
    at_cap = face == cap.face and cap.rule != "order"
    smallest = face == lattice.min_piece > lattice.increment
    return face > 0 and not at_cap and not smallest and face != problem.rooms[i].sell_out


def _before(problem: Problem, i: int) -> float:
    value = problem.accounts[i].exposures[problem.metric].value
    assert value is not None, "an account without the metric does not count in it"
    return value


def _figure(problem: Problem, value: float) -> str:
    return f"{value:,.{problem.metric.decimals}f}"


def _goal(problem: Problem, aim: tuple[float, str], verb: str) -> str:
    value, kind = aim
    if kind == "mean":
        return f"the mean {verb} {_figure(problem, value)}"
    return f"its target {verb} {shown(problem.metric, value)}"


def _left_out(problem: Problem, i: int, face: int) -> str:
    if face:
        return f"Left out of {problem.metric.label}: takes only what the counted accounts cannot, in proportion to NAV."
    if problem.caps[i].face == 0:
        return f"Nothing: {problem.caps[i].reason}."
    return f"Nothing: left out of {problem.metric.label}, and the others place all that can be placed."


def _nothing(problem: Problem, i: int, wish: float, aim: tuple[float, str], moved: float) -> str:
    cap, smallest = problem.caps[i], problem.smallest(i)
    if cap.face == 0:
        return f"Nothing: {cap.reason}."
    if problem.unit_values[i] == 0.0:
        account = problem.accounts[i]
        return f"Nothing: no exchange rate from {problem.block.bond.currency} to {account.currency}."
    before, (goal, kind) = _before(problem, i), aim
    if 0 < round(wish) < smallest:
        return f"Nothing: the {wish:,.0f} that would suit it rounds to none; the smallest line is {smallest:,}."
    if (before - goal) * moved > 0.0:
        away = "above" if moved > 0 else "below"
        return (
            f"Nothing: at {_figure(problem, before)} {problem.metric.unit} it is already {away} "
            f"{_goal(problem, aim, 'of')}; trading would take it further away."
        )
    if kind == "mean":
        return "Nothing: the same face lowers the dispersion more in other accounts."
    return "Nothing: the same face brings other accounts more of the way to their targets."


def _something(problem: Problem, line: _Moved, aim: tuple[float, str], prices: Mapping[str, ShadowPrice]) -> str:
    cap, room, metric = problem.caps[line.i], problem.rooms[line.i], problem.metric
    before, (goal, kind) = _before(problem, line.i), aim
    way = (
        f"from {_figure(problem, before)} to {_figure(problem, line.after)} {metric.unit}, {_goal(problem, aim, 'is')}"
    )
    if problem.block.side is Side.SELL and line.face == room.sell_out and round(line.wish) < line.face:
        return f"Sells its whole holding: {way}."
    if line.face == cap.face and cap.rule != "order":
        shadow = prices.get(cap.account_id)
        worth = (
            f" A million more would lower the {'dispersion' if kind == 'mean' else 'distance from the targets'} "
            f"by {shadow.per_million:.2g} {metric.unit}."
            if shadow
            else ""
        )
        return f"Stopped at its {cap.rule}: {cap.reason}; {way}.{worth}"
    if line.face == problem.lattice.min_piece and problem.lattice.min_piece > problem.lattice.increment:
        return f"The smallest line: {way}."
    if (before - goal) * line.per_lot >= 0.0:
        said = "it moves away, but the order has to be placed, and a lot does no more harm here than elsewhere"
    elif line.alone:
        said = "a lot helps more here than in any other account with room for it"
    else:
        said = "here one lot more or less helps as much as in any other account"
    return f"{way[:1].upper()}{way[1:]}: {said}."
