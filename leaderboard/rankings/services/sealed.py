"""The final on the sealed cohorts: the chosen submissions there, beside the same ones on the panel."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from evaluator import __version__
from evaluator.ranking import publishable, rank_results
from evaluator.ranking.versions import RANKING, STATISTICS
from evaluator.report import make_report
from evaluator.results import Results, to_builtins
from leaderboard.audit.services import record
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import CohortResult, Evaluation, Run
from leaderboard.evaluations.selectors import results_of
from leaderboard.lib.errors import Refusal
from leaderboard.lib.files import json_digest
from leaderboard.rankings.models import SealedRanking


@transaction.atomic
def sealed_ranking_make(*, benchmark: Benchmark) -> SealedRanking | None:
    """Rank the chosen once, whatever happens later; None where the benchmark has no sealed cohort.

    Raises
    ------
    Refusal
        Nobody was sent there, a sealed run is open, or none is done.
    """
    benchmark = Benchmark.objects.select_for_update().get(pk=benchmark.pk)
    known = SealedRanking.objects.filter(benchmark=benchmark).first()
    if known or not benchmark.sealed.exists():
        return known
    evaluations = complete(benchmark)
    inputs = inputs_of(benchmark, evaluations)
    digest = json_digest(inputs)
    seed = int(digest[:12], 16)
    sealed, public = (
        [found for one in evaluations if (found := results_of(one, sealed=kind))] for kind in (True, False)
    )
    made = SealedRanking(
        benchmark=benchmark,
        seed=seed,
        versions={
            "evaluator": __version__,
            "ranking": RANKING,
            "statistics": STATISTICS,
            "scorers": sorted({found.scorer for found in sealed}),
            "hit_rules": sorted({found.hit_rule for found in sealed}),
        },
        inputs=inputs,
        inputs_sha256=digest,
        ranking=ranked(benchmark, sealed, seed),
        public=ranked(benchmark, public, seed),
        report=to_builtins(
            make_report(sealed, prevalences=benchmark.prevalence_values, public_minimum=benchmark.public_minimum)
        ),
    )
    made.full_clean()
    made.save()
    record("final.sealed-ranking", f"benchmark {benchmark.slug}", inputs=digest)
    return made


def complete(benchmark: Benchmark) -> list[Evaluation]:
    """The chosen whose every sealed run is done. Who failed or was cancelled there has no sealed number."""
    runs = Run.objects.filter(sealed=True, evaluation__submission__benchmark=benchmark)
    if benchmark.sealed_runs_at is None:
        raise Refusal(
            f"{benchmark} has sealed cohorts, and nobody was sent to them.",
            next_step="Send the finalists there: manage.py run_sealed.",
        )
    if waiting := runs.filter(state__in=Run.OPEN).count():
        raise Refusal(
            f"{waiting} runs on sealed cohorts are under way.", next_step="Wait for them, or cancel them in Operations."
        )
    ended = runs.exclude(state=Run.State.DONE).values("evaluation")
    rows = Evaluation.objects.filter(runs__in=runs).exclude(pk__in=ended).distinct()
    found = list(rows.select_related("submission").order_by("submission__created", "pk"))
    if not found:
        raise Refusal(
            f"No submission is done on the sealed cohorts of {benchmark}.",
            next_step="See in Operations why their runs failed, and put them in line again.",
        )
    return found


def inputs_of(benchmark: Benchmark, evaluations: list[Evaluation]) -> dict[str, Any]:
    """Every cohort result of the chosen by its digest, sealed and public, and the rules."""
    rows = CohortResult.objects.filter(run__evaluation__in=evaluations, run__calibrates=False).defer("audit")
    rows = rows.select_related("run__cohort__hospital", "run__evaluation").order_by(
        "run__hospital__name", "run__cohort"
    )
    return {
        "rules": {
            "panel_minimum": benchmark.panel_minimum,
            "public_minimum": benchmark.public_minimum,
            "replicates": benchmark.replicates,
            "evaluator": __version__,
            "ranking": RANKING,
            "statistics": STATISTICS,
        },
        "results": [
            {
                "submission": str(row.run.evaluation.submission_id),
                "hospital": row.run.cohort.hospital.name,
                "cohort": row.run.cohort.name,
                "version": row.run.cohort.version,
                "fingerprint": row.run.cohort.fingerprint,
                "sealed": row.run.sealed,
                "sha256": row.sha256,
            }
            for row in rows
        ],
    }


def ranked(benchmark: Benchmark, results: list[Results], seed: int) -> Any:
    """Without groups of patients: so few submissions do not tell whether an order holds in them."""
    ranking = rank_results(
        results, panel_minimum=benchmark.panel_minimum, replicates=benchmark.replicates, seed=seed, by=()
    )
    return to_builtins(publishable(ranking, minimum=benchmark.public_minimum))
