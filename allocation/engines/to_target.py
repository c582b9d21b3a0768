"""To target: each account closes its gap to a level of the metric, and stops there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from allocation.engines.options import Choice, Level, OneAccount, Option, PerAccount
from allocation.engines.problem import Draft, Problem, split_by_weight
from allocation.engines.targets import level_of, own_targets, shown
from allocation.errors import InvalidParameter
from allocation.lots import Room, room
from allocation.metrics import face_to_reach

_NEAR = 1e-9  # relative: a face this near to a whole one is that one, not its rounding error


class ToTarget:
    """Faces that bring each account to its target and not beyond; where the order runs out, in proportion to what each
    still needs. What is left when all are there stays unallocated. (Filling the whole order towards targets is
    minimum dispersion with per-account targets.)"""

    name = "to_target"
    label = "To target"
    sentence = "Closes each account's gap to its target and stops there; what is left stays unallocated."
    options: tuple[Option, ...] = (
        Choice(
            "aim",
            "Each account goes to",
            {"own": "its own target", "lead": "a lead account's level", "level": "a given level"},
            "level",
        ),
        Level("level", "Level", {"aim": ("level",)}),
        OneAccount("lead", "Lead account", {"aim": ("lead",)}),
        PerAccount("targets", "Target", "level", {"aim": ("own",)}),
    )

    def solve(self, problem: Problem, parameters: Mapping[str, Any]) -> Draft:
        targets = _targets(problem, parameters)
        needs = [_need(problem, i, targets) for i in range(len(problem.accounts))]
        rooms = tuple(
            room(problem.lattice, problem.block.side, min(need, cap.face), account.held(problem.block.bond.asset_id))
            if was.most
            else Room(0)
            for need, was, cap, account in zip(needs, problem.rooms, problem.caps, problem.accounts, strict=True)
        )
        weights = [Decimal(need) for need in needs]
        draft = split_by_weight(replace(problem, rooms=rooms), weights, self._notes(problem, needs, targets))
        # where the order suffices, an account wishes for its whole need and nothing more
        wishes = tuple(min(wish, need) for wish, need in zip(draft.wishes, weights, strict=True))
        return replace(draft, wishes=wishes, targets=targets, left=_left(problem))

    def _notes(self, problem: Problem, needs: list[int], targets: Mapping[str, float]) -> list[str]:
        metric = problem.metric
        notes = []
        for i, (account, need) in enumerate(zip(problem.accounts, needs, strict=True)):
            level = level_of(problem, account.id)
            if level is None:
                notes.append(f"left out of {metric.label}")
                continue
            way = f"{level:,.{metric.decimals}f} {metric.unit}, target {shown(metric, targets[account.id])}"
            still = "at or past its target" if _moves(problem, i) else f"this trade does not move its {metric.label}"
            notes.append(f"{need:,} would bring it from {way}" if need else f"{still}: {way}")
        return notes


def _left(problem: Problem) -> str:
    """Why accounts take no more: they are there, or do not take part."""
    metric, kept = problem.metric.label, {*problem.excluded, *problem.locked}
    open_ = [i for i, account in enumerate(problem.accounts) if account.id not in kept]
    if not problem.accounts:
        return "the group has no accounts"
    if not open_:
        return f"every account is left out of {metric} or locked by hand"
    if not any(_moves(problem, i) for i in open_):
        return f"this trade moves nobody's {metric}"
    out = len(problem.excluded)
    return "at or past target" + (
        f"; {out} {'account' if out == 1 else 'accounts'} left out of {metric}" if out else ""
    )


def _moves(problem: Problem, i: int) -> bool:
    """Whether trading the bond changes the account's metric at all."""
    return bool(problem.block.bond.measures.of(problem.metric) and problem.unit_values[i])


def _targets(problem: Problem, parameters: Mapping[str, Any]) -> dict[str, float]:
    """Where each account that counts in the metric is to go, in the metric's unit."""
    counted = [account.id for account in problem.accounts if account.id not in problem.excluded]
    if parameters["aim"] == "own":
        return own_targets(problem, parameters["targets"])
    if parameters["aim"] == "level":
        if parameters["level"] is None:
            raise InvalidParameter("level", f"Type the level of {problem.metric.label} the accounts are to reach.")
        return dict.fromkeys(counted, parameters["level"])
    lead = parameters["lead"]
    if not lead:
        raise InvalidParameter("lead", "Choose the lead account whose level the others are to reach.")
    level = level_of(problem, lead)
    if level is None:
        raise InvalidParameter("lead", f"{lead} has no {problem.metric.label}: {problem.excluded[lead]}.")
    return dict.fromkeys(counted, level)


def _need(problem: Problem, i: int, targets: Mapping[str, float]) -> int:
    """The largest face that does not take the account past its target; 0 where trading leads away from it."""
    account = problem.accounts[i]
    level, measure = level_of(problem, account.id), problem.block.bond.measures.of(problem.metric)
    if level is None or account.id in problem.locked or not _moves(problem, i) or not measure or not account.nav:
        return 0
    gap = targets[account.id] - level
    face = face_to_reach(gap, problem.block.side.sign, problem.unit_values[i], measure, float(account.nav))
    return math.floor(face * (1.0 + _NEAR)) if face > 0 else 0
