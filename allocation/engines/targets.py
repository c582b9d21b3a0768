"""Where accounts are steered to: a level of the metric for each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allocation.engines.problem import Problem
from allocation.errors import InvalidParameter
from allocation.model import Metric


def level_of(problem: Problem, account_id: str) -> float | None:
    """An account's metric today, in its unit; None where it is left out of the metric."""
    if account_id in problem.excluded:
        return None
    account = next(account for account in problem.accounts if account.id == account_id)
    return account.exposures[problem.metric].value


def shown(metric: Metric, target: float) -> str:
    """A target in words, with the decimals it was given in: rounded, it could not be told from another one."""
    rounded = f"{target:,.{metric.decimals}f}"
    return rounded if float(rounded.replace(",", "")) == target else f"{target:,.10g}"


def own_targets(problem: Problem, targets: Mapping[str, Any]) -> dict[str, float]:
    """The targets of the accounts that count in the metric; `InvalidParameter` naming those without one."""
    counted = [account.id for account in problem.accounts if account.id not in problem.excluded]
    missing = [account for account in counted if account not in targets]
    if missing:
        names = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise InvalidParameter(
            "targets",
            f"{names} {'has' if len(missing) == 1 else 'have'} no target for {problem.metric.label}: "
            "type one for each account (a missing target is not zero).",
        )
    return {account: float(targets[account]) for account in counted}
