"""The tables of a proposal: who gets what and why, what is not placed, and what each cap would bind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from allocation.caps import limits_on, rules
from allocation.engines import ENGINES
from allocation.model import Account, Metric, Side
from allocation.proposal import Cap, Effect, Line, Proposal, Unallocated
from orders.model import Order, OrderLine
from ui import formats, proposal_words
from ui.tables import NARROW, Columns, amount, as_float, currency_column, mixed, number, rounded

_SOMETIMES = ("Asked", "Target", "Within")  # columns left out where no row has anything to say
_NAMED = 12  # reasons in a sentence, and accounts of each; the allocate page has all of them
WRAPPED = 72  # pixels: a row of three lines; only in rows above 64 do texts wrap


def lines(proposal: Proposal) -> tuple[pd.DataFrame, Columns]:
    """The preview: a row per account, with what is looked at first in a narrow window. What somebody asked for and
    targets have columns where there are any, what is held on a sell, currencies where they differ. A locked line adds
    no column: somebody may be typing another. Why stands in a table of its own, where it can be read whole."""
    effect, metric = proposal.effect, proposal.effect.metric
    asset, pairs = proposal.block.bond.asset_id, zip(proposal.lines, proposal.accounts, strict=True)
    table = pd.DataFrame([_row(line, account, asset, effect) for line, account in pairs])
    empty = [name for name in _SOMETIMES if table[name].isna().all() or (table[name] == "").all()]
    if proposal.block.side is not Side.SELL:
        empty += ["Held", "Left"]
    engine = ENGINES.get(proposal.engine)  # none made one that was taken over
    if engine is None or not any(option.name == "instructions" for option in engine.options):
        empty += ["Part"]
    if not mixed(proposal.accounts):
        empty += ["Currency"]
    columns = {
        "Account": st.column_config.TextColumn("Account", pinned=True),
        "Asked": amount("Asked", help_="face asked for this account by name, before any cap"),
        "Face": amount("Face"),
        "Held": amount("Held", help_="face held of the bond before the sell"),
        "Left": amount("Left", help_="face held of the bond after it"),
        "Part": st.column_config.TextColumn("Part", help="direct: asked for; remainder: by rule; locked: by hand"),
        "Currency": currency_column(),
        "Money": amount("Money", help_="at the price it is reserved at, accrued included where known"),
        "Cash before": amount("Cash before"),
        "Cash after": amount("Cash after"),
        "Before": number(f"{metric.short} before", metric.decimals),
        "After": number(f"{metric.short} after", metric.decimals),
        # as typed: rounded as levels are, it would hide what the accounts were steered to
        "Target": st.column_config.NumberColumn(
            "Target", format="%.6g", help=f"{metric.label}, {metric.unit}", width=NARROW
        ),
        "Within": st.column_config.TextColumn(
            "Within",
            help=f"ends within {proposal_words.tolerance(effect)} of its {_aim(effect)}, above it or below it",
            width=84,
        ),
        "Headroom": amount("Headroom", help_="face the account could still take"),
        "Cap": st.column_config.TextColumn("Cap", width=84, help="the rule that the account stopped at"),
        "Name": st.column_config.TextColumn("Name", width=140),
    }
    return table.drop(columns=empty), columns


def whys(proposal: Proposal) -> tuple[pd.DataFrame, Columns]:
    """Why each account gets what it gets, in full, with what it does to it and the cap it stopped at."""
    effect, metric = proposal.effect, proposal.effect.metric
    table = pd.DataFrame(
        [
            {
                "Account": line.account_id,
                "Face": line.face,
                "Moves": f"{formats.metric(effect.before.get(line.account_id), metric)} → "
                f"{formats.metric(effect.after.get(line.account_id), metric)}",
                "Cap": line.cap.rule if line.capped else "",
                "Why": line.reason,
            }
            for line in proposal.lines
        ]
    )
    columns = {
        "Account": st.column_config.TextColumn("Account", pinned=True, width=76),
        "Face": number("Face", 0, width=92),
        "Moves": st.column_config.TextColumn(f"{metric.short}, {metric.unit}", width=104, alignment="right"),
        "Cap": st.column_config.TextColumn("Cap", width=62, help="the rule that the account stopped at"),
        "Why": st.column_config.TextColumn("Why", width=322),
    }
    return table, columns


def _row(line: Line, account: Account, asset_id: str, effect: Effect) -> dict[str, Any]:
    decimals, held = effect.metric.decimals, account.held(asset_id)
    return {
        "Account": line.account_id,
        "Asked": as_float(line.asked),
        "Face": line.face,
        "Held": float(held),
        "Left": float(held - line.face),
        "Part": line.part,
        "Before": rounded(effect.before.get(line.account_id), decimals),
        "After": rounded(effect.after.get(line.account_id), decimals),
        "Target": effect.targets.get(line.account_id),
        "Within": standing(effect, line.account_id),
        "Cap": line.cap.rule if line.capped else "",
        "Currency": account.currency,
        "Money": float(line.money),
        "Cash after": as_float(line.cash_after),
        "Headroom": float(line.headroom),
        "Cash before": as_float(line.cash_before),
        "Name": account.name,
    }


def frozen(body: Mapping[str, Any]) -> tuple[pd.DataFrame, Columns]:
    """Who gets what by a statement's own text, with why."""
    names = {account["id"]: account for account in body["accounts"]}
    decimals, effect = Metric.of(body["effect"]["metric"]).decimals, body["effect"]
    table = pd.DataFrame(
        [
            {
                "Account": line["account_id"],
                "Name": names[line["account_id"]]["name"],
                "Face": line["face"],
                "Currency": names[line["account_id"]]["currency"],
                "Money": float(line["money"]),
                "Cash after": as_float(line["cash_after"]),
                "Before": rounded(effect["before"].get(line["account_id"]), decimals),
                "After": rounded(effect["after"].get(line["account_id"]), decimals),
                "Why": line["reason"],
            }
            for line in body["lines"]
            if line["face"]
        ]
    )
    if len({account["currency"] for account in body["accounts"]}) == 1:
        table = table.drop(columns="Currency")
    columns = {
        "Name": st.column_config.TextColumn("Name", width=140),
        "Face": amount("Face"),
        "Money": amount("Money"),
        "Cash after": amount("Cash after"),
        "Before": number("Before", decimals),
        "After": number("After", decimals),
        "Why": st.column_config.TextColumn("Why", width="large"),
    }
    return table, columns


