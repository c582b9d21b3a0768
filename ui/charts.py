"""Plotly charts in one template: two hues and grey, direct labels, units on axes and hovers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
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


_AXIS = {"tickfont_color": TEXT, "title_font_color": TEXT}  # the template's would be overruled, in too pale a grey


@cache
def _template() -> go.layout.Template:
    """Streamlit's template and ours, made one once: for each chart anew, that took longer than all else of it."""
    return pio.templates.merge_templates("streamlit", "evenlot")


def layout(figure: go.Figure, height: int, title: str) -> go.Figure:
    """The look all charts share; `title` is that of the horizontal axis, unit included."""
    figure.update_layout(template=_template(), height=height, xaxis_title=title)
    return figure.update_xaxes(_AXIS).update_yaxes(_AXIS)


def dumbbell(effect: Effect, lines: Sequence[Line]) -> go.Figure:
    """One row an account, its metric before and after joined, sorted by before; accounts at a cap marked, and targets
    where there are any."""
    metric = effect.metric
    order = sorted(effect.before, key=lambda account: (effect.before[account], account))
    joined = [each for account in order for each in (effect.before[account], effect.after[account], None)]
    places = [each for account in order for each in (account, account, None)]
    line = {"color": AFTER, "width": 2}
    traces = [{"type": "scatter", "x": joined, "y": places, "mode": "lines", "line": line, "hoverinfo": "skip"}]
    traces += _ends(effect, lines, order)
    if aimed := [account for account in order if account in effect.targets]:
        traces.append(_targets(effect, aimed))
    look = {
        "template": _template(),
        "height": max(220, 60 + 20 * len(order)),
        "shapes": _band(effect.mean_after, effect.tolerance) if order and not effect.targets else [],
        "xaxis": _AXIS | {"title_text": f"{metric.label}, {metric.unit}"},
        "yaxis": _AXIS | {"type": "category", "categoryorder": "array", "categoryarray": order, "tickfont_size": 11},
    }
    return go.Figure(traces, look)  # at once, since each later update of a figure is slow


def _band(mean: float, reach: float) -> list[dict[str, Any]]:
    """The mean, and as far to each side."""
    tall = {"xref": "x", "yref": "y domain", "y0": 0, "y1": 1}
    within = {"x0": mean - reach, "x1": mean + reach, "fillcolor": CONTEXT, "opacity": 0.15, "line": {"width": 0}}
    middle = {"x0": mean, "x1": mean, "line": {"color": CONTEXT, "dash": "dot"}}
    return [{"type": "rect", **within, **tall}, {"type": "line", **middle, **tall}]


def _ends(effect: Effect, lines: Sequence[Line], order: Sequence[str]) -> list[dict[str, Any]]:
    """Where each account was, and where it ends."""
    metric, by_id = effect.metric, {line.account_id: line for line in lines}
    held_back = {line.account_id for line in lines if line.capped}
    hover = [
        f"<b>{a}</b><br>before {formats.metric(effect.before[a], metric)} {metric.unit}"
        f"<br>after {formats.metric(effect.after[a], metric)} {metric.unit}<br>face {formats.face(by_id[a].face)}"
        for a in order
    ]
    dots = {"type": "scatter", "y": order, "mode": "markers", "hovertext": hover, "hoverinfo": "text"}
    was = {"size": 9, "color": PAGE, "line": {"color": BEFORE, "width": 2}}
    ends = {
        "size": 10,
        "color": [LIMIT if a in held_back else AFTER for a in order],
        "symbol": ["diamond" if a in held_back else "circle" for a in order],
    }
    return [
        dots | {"name": "before", "x": [effect.before[a] for a in order], "marker": was},
        dots | {"name": "after", "x": [effect.after[a] for a in order], "marker": ends},
    ]


def _targets(effect: Effect, aimed: Sequence[str]) -> dict[str, Any]:
    """A tick where each account is to go."""
    metric = effect.metric
    return {
        "type": "scatter", "name": "target", "mode": "markers", "hoverinfo": "text",
        "x": [effect.targets[a] for a in aimed], "y": aimed,
        "hovertext": [
            f"<b>{a}</b><br>target {formats.metric(effect.targets[a], metric)} {metric.unit}" for a in aimed
        ],
        "marker": {"symbol": "line-ns", "size": 15, "line": {"width": 3, "color": TARGET}},
    }  # fmt: skip


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
