"""The charts of a comparison: every account per engine, dispersion against what is proved, sizes, a partial fill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
_BETWEEN = 0.012  # of the width, between two panels
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
    reach, width = _reach([proposal for _, proposal in rows]), 1 / len(rows)
    traces, shapes, notes, axes = list[Any](), list[Any](), list[Any](), dict[str, Any]()
    for place, (label, proposal) in enumerate(rows):
        axis = "x" if place == 0 else f"x{place + 1}"
        axes[axis.replace("x", "xaxis")] = {
            "domain": [place * width, (place + 1) * width - _BETWEEN], "range": reach, "nticks": 5, "side": "top",
            "tickfont": {"size": 10}, "zeroline": False,
        }  # fmt: skip
        traces += _panel(axis, proposal, order)
        shapes += _band(axis, proposal)
        notes.append({
            "text": _headline(label, proposal, label == picked), "x": 0.5, "xref": f"{axis} domain", "y": 1.0,
            "yref": "paper", "yanchor": "bottom", "yshift": 18, "showarrow": False, "font": {"size": 12},
        })  # fmt: skip
    # at once, since each later update of a figure is slow
    figure = go.Figure(traces, {"shapes": shapes, "annotations": notes, **axes})
    row, head = ROW if len(order) <= MANY else DENSE, 60 + 16 * any("(" in label for label, _ in rows)
    figure = charts.layout(figure, max(180, 90 + row * len(order)), "")
    figure.update_layout(margin={"l": 8, "r": 8, "t": head, "b": 12}, dragmode="zoom", clickmode="event")
    figure.update_yaxes(
        tickvals=list(range(len(order))), ticktext=order, range=[-0.7, len(order) - 0.3], tickfont={"size": 11},
    )  # fmt: skip
    return figure


def _headline(label: str, proposal: Proposal, picked: bool) -> str:
    name = f"<b>{short(label)}</b>" if picked else short(label)
    return f"{name}<br>{formats.dispersion(proposal.effect.dispersion_after, proposal.effect.metric)}"


def _reach(proposals: Sequence[Proposal]) -> tuple[float, float]:
    """From where to where the accounts stand in any panel, with a margin."""
    values = [v for p in proposals for of in (p.effect.before, p.effect.after) for v in of.values()] or [0.0]
    margin = 0.06 * (max(values) - min(values)) or 1.0
    return min(values) - margin, max(values) + margin


def _panel(axis: str, proposal: Proposal, order: Sequence[str]) -> list[Any]:
    """The dots of one engine."""
    effect, lines = proposal.effect, {line.account_id: line for line in proposal.lines}
    before = np.array([effect.before[account] for account in order])
    after = np.array([effect.after[account] for account in order])
    unit, decimals, places = effect.metric.unit, effect.metric.decimals, np.arange(len(order))
    capped = [lines[account].capped for account in order]
    was = go.Scatter(
        x=before, y=places, xaxis=axis, mode="markers", name="before", hoverinfo="skip",
        marker={"size": 12, "symbol": "circle-open", "color": BEFORE, "line": {"width": 2}},
    )  # fmt: skip
    ends = go.Scatter(
        x=after, y=places, xaxis=axis, mode="markers", name="after", text=order,
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
    return [was, ends]


def _band(axis: str, proposal: Proposal) -> list[Any]:
    """The mean afterwards, and one standard deviation to each side."""
    mean, spread = proposal.effect.mean_after, proposal.effect.dispersion_after
    tall = {"xref": axis, "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    return [
        {"type": "rect", "x0": mean - spread, "x1": mean + spread, "fillcolor": CONTEXT, "opacity": 0.15,
         "line": {"width": 0}, **tall},
        {"type": "line", "x0": mean, "x1": mean, "line": {"color": CONTEXT, "dash": "dot", "width": 1}, **tall},
    ]  # fmt: skip


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
    _bounds(figure, [figures.least.bound for _, figures, _ in answered])
    figure = charts.layout(figure, 60 + _BAR * len(names), f"standard deviation, {metric.unit}")
    figure.update_layout(margin={"l": 8, "r": 170, "t": 8, "b": 40})  # room for the figures at the bars' ends
    figure.update_layout(dragmode=False, clickmode="event")
    figure.update_xaxes(range=[0, max(values) or 1.0])
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.5, -0.5])
    return figure


def _bounds(figure: go.Figure, bounds: Sequence[float]) -> None:
    """A line across each engine's bar at what no split of its face can beat."""
    for place, bound in enumerate(bounds, 1):
        figure.add_shape(
            type="line", x0=bound, x1=bound, y0=place - 0.5, y1=place + 0.5, line={"color": LIMIT, "width": 2}
        )  # fmt: skip


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
    figure.update_layout(margin={"l": 8, "r": 24, "t": 8, "b": 44}, dragmode=False, clickmode="event")
    figure.update_layout(hovermode="x")
    figure.update_xaxes(title="face of the order, mm", tickformat=",", row=2, col=1)
    figure.update_yaxes(title=f"standard deviation, {metric.unit}", showgrid=True, row=1, col=1)
    figure.update_yaxes(title="placed, mm", tickformat=",", showgrid=True, rangemode="tozero", row=2, col=1)
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
    """Each curve's name where it is farthest from the others, on the side away from the nearest of them."""
    heights = [np.array([point.dispersion for point in curve.points]) for curve in drawn]
    for place, (curve, own) in enumerate(zip(drawn, heights, strict=True)):
        others = [own - other for other in heights[:place] + heights[place + 1 :]] or [np.ones_like(own)]
        nearest = np.array(others)[np.abs(others).argmin(axis=0), np.arange(len(own))]
        margin = len(own) // 6  # a name at the very end would be cut off
        at = margin + int(np.abs(nearest[margin : len(own) - margin]).argmax())
        name = f"<b>{curve.label}</b>" if curve.label == picked else curve.label
        above = nearest[at] > 0 or (nearest[at] == 0 and place == 0)
        figure.add_annotation(
            x=curve.points[at].face / _MM, y=own[at], xref="x", yref="y", showarrow=False, font={"size": 11},
            yanchor="bottom" if above else "top", text=name,
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
