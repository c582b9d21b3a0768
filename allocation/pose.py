"""From a block, accounts, choices and limits to the `Problem` an engine solves: what can be traded at all, one basis of
valuation, who counts in the metric, the caps, and what is locked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from allocation.caps import bind, minimum_line, rules
from allocation.effect import unit_value
from allocation.engines.problem import Problem
from allocation.errors import InvalidBlock, MetricUnavailable, MissingMeasure, MissingPrice
from allocation.limits import NO_LIMITS, LimitTable
from allocation.locks import fixed
from allocation.lots import Lattice, Room, room
from allocation.metrics import basis, on_basis
from allocation.model import Account, BlockOrder, Bond, Choices, Metric, Side
from allocation.money import common_currency, in_currency
from allocation.proposal import Cap

CASH_NOT_RESPECTED = "Cash was not respected: accounts may be overdrawn."


def pose(block: BlockOrder, accounts: Sequence[Account], choices: Choices, limits: LimitTable = NO_LIMITS) -> Problem:
    """The problem of splitting `block` over `accounts`.

    Raises `InvalidBlock`, `MissingPrice`, `MissingMeasure`, `MetricUnavailable` (accounts without the metric that were
    not excluded), or `InvalidParameter`, mostly as `LockRefused`, for locked faces that cannot be traded.
    """
    refuse_untradable(block)
    valued, restated = _valuation(block, accounts)
    members = tuple(
        on_basis(account, valued, choices.minimum_coverage) for account in sorted(accounts, key=lambda a: a.id)
    )
    if len({account.id for account in members}) < len(members):
        raise InvalidBlock("accounts", "An account is in the group twice.")
    lattice = lattice_of(block, members, choices, limits)
    minimums = {account.id: least_line(choices, limits, account.id) for account in members}
    caps = tuple(bind(block, members, rules(limits, valued, choices.respect_cash), lattice, minimums))
    held = fixed(block, members, caps, lattice, choices, minimums)
    currency = common_currency(members, block.bond.currency)
    return Problem(
        block=block,
        accounts=members,
        caps=caps,
        rooms=tuple(_room(block, lattice, cap, account, choices) for cap, account in zip(caps, members, strict=True)),
        lattice=lattice,
        metric=choices.metric,
        unit_values=tuple(unit_value(block, account, valued) for account in members),
        excluded=_excluded(block.bond, members, choices),
        fixed=held,
        locked=frozenset(choices.locked),
        basis=valued,
        currency=currency,
        navs=tuple(in_currency(account, account.nav, currency) for account in members),
        warnings=_warnings(block, choices),
        notes=_notes(block, choices) + restated,
    )


def barred(problem: Problem, places: Mapping[int, str]) -> Problem:
    """The problem with the accounts at `places` given nothing, each for its reason."""
    caps, rooms = list(problem.caps), list(problem.rooms)
    for i, reason in places.items():
        caps[i], rooms[i] = Cap(caps[i].account_id, "minimum allocation", 0, reason), Room(0)
    return replace(problem, caps=tuple(caps), rooms=tuple(rooms))


def lattice_of(block: BlockOrder, accounts: Sequence[Account], choices: Choices, limits: LimitTable) -> Lattice:
    """The faces a line may have: the bond's, single units in a what-if without rounding, and for a buy none below the
    minimum allocation that everybody has at least."""
    own = Lattice.of(block.bond) if choices.round_to_denomination else Lattice(1, 1)
    if block.side is Side.SELL or not accounts:
        return own  # a sell may always end a holding, however small
    least = min(least_line(choices, limits, account.id) for account in accounts)
    return Lattice(max(own.min_piece, own.nearest(least)[1]), own.increment)


def least_line(choices: Choices, limits: LimitTable, account_id: str) -> int:
    """The smallest line the account may be given, in face: the group's minimum allocation or its own."""
    return max(choices.min_allocation, minimum_line(limits, account_id))


def _room(block: BlockOrder, lattice: Lattice, cap: Cap, account: Account, choices: Choices) -> Room:
    if account.id in choices.locked:
        return Room(0)
    return room(lattice, block.side, cap.face, account.held(block.bond.asset_id))


