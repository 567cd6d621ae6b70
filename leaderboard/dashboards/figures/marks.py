"""FROC, calibration, net benefit and lead time of one model, from its snapshot's curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import plotly.graph_objects as go

from evaluator.learnt import learn
from evaluator.statistics.lead_time import LeadTime
from leaderboard.dashboards import formatting
from leaderboard.dashboards.figures.base import Figure, Table, band, drawing, ticks
from leaderboard.dashboards.figures.grids import GridCell, Scale, grid_figure
from leaderboard.dashboards.formatting import Unit, plain

learn(LeadTime)


Json = Mapping[str, Any]
NOT_YET = "Not in this ranking: it was made before curves were kept, or they are hidden for too few patients."


def hundred(value: float) -> float:
    return 100 * value


def froc_figure(curves: Json | None, *, role: str) -> Figure:
    """Cancers found in their place against false positives a scan."""
    froc: Json = (curves or {}).get("froc") or {}
    points = froc.get("froc") or []
    x = [point["at"] for point in points]
    traces = [
        *band(
            x,
            [hundred(point["localised_low"]) for point in points],
            [hundred(point["localised_high"]) for point in points],
            role,
        ),
        go.Scatter(
            x=x,
            y=[hundred(point["localised"]) for point in points],
            mode="lines+markers",
            hovertemplate="%{y:.1f} % found in place with at most %{x:g} false positives a scan<extra></extra>",
            meta={"role": role},
        ),
    ]
    layout = go.Layout(
        height=440,
        xaxis={"title": {"text": "false positives a scan, at most (logarithmic)"}, "type": "log", **ticks(x)},
        yaxis={"title": {"text": "found in place, % of patients"}, "range": [-1, 101]},
    )
    rows = tuple(
        (
            f"{point['at']:g}",
            formatting.percent(point["localised"]),
            formatting.interval(point["localised_low"], point["localised_high"], Unit.PERCENT).strip("()"),
            formatting.percent(point["lesions"]),
            formatting.interval(point["lesions_low"], point["lesions_high"], Unit.PERCENT).strip("()"),
        )
        for point in points
    )
    return Figure(
        key="froc",
        title="FROC",
        caption=_froc_caption(curves, froc),
        drawing=drawing(traces, layout),
        table=Table(
            columns=(
                "false positives a scan, at most",
                "patients found in place, %",
                "95 % interval",
                "tumours found, %",
                "95 % interval of tumours",
            ),
            rows=rows,
        ),
        absent=_without(curves, froc.get("method")),
    )


def _froc_caption(curves: Json | None, froc: Json) -> str:
    said = ["Patients whose tumour is found in its place, by how many false marks that costs; band: 95 %."]
    if froc.get("scans"):
        said.append(f"{froc['lesions']:,} tumours, {froc['scans']:,} scans.")
    area = froc.get("area")
    if area and area["value"] is not None:
        limits = formatting.interval(area["low"], area["high"], Unit.PLAIN)
        said.append(f"Area under AFROC {plain(area['value'])} {limits}.")
    precision = (curves or {}).get("average_precision")
    if precision and precision["value"] is not None:
        known = precision["low"] is not None
        limits = f" {formatting.interval(precision['low'], precision['high'], Unit.PLAIN)}" if known else ""
        said.append(f"Average precision, as picai-eval counts it, {plain(precision['value'])}{limits}.")
    return " ".join(said)


def _without(curves: Json | None, method: Any = "") -> str:
    if not curves:
        return NOT_YET
    why = str(method or curves.get("method") or "").rpartition("; ")[2]  # the version and the like come before it
    return f"{why[:1].upper()}{why[1:]}." if why else NOT_YET


def calibration_figure(curves: Json | None, *, role: str) -> Figure:
    """Of those told a risk, how many had cancer."""
    found: Json = (curves or {}).get("calibration") or {}
    bins = found.get("bins") or []
    traces = [
        go.Scatter(
            x=[hundred(one["predicted"]) for one in bins],
            y=[hundred(one["observed"]) for one in bins],
            mode="markers",
            customdata=[f"{one['k']:,} of {one['n']:,} patients" for one in bins],
            hovertemplate="told %{x:.1f} %, %{y:.1f} % had cancer (%{customdata})<extra></extra>",
            meta={"role": role},
        )
    ]
    layout = go.Layout(
        height=440,
        xaxis={"title": {"text": "likelihood told, % (mean of a tenth of the patients)"}, "range": [-2, 102]},
        yaxis={"title": {"text": "had cancer, %"}, "range": [-2, 102]},
        shapes=[{"type": "line", "name": "rule", "x0": 0, "y0": 0, "x1": 100, "y1": 100}],
    )
    rows = tuple(
        (formatting.percent(one["predicted"]), formatting.percent(one["observed"]), f"{one['k']:,}/{one['n']:,}")
        for one in bins
    )
    numbers = _calibration_numbers(found)
    return Figure(
        key="calibration",
        title="Calibration",
        caption=f"Does a likelihood of 10 % mean one cancer in ten? On the line it does, in this sample. {numbers}",
        drawing=drawing(traces, layout),
        table=Table(columns=("told, %", "had cancer, %", "patients"), rows=rows),
        absent=_no_bins(curves, found, numbers),
    )


def _calibration_numbers(found: Json) -> str:
    names = {"slope": "Slope", "intercept": "intercept", "brier": "Brier score", "ece": "calibration error"}
    parts = []
    for key, name in names.items():
        given = found.get(key)
        if given and given["value"] is not None:
            limits = formatting.interval(given["low"], given["high"], Unit.PLAIN)
            parts.append(f"{name} {plain(given['value'])} {limits}".rstrip())
    return f"{', '.join(parts)}." if parts else ""


def _no_bins(curves: Json | None, found: Json, numbers: str) -> str:
    if not found:
        return _without(curves)
    slope, error = found["slope"], found["ece"]
    said = [numbers] if slope["value"] is not None else [f"No slope: {slope['method']}.", numbers]
    if found.get("declared") is None:
        said.append("The rest takes the prevalence that the likelihoods are made for, and none was declared.")
    elif error["value"] is not None:
        said.append("The tenths are hidden: too few patients in some.")
    elif slope["value"] is not None:
        said.append(f"No tenths: {error['method']}.")
    return " ".join(filter(None, said))


def three_figures(value: float) -> str:
    """As people write it: thousands are not written with a power of ten."""
    text = f"{value:.3g}" if abs(value) < 999.5 else f"{value:,.0f}"
    return text.replace("-", formatting.MINUS)


def net_benefit_figure(curves: Json | None, *, prevalence: str, label: str, role: str) -> Figure:
    """What acting on the model is worth, beside calling everybody back, and nobody."""
    found: Json = ((curves or {}).get("net_benefit") or {}).get(prevalence) or {}
    points = found.get("points") or []
    x = [hundred(point["threshold"]) for point in points]
    per = 1000.0
    traces = [
        *band(x, [per * point["low"] for point in points], [per * point["high"] for point in points], role),
        go.Scatter(
            x=x,
            y=[per * point["value"] for point in points],
            mode="lines+markers",
            hovertemplate="acting at %{x:g} %: %{y:.3g} per 1,000<extra>the model</extra>",
            meta={"role": role},
        ),
        go.Scatter(
            x=x,
            y=[per * point["treat_all"] for point in points],
            mode="lines",
            line={"dash": "dot"},
            hovertemplate="acting at %{x:g} %: %{y:.3g} per 1,000<extra>calling everybody back</extra>",
            meta={"role": "null"},
        ),
    ]
    most = per * float(prevalence)  # what finding everybody would be worth
    layout = go.Layout(
        height=440,
        xaxis={"title": {"text": "risk at which one would act, % (logarithmic)"}, "type": "log", **ticks(x)},
        yaxis={
            "title": {"text": "net true positives per 1,000"},
            "range": [-0.5 * most, 1.08 * most],
        },
        shapes=[{"type": "line", "name": "rule", "x0": 0, "x1": 1, "xref": "paper", "y0": 0, "y1": 0}],
    )
    rows = tuple(
        (
            formatting.prevalence(point["threshold"]),
            three_figures(per * point["value"]),
            f"{three_figures(per * point['low'])} to {three_figures(per * point['high'])}",
            three_figures(per * point["treat_all"]),
        )
        for point in points
    )
    shifted = "" if found.get("declared") is not None else " No prevalence was declared: likelihoods as they stand."
    return Figure(
        key=f"net-benefit-{prevalence.replace('.', '-')}",
        title=f"Net benefit at a prevalence of {label}",
        caption="True positives less false positives at the odds of the risk at which one would act. Dotted: calling "
        f"everybody back; the line at 0: nobody.{shifted}",
        drawing=drawing(traces, layout),
        table=Table(columns=("acting at", "the model, per 1,000", "95 % interval", "everybody called back"), rows=rows),
        absent=_without(curves, found.get("method") if found else None),
    )


def lead_time_figure(found: Json | None, *, role: str) -> Figure:
    """How long before diagnosis, at least: Turnbull's estimate among those that were flagged at all."""
    known = None if found is None else msgspec.convert(found, LeadTime)
    masses = (known.among_detected.masses if known else None) or ()
    steps = [(0.0, 1.0)]
    left = 1.0
    for mass in masses:
        if mass.high is None:  # never seen to end: the curve breaks off
            steps.append((mass.low, left))
        else:
            left = max(0.0, left - mass.share)
            steps.append((mass.high, left))
    traces = [
        go.Scatter(
            x=[month for month, _ in steps],
            y=[hundred(share) for _, share in steps],
            mode="lines",
            line={"shape": "hv"},
            hovertemplate="%{y:.0f} % of those flagged, %{x:.3g} months before diagnosis<extra></extra>",
            meta={"role": role},
        )
    ]
    layout = go.Layout(
        height=440,
        xaxis={"title": {"text": "months before diagnosis, at least"}, "range": [0, 37]},
        yaxis={"title": {"text": "% of those flagged before diagnosis"}, "range": [-1, 101]},
    )
    rows = tuple(
        (
            f"{mass.low:.3g}",
            "not seen to end" if mass.high is None else f"{mass.high:.3g}",
            formatting.percent(mass.share),
        )
        for mass in masses
    )
    sentence = known.sentence if known else ""
    return Figure(
        key="turnbull",
        title="Lead time",
        caption=f"How long before diagnosis the model flags those that it flags at all (Turnbull). {sentence}",
        drawing=drawing(traces, layout),
        table=Table(columns=("from, months", "to below, months", "% of those flagged"), rows=rows),
        absent=sentence or NOT_YET,
    )


