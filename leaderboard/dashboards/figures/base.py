"""A figure: what plotly.js draws, and the same numbers as a table.

A trace carries its role in ``meta={"role": …}`` ("model-1" … "model-6", "reader", "null", "muted", "text"), a heat map
its scale in ``meta={"scale": …}`` ("rising", "apart"), shapes and annotations their role in their ``name``; colours,
type and grid come from the page's theme.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import plotly.graph_objects as go

from leaderboard.dashboards.figures.data import as_data
from leaderboard.lib.cells import csv_text

SLOTS = 6


@dataclass(frozen=True, kw_only=True)
class Table:
    """A figure's numbers, as they are written."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = ()

    @property
    def csv(self) -> str:
        return csv_text(as_data(self.columns, self.rows))

    @property
    def csv_address(self) -> str:
        return f"data:text/csv;charset=utf-8,{quote(self.csv)}"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Without rows in its table, a figure is only its title and the sentence ``absent``."""

    key: str
    title: str
    caption: str
    table: Table
    drawing: dict[str, Any] = field(default_factory=dict)
    absent: str = "There is nothing to draw yet."


def drawing(traces: Sequence[go.Scatter | go.Heatmap], layout: go.Layout) -> dict[str, Any]:
    """As plain JSON, without plotly's own template: the page has its own."""
    plain: dict[str, Any] = go.Figure(data=list(traces), layout=layout).to_plotly_json()
    plain["layout"].pop("template", None)
    return {"data": [dict(trace) for trace in plain["data"]], "layout": plain["layout"]}


def band(x: Sequence[float], low: Sequence[float], high: Sequence[float], role: str) -> list[go.Scatter]:
    """An interval along a curve, as an area."""
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "meta": {"role": role}}
    return [go.Scatter(x=list(x), y=list(low), **edge), go.Scatter(x=list(x), y=list(high), fill="tonexty", **edge)]


def ticks(values: Sequence[float]) -> dict[str, Any]:
    return {"tickvals": list(values), "ticktext": [f"{value:g}" for value in values]}


def role_of(slot: int) -> str:
    """The colour a model has on every page, by its place in the order of submission."""
    return f"model-{slot % SLOTS + 1}"
