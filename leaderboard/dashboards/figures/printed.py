"""A figure on paper: its picture as an image with words in its place, and its table."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

from leaderboard.dashboards.figures.base import Figure
from leaderboard.dashboards.figures.static import svg

LINES = 40  # that a picture on one page holds; of more only the table is printed
POINTS = 24  # rows that a table on paper has; a curve of more is its picture


@dataclass(frozen=True, kw_only=True)
class Printed:
    """``picture`` is the address of an SVG, or nothing; ``has_table``: its rows are few enough to be printed."""

    figure: Figure
    picture: str
    words: str

    @property
    def has_table(self) -> bool:
        rows = len(self.figure.table.rows)
        return 0 < rows <= POINTS or (bool(rows) and not self.picture)


def printed(figure: Figure) -> Printed:
    if not figure.table.rows:
        return Printed(figure=figure, picture="", words="")
    lines = len((figure.drawing["layout"].get("yaxis") or {}).get("categoryarray") or ())
    drawn = "" if lines > LINES else f"data:image/svg+xml;base64,{b64encode(svg(figure).encode()).decode()}"
    below = len(figure.table.rows) <= POINTS
    where = "The table below has the numbers." if below else "The page of this model has the numbers as a table."
    return Printed(figure=figure, picture=drawn, words=f"{figure.title}. {figure.caption} {where}")
