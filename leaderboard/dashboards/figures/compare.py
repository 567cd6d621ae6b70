"""The figures of the comparison: paired differences, a line each, and the models' curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import plotly.graph_objects as go

from leaderboard.dashboards import formatting
from leaderboard.dashboards.figures.base import SLOTS, Figure, Table, drawing, role_of, ticks
from leaderboard.dashboards.figures.curves import NamedCurve, roc_figure
from leaderboard.dashboards.figures.intervals import Line, Span, interval_figure
from leaderboard.dashboards.figures.marks import NOT_YET
from leaderboard.dashboards.formatting import Unit
from leaderboard.dashboards.selectors.card import roc_of, slots_of
from leaderboard.dashboards.selectors.compare import Compared, Contrast, Difference
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.selectors import ReportCard

SHOWN = 36  # lines of a picture; its table and its CSV have all


def compare_figures(contrast: Contrast, number: int = 1) -> list[Figure]:
    """Of the first model against another, the ``number``-th of the page."""
    one, two = contrast.first, contrast.second
    sides = f"Right of 0, {one} is better; left of it, {two}."
    return [
        differences(
            key=f"sensitivity-differences-{number}",
            title="Sensitivity",
            caption=f"Patients with cancer. {sides} Newcombe’s intervals.",
            lines=contrast.sensitivity,
        ),
        differences(
            key=f"specificity-differences-{number}",
            title="Specificity",
            caption=f"Patients without cancer. {sides} Newcombe’s intervals.",
            lines=contrast.specificity,
        ),
        areas(
            key=f"auc-differences-{number}",
            caption=f"All patients. {sides} DeLong’s intervals.",
            lines=contrast.areas,
        ),
    ]


def contrasts_of(compared: Compared) -> list[tuple[Contrast, list[Figure]]]:
    """Each contrast with its figures."""
    return [
        (contrast, compare_figures(contrast, number)) for number, contrast in enumerate(compared.contrasts, start=1)
    ]


def curve_figures(compared: Compared) -> list[Figure]:
    """The curves of all; the colour a model has is its own on every page, as far as two do not share it."""
    cards = compared.source.cards
    named = list(zip(compared.names, cards, roles(compared.source.snapshot, cards), strict=True))
    curves = [
        NamedCurve(
            name=name,
            role=role,
            curve=roc_of(card),
            sensitivity=card.overall["sensitivity"]["all"],
            specificity=card.overall["specificity"],
        )
        for name, card, role in named
    ]
    return [roc_figure([curve for curve in curves if curve.curve.fpr], absent=NOT_YET), froc_of(named)]


def roles(snapshot: Snapshot, cards: Sequence[ReportCard]) -> list[str]:
    """Colours that differ: who would repeat one takes the first that is free."""
    found: list[str] = []
    slots = slots_of(snapshot, [card.submission.pk for card in cards])
    for slot in slots:
        free = [role for role in map(role_of, range(slot, slot + SLOTS)) if role not in found]
        found.append(free[0])
    return found


def froc_of(named: Sequence[tuple[str, ReportCard, str]]) -> Figure:
    """All models at the same numbers of false marks."""
    columns: list[str] = ["false positives a scan, at most"]
    drawn: list[go.Scatter] = []
    shares: dict[float, list[str]] = {}
    for name, card, role in named:
        points = ((card.overall.get("curves") or {}).get("froc") or {}).get("froc") or []
        columns.append(f"{name}, % (95 % interval)")
        drawn.append(
            go.Scatter(
                x=[point["at"] for point in points],
                y=[100 * point["localised"] for point in points],
                mode="lines+markers",
                hovertemplate=f"{name}: %{{y:.1f}} % found in place, %{{x:g}} a scan<extra></extra>",
                meta={"role": role},
            )
        )
        for point in points:
            limits = formatting.interval(point["localised_low"], point["localised_high"], Unit.PERCENT)
            shares.setdefault(point["at"], []).append(f"{formatting.percent(point['localised'])} {limits}")
    rows = tuple((f"{at:g}", *found) for at, found in shares.items() if len(found) == len(named))
    layout = go.Layout(
        height=440,
        xaxis={"title": {"text": "false positives a scan, at most (logarithmic)"}, "type": "log", **ticks([*shares])},
        yaxis={"title": {"text": "found in place, % of patients"}, "range": [-1, 101]},
        annotations=[
            {
                "x": 1,
                "y": 0.02 + 0.07 * index,
                "xref": "paper",
                "yref": "paper",
                "xanchor": "right",
                "text": name,
                "name": role,
            }
            for index, (name, _, role) in enumerate(reversed(named))
        ],
    )
    return Figure(
        key="froc-compared",
        title="FROC",
        caption="Patients whose tumour is found in its place, by how many false marks that costs.",
        drawing=drawing(drawn, layout),
        table=Table(columns=tuple(columns), rows=rows),
        absent=NOT_YET,
    )


def differences(*, key: str, title: str, caption: str, lines: Sequence[Difference]) -> Figure:
    ends = [abs(end) for line in lines for end in (line.shown.low, line.shown.high) if end is not None]
    reach = max(10, 10 * math.ceil(10 * max(ends, default=0.1)))
    span = Span(title="difference, percentage points", low=-reach, high=reach, reference=0)
    return _lines(key=key, title=title, caption=caption, lines=lines, span=span)


def areas(*, key: str, caption: str, lines: Sequence[Difference]) -> Figure:
    ends = [abs(end) for line in lines for end in (line.shown.low, line.shown.high) if end is not None]
    reach = max(0.1, math.ceil(10 * max(ends, default=0.1)) / 10)
    span = Span(title="difference of areas", low=-reach, high=reach, scale=1, reference=0)
    return _lines(key=key, title="Area under the ROC curve", caption=caption, lines=lines, span=span)


def _lines(*, key: str, title: str, caption: str, lines: Sequence[Difference], span: Span) -> Figure:
    """A picture of the first lines, a table of all."""
    drawn = [Line(label=line.label, shown=line.shown, pooled=index == 0) for index, line in enumerate(lines)]
    whole = interval_figure(key=key, title=title, caption=caption, lines=drawn, span=span, role="text")
    if len(drawn) <= SHOWN:
        return whole
    more = f"{caption} The first {SHOWN} of {len(drawn)} lines; the table and the CSV have all."
    first = interval_figure(key=key, title=title, caption=more, lines=drawn[:SHOWN], span=span, role="text")
    return replace(first, table=whole.table)
