"""The model report card: the snapshot's numbers as pages write them, and the curves that need the patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from evaluator.errors import EvaluatorError
from evaluator.statistics.outcomes import Outcome, answers
from evaluator.statistics.pooled import PooledRate
from evaluator.statistics.prevalence import PredictivePoint, ppv_curve
from evaluator.statistics.roc import RocCurve
from leaderboard.dashboards import formatting
from leaderboard.dashboards.formatting import Shown, Unit
from leaderboard.dashboards.selectors.board import entry_numbers
from leaderboard.dashboards.selectors.columns import SPECS, Band, Block, Column, make_column
from leaderboard.dashboards.selectors.pooling import pooled_rates
from leaderboard.dashboards.selectors.references import reader_bands
from leaderboard.evaluations.models import Evaluation
from leaderboard.evaluations.selectors import results_of
from leaderboard.hospitals.models import Cohort
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.selectors import ReportCard, get_report_card

NO_CURVE = RocCurve(fpr=(), tpr=(), threshold=())
LEAD_TIMES = {"3_6": "3–6 months", "6_12": "6–12 months", "12_24": "12–24 months", "24_36": "24–36 months"}


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A number with the words before it."""

    label: str
    shown: Shown


@dataclass(frozen=True, kw_only=True)
class Card:
    """All of one model's page. Curves are empty where the public minimum hides what they are drawn from."""

    source: ReportCard
    bands: Mapping[tuple[str, str], Band]
    headline: list[tuple[Column, Shown]]
    roc: RocCurve
    ppv: tuple[PredictivePoint, ...]
    strata: list[tuple[str, str]]
    slot: int
    cohorts: list[Cohort]
    pooled: Mapping[str, PooledRate]

    @property
    def curves(self) -> Mapping[str, Any] | None:
        """Of all patients together; None in rankings made before curves were kept."""
        found: Mapping[str, Any] | None = self.source.overall.get("curves")
        return found

    @property
    def prevalences(self) -> list[float]:
        return self.source.submission.benchmark.prevalence_values

    @property
    def failures(self) -> Mapping[str, Any]:
        failures: Mapping[str, Any] = self.source.overall["failures"]
        return failures


def slot_of(snapshot: Snapshot, submission: UUID) -> int:
    """The place in the order of submission among all of a benchmark: a model keeps its colour."""
    rows = snapshot.entries.order_by("evaluation__submission__created", "evaluation__submission")
    return list(rows.values_list("evaluation__submission", flat=True)).index(submission)


def get_card(pk: UUID | str) -> Card:
    source = get_report_card(pk)
    benchmark = source.submission.benchmark
    bands = reader_bands(benchmark)
    numbers = entry_numbers(source.entry, source.ranked)
    prevalence = benchmark.prevalence_values[0]
    headline = []
    for spec in SPECS:
        shown = spec.take(numbers, prevalence)
        band = bands.get(spec.baseline or ("", ""))
        headline.append((make_column(spec, shown=[shown], band=band, prevalence=prevalence), shown))
    return Card(
        source=source,
        bands=bands,
        headline=headline,
        roc=roc_of(source),
        ppv=ppv_points(source.overall),
        strata=[(item["key"], item["label"]) for item in benchmark.strata],
        slot=slot_of(source.snapshot, source.submission.pk),
        cohorts=list(
            Cohort.objects.filter(runs__evaluation=source.evaluation, runs__sealed=False).select_related("hospital")
        ),
        pooled=pooled_rates(source.hospitals),
    )


@dataclass(frozen=True, kw_only=True)
class GroupLine:
    """A group of patients with both rates."""

    attribute: str
    group: str
    sensitivity: Shown
    specificity: Shown


def group_lines(overall: Block) -> list[GroupLine]:
    """By phase, scanner, slice thickness, sex, age and race; empty in older rankings."""
    lines = []
    for attribute, groups in (overall.get("by_attribute") or {}).items():
        for group, rates in groups.items():
            lines.append(
                GroupLine(
                    attribute=attribute,
                    group=group,
                    sensitivity=formatting.rate(rates["sensitivity"]),
                    specificity=formatting.rate(rates["specificity"]),
                )
            )
    return lines


def outcomes_of(evaluation: Evaluation, *, threshold: float) -> dict[tuple[str, str], Outcome]:
    """Each patient's answer, the index scan's, by hospital and patient."""
    results = results_of(evaluation)
    if results is None:
        return {}
    try:
        answered = answers([results], threshold=threshold)
    except EvaluatorError:
        return {}  # the report of this snapshot would have been refused for the same reason
    return {
        (name, outcome.case.patient): outcome for name, hospital in answered.items() for outcome in hospital.patients
    }


def roc_of(card: ReportCard) -> RocCurve:
    """The snapshot's; empty where it is hidden or not available."""
    found = (card.overall.get("curves") or {}).get("roc")
    if not found:
        return NO_CURVE
    return RocCurve(**{name: tuple(found[name]) for name in ("fpr", "tpr", "threshold")})


def ppv_points(overall: Block) -> tuple[PredictivePoint, ...]:
    found, cleared = overall["sensitivity"]["all"], overall["specificity"]
    if not found["n"] or not cleared["n"]:
        return ()
    return ppv_curve(
        sensitivity=(found["k"], found["n"]),
        specificity=(cleared["k"], cleared["n"]),
        prevalences=np.geomspace(0.0001, 0.2, 41).tolist(),
    )


def operating_numbers(card: Card) -> list[Labelled]:
    """PPV, NPV and false alarms at each of the benchmark's prevalences."""
    rows = []
    for item in card.source.submission.benchmark.prevalences:
        key = np.format_float_positional(item["value"], trim="-")
        at = f"at {formatting.prevalence(item['value'])} ({item['label']})"
        overall = card.source.overall
        rows += [
            Labelled(label=f"PPV {at}, %", shown=formatting.rate(overall["ppv"].get(key))),
            Labelled(label=f"NPV {at}, %", shown=formatting.rate(overall["npv"].get(key))),
            Labelled(
                label=f"False-positive patients per 1,000 scans {at}",
                shown=formatting.rate(overall["false_alarms_per_1000"].get(key), unit=Unit.PER_1000),
            ),
        ]
    return rows
