"""The figures of the comparison: paired differences, a line each."""

from __future__ import annotations

import math
from collections.abc import Sequence

from leaderboard.dashboards.figures.base import Figure
from leaderboard.dashboards.figures.intervals import Line, Span, interval_figure
from leaderboard.dashboards.selectors.compare import Compared, Difference


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
    ]


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
