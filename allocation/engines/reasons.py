"""A sentence for each account of a minimum-dispersion split: why it got that amount."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from allocation.certificate import ShadowPrice
from allocation.engines.problem import Problem
from allocation.kernel.relaxed import Relaxed
from allocation.model import Side
from allocation.reduction import Reduction


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
    said = []
    for i, face in enumerate(faces):
        if i not in after:
            said.append(_left_out(problem, i, face))
        elif face == 0:
            said.append(_nothing(problem, i, lots[i] * step, aims[i], moved[i]))
        else:
            said.append(_something(problem, i, face, after[i], aims[i], prices))
    return tuple(said)


def _before(problem: Problem, i: int) -> float:
    value = problem.accounts[i].exposures[problem.metric].value
    assert value is not None, "an account without the metric does not count in it"
    return value


def _figure(problem: Problem, value: float) -> str:
    return f"{value:,.{problem.metric.decimals}f}"


def _left_out(problem: Problem, i: int, face: int) -> str:
    if face:
        return f"Left out of {problem.metric.label}: takes only what the counted accounts cannot, in proportion to NAV."
    if problem.caps[i].face == 0:
        return f"Nothing: {problem.caps[i].reason}."
    return f"Nothing: left out of {problem.metric.label}, and the others place all that can be placed."


def _nothing(problem: Problem, i: int, wish: float, aim: tuple[float, str], moved: float) -> str:
    cap, piece = problem.caps[i], problem.lattice.min_piece
    if cap.face == 0:
        return f"Nothing: {cap.reason}."
    if problem.unit_values[i] == 0.0:
        account = problem.accounts[i]
        return f"Nothing: no exchange rate from {problem.block.bond.currency} to {account.currency}."
    before, (goal, kind) = _before(problem, i), aim
    if wish > 0.0:
        return f"Nothing: the {wish:,.0f} that would suit it rounds to none; the smallest line is {piece:,}."
    if (before - goal) * moved > 0.0:
        away = "above" if moved > 0 else "below"
        return (
            f"Nothing: at {_figure(problem, before)} {problem.metric.unit} it is already {away} "
            f"{'the mean' if kind == 'mean' else 'its target'} of {_figure(problem, goal)}; "
            "trading would take it further away."
        )
    if kind == "mean":
        return "Nothing: the same face lowers the dispersion more in other accounts."
    return "Nothing: the same face brings other accounts more of the way to their targets."


def _something(
    problem: Problem, i: int, face: int, after: float, aim: tuple[float, str], prices: Mapping[str, ShadowPrice]
) -> str:
    cap, room, metric, (goal, kind) = problem.caps[i], problem.rooms[i], problem.metric, aim
    way = (
        f"from {_figure(problem, _before(problem, i))} to {_figure(problem, after)} {metric.unit}, "
        f"{'the mean' if kind == 'mean' else 'its target'} is {_figure(problem, goal)}"
    )
    if face == cap.face and cap.rule != "order":
        shadow = prices.get(cap.account_id)
        worth = (
            f" A million more would lower the {'dispersion' if kind == 'mean' else 'distance from the targets'} "
            f"by {shadow.per_million:.2g} {metric.unit}."
            if shadow
            else ""
        )
        return f"Stopped at its {cap.rule}: {cap.reason}; {way}.{worth}"
    if problem.block.side is Side.SELL and face == room.sell_out:
        return f"Sells its whole holding: {way}."
    if face == problem.lattice.min_piece and problem.lattice.min_piece > problem.lattice.increment:
        return f"The smallest line: {way}."
    return f"{way[:1].upper()}{way[1:]}: here one lot more or less helps as much as in any other account."
