"""The strip plot of the groups page: a row of dots for each group that is looked at, around its mean, on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from allocation.metrics import Spread, spread
from allocation.model import Account, Metric
from ui import formats
from ui.charts import AFTER, BEFORE, CONTEXT, PAGE, TEXT, layout

LONE, ROW = 210, 116  # pixels: the chart of one group; each row of several
_BAND = 0.34  # of a row, to each side of its middle
_FEW, _MANY = 20, 60  # accounts in the largest row; beyond, dots are smaller and stand in more lanes


@dataclass(frozen=True, slots=True)
class Seen:
    """A group as it is looked at: its accounts, and how they stand on the metric."""

    group: str
    accounts: Sequence[Account]
    spread: Spread

    @classmethod
    def of(cls, group: str, accounts: Sequence[Account], metric: Metric) -> Seen:
        return cls(group, accounts, spread(accounts, metric))


def strip(rows: Sequence[Seen]) -> go.Figure:
    """One dot an account at its metric; of each group the mean and one standard deviation. The first group is that to
    which orders go, the others are drawn back. Dots are sized by NAV where all are in one currency."""
    metric = rows[0].spread.metric
    currencies = {a.currency for row in rows for a in row.accounts if a.id in row.spread.values}
    navs = [float(a.nav or 0) for row in rows for a in row.accounts if a.id in row.spread.values]
    largest = (max(navs, default=0.0) or 1.0) if len(currencies) == 1 else None
    most = max(len(row.spread.values) for row in rows)
    figure = go.Figure()
    for place, row in enumerate(rows):
        middle = float(-place)  # the first on top
        if row.spread.values:
            _mark(figure, row.spread, middle)
        _dots(figure, row, middle, AFTER if place == 0 else BEFORE, largest, most)
    names = [row.group for row in rows] if len(rows) > 1 else [""]
    figure.update_yaxes(
        range=[0.5 - len(rows), 0.6], tickmode="array", tickvals=[-float(n) for n in range(len(rows))], ticktext=names
    )
    figure = layout(figure, LONE if len(rows) == 1 else 60 + ROW * len(rows), f"{metric.label}, {metric.unit}")
    figure.update_layout(margin={"l": 8, "r": 8, "t": 12, "b": 40})
    return figure


def _dots(figure: go.Figure, row: Seen, middle: float, colour: str, largest: float | None, most: int) -> None:
    metric = row.spread.metric
    shown = [(a, row.spread.values[a.id]) for a in row.accounts if a.id in row.spread.values]
    least, grows = (9.0, 25.0) if most <= _FEW else (7.0, 17.0) if most <= _MANY else (6.0, 11.0)
    figure.add_scatter(
        x=[value for _, value in shown],
        y=[middle + _BAND * height for height in _spread_out([value for _, value in shown], most)],
        mode="markers",
        name=row.group,
        marker={
            "size": [least + (grows * (float(a.nav or 0) / largest) ** 0.5 if largest else 0.0) for a, _ in shown],
            "color": colour,
            "opacity": 0.8,
            "line": {"width": 1, "color": PAGE},
        },
        customdata=[[row.group, a.id] for a, _ in shown],
        hovertext=[
            f"<b>{a.id}</b> {a.name}<br>{row.group}: {metric.label} {formats.metric(value, metric)} {metric.unit}, "
            f"{formats.metric(value - row.spread.mean, metric, signed=True)} from the mean"
            f"<br>NAV {formats.money(a.nav, a.currency)}"
            for a, value in shown
        ],
        hoverinfo="text",
    )


def _mark(figure: go.Figure, now: Spread, middle: float) -> None:
    """The mean of a row, and one standard deviation to each side, with their figures above."""
    low, high = now.mean - now.stdev, now.mean + now.stdev
    below, above = middle - _BAND - 0.05, middle + _BAND + 0.05
    figure.add_shape(
        type="rect", x0=low, x1=high, y0=below, y1=above, fillcolor=CONTEXT, opacity=0.15, line_width=0, layer="below"
    )
    figure.add_shape(
        type="line", x0=now.mean, x1=now.mean, y0=below, y1=above, line={"color": CONTEXT, "dash": "dot"}, layer="below"
    )
    figure.add_annotation(
        x=now.mean, y=above, yanchor="bottom", yshift=-3, showarrow=False, font={"color": TEXT, "size": 12},
        text=f"mean {formats.metric(now.mean, now.metric)}, "
        f"one standard deviation {formats.dispersion(now.stdev, now.metric)}",
    )  # fmt: skip


def _spread_out(values: Sequence[float], most: int) -> list[float]:
    """Heights from -1 to 1 that keep neighbours apart: lanes, taken in turn along the axis."""
    lanes = (0.0, 0.75, -0.75) if most <= _FEW else (0.0, 0.8, -0.4, 0.4, -0.8)
    order = sorted(range(len(values)), key=lambda i: values[i])
    heights = [0.0] * len(values)
    for turn, i in enumerate(order):
        heights[i] = lanes[turn % len(lanes)]
    return heights
