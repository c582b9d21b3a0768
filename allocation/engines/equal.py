"""Equal: the same face to every account."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from allocation.engines.options import Option
from allocation.engines.problem import Draft, Problem, split_by_weight


class Equal:
    """The same face to every account; what a capped account cannot take is shared equally among the others."""

    name = "equal"
    label = "Equal"
    sentence = "The same face to every account; what one cannot take goes to the others in equal parts."
    options: tuple[Option, ...] = ()

    def solve(self, problem: Problem, parameters: Mapping[str, Any]) -> Draft:
        count = len(problem.accounts) - len(problem.locked)
        notes = [f"one of {count} equal shares" for _ in problem.accounts]
        return split_by_weight(problem, [Decimal(1)] * len(problem.accounts), notes)
