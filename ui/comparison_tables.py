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
from ui import formats, proposal_words
from ui.tables import Columns, number, rounded

_SHADES = 5  # of a heat table: more would not be told apart
_STRONGEST = 0.55  # of the colour, so that figures can be read on it in both themes
_NAMED = 12  # locked lines in a sentence
_HUE = "47, 111, 222"


def answers(rows: Sequence[Comparison]) -> list[tuple[Comparison, Figures, Proposal]]:
    """The rows that have an answer, with it."""
    return [(row, row.figures, row.proposal) for row in rows if row.figures is not None and row.proposal is not None]


def verdict(rows: Sequence[Comparison]) -> str:
    """Which engine leaves the least dispersion of those that place the most, by how much, and what else is to be known
    of the others."""
    found = answers(rows)
    if not counted(rows):
        return "Nobody counts in the dispersion: the engines differ in who gets how much, and in what they place."
    most = max(figures.placed for _, figures, _ in found)
    full = [part for part in found if part[1].placed == most]
    best, figures, proposal = min(full, key=lambda part: part[2].effect.dispersion_after)
    effect = proposal.effect
    told = formats.effect(effect.dispersion_before, effect.dispersion_after, effect.metric, effect.improvement)
    said = [f"**{best.label}** leaves the least dispersion: {told}{_proved(figures, proposal)}."]
    others = [(other.effect.dispersion_after, row.label) for row, _, other in full if row is not best]
    if others:
        after, label = min(others)
        more = formats.dispersion(after - effect.dispersion_after, effect.metric)
        less = after > effect.dispersion_after
        said.append(f"The next, {label}, leaves {more} more." if less else f"{label} leaves just as little.")
    closer = [part for part in found if part[2].effect.dispersion_after < effect.dispersion_after]
    said += [
        f"{row.label} leaves {formats.dispersion(other.effect.dispersion_after, effect.metric)}, but places "
        f"{most - these.placed:,} less."
        for row, these, other in closer
    ]
    return " ".join(said)


def counted(rows: Sequence[Comparison]) -> bool:
    """Whether any account counts in the dispersion."""
    return any(proposal.effect.after for _, _, proposal in answers(rows))


def _proved(figures: Figures, proposal: Proposal) -> str:
    """That no split leaves less, where that is proved: of what is placed with the accounts that count, and beside what
    is locked."""
    at_best = figures.least.proved and figures.excess_at_most <= max(1e-9, 1e-6 * figures.least.found)
    if not at_best:
        return ""
    locked, out = len(proposal.choices.locked), proposal.effect.excluded
    given = f", with the locked {'line as it is' if locked == 1 else 'lines as they are'}" if locked else ""
    of = "for what goes to the accounts that count" if out else "at this face"
    return f", proved to be the least {of}{given}"


def locks(locked: Mapping[str, int]) -> str:
    """2 lines locked: DOVEER 7,000,000, QUINER 0. Empty where none is."""
    if not locked:
        return ""
    named = ", ".join(f"{formats.plain(account)} {face:,}" for account, face in sorted(locked.items())[:_NAMED])
    more = f" and {len(locked) - _NAMED} more" if len(locked) > _NAMED else ""
    return f"{formats.count(len(locked), 'line')} locked: {named}{more}."


def compared(rows: Sequence[Comparison]) -> tuple[pd.DataFrame, Columns]:
    """A row for each engine with an answer: what it comes to, the most telling first."""
    found = answers(rows)
    effect = found[0][2].effect
    table = pd.DataFrame([_row(row, figures, proposal) for row, figures, proposal in found])
    columns = {
        "Engine": _engine(),
        "Placed": number("Placed", 0, "face", 92),
        "After": _deviation(effect.metric),
        "Change": _text("Change", 108, "(before - after) / before"),
        "Above": _text(
            "Above least", 88,
            f"{effect.metric.unit} above the least that any split of the same face leaves; “at most” where that is not "
            "proved",
        ),
        "Within": _text("Within", 66, f"accounts ending within {proposal_words.tolerance(effect)} of mean or target"),
        "Touched": _text("Touched", 64, "accounts with a line"),
        "Filled": number("Placed, %", 1, "placed over ordered face", 68),
        "Smallest": number("Smallest line", 0, "face", 98),
        "Cash": _text("Cash left", 116, "over the accounts whose cash is known, by currency"),
    }  # fmt: skip
    return (table if counted(rows) else table.drop(columns=["After", "Change", "Above", "Within"])), columns


