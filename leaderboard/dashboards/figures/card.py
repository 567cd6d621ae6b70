"""The figures of a model report card."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from leaderboard.dashboards import formatting
from leaderboard.dashboards.figures.base import Figure, role_of
from leaderboard.dashboards.figures.curves import NamedCurve, ppv_figure, roc_figure
from leaderboard.dashboards.figures.intervals import Line, Span, interval_figure
from leaderboard.dashboards.figures.marks import (
    by_place_and_size,
    calibration_figure,
    froc_figure,
    lead_time_figure,
    net_benefit_figure,
)
from leaderboard.dashboards.formatting import RateJson
from leaderboard.dashboards.selectors.card import Card
from leaderboard.dashboards.selectors.pooling import as_lines
from leaderboard.dashboards.selectors.strata import LEAD_TIMES


def card_figures(card: Card) -> dict[str, Figure]:
    """By key: size, tumours, location, tumour_grid, lead_time, turnbull, roc, froc, ppv, calibration, *_by_hospital."""
    role = role_of(card.slot)
    overall = card.source.overall
    before = overall["lead_time"]
    return {
        "size": by_size(card, role),
        "tumours": tumours_by_size(card, role),
        "location": interval_figure(
            key="by-location",
            title="T-Sen by location",
            caption="Tumours found and correctly localised, by the part of the organ they lie in.",
            lines=_lines({place.replace("_", " "): rate for place, rate in overall["by_location"].items()}),
            span=Span(title="T-Sen, %"),
            role=role,
            absent="The reference standard of these cohorts names no locations.",
        ),
        "lead_time": interval_figure(
            key="by-lead-time",
            title="Sensitivity by lead time",
            caption="Scans taken before the diagnosis, the latest of a patient in each span. "
            "Retrospective lead time is not survival benefit.",
            lines=_lines({words: before[name] for name, words in LEAD_TIMES.items() if name in before}),
            span=Span(title="sensitivity, %"),
            role=role,
            absent="No scan of these cohorts was taken 3 to 36 months before a diagnosis.",
        ),
        "roc": roc_figure(
            [
                NamedCurve(
                    name=card.source.submission.model,
                    role=role,
                    curve=card.roc,
                    sensitivity=overall["sensitivity"]["all"],
                    specificity=overall["specificity"],
                )
            ],
            absent=formatting.rate(overall["auc"]).words,
        ),
        "tumour_grid": by_place_and_size(overall.get("by_location_and_size") or {}, card.strata),
        "froc": froc_figure(card.curves, role=role),
        "calibration": calibration_figure(card.curves, role=role),
        "turnbull": lead_time_figure(overall.get("time_before_diagnosis"), role=role),
        "ppv": ppv_figure(card.ppv, role=role, marked=card.prevalences),
        "sensitivity_by_hospital": forest(card, role, metric="sensitivity"),
        "specificity_by_hospital": forest(card, role, metric="specificity"),
    }


def net_benefits(card: Card) -> list[Figure]:
    """One at each of the benchmark's prevalences."""
    role = role_of(card.slot)
    return [
        net_benefit_figure(
            card.curves,
            prevalence=np.format_float_positional(value, trim="-"),
            label=formatting.prevalence(value),
            role=role,
        )
        for value in card.prevalences
    ]


def _lines(rates: Mapping[str, RateJson]) -> list[Line]:
    return [Line(label=label, shown=formatting.rate(rate)) for label, rate in rates.items()]


def by_size(card: Card, role: str) -> Figure:
    lines = []
    for key, label in card.strata:
        band = card.bands.get(("sensitivity", key))
        lines.append(
            Line(
                label=label,
                shown=formatting.rate(card.source.overall["sensitivity"].get(key)),
                pooled=key == "all",
                readers=None if band is None else (band.low, band.high),
            )
        )
    return interval_figure(
        key="by-size",
        title="Sensitivity (P-Sen) by size",
        caption="Patients flagged, by the diameter of their largest tumour; one without a mask is of no size and "
        "counts in all sizes only. Orange: radiologists, as published.",
        lines=lines,
        span=Span(title="sensitivity, %"),
        role=role,
    )


def tumours_by_size(card: Card, role: str) -> Figure:
    rates = card.source.overall["t_sen"]
    lines = [
        Line(label=label, shown=formatting.rate(rates.get(key)), pooled=key == "all") for key, label in card.strata
    ]
    return interval_figure(
        key="tumours-by-size",
        title="T-Sen by size",
        caption="Tumours found and correctly localised, by their own diameter; clustered by patient.",
        lines=lines,
        span=Span(title="T-Sen, %"),
        role=role,
    )


def forest(card: Card, role: str, *, metric: str) -> Figure:
    """A line per hospital, all their patients together, and what the hospitals say of others."""
    stratum = {"sensitivity": "all"}.get(metric)
    blocks = {**dict(sorted(card.source.hospitals.items())), "All hospitals": card.source.overall}
    band = card.bands.get((metric, "all"))
    lines = []
    for name, block in blocks.items():
        rate = block[metric][stratum] if stratum else block[metric]
        pooled = block is card.source.overall
        readers = (band.low, band.high) if band and pooled else None
        lines.append(Line(label=name, shown=formatting.rate(rate), pooled=pooled, readers=readers))
    general = card.pooled.get(metric)
    if general is not None:
        lines += [Line(label=label, shown=shown, pooled=True) for label, shown in as_lines(general)]
    return interval_figure(
        key=f"{metric}-by-hospital",
        title=f"{metric.capitalize()} by hospital",
        caption="Diamonds: all patients of these hospitals together, then what the hospitals say of others; orange: "
        f"radiologists, as published. {general.sentence if general else ''}".rstrip(),
        lines=lines,
        span=Span(title=f"{metric}, %"),
        role=role,
    )
