"""A figure as SVG, drawn here from the numbers that plotly.js draws from: for print, where there is no browser.

It knows what the figures of this room use: points with intervals, lines, bands, heat maps, shapes and notes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from leaderboard.dashboards.figures.base import Figure
from leaderboard.dashboards.figures.places import Json, Scale, scale

WIDTH = 520.0
MARK = 6.0  # half of the largest
LETTER = 5.6  # about as wide as a letter of 10 points is
TEXT, MUTED, GRID, RULE = "#17191c", "#585d63", "#e6e7e3", "#9a9d9a"
COLOURS = {
    "model-1": "#0072b2",
    "model-2": "#00825f",
    "model-3": "#a8507f",
    "model-4": "#bd5200",
    "model-5": "#34739a",
    "model-6": "#17191c",
    "reader": "#e69f00",
    "null": "#72777d",
    "muted": MUTED,
    "rule": RULE,
    "text": TEXT,
    "warn": "#9a4400",
}


@dataclass(frozen=True, kw_only=True)
class Canvas:
    width: float
    height: float
    x: Scale
    y: Scale


def svg(figure: Figure, *, width: float = WIDTH) -> str:
    """The picture of a figure that has one."""
    data: Sequence[Json] = figure.drawing["data"]
    layout: Json = figure.drawing["layout"]
    canvas = _canvas(data, layout, width)
    parts = [
        *_grid(canvas, layout),
        *_inside(canvas, [*(_shape(canvas, shape) for shape in layout.get("shapes") or ()), *_traces(canvas, data)]),
        *(_note(canvas, note) for note in layout.get("annotations") or ()),
    ]
    size = f'width="{canvas.width:g}" height="{canvas.height:g}" viewBox="0 0 {canvas.width:g} {canvas.height:g}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="Inter, sans-serif" font-size="10">'
        f"{''.join(parts)}</svg>"
    )


def _inside(canvas: Canvas, drawn: Sequence[str]) -> Iterator[str]:
    """What lies outside the axes is cut off, but for half a mark."""
    left, top = canvas.x.start - MARK, canvas.y.end - MARK
    wide, tall = canvas.x.end - canvas.x.start + 2 * MARK, canvas.y.start - canvas.y.end + 2 * MARK
    yield f'<clipPath id="inside"><rect x="{left:g}" y="{top:g}" width="{wide:g}" height="{tall:g}"/></clipPath>'
    yield f'<g clip-path="url(#inside)">{"".join(drawn)}</g>'


def _canvas(data: Sequence[Json], layout: Json, width: float) -> Canvas:
    below: Json = layout.get("xaxis") or {}
    beside: Json = layout.get("yaxis") or {}
    on_top = below.get("side") == "top"
    names = [str(name) for name in (beside.get("categoryarray") or beside.get("ticktext") or ())]
    left = 14 + (14 if beside.get("title") else 0) + LETTER * max((len(name) for name in names), default=4)
    across = [str(text) for text in below.get("ticktext") or ()] if on_top else []
    top = 10 + (
        LETTER * 0.75 * max((len(text) for text in across), default=0) if len(across) > 3 else 12 * bool(across)
    )
    bottom = 12.0 if on_top else 40.0
    rows = len(names)
    height = top + bottom + (26.0 * max(2, rows) if rows else 230.0)
    values = {axis: _values(data, axis) for axis in "xy"}
    return Canvas(
        width=width,
        height=height,
        x=scale(_heat(below, data, "x"), values["x"], start=min(left, 0.45 * width), end=width - 16),
        y=scale(_heat(beside, data, "y"), values["y"], start=height - bottom, end=top),
    )


def _heat(axis: Json, data: Sequence[Json], name: str) -> Json:
    """The axis of a heat map ends half a cell beyond its first and its last."""
    if not data or data[0].get("type") != "heatmap":
        return axis
    many = len(data[0][name])
    return {**axis, "range": [-0.5, many - 0.5]}


def _values(data: Sequence[Json], axis: str) -> list[Any]:
    found: list[Any] = []
    for trace in data:
        found += list(trace.get(axis) or ())
    return found


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, *, wide: float = 1, dash: str = "") -> str:
    dashed = ' stroke-dasharray="2 3"' if dash else ""
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{colour}" stroke-width="{wide:g}"{dashed}/>'


def _words(x: float, y: float, text: str, *, anchor: str = "middle", colour: str = MUTED, turn: float = 0) -> str:
    turned = f' transform="rotate({turn:g} {x:g} {y:g})"' if turn else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{colour}"{turned}>{escape(text)}</text>'


def _grid(canvas: Canvas, layout: Json) -> Iterator[str]:
    below: Json = layout.get("xaxis") or {}
    beside: Json = layout.get("yaxis") or {}
    top, bottom = canvas.y.end, canvas.y.start
    yield from _columns(canvas, on_top=below.get("side") == "top", lines=below.get("showgrid") is not False)
    for at, text in _seen(canvas.y):
        if beside.get("showgrid") is not False:
            yield _line(canvas.x.start, at, canvas.x.end, at, GRID)
        yield _words(canvas.x.start - 6, at + 3.5, _short(text, canvas), anchor="end", colour=TEXT)
    if canvas.x.title:
        yield _words((canvas.x.start + canvas.x.end) / 2, bottom + 32, canvas.x.title)
    if canvas.y.title:
        yield _words(11, (top + bottom) / 2, canvas.y.title, turn=-90)


def _seen(axis: Scale) -> Iterator[tuple[float, str]]:
    """The ticks within the ends of an axis: where they lie, and their words."""
    for place, text in axis.ticks:
        if min(axis.low, axis.high) <= place <= max(axis.low, axis.high):
            yield axis.share((place - axis.low) / ((axis.high - axis.low) or 1)), text


def _columns(canvas: Canvas, *, on_top: bool, lines: bool) -> Iterator[str]:
    """The grid's upright lines, with their words below, or above a heat map."""
    top, bottom = canvas.y.end, canvas.y.start
    taken = -1e9  # where the last word ends: one that would touch it is left out
    for at, text in _seen(canvas.x):
        if lines:
            yield _line(at, top, at, bottom, GRID)
        if on_top and len(canvas.x.ticks) > 3:
            yield _words(at, top - 6, text, anchor="start", turn=-45)
        elif at - LETTER * len(text) / 2 >= taken:
            taken = at + LETTER * (len(text) / 2 + 1)
            yield _words(at, top - 6 if on_top else bottom + 14, text)