def by_place_and_size(rates: Mapping[str, Mapping[str, Json]], strata: Sequence[tuple[str, str]]) -> Figure:
    """T-Sen of every location and size: where small tumours are missed."""
    rows = []
    lines = []
    for place, sizes in rates.items():
        label = place.replace("_", " ")
        cells = []
        for key, name in strata:
            shown = formatting.rate(sizes.get(key))
            counts = formatting.fraction(sizes.get(key))
            text = (
                f"{100 * shown.value:.0f}<br>{counts}"
                if shown.value is not None
                else "hidden"
                if "hidden" in shown.words
                else "–"
            )
            cells.append(GridCell(value=shown.value, text=text, hover=f"{label}, {name}: {shown.sentence}"))
            lines.append((label, name, shown.text or shown.words, shown.interval.strip("()"), counts))
        rows.append((label, cells))
    return grid_figure(
        key="by-location-and-size",
        title="T-Sen by location and size",
        caption="Tumours found and correctly localised, in per cent, of how many; clustered by patient.",
        columns=[name for _, name in strata],
        rows=rows,
        scale=Scale(name="rising", low=0, high=1),
        table=Table(columns=("location", "size", "T-Sen, %", "95 % interval", "tumours"), rows=tuple(lines)),
        absent="The reference standard of these cohorts names no locations.",
        height=54,
    )
