"""A number with its interval drawn under it, on the axis that its column's header shows.

Written as strings rather than templates: a leaderboard of 200 entries has 2,000 of them.
"""

from __future__ import annotations

from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe

from leaderboard.dashboards.axes import Axis
from leaderboard.dashboards.formatting import Shown
from leaderboard.dashboards.selectors.board import Board
from leaderboard.dashboards.selectors.columns import Column
from leaderboard.dashboards.selectors.rows import Row

register = template.Library()
SIGNS = {"at least": "≥"}  # a cell has no room for words; its title says them
BAR = 38  # px from the cell's top: under the number, above the interval's text


def _x(axis: Axis, value: float) -> str:
    return f"{axis.place(value)}%"


def _band(column: Column) -> str:
    if column.band is None:
        return ""
    low, high = column.axis.place(column.band.low), column.axis.place(column.band.high)
    return f'<rect class="band" x="{low}%" width="{round(high - low, 2)}%" y="0" height="100%"/>'


def _interval(shown: Shown, axis: Axis) -> str:
    parts = []
    if shown.low is not None and shown.high is not None:
        ends = f'x1="{_x(axis, shown.low)}" x2="{_x(axis, shown.high)}"'
        parts.append(f'<line class="bar" {ends} y1="{BAR}" y2="{BAR}"/>')
    if shown.value is not None and axis.low <= shown.value <= axis.high:
        parts.append(f'<circle class="dot" cx="{_x(axis, shown.value)}" cy="{BAR}" r="3.5"/>')
    return "".join(parts)


def cell(shown: Shown, column: Column) -> str:
    """The inside of a table cell: label (on cards), number, n, drawing, interval."""
    label = f'<span class="short">{escape(column.short)}</span>'
    drawn = _interval(shown, column.axis)
    title = f"<title>{escape(column.name)}: {escape(shown.sentence)}{column.band_words}</title>" if drawn else ""
    hidden = 'role="img"' if drawn else 'aria-hidden="true"'
    picture = f'<svg class="cell" {hidden}>{title}{_band(column)}{drawn}</svg>'
    if shown.words:
        return f'{label}<span class="words">{escape(shown.words)}</span>{picture}'
    prefix = f'<span class="n">{SIGNS[shown.prefix]}</span> ' if shown.prefix else ""
    note = f'<span class="note">{escape(shown.note)}</span>' if shown.note else ""
    counts = f'<span class="n">{escape(shown.counts)}</span>' if shown.counts else ""
    return (
        f'{label}<span class="value">{prefix}{shown.text}{counts}</span>{picture}'
        f'<span class="interval">{escape(shown.interval)}</span>{note}'
    )


@register.simple_tag
def cells(row: Row, board: Board) -> SafeString:
    """All metric cells of a row."""
    parts = (
        f'<td class="metric{" essential" if column.essential else ""}">{cell(shown, column)}</td>'
        for shown, column in zip(row.cells, board.columns, strict=True)
    )
    return mark_safe("".join(parts))  # noqa: S308


@register.simple_tag
def scale(column: Column) -> SafeString:
    """The axis in a column's header."""
    ticks = "".join(
        f'<line class="tick" x1="{tick.place}%" x2="{tick.place}%" y1="22" y2="27"/>'
        f'<text class="{tick.side}" x="{tick.place}%" y="18">{tick.label}</text>'
        for tick in column.axis.ticks
    )
    band = _band(column).replace('y="0" height="100%"', 'y="27" height="4"')
    line = '<line class="axis" x1="0" x2="100%" y1="27" y2="27"/>'
    return mark_safe(f'<svg class="scale" aria-hidden="true">{band}{line}{ticks}</svg>')  # noqa: S308
