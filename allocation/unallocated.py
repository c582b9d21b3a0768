"""Why face was left over: reasons that add up to it, in the order the desk agreed on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from allocation.engines.problem import Draft, Problem
from allocation.model import Side
from allocation.proposal import Unallocated


def unallocated(problem: Problem, draft: Draft) -> tuple[Unallocated, ...]:
    """First what is below one increment, then each capped account's shortfall (its uncapped wish less its cap) scaled
    to the rest, then what is too small to trade, then what no account may hold. The faces add up to ordered less
    allocated."""
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
    if draft.left:  # the engine left it by design: what was still wished for is not what nobody wished for
        for row in _too_small(problem, draft):
            if taken := min(rest, row.face):
                rows.append(replace(row, face=taken))
                rest -= taken
    if rest:
        rows.append(Unallocated(rest, draft.left or _nobody(problem, draft)))
    return tuple(rows)


def _too_small(problem: Problem, draft: Draft) -> Iterator[Unallocated]:
    """Wishes that no cap stands against but the bond's pieces do: below the smallest line, in the hole of a sell, and
    all that is below one increment of a line, together."""
    step, below_step = problem.lattice.increment, 0
    for i, account in enumerate(problem.accounts):
        face, wish = draft.faces[i], draft.wishes[i]
        short, smallest = int(wish) - face, problem.smallest(i)
        if short <= 0 or i in draft.refused or wish > problem.caps[i].face:
            continue
        if face == 0 and round(wish) < smallest:
            yield Unallocated(
                short, f"{account.id}: {wish:,.0f} is less than its smallest line of {smallest:,}", account.id
            )
        elif problem.beside_hole(i, face, wish):
            rest = f"a rest must be at least {problem.lattice.min_piece:,} or nothing"
            yield Unallocated(short, f"{account.id}: may not sell {wish:,.0f}, {rest}", account.id)
        elif short < step:
            below_step += short
    if below_step:
        yield Unallocated(below_step, f"below one increment of {step:,} in each account")


def _shortfall(problem: Problem, draft: Draft, i: int) -> Fraction:
    """What an account wished for and could not have: beyond its cap, or refused by a rule of the engine."""
    if i in draft.refused:
        return Fraction(draft.wishes[i])
    cap = problem.caps[i]
    return max(Fraction(draft.wishes[i]) - cap.face, Fraction(0)) if cap.rule != "order" else Fraction(0)


def _below_one_step(problem: Problem) -> str:
    lattice = problem.lattice
    if problem.block.face < lattice.min_piece:
        piece = problem.block.bond.min_piece
        what = (
            f"minimum piece of {piece:,}"
            if problem.block.face < piece
            else f"minimum allocation of {lattice.min_piece:,}"
        )
        return f"below the {what}"
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
