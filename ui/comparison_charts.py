"""The charts of a comparison: every account per engine, dispersion against what is proved, sizes, a partial fill."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from allocation.compare import Comparison
from allocation.metrics import improvement
from allocation.model import Metric
from allocation.partial_fill import PartialFill
from allocation.proposal import Proposal
from allocation.size_curve import Curve
from ui import charts, formats
from ui.charts import AFTER, BEFORE, CONTEXT, LIMIT

ROW, DENSE, MANY = 22, 14, 40  # pixels an account; less where there are many
_BAR = 40
_BEHIND = 0.45  # opacity of the engines that are not looked at
_MM = 1e6  # faces are drawn in millions


def short(label: str) -> str:
    """A row's label on two lines, where it says more than the engine."""
    return label.replace(" (", "<br>(", 1)


# -- every account, per engine ---------------------------------------------------------------------------------------


def dumbbells(rows: Sequence[tuple[str, Proposal]], picked: str) -> go.Figure:
    """A panel for each engine, on the same axes: every account's metric before and after, joined, sorted by before;
    the band is one standard deviation about the mean afterwards."""
    effect = rows[0][1].effect
    order = sorted(effect.before, key=lambda account: (effect.before[account], account))
    figure = make_subplots(
        cols=len(rows), shared_yaxes=True, horizontal_spacing=0.012,
        subplot_titles=[_headline(label, proposal, label == picked) for label, proposal in rows],
    )  # fmt: skip
    for column, (_, proposal) in enumerate(rows, 1):
        _panel(figure, column, proposal, order)
    row = ROW if len(order) <= MANY else DENSE
    figure = charts.layout(figure, max(180, 90 + row * len(order)), "")
    head = 60 + 16 * any("(" in label for label, _ in rows)
    figure.update_layout(margin={"l": 8, "r": 8, "t": head, "b": 12}, dragmode="zoom", clickmode="event")
    figure.update_annotations(font_size=12, yshift=18)  # above the axis
    figure.update_yaxes(
        tickvals=list(range(len(order))), ticktext=order, range=[-0.7, len(order) - 0.3], tickfont={"size": 11},
    )  # fmt: skip
    low, high = _reach([proposal for _, proposal in rows])
    # on top, since a large group scrolls
    figure.update_xaxes(range=[low, high], nticks=5, title="", side="top", tickfont={"size": 10})
    return figure


def _headline(label: str, proposal: Proposal, picked: bool) -> str:
    name = f"<b>{short(label)}</b>" if picked else short(label)
    return f"{name}<br>{formats.dispersion(proposal.effect.dispersion_after, proposal.effect.metric)}"


def _reach(proposals: Sequence[Proposal]) -> tuple[float, float]:
    """From where to where the accounts stand in any panel, with a margin."""
    values = [v for p in proposals for of in (p.effect.before, p.effect.after) for v in of.values()] or [0.0]
    margin = 0.06 * (max(values) - min(values)) or 1.0
    return min(values) - margin, max(values) + margin