def nothing(lines: Iterable[tuple[str, int, str]]) -> str:
    """3 of 6 accounts get nothing: QUINER (cash: ...); ALDEPF, STONER (below the piece). A reason is said once, without
    the figure that each account has of its own where there are several. Empty where every account gets something; a
    line is an account, its face and its reason."""
    every = list(lines)
    whole = {account: _bare(reason) for account, face, reason in every if not face}
    alike: dict[str, list[str]] = {}
    for account, reason in whole.items():
        alike.setdefault(_OWN.sub("", reason), []).append(account)
    by_reason = {whole[who[0]] if len(who) == 1 else reason: who for reason, who in alike.items()}
    if not by_reason:
        return ""
    told = "; ".join(
        f"{_names(accounts)} ({formats.plain(reason)})" for reason, accounts in list(by_reason.items())[:_NAMED]
    )
    count, more = sum(map(len, by_reason.values())), sum(map(len, list(by_reason.values())[_NAMED:]))
    return (
        f"{count:,} of {formats.count(len(every), 'account')} {'gets' if count == 1 else 'get'} nothing: {told}"
        f"{f'; and {more:,} more' if more else ''}."
    )


def _names(accounts: Sequence[str]) -> str:
    named = ", ".join(f"**{formats.plain(account)}**" for account in accounts[:_NAMED])
    return f"{named} and {len(accounts) - _NAMED:,} more" if len(accounts) > _NAMED else named


_OWN = re.compile(r"^at [^;]*? (?=it is already )")


def _bare(reason: str) -> str:
    return reason.removeprefix("Nothing: ").rstrip(".")


