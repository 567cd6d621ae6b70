"""The state of the art over time: every submission with its interval, and the line of records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import plotly.graph_objects as go

from leaderboard.dashboards import formatting
from leaderboard.dashboards.figures.base import Figure, Table, drawing
from leaderboard.dashboards.formatting import Unit
from leaderboard.dashboards.selectors.over_time import OverTime, Point

MARGIN = timedelta(seconds=5)
NAMED = 6  # records that have their name beside them
WIDE, HIGH = 0.15, 0.08  # what a name takes, as shares of the picture
LINE = 14  # pixels


def over_time_figure(found: OverTime) -> Figure:
    scale = 100.0 if found.spec.unit is Unit.PERCENT else 1.0
    unit = ", %" if found.spec.unit is Unit.PERCENT else ""
    drawn = [point for point in found.points if point.shown.value is not None]
    records = [point for point in drawn if point.record]
    named = records[-NAMED:]
    sure = [point for point in records if point.beyond_doubt or not point.beats]
    unsure = [point for point in records if point not in sure]
    traces = [
        _points([point for point in drawn if not point.record], scale, role="muted", symbol="circle", size=7),
        go.Scatter(
            x=[*(_moment(point) for point in records), *([_moment(drawn[-1])] if drawn else [])],
            y=[*(_value(point, scale) for point in records), *([_value(records[-1], scale)] if records else [])],
            mode="lines",
            line={"shape": "hv"},
            hoverinfo="skip",
            meta={"role": "model-1"},
        ),
        _points(sure, scale, role="model-1", symbol="diamond", size=12),
        _points(unsure, scale, role="model-1", symbol="circle-open", size=11),
    ]
    layout = go.Layout(
        height=460,
        xaxis={"title": {"text": "handed in (UTC)"}, "type": "date", **_range(drawn)},
        yaxis={"title": {"text": f"{found.spec.name}{unit}"}},
        annotations=[
            {
                "x": _moment(point),
                "y": _value(point, scale),
                "text": point.label,
                "yshift": height,
                "xanchor": "right" if point is records[-1] and len(records) > 1 else "left",
                "name": "model-1",
            }
            for point, height in zip(named, _heights(named, drawn, scale), strict=True)
        ],
    )
    rows = tuple(
        (
            formatting.utc(point.when),
            point.label,
            point.shown.text or point.shown.words,
            point.shown.interval.strip("()"),
            point.shown.counts,
            point.words,
        )
        for point in found.points
    )
    return Figure(
        key="over-time",
        title=f"{found.spec.name} by date of submission",
        caption="Ranked submissions with 95 % intervals; the line is the highest so far. Diamond: the first, or a "
        f"record that is significantly better than the one before; open circle: one that is not. Tested {found.test}.",
        drawing=drawing([trace for trace in traces if trace.x], layout),
        table=Table(
            columns=("handed in", "model", f"{found.spec.name}{unit}", "95 % interval", "n", "when it came"), rows=rows
        ),
        absent="Nobody is ranked yet.",
    )


def _moment(point: Point) -> str:
    return _written(point.when)


def _written(when: datetime) -> str:
    return when.strftime("%Y-%m-%d %H:%M:%S")


def _range(points: Sequence[Point]) -> dict[str, list[str]]:
    """Some seconds more where all came at once: an axis of milliseconds says nothing."""
    if not points or points[-1].when - points[0].when >= 2 * MARGIN:
        return {}
    return {"range": [_written(points[0].when - MARGIN), _written(points[-1].when + MARGIN)]}


def _heights(named: Sequence[Point], drawn: Sequence[Point], scale: float) -> list[int]:
    """How far above its point a name stands, in pixels: a line higher than one that it would run into."""
    span = (drawn[-1].when - drawn[0].when) if drawn else timedelta()
    width = span if span >= 2 * MARGIN else span + 2 * MARGIN
    values = [_value(point, scale) for point in drawn]
    tall = max(values, default=0.0) - min(values, default=0.0)
    heights: list[int] = []
    for before, point in zip([None, *named], named, strict=False):
        near = (
            before is not None
            and point.when - before.when < WIDE * width
            and abs(_value(point, scale) - _value(before, scale)) < HIGH * tall
        )
        heights.append(heights[-1] + LINE if near else LINE)
    return heights


def _value(point: Point, scale: float) -> float:
    return scale * (point.shown.value or 0.0)


def _points(points: Sequence[Point], scale: float, *, role: str, symbol: str, size: int) -> go.Scatter:
    values = [_value(point, scale) for point in points]
    ends = [(point.shown.low, point.shown.high) for point in points]
    return go.Scatter(
        x=[_moment(point) for point in points],
        y=values,
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [
                0.0 if high is None else scale * high - value for (_, high), value in zip(ends, values, strict=True)
            ],
            "arrayminus": [
                0.0 if low is None else value - scale * low for (low, _), value in zip(ends, values, strict=True)
            ],
        },
        mode="markers",
        marker={"symbol": symbol, "size": size},
        customdata=[" ".join(filter(None, (point.shown.sentence, point.words))) for point in points],
        hovertext=[point.label for point in points],
        hovertemplate="%{hovertext}, %{x|%Y-%m-%d}: %{customdata}<extra></extra>",
        meta={"role": role},
    )
