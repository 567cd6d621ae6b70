"""Keeping what a run gave: one document, and one row that names it."""

from __future__ import annotations

from typing import Any

import msgspec

from evaluator import results as wire
from evaluator.learnt import learn
from evaluator.records import CohortResult as CohortRecord
from evaluator.statistics.sameness import sameness
from leaderboard.evaluations.models import CohortResult, Run
from leaderboard.lib import documents

learn(wire.Results)


def result_keep(*, run: Run, payload: dict[str, Any]) -> CohortResult:
    """Within the transaction that ends the run. The row is there once; a file whose row was rolled back is harmless."""
    cohort = msgspec.convert(payload, wire.Results).cohorts[0]
    row = CohortResult(run=run, **summary(cohort, digest=documents.keep_json(payload)))
    row.save(force_insert=True)
    return row


def summary(cohort: CohortRecord, *, digest: str) -> dict[str, Any]:
    """What the row says of the document."""
    alike = sameness(cohort)
    return {
        "sha256": digest,
        "document": digest,
        "cases": len(cohort.cases),
        "failed": sum(case.failed for case in cohort.cases),
        "audit": wire.to_builtins(cohort.audit),
        "constant": alike.constant,
        "answers_sha256": alike.digest,
    }
