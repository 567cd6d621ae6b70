"""Null submissions on the cohorts of a benchmark: computed by a worker at the hospital, once for each cohort."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from evaluator import results as wire
from evaluator.cohort import read_cohort
from evaluator.errors import CohortChanged, EvaluatorError
from evaluator.pipeline import null_results
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import NullResult
from leaderboard.evaluations.services.orders import nulls_order
from leaderboard.lib import bell
from leaderboard.lib.files import json_digest
from leaderboard.lib.leases import next_ring

logger = logging.getLogger(__name__)

COMPUTE = "evaluations.nulls"
AN_HOUR = timedelta(hours=1)
A_MINUTE = 60.0
LONGEST_WAIT = timedelta(days=1)
RINGS_AT_ONCE = 10


@transaction.atomic
def nulls_reconcile() -> None:
    """A row for every cohort of a panel, and a bell for each that is due. A hospital that is off is left alone."""
    for benchmark in Benchmark.objects.filter(published=True):
        for cohort in benchmark.cohorts.exclude(nulls__benchmark=benchmark):
            NullResult.objects.get_or_create(benchmark=benchmark, cohort=cohort)
    now = timezone.now()
    due = NullResult.objects.filter(
        computed_at__isnull=True, next_attempt_at__lte=now, ring_at__lte=now, cohort__hospital__active=True
    )
    for row in due.select_related("cohort__hospital__enrolment", "benchmark").order_by("next_attempt_at")[
        :RINGS_AT_ONCE
    ]:
        if row.cohort.hospital.is_remote:
            nulls_order(row)
        else:
            bell.ring(COMPUTE, row.pk, queue=row.cohort.hospital.queue)
        NullResult.objects.filter(pk=row.pk).update(ring_at=next_ring())


def nulls_compute(*, pk: int) -> None:
    """Look at a row: if it is due, claim it for an hour and compute. What fails is tried again, later each time."""
    now = timezone.now()
    due = NullResult.objects.filter(
        pk=pk,
        computed_at__isnull=True,
        next_attempt_at__lte=now,
        cohort__hospital__active=True,
        cohort__hospital__enrolment__isnull=True,
    )
    if not NullResult.objects.filter(pk__in=due.values("pk")).update(
        next_attempt_at=now + AN_HOUR, attempt=F("attempt") + 1
    ):
        return
    row = NullResult.objects.select_related("cohort", "benchmark").get(pk=pk)
    try:
        found = computed(row)
    except (EvaluatorError, OSError) as error:
        wait = min(AN_HOUR * 2 ** min(row.attempt - 1, 10), LONGEST_WAIT)
        NullResult.objects.filter(pk=pk).update(reason=str(error), next_attempt_at=timezone.now() + wait)
        logger.warning("null submissions on cohort %s not computed, attempt %d: %s", row.cohort_id, row.attempt, error)
        return
    keep(row, found)


class Keeper:
    """Keeps the row for another hour, once a minute while cases are done: a large cohort takes longer than one."""

    def __init__(self, pk: int) -> None:
        self._pk, self._next = pk, time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + A_MINUTE
        waiting = NullResult.objects.filter(pk=self._pk, computed_at__isnull=True)
        waiting.update(next_attempt_at=timezone.now() + AN_HOUR)


def computed(row: NullResult) -> dict[str, object]:
    cohort = read_cohort(row.cohort.path)
    if cohort.fingerprint != row.cohort.fingerprint:
        raise CohortChanged(
            f"The cohort {row.cohort} is not the one that was frozen.",
            next_step="Restore the folder, or import it as a new version.",
        )
    found = null_results(cohort, organ=row.benchmark.organ, progress=Keeper(row.pk))
    return {kind.value: wire.to_builtins(results) for kind, results in found.items()}


@transaction.atomic
def keep(row: NullResult, found: dict[str, object]) -> None:
    """Once: of two workers one is too late."""
    waiting = NullResult.objects.filter(pk=row.pk, computed_at__isnull=True)
    if waiting.update(results=found, sha256=json_digest(found), computed_at=timezone.now(), reason=""):
        logger.info("null submissions on cohort %s computed: %s", row.cohort_id, ", ".join(found))
        bell.ring("rankings.snapshot", row.benchmark_id)
