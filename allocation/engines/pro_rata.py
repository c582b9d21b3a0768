"""Pro rata: shares proportional to a size of each account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from allocation.engines.problem import Draft, Option, Problem, split_by_weight
from allocation.model import Account, Side

Size = Callable[[Account, Problem], Decimal | None]

_SIZES: Mapping[str, tuple[str, Size]] = {
    "nav": ("NAV", lambda account, _: account.nav),
    "market_value": (
        "market value of holdings",
        lambda account, _: sum((h.market_value for h in account.holdings.values()), Decimal(0)),
    ),
    "holding": ("holding of this bond", lambda account, problem: account.held(problem.block.bond.asset_id)),
    "cash": ("cash", lambda account, _: account.cash),
}


class ProRata:
    """Shares proportional to NAV, market value, holding or cash. By NAV it leaves the dispersion of a NAV-contribution
    metric as it was, but for the lots."""

    name = "pro_rata"
    label = "Pro rata"
    sentence = "Each account in proportion to its size; what one cannot take goes to the others in proportion."
    options: tuple[Option, ...] = (
        Option("by", "In proportion to", {key: label for key, (label, _) in _SIZES.items()}, "nav"),
    )

    def default_for(self, side: Side) -> Mapping[str, str]:
        """What a desk expects unless it says otherwise: buys by NAV, sells by what is held."""
        return {"by": "nav" if side is Side.BUY else "holding"}

    def solve(self, problem: Problem, parameters: Mapping[str, str]) -> Draft:
        label, size = _SIZES[parameters["by"]]
        sizes = [size(account, problem) for account in problem.accounts]
        weights = [max(value, Decimal(0)) if value is not None else Decimal(0) for value in sizes]
        total = sum(weights)
        notes = [
            f"{float(weight / total):.2%} of the group's {label}" if weight else f"no {label} to share by"
            for weight in weights
        ]
        return split_by_weight(problem, weights, notes)
