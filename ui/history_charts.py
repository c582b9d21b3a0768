"""The charts of what the past adds up to: improvement by engine, participation by account, time to the first fill."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from ui import charts, formats
from ui.charts import AFTER, CONTEXT, LIMIT, TEXT

MOST = 40  # accounts in a chart; the table has all of them
BANDS = {
    "minute": "up to 1 min",
    "five_minutes": "1 to 5 min",
    "half_hour": "5 to 30 min",
    "two_hours": "30 min to 2 h",
    "day": "2 h to 1 d",
    "longer": "more than 1 d",
}


def improvement(frame: pd.DataFrame) -> go.Figure:
    """A bar for each engine, as far as it made groups narrower; orange where it made them wider."""
    known = frame[frame["measured"] > 0]
    shares = [100 * value for value in known["improvement"]]
    texts = [
        f"{formats.width(value)}, of {formats.count(int(count), 'allocation')}"
        for value, count in zip(known["improvement"], known["measured"], strict=True)
    ]
    figure = _bars(list(known["name"]), shares, texts, [AFTER if share >= 0 else LIMIT for share in shares])
    figure = charts.layout(figure, 90 + 34 * max(1, len(known)), "improvement of the dispersion, mean, %")
    figure.update_yaxes(autorange="reversed")
    return figure


def participation(frame: pd.DataFrame) -> go.Figure:
    """A bar for each account: in how many of the statements that name it it was given something. Those that were given
    something least often come first."""
    rates = 100 * frame["given"] / frame["considered"]
    known = frame.assign(rate=rates).sort_values(["rate", "account_id"]).head(MOST)
    texts = [
        f"{given:,} of {considered:,} times, {face:,} in all"
        for given, considered, face in zip(known["given"], known["considered"], known["face"], strict=True)
    ]
    figure = _bars(list(known["account_id"]), list(known["rate"]), texts, [AFTER] * len(known))
    figure = charts.layout(figure, 90 + 22 * max(1, len(known)), "statements that gave it something, %")
    figure.update_yaxes(autorange="reversed", tickfont={"size": 11})
    return figure


def waits(frame: pd.DataFrame) -> go.Figure:
    """How many orders had their first fill how soon, over all engines."""
    counts = [int(frame[name].sum()) for name in BANDS]
    figure = _bars(list(BANDS.values()), counts, [f"{count:,}" for count in counts], [AFTER] * len(counts))
    figure = charts.layout(figure, 90 + 30 * len(counts), "orders")
    figure.update_xaxes(**({"dtick": 1} if max(counts) < 8 else {"nticks": 8}))  # there is no half an order
    figure.update_yaxes(autorange="reversed")
    return figure


def _bars(names: list[str], values: list[float] | list[int], texts: list[str], colours: list[str]) -> go.Figure:
    figure = go.Figure(
        go.Bar(
            x=values, y=names, orientation="h", marker_color=colours, text=texts, textposition="outside",
            textfont={"color": TEXT}, cliponaxis=False, hovertext=texts, hoverinfo="y+text",
        )
    )  # fmt: skip
    low, high = min([0, *values]), max([0, *values])
    reach = (high - low) or 1
    figure.update_xaxes(range=[low - (0.6 * reach if low < 0 else 0), high + 0.6 * reach])  # with room for the texts
    figure.add_vline(x=0, line={"color": CONTEXT, "width": 1})
    return figure
