"""Plotly charts in one template: two hues and grey, direct labels, units on axes and hovers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio
from streamlit.elements.lib.streamlit_plotly_theme import (
    BG_COLOR,
    CATEGORY_0,
    CATEGORY_1,
    CATEGORY_2,
    CATEGORY_3,
    GRAY_90,
)

from allocation.metrics import Spread
from allocation.proposal import Effect, Line
from ui import formats

# Streamlit puts the theme's colours in the place of these in the browser, so that a figure made once is right in the
# light theme and in the dark one: `chartCategoricalColors` in .streamlit/config.toml, the page behind, and its text
AFTER, LIMIT, BEFORE, TARGET = CATEGORY_0, CATEGORY_1, CATEGORY_2, CATEGORY_3
CONTEXT, PAGE, TEXT = BEFORE, BG_COLOR, GRAY_90
CONFIG = {
    "displaylogo": False,
    "toImageButtonOptions": {"format": "png", "scale": 2},
    "modeBarButtonsToRemove": ["lasso2d"],
}

pio.templates["evenlot"] = go.layout.Template(
    layout={
        "margin": {"l": 8, "r": 8, "t": 8, "b": 40},
        "showlegend": False,
        "hoverlabel": {"align": "left", "bgcolor": PAGE, "bordercolor": CONTEXT, "font": {"color": TEXT}},
        "dragmode": "select",
        "clickmode": "event+select",
        "xaxis": {"zeroline": False, "automargin": True},
        "yaxis": {"zeroline": False, "showgrid": False, "automargin": True},
        "bargap": 0.35,
    }
)


def config(*name: str) -> dict[str, Any]:
    """How a chart behaves; saved as a picture, its file is named after what it shows."""
    words = "-".join(re.findall(r"[a-z0-9]+", " ".join(name).lower()))
    return CONFIG | {"toImageButtonOptions": {"format": "png", "scale": 2, "filename": f"evenlot-{words}"}}


def layout(figure: go.Figure, height: int, title: str) -> go.Figure:
    """The look all charts share; `title` is that of the horizontal axis, unit included."""
    figure.update_layout(template="streamlit+evenlot", height=height, xaxis_title=title)
    axis = {"tickfont_color": TEXT, "title_font_color": TEXT}  # the template's would be overruled, in too pale a grey
    return figure.update_xaxes(axis).update_yaxes(axis)


def _mark(figure: go.Figure, spread: Spread) -> None:
    """The mean, and one standard deviation to each side."""
    _band(figure, spread.mean, spread.stdev)


def _band(figure: go.Figure, mean: float, reach: float) -> None:
    """The mean, and as far to each side."""
    figure.add_vrect(x0=mean - reach, x1=mean + reach, fillcolor=CONTEXT, opacity=0.15, line_width=0)
    figure.add_vline(x=mean, line={"color": CONTEXT, "dash": "dot"})


def dumbbell(effect: Effect, lines: Sequence[Line]) -> go.Figure:
    """One row an account, its metric before and after joined, sorted by before; accounts at a cap marked, and targets
    where there are any."""
    metric = effect.metric
    order = sorted(effect.before, key=lambda account: (effect.before[account], account))
    figure = go.Figure()
    if order and not effect.targets:
        _band(figure, effect.mean_after, effect.tolerance)
    joined_x: list[float | None] = []
    joined_y: list[str | None] = []
    for account in order:
        joined_x += [effect.before[account], effect.after[account], None]
        joined_y += [account, account, None]
    figure.add_scatter(x=joined_x, y=joined_y, mode="lines", line={"color": AFTER, "width": 2}, hoverinfo="skip")
    _ends(figure, effect, lines, order)
    if aimed := [account for account in order if account in effect.targets]:
        _targets(figure, effect, aimed)
    figure = layout(figure, max(220, 60 + 20 * len(order)), f"{metric.label}, {metric.unit}")
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=order, tickfont={"size": 11})
    return figure


def _ends(figure: go.Figure, effect: Effect, lines: Sequence[Line], order: Sequence[str]) -> None:
    """Where each account was, and where it ends."""
    metric, by_id = effect.metric, {line.account_id: line for line in lines}
    held_back = {line.account_id for line in lines if line.capped}
    hover = [
        f"<b>{a}</b><br>before {formats.metric(effect.before[a], metric)} {metric.unit}"
        f"<br>after {formats.metric(effect.after[a], metric)} {metric.unit}<br>face {formats.face(by_id[a].face)}"
        for a in order
    ]
    figure.add_scatter(
        x=[effect.before[a] for a in order], y=order, mode="markers", name="before", hovertext=hover, hoverinfo="text",
        marker={"size": 9, "color": PAGE, "line": {"color": BEFORE, "width": 2}},
    )  # fmt: skip
    figure.add_scatter(
        x=[effect.after[a] for a in order], y=order, mode="markers", name="after", hovertext=hover, hoverinfo="text",
        marker={
            "size": 10,
            "color": [LIMIT if a in held_back else AFTER for a in order],
            "symbol": ["diamond" if a in held_back else "circle" for a in order],
        },
    )  # fmt: skip


def _targets(figure: go.Figure, effect: Effect, aimed: Sequence[str]) -> None:
    """A tick where each account is to go."""
    metric = effect.metric
    figure.add_scatter(
        x=[effect.targets[a] for a in aimed], y=aimed, mode="markers", name="target", hoverinfo="text",
        hovertext=[
            f"<b>{a}</b><br>target {formats.metric(effect.targets[a], metric)} {metric.unit}" for a in aimed
        ],
        marker={"symbol": "line-ns", "size": 15, "line": {"width": 3, "color": TARGET}},
    )  # fmt: skip


def dispersion_bars(effect: Effect) -> go.Figure:
    """Dispersion before and after, labelled."""
    metric = effect.metric
    values = [effect.dispersion_before, effect.dispersion_after]
    figure = go.Figure(
        go.Bar(
            x=values,
            y=["before", "after"],
            orientation="h",
            marker_color=[BEFORE, AFTER],
            text=[formats.dispersion(value, metric) for value in values],
            textposition="outside",
            textfont={"color": TEXT},
            cliponaxis=False,
            hovertext=[formats.dispersion(value, metric) for value in values],
            hoverinfo="y+text",
        )
    )
    figure = layout(figure, 150, f"standard deviation, {metric.unit}")
    figure.update_xaxes(range=[0, 1.35 * max(values) or 1])  # with room for the labels, beside the bars
    figure.update_yaxes(autorange="reversed")
    return figure
