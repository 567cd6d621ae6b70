"""The figures of the comparison: paired differences, a line each, and both models' curves."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from leaderboard.dashboards import formatting
from leaderboard.dashboards.figures.base import Figure, Table, drawing, role_of, ticks
from leaderboard.dashboards.figures.curves import NamedCurve, roc_figure
from leaderboard.dashboards.figures.intervals import Line, Span, interval_figure
from leaderboard.dashboards.figures.marks import NOT_YET
from leaderboard.dashboards.formatting import Unit
from leaderboard.dashboards.selectors.card import roc_of, slot_of
from leaderboard.dashboards.selectors.compare import Compared, Difference
from leaderboard.rankings.selectors import ReportCard


def compare_figures(compared: Compared) -> list[Figure]:
    one, two = (card.submission.model for card in compared.source.cards[:2])
    return [
        differences(
            key="sensitivity-differences",
            title="Sensitivity",
            caption=f"Patients with cancer. Right of 0, {one} is better; left of it, {two}. Newcombe’s intervals.",
            lines=compared.sensitivity,
        ),
        differences(
            key="specificity-differences",
            title="Specificity",
            caption=f"Patients without cancer. Right of 0, {one} is better; left of it, {two}. Newcombe’s intervals.",
            lines=compared.specificity,
        ),
        areas(
            caption=f"All patients. Right of 0, {one} is better; left of it, {two}. DeLong’s intervals.",
            lines=compared.areas,
        ),
    ]


def curve_figures(compared: Compared) -> list[Figure]:
    """The ROC curves of both; the colour a model has is its own on every page."""
    cards = compared.source.cards[:2]
    curves = [
        NamedCurve(
            name=card.submission.model,
            role=role_of(slot_of(card.snapshot, card.submission.pk)),
            curve=roc_of(card),
            sensitivity=card.overall["sensitivity"]["all"],
            specificity=card.overall["specificity"],
        )
        for card in cards
    ]
    return [roc_figure([curve for curve in curves if curve.curve.fpr], absent=NOT_YET), froc_pair(cards)]


def froc_pair(cards: Sequence[ReportCard]) -> Figure:
    """Both models at the same numbers of false marks."""
    columns: list[str] = ["false positives a scan, at most"]
    drawn: list[go.Scatter] = []
    shares: dict[float, list[str]] = {}
    for card in cards:
        points = ((card.overall.get("curves") or {}).get("froc") or {}).get("froc") or []
        role = role_of(slot_of(card.snapshot, card.submission.pk))
        columns.append(f"{card.submission.model}, % (95 % interval)")
        drawn.append(
            go.Scatter(
                x=[point["at"] for point in points],
                y=[100 * point["localised"] for point in points],
                mode="lines+markers",
                hovertemplate=f"{card.submission.model}: %{{y:.1f}} % found in place, %{{x:g}} a scan<extra></extra>",
                meta={"role": role},
            )
        )
        for point in points:
            limits = formatting.interval(point["localised_low"], point["localised_high"], Unit.PERCENT)
            shares.setdefault(point["at"], []).append(f"{formatting.percent(point['localised'])} {limits}")
    rows = tuple((f"{at:g}", *found) for at, found in shares.items() if len(found) == len(cards))
    layout = go.Layout(
        height=440,
        xaxis={"title": {"text": "false positives a scan, at most (logarithmic)"}, "type": "log", **ticks([*shares])},
        yaxis={"title": {"text": "found in place, % of patients"}, "range": [-1, 101]},
        annotations=[
            {
                "x": 1,
                "y": 0.12 - 0.07 * index,
                "xref": "paper",
                "yref": "paper",
                "xanchor": "right",
                "text": card.submission.model,
                "name": role_of(slot_of(card.snapshot, card.submission.pk)),
            }
            for index, card in enumerate(cards)
        ],
    )
    return Figure(
        key="froc-pair",
        title="FROC",
        caption="Patients whose tumour is found in its place, by how many false marks that costs.",
        drawing=drawing(drawn, layout),
        table=Table(columns=tuple(columns), rows=rows),
        absent=NOT_YET,
    )


def differences(*, key: str, title: str, caption: str, lines: Sequence[Difference]) -> Figure:
    ends = [abs(end) for line in lines for end in (line.shown.low, line.shown.high) if end is not None]
    reach = max(10, 10 * math.ceil(10 * max(ends, default=0.1)))
    return interval_figure(
        key=key,
        title=title,
        caption=caption,
        lines=[Line(label=line.label, shown=line.shown, pooled=index == 0) for index, line in enumerate(lines)],
        span=Span(title="difference, percentage points", low=-reach, high=reach, reference=0),
        role="text",
    )


def areas(*, caption: str, lines: Sequence[Difference]) -> Figure:
    ends = [abs(end) for line in lines for end in (line.shown.low, line.shown.high) if end is not None]
    reach = max(0.1, math.ceil(10 * max(ends, default=0.1)) / 10)
    return interval_figure(
        key="auc-differences",
        title="Area under the ROC curve",
        caption=caption,
        lines=[Line(label=line.label, shown=line.shown, pooled=index == 0) for index, line in enumerate(lines)],
        span=Span(title="difference of areas", low=-reach, high=reach, scale=1, reference=0),
        role="text",
    )
