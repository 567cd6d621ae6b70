"""Dots with intervals, a line each: rates by stratum, forest plots over hospitals, differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from leaderboard.dashboards.figures.base import Figure, Table, drawing
from leaderboard.dashboards.formatting import Shown


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the figure: its label, its number, and the readers' range where there is one."""

    label: str
    shown: Shown
    pooled: bool = False
    readers: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Span:
    """The horizontal axis: title, ends, and the value at which a line is drawn (no difference)."""

    title: str
    low: float = 0.0
    high: float = 100.0
    scale: float = 100.0
    reference: float | None = None


def interval_figure(
    *, key: str, title: str, caption: str, lines: Sequence[Line], span: Span, role: str, absent: str = ""
) -> Figure:
    """A line per stratum or hospital, a dot for the value, a bar for the interval."""
    drawn = [line for line in lines if line.shown.value is not None]
    names = [line.label for line in lines]
    traces = [
        _trace([line for line in drawn if line.pooled is pooled], span, role, pooled=pooled) for pooled in (False, True)
    ]
    layout = go.Layout(
        height=90 + 42 * max(2, len(lines)),
        xaxis={
            "title": {"text": span.title},
            "range": [span.low - 0.02 * (span.high - span.low), span.high + 0.02 * (span.high - span.low)],
        },
        yaxis={
            "categoryorder": "array",
            "categoryarray": names[::-1],
            "range": [-0.6, len(names) - 0.4],
            "showgrid": False,
        },
        shapes=_readers(lines, span) + _reference(span),
    )
    rows = [(line.label, line.shown.text or line.shown.words, _ends(line.shown), line.shown.counts) for line in lines]
    return Figure(
        key=key,
        title=title,
        caption=caption,
        drawing=drawing([trace for trace in traces if trace.x], layout),
        table=Table(columns=("", span.title, "95 % interval", "n"), rows=tuple(rows) if drawn else ()),
        absent=absent or "Nothing to draw: no line has patients enough to be shown.",
    )


def _ends(shown: Shown) -> str:
    return shown.interval.strip("()")


def _trace(lines: Sequence[Line], span: Span, role: str, *, pooled: bool) -> go.Scatter:
    values = [line.shown.value * span.scale for line in lines if line.shown.value is not None]
    return go.Scatter(
        x=values,
        y=[line.label for line in lines],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [_gap(line.shown.high, value, span) for line, value in zip(lines, values, strict=True)],
            "arrayminus": [-_gap(line.shown.low, value, span) for line, value in zip(lines, values, strict=True)],
        },
        mode="markers",
        marker={"symbol": "diamond" if pooled else "circle", "size": 12 if pooled else 9},
        customdata=[line.shown.sentence for line in lines],
        hovertemplate="%{y}: %{customdata}<extra></extra>",
        meta={"role": role},
    )


def _gap(end: float | None, value: float, span: Span) -> float:
    return 0.0 if end is None else end * span.scale - value


def _readers(lines: Sequence[Line], span: Span) -> list[dict[str, Any]]:
    """The readers' range behind each line it belongs to; categories count from the bottom."""
    return [
        {
            "type": "rect",
            "name": "reader",
            "x0": line.readers[0] * span.scale,
            "x1": line.readers[1] * span.scale,
            "y0": len(lines) - 1 - index - 0.38,
            "y1": len(lines) - 1 - index + 0.38,
        }
        for index, line in enumerate(lines)
        if line.readers is not None
    ]


def _reference(span: Span) -> list[dict[str, Any]]:
    if span.reference is None:
        return []
    return [
        {"type": "line", "name": "text", "x0": span.reference, "x1": span.reference, "y0": 0, "y1": 1, "yref": "paper"}
    ]
