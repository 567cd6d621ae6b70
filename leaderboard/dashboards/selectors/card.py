"""The model report card: the snapshot's numbers as pages write them, and the curves that need the patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from evaluator.ranking.attributes import AGE_BANDS
from evaluator.statistics.pooled import PooledRate
from evaluator.statistics.prevalence import PredictivePoint, ppv_curve
from evaluator.statistics.roc import RocCurve
from leaderboard.dashboards import formatting
from leaderboard.dashboards.formatting import Shown, Unit
from leaderboard.dashboards.selectors.columns import SPECS, Band, Block, Column, make_column
from leaderboard.dashboards.selectors.pooling import pooled_rates
from leaderboard.dashboards.selectors.references import reader_bands
from leaderboard.dashboards.selectors.rows import entry_numbers
from leaderboard.dashboards.selectors.versions import History, Version
from leaderboard.hospitals.models import Cohort
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.selectors import ReportCard
from leaderboard.submissions.models import Statement, Submission
from leaderboard.submissions.selectors import said_of

NO_CURVE = RocCurve(fpr=(), tpr=(), threshold=())


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A number with the words before it."""

    label: str
    shown: Shown


@dataclass(frozen=True, kw_only=True)
class Other:
    """Another submission that the page leads to."""

    label: str
    submission: str


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
    version: Version
    used: int
    earlier: Other | None
    later: Other | None
    tied: list[Other]
    statements: Mapping[str, Statement]

    @property
    def curves(self) -> Mapping[str, Any] | None:
        """Of all patients together; None in rankings made before curves were kept."""
        found: Mapping[str, Any] | None = self.source.overall.get("curves")
        return found

    @property
    def version_lines(self) -> list[tuple[str, str]]:
        """Of everything that made the numbers; of a private card its own report says it."""
        if self.source.snapshot is not None:
            return self.source.snapshot.version_lines
        report = self.source.report
        return [("Scorers", str(report["scorer"])), ("Hit rules", str(report["hit_rule"]))]

    @property
    def prevalences(self) -> list[float]:
        return self.source.submission.benchmark.prevalence_values

    @property
    def failures(self) -> Mapping[str, Any]:
        failures: Mapping[str, Any] = self.source.overall["failures"]
        return failures


def slots_of(snapshot: Snapshot, submissions: Sequence[UUID]) -> list[int]:
    """Of each the place in the order of submission among all of a benchmark: a model keeps its colour."""
    rows = snapshot.entries.order_by("evaluation__submission__created", "evaluation__submission")
    order = list(rows.values_list("evaluation__submission", flat=True))
    return [order.index(submission) for submission in submissions]


def get_card(source: ReportCard, known: History) -> Card:
    """Of a published ranking, or of a submission that is private; ``known``: what its team handed in."""
    benchmark = source.submission.benchmark
    bands = reader_bands(benchmark)
    numbers = entry_numbers(source.entry)
    version = known.version(source.submission.pk)
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
        slot=slots_of(source.snapshot, [source.submission.pk])[0] if source.snapshot else 0,
        cohorts=list(
            Cohort.objects.filter(runs__evaluation=source.evaluation, runs__sealed=False).select_related("hospital")
        ),
        pooled=pooled_rates(source.hospitals),
        version=version,
        used=known.used(source.submission.pk),
        earlier=_other(version.earlier),
        later=_other(version.later),
        tied=tied_with(source),
        statements=said_of(source.submission),
    )


def _other(pk: UUID | None) -> Other | None:
    model = Submission.objects.filter(pk=pk).values_list("model", flat=True).first() if pk else None
    return Other(label=model, submission=str(pk)) if model else None


def tied_with(source: ReportCard) -> list[Other]:
    """Who is not significantly different from it, in order of display."""
    if source.snapshot is None or not source.entry.ties:
        return []
    rows = source.snapshot.entries.filter(position__in=source.entry.ties).order_by("position")
    named = rows.values_list("evaluation__submission", "evaluation__submission__model")
    return [Other(label=model, submission=str(pk)) for pk, model in named]


@dataclass(frozen=True, kw_only=True)
class GroupLine:
    """A group of patients with both rates."""

    attribute: str
    group: str
    sensitivity: Shown
    specificity: Shown


AGES = {name: place for place, name in enumerate(AGE_BANDS)}


def group_lines(overall: Block) -> list[GroupLine]:
    """By phase, scanner, slice thickness, sex, age and race; empty in older rankings."""
    lines = []
    for attribute, groups in (overall.get("by_attribute") or {}).items():
        for group, rates in sorted(groups.items(), key=lambda item: (AGES.get(item[0], 0), item[0])):
            lines.append(
                GroupLine(
                    attribute=attribute,
                    group=group,
                    sensitivity=formatting.rate(rates["sensitivity"]),
                    specificity=formatting.rate(rates["specificity"]),
                )
            )
    return lines


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