def _short(text: str, canvas: Canvas) -> str:
    room = round((canvas.x.start - 14) / LETTER)
    return text if len(text) <= room else f"{text[: max(1, room - 1)]}…"


def _place(axis: Scale, value: Any, ref: str | None) -> float:
    return axis.share(float(value)) if ref == "paper" else axis.at(value)


def _shape(canvas: Canvas, shape: Json) -> str:
    x0, x1 = (_place(canvas.x, shape[end], shape.get("xref")) for end in ("x0", "x1"))
    y0, y1 = (_place(canvas.y, shape[end], shape.get("yref")) for end in ("y0", "y1"))
    colour = COLOURS.get(str(shape.get("name")), MUTED)
    if shape["type"] == "rect":
        box = f'x="{min(x0, x1):g}" y="{min(y0, y1):g}" width="{abs(x1 - x0):g}" height="{abs(y1 - y0):g}"'
        return f'<rect {box} fill="{colour}" fill-opacity="0.18"/>'
    return _line(x0, y0, x1, y1, colour, dash=str((shape.get("line") or {}).get("dash") or ""))


def _note(canvas: Canvas, note: Json) -> str:
    x = _place(canvas.x, note["x"], note.get("xref")) + float(note.get("xshift") or 0)
    y = _place(canvas.y, note["y"], note.get("yref")) - float(note.get("yshift") or 0)
    anchor = {"left": "start", "right": "end"}.get(str(note.get("xanchor")), "middle")
    return _words(x, y + 3, str(note["text"]), anchor=anchor, colour=COLOURS.get(str(note.get("name")), MUTED))


def _traces(canvas: Canvas, data: Sequence[Json]) -> Iterator[str]:
    before: Json = {}
    for trace in data:
        if trace.get("type") == "heatmap":
            yield from _cells(canvas, trace)
        else:
            yield from _scatter(canvas, trace, before)
        before = trace


