"""Why face was left over: reasons that add up to it, in the order the desk agreed on."""

from __future__ import annotations

from fractions import Fraction

from allocation.engines.problem import Draft, Problem
from allocation.model import Side, Unallocated


def unallocated(problem: Problem, draft: Draft) -> tuple[Unallocated, ...]:
    """First what is below one increment, then each capped account's shortfall (its uncapped wish less its cap) scaled
    to the rest, then what no account may hold. The faces add up to ordered less allocated."""
    block, lattice = problem.block, problem.lattice
    rest = problem.face - sum(draft.faces)
    rows: list[Unallocated] = []
    off_lattice = min(rest, block.face - lattice.floor(block.face))
    if off_lattice:
        rows.append(Unallocated(off_lattice, _below_one_step(problem)))
        rest -= off_lattice
    shortfalls = [_shortfall(problem, draft, i) for i in range(len(problem.accounts))]
    for i, face in enumerate(_scale(rest, shortfalls)):
        if face:
            cap = problem.caps[i]
            rows.append(Unallocated(face, f"{cap.account_id}: {draft.refused.get(i, cap.reason)}", cap.account_id))
            rest -= face
    if rest:
        rows.append(Unallocated(rest, draft.left or _nobody(problem, draft)))
    return tuple(rows)


def _shortfall(problem: Problem, draft: Draft, i: int) -> Fraction:
    """What an account wished for and could not have: beyond its cap, or refused by a rule of the engine."""
    if i in draft.refused:
        return Fraction(draft.wishes[i])
    cap = problem.caps[i]
    return max(Fraction(draft.wishes[i]) - cap.face, Fraction(0)) if cap.rule != "order" else Fraction(0)


def _below_one_step(problem: Problem) -> str:
    lattice = problem.lattice
    if problem.block.face < lattice.min_piece:
        return f"below the minimum piece of {lattice.min_piece:,}"
    return f"below one increment of {lattice.increment:,}"


def _nobody(problem: Problem, draft: Draft) -> str:
    lattice, more = problem.lattice, "hold more" if problem.block.side is Side.BUY else "sell more"
    if not problem.accounts:
        return "the group has no accounts"
    if not any(draft.wishes):
        return f"no account takes part: {draft.notes[0]}"
    if lattice.min_piece > lattice.increment:
        return f"no account may {more} in pieces of at least {lattice.min_piece:,}"
    return f"no account may {more}"


def _scale(total: int, parts: list[Fraction]) -> list[int]:
    """`parts` scaled down to add up to `total` in whole units (largest remainder, ties to the earlier account); as
    they are, rounded down, when they add up to less."""
    whole = sum(parts, Fraction(0))
    if whole == 0 or total == 0:
        return [0] * len(parts)
    # wishes are rounded at 28 digits: what is short of the total by less than a unit is the total
    ratio = total / whole if whole > total - 1 else Fraction(1)
    scaled = [part * ratio for part in parts]
    units = [int(part) for part in scaled]
    short = int(sum(scaled)) - sum(units)
    order = sorted(range(len(parts)), key=lambda i: (units[i] - scaled[i], i))
    for i in order[:short]:
        units[i] += 1
    return units
