"""The tables and sentences of a comparison: what each engine comes to, who gets how much, one size, a partial fill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from allocation.compare import Comparison, Figures
from allocation.metrics import Dispersion, improvement
from allocation.model import Metric
from allocation.partial_fill import PartialFill
from allocation.proposal import Proposal
from allocation.size_curve import Curve
from ui import formats, proposal_tables
from ui.tables import Columns, amount, number, rounded

_SHADES = 5  # of a heat table: more would not be told apart
_STRONGEST = 0.55  # of the colour, so that figures can be read on it in both themes
_HUE = "47, 111, 222"


def answers(rows: Sequence[Comparison]) -> list[tuple[Comparison, Figures, Proposal]]:
    """The rows that have an answer, with it."""
    return [(row, row.figures, row.proposal) for row in rows if row.figures is not None and row.proposal is not None]


def verdict(rows: Sequence[Comparison]) -> str:
    """Which engine leaves the least dispersion of those that place the most, by how much, and what else is to be known
    of the others."""
    found = answers(rows)
    most = max(figures.placed for _, figures, _ in found)
    full = [part for part in found if part[1].placed == most]
    best, figures, proposal = min(full, key=lambda part: part[2].effect.dispersion_after)
    effect = proposal.effect
    told = formats.effect(effect.dispersion_before, effect.dispersion_after, effect.metric, effect.improvement)
    said = [f"**{best.label}** leaves the least dispersion: {told}{_proved(figures)}."]
    others = sorted(part[2].effect.dispersion_after for part in full if part[0] is not best)
    if others and others[0] > effect.dispersion_after:
        said.append(f"The next leaves {formats.dispersion(others[0] - effect.dispersion_after, effect.metric)} more.")
    elif others:
        said.append("Another leaves just as little.")
    closer = [part for part in found if part[2].effect.dispersion_after < effect.dispersion_after]
    said += [
        f"{row.label} leaves {formats.dispersion(other.effect.dispersion_after, effect.metric)}, but places "
        f"{most - these.placed:,} less."
        for row, these, other in closer
    ]
    return " ".join(said)


def _proved(figures: Figures) -> str:
    at_best = figures.least.proved and figures.excess_at_most <= max(1e-9, 1e-6 * figures.least.found)
    return ", proved to be the least at this face" if at_best else ""


def compared(rows: Sequence[Comparison]) -> tuple[pd.DataFrame, Columns]:
    """A row for each engine with an answer."""
    found = answers(rows)
    metric = found[0][2].effect.metric
    table = pd.DataFrame([_row(row, figures, proposal) for row, figures, proposal in found])
    finer, unit = metric.decimals + 1, metric.unit
    columns = {
        "Engine": st.column_config.TextColumn("Engine", pinned=True, width=210),
        "Placed": amount("Placed", help_="face"),
        "Filled": number("Filled, %", 1, "placed over ordered face"),
        "After": number(f"Dispersion, {unit}", finer, "standard deviation afterwards, equal weights", 118),
        "Change": st.column_config.TextColumn("Change", width=118, alignment="right", help="(before - after) / before"),
        "Above": st.column_config.TextColumn(
            "Above the least", width=128, alignment="right",
            help=f"{unit} above the least that any split of the same face leaves; “at most” where that is not proved",
        ),
        "Weighted": number("NAV-weighted", finer, f"standard deviation weighted by NAV afterwards, {unit}", 104),
        "Range": number("Range", metric.decimals, f"highest less lowest account afterwards, {unit}"),
        "Farthest": number("Farthest", metric.decimals, f"largest distance from the mean afterwards, {unit}"),
        "Within": st.column_config.TextColumn(
            "Within", width=74, alignment="right",
            help=f"accounts that end within {proposal_tables.tolerance(found[0][2].effect)} of mean or target",
        ),
        "Touched": st.column_config.TextColumn("Touched", width=76, alignment="right", help="accounts with a line"),
        "Smallest": amount("Smallest line", help_="face"),
        "Cash": st.column_config.TextColumn(
            "Cash left", width=150, alignment="right", help="over the accounts whose cash is known, by currency"
        ),
    }  # fmt: skip
    return table, columns


def _row(row: Comparison, figures: Figures, proposal: Proposal) -> dict[str, Any]:
    effect, least = proposal.effect, figures.least
    metric, after = effect.metric, figures.dispersion_after
    finer = metric.decimals + 1
    above = figures.excess if least.proved else figures.excess_at_most
    shown = formats.figure(max(above, 0.0), finer)
    return {
        "Engine": row.label,
        "Placed": figures.placed,
        "Filled": round(figures.fill * 100, 1),
        "After": rounded(effect.dispersion_after, finer),
        "Change": formats.width(effect.improvement),
        "Above": shown if least.proved else f"at most {shown}",
        "Weighted": rounded(after.get(Dispersion.STDEV_NAV), finer),
        "Range": rounded(after[Dispersion.RANGE], metric.decimals),
        "Farthest": rounded(figures.max_deviation, metric.decimals),
        "Within": proposal_tables.within(effect),
        "Touched": f"{figures.touched} of {len(proposal.lines)}",
        "Smallest": figures.smallest_line,
        "Cash": formats.short_moneys(figures.cash_left),
    }


def heat(rows: Sequence[Comparison]) -> tuple[Styler, Columns]:
    """Who gets how much: a row per account, a column per engine, darker for more."""
    found = answers(rows)
    first = found[0][2]
    metric = first.effect.metric
    told = {
        "Account": [account.id for account in first.accounts],
        "Name": [account.name for account in first.accounts],
        "Today": [rounded(first.effect.before.get(account.id), metric.decimals) for account in first.accounts],
    }
    faces = {row.label: [line.face for line in proposal.lines] for row, _, proposal in found}
    table = pd.DataFrame(told | faces)
    most = max((face for column in faces.values() for face in column), default=0)
    shaded = table.style.map(lambda face: _shade(face, most), subset=list(faces))
    columns = {
        "Account": st.column_config.TextColumn("Account", pinned=True),
        "Name": st.column_config.TextColumn("Name", width=170),
        "Today": number(f"{metric.short} today", metric.decimals, f"{metric.label}, {metric.unit}", 96),
        **{label: number(label, 0, "face", 150) for label in faces},
    }
    return shaded, columns


def _shade(face: int, most: int) -> str:
    if not face:
        return ""
    step = -(-face * _SHADES // most)
    return f"background-color: rgba({_HUE}, {_STRONGEST * step / _SHADES:.2f})"


def at_size(curves: Sequence[Curve], size: int, before: float, metric: Metric) -> tuple[pd.DataFrame, Columns]:
    """What each engine comes to at one size of the order."""
    found = [(curve.label, point) for curve in curves if (point := curve.at(size)) is not None]
    table = pd.DataFrame(
        [
            {
                "Engine": label,
                "Placed": point.placed,
                "Not placed": point.face - point.placed,
                "Dispersion": rounded(point.dispersion, metric.decimals + 1),
                "Change": formats.width(improvement(before, point.dispersion)),
            }
            for label, point in found
        ]
    )
    columns = {
        "Engine": st.column_config.TextColumn("Engine", width=260),
        "Placed": amount("Placed", help_="face"),
        "Not placed": amount("Not placed", help_="face"),
        "Dispersion": number(f"Dispersion, {metric.unit}", metric.decimals + 1, "standard deviation afterwards", 128),
        "Change": st.column_config.TextColumn("Change", width=128, alignment="right", help="(before - after) / before"),
    }
    return table, columns


def part_filled(made: PartialFill, names: Mapping[str, str]) -> tuple[pd.DataFrame, Columns]:
    """What each account with a line would have of it. `names` is by account id."""
    metric = made.effect.metric
    table = pd.DataFrame(
        [
            {
                "Account": line.account_id,
                "Name": names[line.account_id],
                "Line": line.line,
                "Would get": line.expected,
                "Left": line.left,
                "After": rounded(made.effect.after.get(line.account_id), metric.decimals),
                "Note": _remark(made, line.account_id),
            }
            for line in made.lines
            if line.line
        ]
    )
    columns = {
        "Name": st.column_config.TextColumn("Name", width=150),
        "Line": amount("Line", help_="face, were all of it filled"),
        "Would get": amount("Would get", help_="face"),
        "Left": amount("Left open", help_="face"),
        "After": number(f"{metric.short} after", metric.decimals, f"{metric.label}, {metric.unit}", 96),
        "Note": st.column_config.TextColumn("Note", width=200),
    }
    return table, columns


def _remark(made: PartialFill, account_id: str) -> str:
    if account_id in made.stubs:
        return "would keep less than a piece"
    return "below the minimum piece" if account_id in made.below_minimum else ""
