"""Figures drawn without a browser: the same numbers at the same places."""

from __future__ import annotations

from xml.etree import ElementTree

import plotly.graph_objects as go
import pytest

from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards.figures.base import Figure, Table, band, drawing, ticks
from leaderboard.dashboards.figures.card import card_figures, net_benefits
from leaderboard.dashboards.figures.grids import GridCell, grid_figure
from leaderboard.dashboards.figures.grids import Scale as Colours
from leaderboard.dashboards.figures.intervals import Line, Span, interval_figure
from leaderboard.dashboards.figures.places import nice_step, scale
from leaderboard.dashboards.figures.printed import LINES, printed
from leaderboard.dashboards.figures.static import svg
from leaderboard.dashboards.formatting import Shown
from leaderboard.dashboards.selectors.card import get_card
from leaderboard.dashboards.selectors.versions import history
from leaderboard.rankings.selectors import get_report_card
from leaderboard.submissions.models import Submission

SVG = "{http://www.w3.org/2000/svg}"
TABLE = Table(columns=("a",), rows=(("1",),))


def drawn(figure: Figure) -> ElementTree.Element:
    return ElementTree.fromstring(svg(figure))


def figure_of(traces: list[go.Scatter], **layout: object) -> Figure:
    return Figure(key="k", title="T", caption="C", table=TABLE, drawing=drawing(traces, go.Layout(**layout)))


def test_a_value_lies_where_its_axis_says() -> None:
    axis = scale({"range": [0, 100]}, [], start=50, end=250)
    assert [axis.at(value) for value in (0, 50, 100)] == [50, 150, 250]
    log = scale({"type": "log", **ticks([1, 10, 100])}, [1, 100], start=0, end=110)
    assert log.at(10) == pytest.approx(55)
    assert [text for _, text in log.ticks] == ["1", "10", "100"]
    turned = scale({"range": [-0.5, 1.5], "autorange": "reversed"}, [], start=100, end=0)
    assert turned.at(0) < turned.at(1)


def test_ticks_are_round_and_few() -> None:
    assert [nice_step(length) for length in (1, 5, 7, 100, 0.3)] == [0.2, 1, 2, 20, pytest.approx(0.1)]


def test_dots_and_intervals_stand_in_the_lines_of_their_names() -> None:
    lines = [
        Line(label="Hospital 1", shown=Shown(text="50.0", value=0.5, low=0.25, high=0.75)),
        Line(label="All", shown=Shown(text="60.0", value=0.6, low=0.5, high=0.7), pooled=True, readers=(0.76, 0.92)),
    ]
    figure = interval_figure(key="k", title="T", caption="C", lines=lines, span=Span(title="%"), role="model-2")
    picture = drawn(figure)
    (circle,) = picture.iter(f"{SVG}circle")
    bars = [one for one in picture.iter(f"{SVG}line") if one.get("stroke") == "#00825f"]
    first = next(one for one in bars if one.get("y1") == circle.get("cy"))
    assert float(first.get("x1", 0)) < float(circle.get("cx", 0)) < float(first.get("x2", 0))
    assert len(list(picture.iter(f"{SVG}path"))) == 1  # the diamond of all together
    rects = [one for one in picture.iter(f"{SVG}rect") if one.get("fill") == "#e69f00"]
    assert len(rects) == 1
    names = [one.text for one in picture.iter(f"{SVG}text")]
    assert {"Hospital 1", "All", "%"} <= set(names)


def test_a_band_is_an_area_and_steps_go_across_first() -> None:
    traces = [
        *band([1, 2], [0, 0], [1, 2], "model-1"),
        go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line={"shape": "hv"}, meta={"role": "model-1"}),
    ]
    picture = drawn(figure_of(traces, xaxis={"range": [0, 2]}, yaxis={"range": [0, 2]}))
    (area,) = picture.iter(f"{SVG}polygon")
    assert len((area.get("points") or "").split()) == 4
    (line,) = picture.iter(f"{SVG}polyline")
    corners = [point.split(",") for point in (line.get("points") or "").split()]
    assert corners[0][1] == corners[1][1]
    assert corners[1][0] == corners[2][0]


def test_what_lies_outside_the_axes_is_cut_off() -> None:
    traces = [go.Scatter(x=[0, 1], y=[0, 99], mode="lines", meta={"role": "model-1"})]
    picture = drawn(figure_of(traces, xaxis={"range": [0, 1]}, yaxis={"range": [0, 1]}))
    (group,) = picture.iter(f"{SVG}g")
    assert group.get("clip-path") == "url(#inside)"


def test_a_heat_map_has_its_words_in_its_cells() -> None:
    rows = [("row", [GridCell(value=0.5, text="50<br>1/2"), GridCell(text="–")])]
    figure = grid_figure(
        key="k", title="T", caption="C", columns=["a", "b"], rows=rows, scale=Colours(name="rising", low=0, high=1),
        table=TABLE,
    )  # fmt: skip
    words = [one.text for one in drawn(figure).iter(f"{SVG}text")]
    assert {"50", "1/2", "–", "a", "b", "row"} <= set(words)


def test_a_name_with_markup_is_text() -> None:
    notes = [{"x": 0, "y": 0, "text": "<b>&", "name": "model-1"}]
    traces = [go.Scatter(x=[0, 1], y=[0, 1], mode="markers", meta={"role": "model-1"})]
    assert "&lt;b&gt;&amp;" in svg(figure_of(traces, annotations=notes))


@pytest.mark.django_db
def test_every_figure_of_a_report_card_can_be_printed(ranked: Benchmark) -> None:
    source = get_report_card(Submission.objects.get(model="Blind").pk)
    card = get_card(source, history(ranked))
    figures = [*card_figures(card).values(), *net_benefits(card)]
    pictures = [figure for figure in figures if figure.table.rows]
    assert len(pictures) >= 6
    for figure in pictures:
        assert drawn(figure).tag == f"{SVG}svg"
        assert "nan" not in svg(figure).lower()
        assert printed(figure).picture.startswith("data:image/svg+xml;base64,")


def test_a_picture_that_fits_no_page_is_its_table() -> None:
    shown = Shown(text="50.0", value=0.5, low=0.25, high=0.75)
    lines = [Line(label=f"Hospital {number}", shown=shown) for number in range(LINES + 1)]
    found = printed(interval_figure(key="k", title="T", caption="C", lines=lines, span=Span(title="%"), role="model-1"))
    assert (found.picture, found.has_table) == ("", True)
    few = printed(
        interval_figure(key="k", title="T", caption="C", lines=lines[:3], span=Span(title="%"), role="model-1")
    )
    assert few.picture
    assert "The table below has the numbers." in few.words