def measured(rows: Sequence[Comparison]) -> tuple[pd.DataFrame, Columns]:
    """A row for each engine with an answer, and one for before: every measure of dispersion."""
    found = answers(rows)
    metric, before = found[0][2].effect.metric, found[0][1].dispersion_before
    finer = metric.decimals + 1
    each = [("Before", before), *((row.label, figures.dispersion_after) for row, figures, _ in found)]
    table = pd.DataFrame(
        [{"Engine": label, **{m.key: rounded(values.get(m), finer) for m in Dispersion}} for label, values in each]
    )
    columns = {
        "Engine": _engine(),
        **{m.key: number(m.label, finer, f"{m.label.lower()}, {metric.unit}", 168) for m in Dispersion},
        Dispersion.STDEV.key: _deviation(metric),
        Dispersion.RANGE.key: number("High less low", finer, f"highest less lowest account, {metric.unit}", 104),
        Dispersion.STDEV_NAV.key: number("NAV-weighted", finer, f"standard deviation by NAV, {metric.unit}", 108),
    }
    return table, columns


def _engine() -> Any:
    return st.column_config.TextColumn("Engine", pinned=True, width=138)


def _deviation(metric: Metric) -> Any:
    help_ = "standard deviation, equal weights, over the accounts that count"
    return number(f"Dispersion, {metric.unit}", metric.decimals + 1, help_, 112)


def _text(label: str, width: int, help_: str) -> Any:
    return st.column_config.TextColumn(label, width=width, alignment="right", help=help_)


def _row(row: Comparison, figures: Figures, proposal: Proposal) -> dict[str, Any]:
    effect, least = proposal.effect, figures.least
    above = formats.figure(
        max(figures.excess if least.proved else figures.excess_at_most, 0.0), effect.metric.decimals + 1
    )
    return {
        "Engine": row.label,
        "Placed": figures.placed,
        "After": rounded(effect.dispersion_after, effect.metric.decimals + 1),
        "Change": formats.width(effect.improvement),
        "Above": above if least.proved else f"at most {above}",
        "Within": proposal_words.within(effect),
        "Touched": f"{figures.touched} of {len(proposal.lines)}",
        "Filled": round(figures.fill * 100, 1),
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
        "Engine": _engine(),
        "Placed": number("Placed", 0, "face", 96),
        "Not placed": number("Not placed", 0, "face", 96),
        "Dispersion": _deviation(metric),
        "Change": _text("Change", 106, "(before - after) / before"),
    }
    return table, columns


def part_filled(made: PartialFill) -> tuple[pd.DataFrame, Columns]:
    """What each account with a line would have of it; with remarks where there are any."""
    metric = made.effect.metric
    table = pd.DataFrame(
        [
            {
                "Account": line.account_id,
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
        "Account": st.column_config.TextColumn("Account", pinned=True),
        "Line": number("Line", 0, "face, were all of it filled", 96),
        "Would get": number("Would get", 0, "face", 96),
        "Left": number("Left open", 0, "face", 96),
        "After": number(f"{metric.short} after", metric.decimals, f"{metric.label}, {metric.unit}", 88),
        "Note": st.column_config.TextColumn("Note", width=190),
    }
    return (table if made.below_minimum or made.stubs else table.drop(columns="Note")), columns


def _remark(made: PartialFill, account_id: str) -> str:
    if account_id in made.stubs:
        return "would keep less than a piece"
    return "below the minimum piece" if account_id in made.below_minimum else ""
