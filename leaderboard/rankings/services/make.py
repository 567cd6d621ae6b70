"""Making a ranking: everything done is read, ranked, reported, and frozen with where it came from."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from evaluator import __version__
from evaluator.errors import EvaluatorError
from evaluator.ranking import YOUDEN, Ranking, admit_entries, publishable, rank_admitted
from evaluator.ranking.versions import DISCLOSURE, RANKING, STATISTICS
from evaluator.report import SCHEMA as REPORT
from leaderboard.audit.services import record
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import CohortResult, Evaluation
from leaderboard.evaluations.selectors import null_digests_of
from leaderboard.evaluations.selectors import nulls_of as null_rows_of
from leaderboard.lib import documents
from leaderboard.lib.files import json_digest
from leaderboard.rankings.models import WITHHELD, Entry, EvaluationNumbers, Snapshot
from leaderboard.rankings.selectors import answers_of, eligible, newest
from leaderboard.rankings.services.frozen import entries_of, ranking_documents
from leaderboard.rankings.services.ladder import ladder_climb
from leaderboard.rankings.services.leaders import search_after, search_missing
from leaderboard.rankings.services.numbers import nulls_of, numbers_of
from leaderboard.rankings.signals import ranking_published

WEIGHT = 1.0  # Youden

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What was computed: the ranking, and of each evaluation its own numbers, in the order of submission."""

    ranking: Ranking
    evaluations: list[EvaluationNumbers]
    versions: dict[str, Any]
    seed: int
    nulls: list[dict[str, Any]]


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
    numbers = compute(benchmark, evaluations, inputs, seed=int(digest[:12], 16))
    return enter(benchmark, evaluations, inputs, digest, numbers)


def is_newest(benchmark: Benchmark, digest: str) -> bool:
    snapshot = newest(benchmark)
    return snapshot is not None and snapshot.inputs_sha256 == digest


def inputs_of(benchmark: Benchmark, evaluations: list[Evaluation]) -> dict[str, Any]:
    """Every submission with the digest of each of its cohort results, and the rules they are held to."""
    rows = CohortResult.objects.filter(run__evaluation__in=evaluations, run__sealed=False)
    cohorts: dict[int, list[dict[str, Any]]] = {}
    for evaluation, hospital, cohort, version, fingerprint, sha256, calibrates in rows.order_by(
        "run__hospital__name", "run__cohort"
    ).values_list(
        "run__evaluation",
        "run__hospital__name",
        "run__cohort__name",
        "run__cohort__version",
        "run__cohort__fingerprint",
        "sha256",
        "run__calibrates",
    ):
        cohorts.setdefault(evaluation, []).append(
            {
                "hospital": hospital,
                "cohort": cohort,
                "version": version,
                "fingerprint": fingerprint,
                "sha256": sha256,
                "calibrates": calibrates,
            }
        )
    nulls = {str(cohort): sha256 for cohort, sha256 in null_digests_of(benchmark).items()}
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


def compute(benchmark: Benchmark, evaluations: list[Evaluation], inputs: dict[str, Any], *, seed: int) -> Numbers:
    """What is new is counted, one evaluation in memory at a time; of all others the numbers are there."""
    found = [
        numbers_of(benchmark, evaluation, given=given)
        for evaluation, given in zip(evaluations, inputs["submissions"], strict=True)
    ]
    answers = answers_of(found)
    admission = admit_entries(answers, panel_minimum=benchmark.panel_minimum, weight=WEIGHT, statistic=YOUDEN)
    return Numbers(
        ranking=rank_admitted(
            admission, by=() if benchmark.keeps_strata else None, replicates=benchmark.replicates, seed=seed
        ),
        evaluations=found,
        versions={
            "evaluator": __version__,
            "ranking": RANKING,
            "statistics": STATISTICS,
            "scorers": sorted({one.scorer for one in answers}),
            "hit_rules": sorted({one.hit_rule for one in answers}),
        },
        seed=seed,
        nulls=nulls_of(benchmark, null_rows_of(benchmark)),
    )


@transaction.atomic
def enter(
    benchmark: Benchmark, evaluations: list[Evaluation], inputs: dict[str, Any], digest: str, numbers: Numbers
) -> Snapshot | None:
    Benchmark.objects.select_for_update().get(pk=benchmark.pk)
    if is_newest(benchmark, digest):
        return None
    before = newest(benchmark)
    shown = publishable(numbers.ranking, minimum=benchmark.public_minimum)
    beside = {"schema": REPORT, "public_minimum": benchmark.public_minimum}
    if numbers.nulls:
        beside["nulls"] = numbers.nulls
    snapshot = Snapshot(
        benchmark=benchmark,
        number=before.number + 1 if before else 1,
        seed=numbers.seed,
        versions=numbers.versions,
        rules=inputs["rules"],
        inputs_sha256=digest,
        documents={
            "inputs": documents.keep_json(inputs),
            "ranking": ranking_documents(shown),
            "models": [
                [str(evaluation.submission_id), row.report]
                for evaluation, row in zip(evaluations, numbers.evaluations, strict=True)
            ],
            "report": documents.keep_json(beside),
        },
    )
    snapshot.save()
    snapshot.refresh_from_db()  # a database may write a number in another way: −0 as 0
    snapshot.sha256 = snapshot.digest()
    snapshot.save(update_fields=["sha256"])
    Entry.objects.bulk_create(entries_of(snapshot, evaluations, numbers.ranking, numbers.evaluations))
    ranking_published.send(sender=Snapshot, snapshot_id=snapshot.pk, final=False)
    search_after(snapshot)
    record("ranking.made", f"{benchmark.slug} ranking {snapshot.number}", inputs=digest)
    logger.info("benchmark %s: ranking %d of %d submissions", benchmark.slug, snapshot.number, len(evaluations))
    return snapshot


def rankings_reconcile() -> None:
    """Every benchmark whose newest ranking lacks something that is done, or was not looked through."""
    for benchmark in Benchmark.objects.filter(published=True):
        try:
            snapshot_make(benchmark=benchmark)
        except EvaluatorError:  # one that cannot be ranked keeps no other from it
            logger.exception("benchmark %s cannot be ranked", benchmark.slug)
            continue
        search_missing(benchmark)
