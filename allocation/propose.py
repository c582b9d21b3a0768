"""From a block, accounts, choices and limits to a checked `Proposal`: engine, caps, a reason for every unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from allocation.check import check
from allocation.effect import effect
from allocation.engines import Draft, Problem, engine
from allocation.engines.options import read_options
from allocation.limits import NO_LIMITS, LimitTable
from allocation.model import Account, BlockOrder, Choices, Side
from allocation.money import exact, money
from allocation.pose import barred, least_line, pose
from allocation.proposal import Effect, Line, Proposal
from allocation.unallocated import unallocated


def propose(
    block: BlockOrder, accounts: Sequence[Account], choices: Choices, limits: LimitTable = NO_LIMITS
) -> Proposal:
    """Split `block` over `accounts` with the chosen engine, under `limits`.

    Raises what `pose` raises, or `InvalidParameter`. The result has passed `check`; one that did not is never shown:
    a proposal of nothing comes back in its place, whose `failed` says what was wrong.
    """
    problem = pose(block, accounts, choices, limits)
    chosen = engine(choices.engine)
    ids = [account.id for account in problem.accounts]
    parameters = read_options(chosen.label, chosen.options, choices.parameters, block.side, ids)
    choices = replace(choices, parameters=parameters)
    problem, draft = drafted(problem, choices, limits)
    proposal = assemble(problem, draft, choices, limits)
    faults = check(proposal)
    if not faults:
        return proposal
    return _failure(problem, choices, limits, draft, "The result failed its own check: " + "; ".join(faults) + ".")


def drafted(problem: Problem, choices: Choices, limits: LimitTable) -> tuple[Problem, Draft]:
    """The engine's draft (parameters complete), and the problem it answers: accounts whose line is below their own
    minimum allocation give way, the furthest below it first, and the rest is split anew."""
    chosen, given_up = engine(choices.engine), dict[int, str]()
    while True:
        posed = barred(problem, given_up)
        draft = chosen.solve(posed, choices.parameters)
        below = [
            (line / least, i, least)
            for i, (line, account) in enumerate(zip(draft.faces, posed.accounts, strict=True))
            if 0 < line < (least := least_line(choices, limits, account.id)) and not _ends_holding(posed, i, line)
        ]
        if not below:
            break
        for _, i, least in sorted(below)[: (len(below) + 1) // 2]:
            given_up[i] = f"its share of {draft.faces[i]:,} is below its minimum allocation of {least:,}"
    if given_up and draft.certificate is not None:
        names = ", ".join(posed.accounts[i].id for i in sorted(given_up))
        draft = replace(
            draft,
            remarks=(*draft.remarks, f"Proved with nothing for {names}, whose share was below a minimum allocation."),
        )
    return posed, draft


def _ends_holding(problem: Problem, i: int, line: int) -> bool:
    return problem.block.side is Side.SELL and line == problem.accounts[i].held(problem.block.bond.asset_id)


def assemble(problem: Problem, draft: Draft, choices: Choices, limits: LimitTable) -> Proposal:
    """The proposal of a draft, not yet checked. `choices` are those the problem was posed with, parameters complete."""
    short = _who_is_short(problem, draft)
    lines = tuple(_line(problem, draft, i, short) for i in range(len(problem.accounts)))
    faces = [line.face for line in lines]
    found = effect(problem.block, problem.accounts, faces, choices, problem.excluded, problem.basis, draft.targets)
    return Proposal(
        block=problem.block,
        choices=choices,
        limits=limits,
        accounts=problem.accounts,
        lines=lines,
        unallocated=unallocated(problem, draft),
        effect=found,
        basis=problem.basis,
        warnings=problem.warnings + draft.warnings,
        notes=problem.notes + draft.remarks + _wider(found),
        tried=draft.tried or (choices.engine,),
        certificate=draft.certificate,
    )


def _wider(found: Effect) -> tuple[str, ...]:
    """That the group ends further apart than it is, where that shows."""
    if found.improvement is None or round(-found.improvement, 3) <= 0:
        return ()
    metric, decimals = found.metric, found.metric.decimals + 1
    return (
        f"The dispersion of {metric.label} gets {-found.improvement:.1%} wider: {found.dispersion_before:,.{decimals}f}"
        f" → {found.dispersion_after:,.{decimals}f} {metric.unit}.",
    )


def _failure(problem: Problem, choices: Choices, limits: LimitTable, draft: Draft, why: str) -> Proposal:
    """A proposal of nothing, in the place of a result that may not be shown."""
    count = len(problem.accounts)
    nothing = Draft(
        (0,) * count, (Decimal(0),) * count, ("the engine failed",) * count, left="the engine failed", tried=draft.tried
    )
    unlocked = replace(problem, fixed=(0,) * count, locked=frozenset())
    return replace(
        assemble(unlocked, nothing, replace(choices, locked={}), limits), failed=why, tried=(*draft.tried, why)
    )


def _line(problem: Problem, draft: Draft, i: int, short: str) -> Line:
    block, account, cap = problem.block, problem.accounts[i], problem.caps[i]
    is_locked = account.id in problem.locked
    face = problem.fixed[i] if is_locked else draft.faces[i]
    price, rate = block.trade_price, account.rate(block.bond.currency)
    assert price is not None, "a block without a price is refused before"
    spent = money(face, block.bond, price, rate) if rate is not None else Decimal(0)
    with exact():
        after = None if account.cash is None else account.cash - block.side.sign * spent
    return Line(
        account_id=account.id,
        face=face,
        wish=Decimal(face) if is_locked else draft.wishes[i],
        cap=cap,
        money=spent,
        cash_before=account.cash,
        cash_after=after,
        reason="Locked by hand." if is_locked else _reason(problem, draft, i, short),
        part="locked" if is_locked else draft.parts[i] if draft.parts else "",
        asked=draft.asked[i] if draft.asked else None,
    )


def _reason(problem: Problem, draft: Draft, i: int, short: str) -> str:
    if draft.reasons:
        return draft.reasons[i]
    cap, face, wish, note = problem.caps[i], draft.faces[i], draft.wishes[i], draft.notes[i]
    step, smallest = problem.lattice.increment, problem.smallest(i)
    if i in draft.refused:
        return f"Nothing: {draft.refused[i]}."
    if wish == 0:
        return f"Nothing: {note}."
    if cap.face == 0:
        return f"Nothing: {cap.reason}."
    if face == 0 and round(wish) < smallest:
        share = f"its share of {wish:,.0f}" if round(wish) else "its share"
        return f"Nothing: {share} rounds to none; the smallest line is {smallest:,}."
    hole = problem.beside_hole(i, face, wish)
    if face == cap.face and cap.rule != "order" and not hole:
        return f"Stopped at its {cap.rule}: {cap.reason}."
    if hole or abs(face - wish) > step:
        share = "" if f"{wish:,.0f}" in note else f", a face of {wish:,.0f}"
        said = f"{note}{share}; {_moved(problem, draft, i, short)}."
        return _sentence(said) if face else f"Nothing: {said}"
    return f"{_sentence(note)}, in whole lots."


def _moved(problem: Problem, draft: Draft, i: int, short: str) -> str:
    """Why an account's line is not what it wished for, and what it is."""
    face, wish, lattice = draft.faces[i], draft.wishes[i], problem.lattice
    if problem.beside_hole(i, face, wish):
        done = f"lowered to {face:,}" if face < wish else "raised to its whole holding"
        return f"{done}, as a rest must be at least {lattice.min_piece:,} or nothing"
    if face < wish:
        return draft.short.get(i, f"lowered to {face:,} so that the order can be placed in minimum pieces")
    if face == lattice.min_piece and face > lattice.increment:
        return f"raised to {face:,}, the smallest line"
    return f"raised to {face:,} {short}"


def _who_is_short(problem: Problem, draft: Draft) -> str:
    """Who cannot take what they wished for, so that others get more: the largest part of it first."""
    step = problem.lattice.increment
    parts = [
        (wish - face, account.id, face)
        for account, wish, face in zip(problem.accounts, draft.wishes, draft.faces, strict=True)
        if wish - face > step or (not face and wish)
    ]
    parts.sort(key=lambda part: (-part[0], part[1]))
    names = [name for _, name, _ in parts]
    if not names:
        return "by what others cannot take"
    if len(names) == 1:
        return f"as {names[0]} takes {'less' if parts[0][2] else 'nothing'}"
    takes = "take less" if any(face for *_, face in parts) else "take nothing"
    if len(names) > 3:
        return f"as {names[0]}, {names[1]} and {len(names) - 2} others {takes}"
    return f"as {', '.join(names[:-1])} and {names[-1]} {takes}"


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:]