def refuse_untradable(block: BlockOrder) -> None:
    """Raises what is wrong with the block itself, whoever would trade it."""
    bond = block.bond
    if block.face <= 0:
        raise InvalidBlock("face", "The face must be above zero.")
    if block.trade_price is None:
        raise MissingPrice(f"{bond.label} has no price: no account holds it at a usable one. Type a price to go on.")
    if block.trade_price <= 0 or (block.mark is not None and block.mark <= 0):
        raise InvalidBlock("limit", "The price must be above zero.")
    if bond.accrued is not None and min(block.trade_price, block.mark or block.trade_price) + bond.accrued <= 0:
        raise InvalidBlock(
            "limit", f"The price and the accrued interest of {bond.accrued:f} together must be above zero."
        )
    if bond.factor <= 0:
        raise InvalidBlock("bond", f"{bond.label} has a factor of {bond.factor:f}: nothing of it is outstanding.")
    if bond.maturity is not None and block.settlement >= bond.maturity:
        raise InvalidBlock(
            "settlement", f"{bond.label} matures on {bond.maturity:%d %b %Y}, before the trade would settle."
        )


def _figure(metric: Metric) -> str:
    return {
        Metric.ASD: "spread duration",
        Metric.SPREAD_DURATION: "spread duration",
        Metric.DURATION: "duration",
        Metric.OAS: "OAS",
        Metric.DTS: "spread duration or OAS",
    }[metric]


def _valuation(block: BlockOrder, accounts: Sequence[Account]) -> tuple[str, tuple[str, ...]]:
    """One basis for holdings and trade, dirty only when accrued interest is known for all of them; and a note that
    names the accounts for whom it is not."""
    if block.bond.accrued is None:
        return "clean", ()
    unknown = sorted(a.id for a in accounts if basis(a.holdings.values()) == "clean")
    if not unknown:
        return "dirty", ()
    names = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
    return "clean", (f"Metrics are on clean values: accrued interest is not known for all holdings of {names}.",)


def _excluded(bond: Bond, accounts: Sequence[Account], choices: Choices) -> dict[str, str]:
    """Accounts left out of the metric with the reason; `MetricUnavailable` where one lacks it and was not left out,
    which is every account where the bond does."""
    if bond.measures.of(choices.metric) is None:
        return _unmeasured(bond, accounts, choices)
    reasons = {a.id: a.exposures[choices.metric].reason for a in accounts if a.exposures[choices.metric].value is None}
    unsaid = {account: reason for account, reason in reasons.items() if account not in choices.excluded}
    if unsaid:
        have, them = ("has", "it") if len(unsaid) == 1 else ("have", "them")
        names = ", ".join(list(unsaid)[:5]) + (f" and {len(unsaid) - 5} more" if len(unsaid) > 5 else "")
        raise MetricUnavailable(
            f"{len(unsaid)} of {len(accounts)} accounts {have} no {choices.metric.label} ({names}): "
            f"leave {them} out of the dispersion, or choose another metric.",
            unsaid,
        )
    chosen = {a.id: "left out by choice" for a in accounts if a.id in choices.excluded}
    return chosen | reasons


def _unmeasured(bond: Bond, accounts: Sequence[Account], choices: Choices) -> dict[str, str]:
    """Everybody, where the metric of nobody is known after the trade and nobody is to count in it."""
    metric, what = choices.metric, _figure(choices.metric)
    reasons = {account.id: f"{bond.label} has no {what}" for account in accounts}
    if reasons.keys() <= choices.excluded:
        return reasons
    others = [m.label for m in Metric if bond.measures.of(m) is not None]
    hint = f"Choose another metric: {', '.join(others)}." if others else "None of its figures is known today."
    raise MissingMeasure(f"{bond.label} has no {what}, so {metric.label} cannot be shown. {hint}", reasons)


def _warnings(block: BlockOrder, choices: Choices) -> tuple[str, ...]:
    warnings = []
    if block.bond.accrued is None:
        warnings.append(f"Accrued interest of {block.bond.label} is not known: money is at the clean price.")
    if not choices.respect_cash:
        warnings.append(CASH_NOT_RESPECTED)
    if not choices.round_to_denomination:
        warnings.append("Faces were not rounded to whole lots: this is a what-if and cannot be confirmed.")
    return tuple(warnings)


def _notes(block: BlockOrder, choices: Choices) -> tuple[str, ...]:
    if block.bond.measures.of(choices.metric) != 0:
        return ()
    return (f"{block.bond.label} has a {_figure(choices.metric)} of 0: {choices.metric.label} moves for nobody.",)
