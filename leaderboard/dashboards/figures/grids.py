"""Heat maps: a cell for each pair of names, with its words in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from leaderboard.dashboards.figures.base import Figure, Table, drawing

WIDTH = 14  # characters of a name beside a grid; the table has all of it
ROOMY = 16  # columns; with more of them a cell has room for a mark only


@dataclass(frozen=True, kw_only=True)
class GridCell:
    """``value`` is its colour, ``text`` what stands in it, ``hover`` what a pointer is told."""

    value: float | None = None
    text: str = ""
    hover: str = ""

    @property
    def mark(self) -> str:
        """A sign without a number."""
        return self.text if len(self.text) == 1 else self.text[-1:] if self.text.endswith("▼") else ""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Its name is "rising", from low to high, or "apart", about the middle."""

    name: str
    low: float
    high: float


def grid_figure(
    *,
    key: str,
    title: str,
    caption: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[GridCell]]],
    scale: Scale,
    table: Table,
    absent: str = "",
    height: int = 34,
) -> Figure:
    """Rows from top to bottom, columns from left to right; names are shortened in the picture only."""
    down, across = range(len(rows)), range(len(columns))
    trace = go.Heatmap(
        z=[[cell.value for cell in cells] for _, cells in rows],
        x=list(across),
        y=list(down),
        text=[[cell.text if len(columns) <= ROOMY else cell.mark for cell in cells] for _, cells in rows],
        customdata=[[cell.hover for cell in cells] for _, cells in rows],
        texttemplate="%{text}",
        hovertemplate="%{customdata}<extra></extra>",
        zmin=scale.low,
        zmax=scale.high,
        meta={"scale": scale.name},
    )
    layout = go.Layout(
        height=110 + height * max(2, len(rows)),
        xaxis={**_names([*columns], across), "side": "top", "tickangle": -45 if len(columns) > 3 else 0},
        yaxis={**_names([name for name, _ in rows], down), "autorange": "reversed"},
        margin={"t": 90, "r": 52, "b": 12, "l": 120},
    )
    return Figure(
        key=key,
        title=title,
        caption=caption,
        drawing=drawing([trace], layout),
        table=table,
        absent=absent or "There is nothing to compare.",
    )


def _names(names: Sequence[str], places: Sequence[int]) -> dict[str, Any]:
    return {"tickvals": list(places), "ticktext": shortened(names), "showgrid": False}


def shortened(names: Sequence[str]) -> list[str]:
    """Names that fit beside a grid: without the first words that all of them share, then cut."""
    words = [name.split() for name in names]
    shared = 0
    while len(names) > 1 and all(len(own) > shared + 1 and own[shared] == words[0][shared] for own in words):
        shared += 1
    return [short(" ".join(own[shared:])) for own in words]


def short(name: str) -> str:
    return name if len(name) <= WIDTH else f"{name[: WIDTH - 1]}…"
