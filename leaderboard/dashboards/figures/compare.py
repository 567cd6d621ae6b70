"""The figures of the comparison: paired differences, a line each."""

from __future__ import annotations

import math
from collections.abc import Sequence

from leaderboard.dashboards.figures.base import Figure
from leaderboard.dashboards.figures.intervals import Line, Span, interval_figure
from leaderboard.dashboards.selectors.compare import Compared, Difference


def compare_figures(compared: Compared) -> list[Figure]:
    one, two = (card.submission.model for card in compared.source.cards[:2])
    direction = f"← {two} better · difference in percentage points · {one} better →"
    return [
        differences(
            key="sensitivity-differences",
            title="Sensitivity",
            caption=f"{one} minus {two} on the same patients with cancer, with Newcombe’s paired interval.",
            lines=compared.sensitivity,
            axis=direction,
        ),
        differences(
            key="specificity-differences",
            title="Specificity",
            caption=f"{one} minus {two} on the same patients without cancer, with Newcombe’s paired interval.",
            lines=compared.specificity,
            axis=direction,
        ),
    ]


def differences(*, key: str, title: str, caption: str, lines: Sequence[Difference], axis: str) -> Figure:
    ends = [abs(end) for line in lines for end in (line.shown.low, line.shown.high) if end is not None]
    reach = max(10, 10 * math.ceil(10 * max(ends, default=0.1)))
    return interval_figure(
        key=key,
        title=title,
        caption=caption,
        lines=[Line(label=line.label, shown=line.shown, pooled=index == 0) for index, line in enumerate(lines)],
        span=Span(title=axis, low=-reach, high=reach, reference=0),
        role="text",
    )