def _panel(figure: go.Figure, column: int, proposal: Proposal, order: Sequence[str]) -> None:
    effect, lines = proposal.effect, {line.account_id: line for line in proposal.lines}
    before = np.array([effect.before[account] for account in order])
    after = np.array([effect.after[account] for account in order])
    places = np.arange(len(order))
    unit, decimals = effect.metric.unit, effect.metric.decimals
    figure.add_scatter(
        x=before, y=places, mode="markers", name="before", hoverinfo="skip", row=1, col=column,
        marker={"size": 12, "symbol": "circle-open", "color": BEFORE, "line": {"width": 2}},
    )  # fmt: skip
    capped = [lines[account].capped for account in order]
    figure.add_scatter(
        x=after, y=places, mode="markers", name="after", row=1, col=column, text=order,
        customdata=np.column_stack([before, [lines[account].face for account in order]]),
        hovertemplate=f"<b>%{{text}}</b><br>before %{{customdata[0]:,.{decimals}f}} {unit}<br>after "
        f"%{{x:,.{decimals}f}} {unit}<br>face %{{customdata[1]:,.0f}}<extra></extra>",
        error_x={
            "array": np.maximum(before - after, 0), "arrayminus": np.maximum(after - before, 0), "symmetric": False,
            "color": AFTER, "thickness": 2, "width": 0,
        },
        marker={
            "size": 8, "color": [LIMIT if at_cap else AFTER for at_cap in capped],
            "symbol": ["diamond" if at_cap else "circle" for at_cap in capped],
        },
    )  # fmt: skip
    # after the dots: an empty panel would take no shapes
    spread = effect.dispersion_after
    low, high = effect.mean_after - spread, effect.mean_after + spread
    figure.add_vrect(x0=low, x1=high, fillcolor=CONTEXT, opacity=0.15, line_width=0, col=column, row=1)
    figure.add_vline(x=effect.mean_after, line={"color": CONTEXT, "dash": "dot", "width": 1}, col=column, row=1)


# -- dispersion against the bound ------------------------------------------------------------------------------------


def bars(rows: Sequence[Comparison], metric: Metric, picked: str) -> go.Figure:
    """Dispersion before, and after per engine, with a line across each bar at what no split of its face can beat."""
    answered = [
        (row, row.figures, row.proposal) for row in rows if row.figures is not None and row.proposal is not None
    ]
    before = answered[0][2].effect.dispersion_before
    after = [proposal.effect.dispersion_after for _, _, proposal in answered]
    names = ["Before", *(short(row.label) for row, _, _ in answered)]
    values = [before, *after]
    hover = [
        f"<b>{row.label}</b><br>after {formats.dispersion(value, metric)}"
        f"<br>no split of {figures.least.face:,} leaves less than {formats.dispersion(figures.least.bound, metric)}"
        for (row, figures, _), value in zip(answered, after, strict=True)
    ]
    figure = go.Figure(
        go.Bar(
            x=values, y=list(range(len(names))), orientation="h", width=0.62, textposition="outside", cliponaxis=False,
            marker={
                "color": [BEFORE, *(AFTER for _ in after)],
                "opacity": [1.0, *(1.0 if row.label == picked else _BEHIND for row, _, _ in answered)],
            },
            text=[
                formats.dispersion(before, metric),
                *(
                    f"{formats.dispersion(value, metric)}, {formats.width(improvement(before, value))}"
                    for value in after
                ),
            ],
            hovertext=[f"<b>Before</b><br>{formats.dispersion(before, metric)}", *hover], hoverinfo="text",
        )
    )  # fmt: skip
    for place, (_, figures, _) in enumerate(answered, 1):
        figure.add_shape(
            type="line", x0=figures.least.bound, x1=figures.least.bound, y0=place - 0.5, y1=place + 0.5,
            line={"color": LIMIT, "width": 2},
        )  # fmt: skip
    figure = charts.layout(figure, 60 + _BAR * len(names), f"standard deviation, {metric.unit}")
    figure.update_layout(margin={"l": 8, "r": 170, "t": 8, "b": 40})  # room for the figures at the bars' ends
    figure.update_layout(dragmode=False, clickmode="event")
    figure.update_xaxes(range=[0, max(values) or 1.0])
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.5, -0.5])
    return figure


# -- over sizes ------------------------------------------------------------------------------------------------------


