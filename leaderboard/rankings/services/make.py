"""Making a ranking: everything done is read, ranked, reported, and frozen with where it came from."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from evaluator import __version__
from evaluator.ranking import Ranking, publishable, rank_results
from evaluator.ranking.versions import DISCLOSURE, RANKING, STATISTICS
from evaluator.records import Rate
from evaluator.report import ModelReport, Report, make_report
from evaluator.results import Results, to_builtins
from evaluator.statistics.block import Block
from evaluator.statistics.stratified import without_strata
from leaderboard.audit.services import record
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import CohortResult, Evaluation
from leaderboard.evaluations.selectors import null_results_of, nulls_of, results_of
from leaderboard.lib.files import json_digest
from leaderboard.rankings.models import WITHHELD, Entry, Snapshot
from leaderboard.rankings.selectors import eligible, newest
from leaderboard.rankings.services.ladder import ladder_climb

CURVES_SEED = 1  # the same in every ranking: a model's bands change with its results only

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What was computed. The detailed report hides nothing and is not kept; awards need its counts."""

    ranking: Ranking
    report: Report
    detailed: Report
    versions: dict[str, Any]
    seed: int
    nulls: Report | None


def snapshot_make(*, benchmark: Benchmark) -> Snapshot | None:
    """Rank everything that is done, if anything changed since the newest snapshot; None if not.

    On the Ladder nothing is ranked before the final: what is done climbs it instead.

    It computes without a lock and enters under one: of two workers that make the same ranking, one is too late.
    """
    benchmark = Benchmark.objects.get(pk=benchmark.pk)  # its rules may have changed since the caller read them
    if benchmark.is_on_ladder:
        ladder_climb(benchmark=benchmark)
        return None
    evaluations = list(eligible(benchmark).select_related("submission"))
    if not evaluations:
        return None
    inputs = inputs_of(benchmark, evaluations)
    digest = json_digest(inputs)
    if is_newest(benchmark, digest):
        return None
    numbers = compute(benchmark, evaluations, seed=int(digest[:12], 16))
    return enter(benchmark, evaluations, inputs, digest, numbers)


def is_newest(benchmark: Benchmark, digest: str) -> bool:
    snapshot = newest(benchmark)
    return snapshot is not None and snapshot.inputs_sha256 == digest


def inputs_of(benchmark: Benchmark, evaluations: list[Evaluation]) -> dict[str, Any]:
    """Every submission with the digest of each of its cohort results, and the rules they are held to."""
    rows = CohortResult.objects.filter(run__evaluation__in=evaluations, run__sealed=False)
    rows = rows.order_by("run__hospital__name", "run__cohort")
    cohorts: dict[int, list[dict[str, Any]]] = {}
    for row in rows.defer("payload").select_related("run__hospital", "run__cohort"):
        cohort = row.run.cohort
        cohorts.setdefault(row.run.evaluation_id, []).append(
            {
                "hospital": row.run.hospital.name,
                "cohort": cohort.name,
                "version": cohort.version,
                "fingerprint": cohort.fingerprint,
                "sha256": row.sha256,
                "calibrates": row.run.calibrates,
            }
        )
    nulls = {str(row.cohort_id): row.sha256 for row in nulls_of(benchmark)}
    return {
        **({"nulls": nulls} if nulls else {}),
        "rules": {
            "panel_minimum": benchmark.panel_minimum,
            "public_minimum": benchmark.public_minimum,
            "prevalences": benchmark.prevalence_values,
            "replicates": benchmark.replicates,
            "false_alarm_share": benchmark.false_alarm_share,
            "confident": benchmark.confident,
            "evaluator": __version__,
            "ranking": RANKING,
            "statistics": STATISTICS,
            "disclosure": DISCLOSURE,
            **({"strata": WITHHELD} if benchmark.keeps_strata else {}),
        },
        "submissions": [
            {
                "submission": str(evaluation.submission_id),
                "image": evaluation.submission.image,
                "operating_point": evaluation.operating_point,
                "cohorts": cohorts.get(evaluation.pk, []),
            }
            for evaluation in evaluations
        ],
    }


def compute(benchmark: Benchmark, evaluations: list[Evaluation], *, seed: int) -> Numbers:
    results: list[Results] = [found for evaluation in evaluations if (found := results_of(evaluation))]
    prevalences = benchmark.prevalence_values
    report = make_report(
        results,
        prevalences=prevalences,
        public_minimum=benchmark.public_minimum,
        curves_seed=CURVES_SEED,
        hospital_curves=False,  # no page shows them; 20 submissions on 10,000 patients took 46 s with, 24 s without
    )
    return Numbers(
        ranking=rank_results(
            results,
            panel_minimum=benchmark.panel_minimum,
            replicates=benchmark.replicates,
            seed=seed,
            by=() if benchmark.keeps_strata else None,
        ),
        report=unstratified(report) if benchmark.keeps_strata else report,
        detailed=make_report(results, prevalences=prevalences),
        versions={
            "evaluator": __version__,
            "ranking": RANKING,
            "statistics": STATISTICS,
            "scorers": sorted({found.scorer for found in results}),
            "hit_rules": sorted({found.hit_rule for found in results}),
        },
        seed=seed,
        nulls=null_report(benchmark),
    )