def _points(canvas: Canvas, trace: Json) -> list[tuple[float, float]]:
    return [
        (canvas.x.at(x), canvas.y.at(y))
        for x, y in zip(trace["x"], trace["y"], strict=True)
        if x is not None and y is not None and not (canvas.x.log and float(x) <= 0)
    ]


def _scatter(canvas: Canvas, trace: Json, before: Json) -> Iterator[str]:
    colour = COLOURS.get(str((trace.get("meta") or {}).get("role")), COLOURS["model-1"])
    points = _points(canvas, trace)
    if not points:
        return
    if trace.get("fill") == "tonexty":
        area = [*points, *reversed(_points(canvas, before))]
        corners = " ".join(f"{x:g},{y:g}" for x, y in area)
        yield f'<polygon points="{corners}" fill="{colour}" fill-opacity="0.16"/>'
        return
    mode = str(trace.get("mode") or "")
    given: Json = trace.get("line") or {}
    if "lines" in mode and given.get("width") != 0:
        path = _stepped(points) if given.get("shape") == "hv" else points
        corners = " ".join(f"{x:g},{y:g}" for x, y in path)
        dash = ' stroke-dasharray="2 3"' if given.get("dash") else ""
        yield f'<polyline points="{corners}" fill="none" stroke="{colour}" stroke-width="1.6"{dash}/>'
    yield from _intervals(canvas, trace, colour)
    if "markers" in mode:
        symbol = str((trace.get("marker") or {}).get("symbol") or "circle")
        yield from (MARKS.get(symbol, _dot)(x, y, colour) for x, y in points)


def _stepped(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Across first, then up or down."""
    path = [points[0]]
    for x, y in points[1:]:
        path += [(x, path[-1][1]), (x, y)]
    return path


def _intervals(canvas: Canvas, trace: Json, colour: str) -> Iterator[str]:
    given: Json | None = trace.get("error_x")
    if not given:
        return
    rows = zip(trace["x"], trace["y"], given["arrayminus"], given["array"], strict=True)
    for x, y, less, more in rows:
        at = canvas.y.at(y)
        yield _line(canvas.x.at(x - less), at, canvas.x.at(x + more), at, colour, wide=1.6)


def _dot(x: float, y: float, colour: str) -> str:
    return f'<circle cx="{x:g}" cy="{y:g}" r="3.6" fill="{colour}"/>'


def _diamond(x: float, y: float, colour: str) -> str:
    return f'<path d="M{x:g} {y - 5.5:g}l5.5 5.5l-5.5 5.5l-5.5 -5.5z" fill="{colour}"/>'


MARKS: Mapping[str, Callable[[float, float, str], str]] = {"circle": _dot, "diamond": _diamond}


def _cells(canvas: Canvas, trace: Json) -> Iterator[str]:
    wide = abs(canvas.x.at(1) - canvas.x.at(0))
    tall = abs(canvas.y.at(1) - canvas.y.at(0))
    low, high = float(trace["zmin"]), float(trace["zmax"])
    apart = (trace.get("meta") or {}).get("scale") == "apart"
    for row, (values, texts) in enumerate(zip(trace["z"], trace["text"], strict=True)):
        for column, (value, text) in enumerate(zip(values, texts, strict=True)):
            x, y = canvas.x.at(column), canvas.y.at(row)
            share = 0.0 if value is None else (value - low) / ((high - low) or 1.0)
            colour = COLOURS["warn"] if apart and share < 0.5 else COLOURS["model-1"]
            shade = (abs(2 * share - 1) if apart else share) * 0.5 if value is not None else 0.0
            box = f'x="{x - wide / 2 + 1:g}" y="{y - tall / 2 + 1:g}" width="{wide - 2:g}" height="{tall - 2:g}"'
            yield f'<rect {box} fill="{colour}" fill-opacity="{0.03 + shade:.3f}"/>'
            lines = str(text or "").split("<br>")
            for number, line in enumerate(lines):
                yield _words(x, y + 3.5 + 11 * (number - (len(lines) - 1) / 2), line, colour=TEXT)
