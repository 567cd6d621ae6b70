"""The numbers of one evaluation that every ranking takes up again: its report and its answers, computed once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from evaluator import __version__
from evaluator.ranking import entry_of, pack
from evaluator.ranking.versions import DISCLOSURE, STATISTICS
from evaluator.records import Rate
from evaluator.report import ModelReport, make_report, report_both
from evaluator.results import Results, to_builtins
from evaluator.statistics.block import Block
from evaluator.statistics.stratified import without_strata
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Evaluation, NullResult
from leaderboard.evaluations.selectors import null_results_of, results_of
from leaderboard.lib import documents
from leaderboard.lib.files import json_digest
from leaderboard.rankings.models import WITHHELD, EvaluationNumbers

CURVES_SEED = 1  # the same in every ranking: a model's bands change with its results only

logger = logging.getLogger(__name__)


def rules_of(benchmark: Benchmark) -> dict[str, Any]:
    """What a report follows from, beside the results."""
    return {
        "public_minimum": benchmark.public_minimum,
        "prevalences": benchmark.prevalence_values,
        "evaluator": __version__,
        "statistics": STATISTICS,
        "disclosure": DISCLOSURE,
        "curves_seed": CURVES_SEED,
        **({"strata": WITHHELD} if benchmark.keeps_strata else {}),
    }


def numbers_of(benchmark: Benchmark, evaluation: Evaluation, *, given: dict[str, Any]) -> EvaluationNumbers:
    """``given`` is what a ranking's inputs say of it: its cohort results by digest, its operating point."""
    key = json_digest({"rules": rules_of(benchmark), "submission": given})
    known = EvaluationNumbers.objects.filter(key=key).first()
    if known is not None:
        return known
    results = results_of(evaluation)
    if results is None:
        raise ValueError(f"Evaluation {evaluation.pk} is done and has no cohort result.")
    made = compute(benchmark, results)
    found, _ = EvaluationNumbers.objects.get_or_create(key=key, defaults={"evaluation": evaluation, **made})
    EvaluationNumbers.objects.filter(evaluation=evaluation).exclude(pk=found.pk).delete()
    logger.info("evaluation %s: numbers computed", evaluation.pk)
    return found


def compute(benchmark: Benchmark, results: Results) -> dict[str, Any]:
    both = report_both(
        [results],
        prevalences=benchmark.prevalence_values,
        public_minimum=benchmark.public_minimum,
        curves_seed=CURVES_SEED,  # of all hospitals together: no page shows others
    )
    shown = unstratified(both.shown) if benchmark.keeps_strata else both.shown
    return {
        "answers": pack(entry_of([results]), keep=documents.keep),
        "report": documents.keep_json(to_builtins(shown)),
        "overall": to_builtins(without_curves(shown.overall)),
        "counts": counts_of(both.detailed),
    }


def nulls_of(benchmark: Benchmark, rows: Sequence[NullResult]) -> list[dict[str, Any]]:
    """Null submissions on the same patients, their kind and overall block: reported as the others, ranked never."""
    if not rows:
        return []
    key = json_digest({"rules": rules_of(benchmark), "nulls": {str(row.cohort_id): row.sha256 for row in rows}})
    known = EvaluationNumbers.objects.filter(key=key).first()
    if known is None:
        prevalences, minimum = benchmark.prevalence_values, benchmark.public_minimum
        report = make_report(null_results_of(rows), prevalences=prevalences, public_minimum=minimum)
        models = [unstratified(model) if benchmark.keeps_strata else model for model in report.models]
        blocks = [{"kind": one.model, "overall": to_builtins(without_curves(one.overall))} for one in models]
        known, _ = EvaluationNumbers.objects.get_or_create(key=key, defaults={"overall": blocks})
    found: list[dict[str, Any]] = known.overall
    return found


def unstratified(model: ModelReport) -> ModelReport:
    """What is frozen and shown; awards count in `Entry.counts`, which no page shows."""
    return replace(
        model,
        overall=without_strata(model.overall),
        hospitals={name: without_strata(block) for name, block in model.hospitals.items()},
    )


def without_curves(block: Block) -> Block:
    """What the leaderboard's columns need; the report card reads the rest from the report."""
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