def null_report(benchmark: Benchmark) -> Report | None:
    """Null submissions on the same patients: reported as the others, ranked never."""
    results = null_results_of(nulls_of(benchmark))
    if not results:
        return None
    report = make_report(results, prevalences=benchmark.prevalence_values, public_minimum=benchmark.public_minimum)
    return unstratified(report) if benchmark.keeps_strata else report


def unstratified(report: Report) -> Report:
    """What is frozen and shown; awards count in `Entry.counts`, which no page shows."""
    models = (
        replace(
            model,
            overall=without_strata(model.overall),
            hospitals={name: without_strata(block) for name, block in model.hospitals.items()},
        )
        for model in report.models
    )
    return replace(report, models=tuple(models))


@transaction.atomic
def enter(
    benchmark: Benchmark, evaluations: list[Evaluation], inputs: dict[str, Any], digest: str, numbers: Numbers
) -> Snapshot | None:
    Benchmark.objects.select_for_update().get(pk=benchmark.pk)
    if is_newest(benchmark, digest):
        return None
    before = newest(benchmark)
    snapshot = Snapshot.objects.create(
        benchmark=benchmark,
        number=before.number + 1 if before else 1,
        seed=numbers.seed,
        versions=numbers.versions,
        inputs=inputs,
        inputs_sha256=digest,
        ranking=to_builtins(publishable(numbers.ranking, minimum=benchmark.public_minimum)),
        report=to_builtins(numbers.report) | nulls_in(numbers.nulls),
    )
    snapshot.refresh_from_db()  # a database may write a number in another way: −0 as 0
    snapshot.sha256 = snapshot.digest()
    snapshot.save(update_fields=["sha256"])
    Entry.objects.bulk_create(entries_of(snapshot, evaluations, numbers))
    record("ranking.made", f"{benchmark.slug} ranking {snapshot.number}", inputs=digest)
    logger.info("benchmark %s: ranking %d of %d submissions", benchmark.slug, snapshot.number, len(evaluations))
    return snapshot


def nulls_in(report: Report | None) -> dict[str, Any]:
    """All hospitals together, as the leaderboard's columns need them."""
    models = report.models if report else ()
    blocks = [{"kind": model.model, "overall": to_builtins(without_curves(model.overall))} for model in models]
    return {"nulls": blocks} if blocks else {}


def entries_of(snapshot: Snapshot, evaluations: list[Evaluation], numbers: Numbers) -> Iterator[Entry]:
    """Ranked ones in the ranking's order of display, then the others with their reasons."""
    ranked = {model.model: model for model in numbers.ranking.models}
    reasons = {model.model: model.reason for model in numbers.ranking.unranked}
    shown = {model.model: model for model in numbers.report.models}
    detailed = {model.model: model for model in numbers.detailed.models}
    by_model = {str(evaluation.submission_id): evaluation for evaluation in evaluations}
    order = [*ranked, *(model for model in by_model if model not in ranked)]
    for position, model in enumerate(order, start=1):
        place = ranked.get(model)
        yield Entry(
            snapshot=snapshot,
            evaluation=by_model[model],
            position=position,
            rank_low=place.rank_set[0] if place else None,
            rank_high=place.rank_set[1] if place else None,
            score=place.score if place else None,
            worst_hospital=place.worst_hospital.hospital if place else "",
            worst_value=place.worst_hospital.value if place else None,
            unranked_reason=reasons.get(model, ""),
            overall=to_builtins(without_curves(shown[model].overall)),
            counts=counts_of(detailed[model]),
        )


def without_curves(block: Block) -> Block:
    """What the leaderboard's columns need; the report card reads the rest from the snapshot."""
    return replace(block, curves=None, time_before_diagnosis=None, by_location_and_size={}, by_attribute={})


def counts_of(report: ModelReport) -> dict[str, Any]:
    """`{"sensitivity": {stratum: {hospital: [k, n]}}, "specificity": {"all": …}}`, nothing hidden."""
    return {
        "sensitivity": {
            stratum: {name: pair(block.sensitivity[stratum]) for name, block in report.hospitals.items()}
            for stratum in report.overall.sensitivity
        },
        "specificity": {"all": {name: pair(block.specificity) for name, block in report.hospitals.items()}},
    }


def pair(rate: Rate) -> list[int]:
    return [rate.k or 0, rate.n or 0]


def rankings_reconcile() -> None:
    """Every benchmark whose newest ranking lacks something that is done."""
    for benchmark in Benchmark.objects.filter(published=True):
        snapshot_make(benchmark=benchmark)
