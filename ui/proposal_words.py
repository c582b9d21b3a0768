"""What is said of a proposal in sentences: who would be overdrawn, what was made small, what the caps cost."""

from __future__ import annotations

from decimal import Decimal

from allocation.certificate import ShadowPrice
from allocation.engines import ENGINES
from allocation.engines.min_dispersion import MinDispersion
from allocation.model import BlockOrder
from allocation.proposal import Effect, Proposal
from orders.block import Request
from orders.elsewhere import ENGINE as ELSEWHERE
from ui import formats


def not_placed_sum(proposal: Proposal) -> str:
    """What the faces that were not placed add up to, as the difference that it is."""
    rows, block = proposal.unallocated, proposal.block
    return f"In all {sum(row.face for row in rows):,} = {block.face:,} ordered − {proposal.placed:,} placed."


def as_its_rule_says(proposal: Proposal) -> bool:
    """Whether the split is what its engine promises, which it is not where that proves and has nothing to prove here;
    none of ours made a split that was taken over."""
    return proposal.engine in ENGINES and (proposal.engine != MinDispersion.name or proposal.certificate is not None)


def overdrawn(proposal: Proposal) -> tuple[str, ...]:
    """Accounts whose cash would be below zero, each with what it would be."""
    names = {account.id: account.currency for account in proposal.accounts}
    return tuple(
        f"{line.account_id} ({formats.money(line.cash_after, names[line.account_id])})"
        for line in proposal.lines
        if line.face and line.cash_after is not None and line.cash_after < 0
    )


def minimised(proposal: Proposal) -> str:
    """What a minimum-dispersion split made small: dispersion, distance from the targets; NAV-weighted or not."""
    parameters = proposal.choices.parameters
    what = "distance from the targets" if parameters.get("centre") == "targets" else "dispersion"
    return f"NAV-weighted {what}" if parameters.get("weighting") == "nav" else what


def shadow_sentences(proposal: Proposal, most: int = 3) -> tuple[str, ...]:
    """What a million more under the caps that cost the most would be worth, largest first."""
    if proposal.certificate is None:
        return ()
    largest = sorted(proposal.certificate.shadow_prices, key=lambda shadow: (-shadow.per_million, shadow.account_id))
    return tuple(_shadow(proposal, shadow) for shadow in largest[:most])


def _shadow(proposal: Proposal, shadow: ShadowPrice) -> str:
    currency = next(account.currency for account in proposal.accounts if account.id == shadow.account_id)
    more = "cash" if shadow.rule == "cash" else f"room under its {shadow.rule}"
    worth = Decimal(f"{shadow.per_million:.2g}")
    return (
        f"{currency} 1 million more {more} in {shadow.account_id} would lower the {minimised(proposal)} by "
        f"{worth:f} {proposal.effect.metric.unit}."
    )


def within(effect: Effect) -> str:
    """4 of 6: how many of the accounts that count end within the tolerance."""
    return f"{len(effect.after) - len(effect.outside)} of {len(effect.after)}"


def tolerance(effect: Effect) -> str:
    """0.05 years, 5 bp: as it was typed."""
    return f"{effect.tolerance:g} {effect.metric.unit}"


def whys(proposal: Proposal) -> str:
    """Why each account gets what it gets, in full, as a table in Markdown whose rows are as high as they must be."""
    effect, metric = proposal.effect, proposal.effect.metric
    rows = [
        (
            f"**{formats.plain(line.account_id)}**",
            f"{line.face:,}",
            f"{formats.metric(effect.before.get(line.account_id), metric)}\u00a0→"
            f"\u00a0{formats.metric(effect.after.get(line.account_id), metric)}",
            line.cap.rule if line.capped else "",
            formats.plain(line.reason),
        )
        for line in proposal.lines
    ]
    head = ("Account", "Face", f"{metric.short}, {metric.unit}", "Cap", "Why")
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---", "--:", "--:", "---", "---"), *rows))


def engine_name(key: str) -> str:
    """An engine as people call it."""
    return "Taken over" if key == ELSEWHERE else ENGINES[key].label if key in ENGINES else key


def sentence(block: BlockOrder | Request, label: str, group: str) -> str:
    """Buy 25,000,000 T 4.25 11/15/34 for BIG6 at 98.5, settle Tue 24 Nov 2026"""
    at = f" at {formats.price(block.limit)}" if block.limit is not None else ""
    return f"{block.side.value.title()} {block.face:,} {label} for {group}{at}, settle {formats.day(block.settlement)}"