def changed(order: Order, proposal: Proposal) -> tuple[pd.DataFrame, Columns]:
    """An order's lines before and after a modification, those first that move most."""
    lines = {line.account_id: line for line in order.lines}
    effect, decimals = proposal.effect, proposal.effect.metric.decimals
    moves = {line.account_id: line.face - _face(lines.get(line.account_id)) for line in proposal.lines}
    table = pd.DataFrame(
        [
            {
                "Account": line.account_id,
                "Now": _face(lines.get(line.account_id)),
                "Then": line.face,
                "Change": f"{moves[line.account_id]:+,}" if moves[line.account_id] else "",
                "Booked": as_float(lines[line.account_id].booked) if line.account_id in lines else None,
                "Cash after": as_float(line.cash_after),
                "After": rounded(effect.after.get(line.account_id), decimals),
                "Why": line.reason,
            }
            for line in sorted(proposal.lines, key=lambda line: (-abs(moves[line.account_id]), line.account_id))
            if line.face or line.account_id in lines
        ]
    )
    columns = {
        "Now": amount("Now"),
        "Then": amount("Then"),
        "Change": st.column_config.TextColumn("Change", width=110, alignment="right"),
        "Booked": amount("Booked", help_="filled already, and stays"),
        "Cash after": amount("Cash after"),
        "After": number(f"{effect.metric.short} after", decimals),
        "Why": st.column_config.TextColumn("Why", width="large"),
    }
    return table, columns


def _face(line: OrderLine | None) -> int:
    return line.face if line is not None else 0


def standing(effect: Effect, account_id: str) -> str:
    """Whether an account ends within the tolerance, as a sign and a word; empty for one left out of the metric."""
    if account_id not in effect.after:
        return ""
    if effect.within(account_id):
        return "✓ within"
    return "▲ above" if effect.away(account_id) > 0 else "▼ below"


def _aim(effect: Effect) -> str:
    return "target" if effect.targets else "group's mean"


def not_placed(proposal: Proposal) -> tuple[pd.DataFrame, Columns]:
    """Every unit that could not be placed, with its reason; the faces add up to the difference."""
    return unallocated(proposal.unallocated)


def unallocated(rows: Sequence[Unallocated]) -> tuple[pd.DataFrame, Columns]:
    """Faces that were not placed, each with its reason."""
    table = pd.DataFrame([{"Face": row.face, "Reason": row.reason} for row in rows])
    return table, {"Face": amount("Face"), "Reason": st.column_config.TextColumn("Reason", width="large")}


def caps_today(proposal: Proposal) -> tuple[pd.DataFrame, Columns]:
    """A row for each rule that limits anybody: how many accounts, how many of them below this order, the face they may
    still take under it alone, and the sentence of the tightest. The tightest rule comes first."""
    found: dict[str, list[Cap]] = {}
    asked = rules(proposal.limits, proposal.basis, proposal.choices.respect_cash)
    for account in proposal.accounts:
        for cap in limits_on(proposal.block, account, asked):
            found.setdefault(cap.rule, []).append(cap)
    tightest = {rule: min(caps, key=lambda cap: (cap.face, cap.account_id)) for rule, caps in found.items()}
    table = pd.DataFrame(
        [
            {
                "Rule": rule,
                "Accounts": len(found[rule]),
                "Below this order": sum(cap.face < proposal.block.face for cap in found[rule]),
                "May still take": sum(cap.face for cap in found[rule]),
                "Tightest": f"{tightest[rule].account_id}: {tightest[rule].face:,}, {tightest[rule].reason}",
            }
            for rule in sorted(found, key=lambda rule: (tightest[rule].face, rule))
        ]
    )
    columns = {
        "Rule": st.column_config.TextColumn("Rule", width=140),
        "Accounts": number("Accounts", help_="how many it limits at all"),
        "Below this order": number("Below this order", help_="how many could not take the whole order", width=118),
        "May still take": number("May still take", help_="face, over those accounts, under this rule alone", width=140),
        "Tightest": st.column_config.TextColumn("Tightest", width="large"),
    }
    return table, columns
