"""Curves: ROC, and PPV against prevalence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from evaluator.statistics.prevalence import PredictivePoint
from evaluator.statistics.roc import RocCurve
from leaderboard.dashboards import formatting
from leaderboard.dashboards.figures.base import Figure, Table, band, drawing, ticks
from leaderboard.dashboards.formatting import RateJson, Unit


@dataclass(frozen=True, kw_only=True)
class NamedCurve:
    """One model's ROC curve, with the point where it operates."""

    name: str
    role: str
    curve: RocCurve
    sensitivity: RateJson
    specificity: RateJson


def roc_figure(curves: Sequence[NamedCurve], *, absent: str = "") -> Figure:
    """Sensitivity against 1 − specificity; the dot is the frozen operating point."""
    curves = [curve for curve in curves if curve.curve.fpr]
    traces = [trace for curve in curves for trace in _roc_traces(curve)]
    layout = go.Layout(
        height=440,
        xaxis={"title": {"text": "1 − specificity, %"}, "range": [-1, 101]},
        yaxis={"title": {"text": "sensitivity, %"}, "range": [-1, 101]},
        shapes=[{"type": "line", "name": "rule", "x0": 0, "y0": 0, "x1": 100, "y1": 100}],
        annotations=[
            {"x": 98, "y": 6 + 6 * index, "xanchor": "right", "text": curve.name, "name": curve.role}
            for index, curve in enumerate(reversed(curves))
        ],
    )
    rows = tuple(
        (curve.name, _hundred(x), _hundred(y), "" if cut is None or abs(cut) == float("inf") else f"{cut:.4g}")
        for curve in curves
        for x, y, cut in zip(curve.curve.fpr, curve.curve.tpr, curve.curve.threshold, strict=True)
    )
    return Figure(
        key="roc",
        title="ROC curve",
        caption="Patients by likelihood, index scans only. The dot is the operating point, fixed before scoring.",
        drawing=drawing(traces, layout),
        table=Table(columns=("model", "1 − specificity, %", "sensitivity, %", "likelihood at least"), rows=rows),
        absent=absent or "Not available.",
    )


def _hundred(value: float) -> str:
    return f"{100 * value:.1f}"


def _roc_traces(curve: NamedCurve) -> list[go.Scatter]:
    line = go.Scatter(
        x=[100 * x for x in curve.curve.fpr],
        y=[100 * y for y in curve.curve.tpr],
        mode="lines",
        line={"shape": "hv"},
        hovertemplate=f"{curve.name}: sensitivity %{{y:.1f}} % at 1 − specificity %{{x:.1f}} %<extra></extra>",
        meta={"role": curve.role},
    )
    se, sp = curve.sensitivity["value"], curve.specificity["value"]
    if se is None or sp is None:
        return [line]
    counts = f"{formatting.fraction(curve.sensitivity)} flagged, {formatting.fraction(curve.specificity)} cleared"
    dot = go.Scatter(
        x=[100 * (1 - sp)],
        y=[100 * se],
        mode="markers",
        marker={"size": 11},
        hovertemplate=f"{curve.name}, operating point: {counts}<extra></extra>",
        meta={"role": curve.role},
    )
    return [line, dot]


def ppv_figure(points: Sequence[PredictivePoint], *, role: str, marked: Sequence[float]) -> Figure:
    """PPV against prevalence with its interval, prevalence on a logarithmic axis."""
    drawn = [point for point in points if point.ppv.value is not None and point.ppv.low is not None]
    x = [100 * point.prevalence for point in drawn]
    low = [100 * (point.ppv.low or 0.0) for point in drawn]
    high = [100 * (point.ppv.high or 0.0) for point in drawn]
    traces = [
        *band(x, low, high, role),
        go.Scatter(
            x=x,
            y=[100 * (point.ppv.value or 0.0) for point in drawn],
            mode="lines",
            customdata=[formatting.rate(vars(point.ppv)).sentence for point in drawn],
            hovertemplate="prevalence %{x:.3g} %: PPV %{customdata}<extra></extra>",
            meta={"role": role},
        ),
    ]
    marks = [p for p in (0.01, 0.1, 1, 10) if not x or x[0] <= p <= x[-1]]
    layout = go.Layout(
        height=440,
        xaxis={"title": {"text": "prevalence, % (logarithmic)"}, "type": "log", **ticks(marks)},
        yaxis={"title": {"text": "PPV, %"}, "range": [-1, 101]},
        shapes=[
            {
                "type": "line",
                "name": "muted",
                "x0": 100 * p,
                "x1": 100 * p,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "line": {"dash": "dot"},
            }
            for p in marked
        ],
    )
    dotted = ", ".join(formatting.prevalence(p) for p in marked)
    rows = tuple(
        (f"{100 * point.prevalence:.3g} %", shown.text, shown.interval.strip("()"))
        for point in drawn
        if (shown := formatting.rate(vars(point.ppv), unit=Unit.PERCENT))
    )
    return Figure(
        key="ppv",
        title="PPV against prevalence",
        caption=f"How likely a flagged person has cancer, by how many have it. Dotted: {dotted}.",
        drawing=drawing(traces, layout),
        table=Table(columns=("prevalence", "PPV, %", "95 % interval"), rows=rows),
        absent="Not drawn: without a false positive, PPV has a lower limit only.",
    )