def sizes(curves: Sequence[Curve], metric: Metric, picked: str, size: int, own: int) -> go.Figure:
    """Dispersion and what is placed against the size of the order: the picked engine in front, the others grey."""
    figure = make_subplots(rows=2, shared_xaxes=True, vertical_spacing=0.07, row_heights=[0.66, 0.34])
    drawn = sorted((curve for curve in curves if curve.points), key=lambda curve: curve.label == picked)
    for curve in drawn:
        _curve(figure, curve, metric, front=curve.label == picked)
    figure.add_vline(x=own / _MM, line={"color": CONTEXT, "dash": "dot", "width": 1})
    figure.add_vline(x=size / _MM, line={"color": LIMIT, "width": 2})
    figure = charts.layout(figure, 460, "")
    figure.update_layout(margin={"l": 8, "r": 190, "t": 8, "b": 44}, dragmode=False, clickmode="event")
    figure.update_layout(hovermode="x")
    figure.update_xaxes(title="face of the order, mm", row=2, col=1)
    figure.update_yaxes(title=f"standard deviation, {metric.unit}", showgrid=True, row=1, col=1)
    figure.update_yaxes(title="placed, mm", showgrid=True, rangemode="tozero", row=2, col=1)
    _names(figure, drawn, picked)
    return figure


def _curve(figure: go.Figure, curve: Curve, metric: Metric, *, front: bool) -> None:
    faces = np.array([point.face / _MM for point in curve.points])
    placed = np.array([point.placed for point in curve.points])
    line = {"color": AFTER if front else CONTEXT, "width": 3 if front else 1.5}
    figure.add_scatter(
        x=faces, y=np.array([point.dispersion for point in curve.points]), mode="lines", line=line, row=1, col=1,
        hovertemplate=f"{curve.label}: %{{y:,.{metric.decimals + 1}f}} {metric.unit}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=faces, y=placed / _MM, mode="lines", line=line, row=2, col=1, customdata=placed,
        hovertemplate=f"{curve.label}: %{{customdata:,.0f}} placed<extra></extra>",
    )  # fmt: skip


def _names(figure: go.Figure, drawn: Sequence[Curve], picked: str) -> None:
    """Each curve's name at its end, moved apart where two end at the same height."""
    if not drawn:
        return
    ends = sorted(((curve.points[-1].dispersion, curve) for curve in drawn), key=lambda end: end[0])
    values = [point.dispersion for curve in drawn for point in curve.points]
    gap = ((max(values) - min(values)) or 1.0) * 0.075
    height = -float("inf")
    for value, curve in ends:
        height = max(value, height + gap)
        figure.add_annotation(
            x=1.0, xref="paper", xanchor="left", xshift=6, y=height, yref="y", showarrow=False, align="left",
            text=f"<b>{curve.label}</b>" if curve.label == picked else curve.label, font={"size": 11},
            width=180,
        )  # fmt: skip


# -- a part of it filled ---------------------------------------------------------------------------------------------


def part_filled(made: PartialFill) -> go.Figure:
    """Each account's line as an outline, and what it would have of it so far."""
    lines = [line for line in sorted(made.lines, key=lambda line: (line.line, line.account_id)) if line.line]
    names = [line.account_id for line in lines]
    flagged = {*made.below_minimum, *made.stubs}
    figure = go.Figure()
    figure.add_bar(
        x=[line.line / _MM for line in lines], y=names, orientation="h", hoverinfo="skip", width=0.62,
        marker={"color": "rgba(0,0,0,0)", "line": {"color": BEFORE, "width": 1}},
    )  # fmt: skip
    figure.add_bar(
        x=[line.expected / _MM for line in lines], y=names, orientation="h", width=0.62, hoverinfo="text",
        marker_color=[LIMIT if line.account_id in flagged else AFTER for line in lines],
        hovertext=[
            f"<b>{line.account_id}</b><br>{line.expected:,} of {line.line:,}<br>{line.left:,} left" for line in lines
        ],
    )  # fmt: skip
    row = ROW if len(lines) <= MANY else DENSE
    figure = charts.layout(figure, max(160, 60 + row * len(lines)), "face, mm")
    figure.update_layout(barmode="overlay", dragmode=False, clickmode="event")
    figure.update_yaxes(type="category", tickfont={"size": 11})
    return figure
