"""Looking through what the leading submissions of a ranking found for places that the reference standard lacks.

Only case results of held-out cohorts are read, and rows are made: nothing here changes a ranking, a cohort or a scan.
A place that is known is not made twice: found again after a later ranking it is the same row, whatever was decided.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from evaluator.records import Point
from evaluator.statistics import suspects as rule
from leaderboard.adjudication.models import Search, Suspect
from leaderboard.audit.services import record
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import CohortResult, Evaluation
from leaderboard.evaluations.selectors import read_results
from leaderboard.hospitals.models import Case, Cohort
from leaderboard.lib import bell
from leaderboard.lib.errors import Refusal
from leaderboard.lib.leases import next_ring

logger = logging.getLogger(__name__)

SEARCH = "adjudication.search"
RINGS_AT_ONCE = 10


@dataclass(frozen=True, kw_only=True)
class Place:
    """Of a case: where a suspect is or was, and whether an earlier version's readers have rejected it."""

    cohort: int
    centre_mm: Point
    rejected: bool


@transaction.atomic
def search_order(*, benchmark: Benchmark, ranking: int, evaluations: Sequence[int]) -> Search:
    """Ask for a search, once a ranking; again, it is the same."""
    search, new = Search.objects.get_or_create(
        benchmark=benchmark,
        ranking=ranking,
        defaults={"evaluations": list(evaluations), "ring_at": next_ring()},
    )
    if new:
        bell.ring(SEARCH, search.pk)
    return search


@transaction.atomic
def searches_reconcile() -> None:
    """A bell for every search that is due: its own was not heard, or whoever came did not get to its end."""
    due = Search.objects.filter(done_at__isnull=True, ring_at__lte=timezone.now())
    for pk in list(due.order_by("ring_at").values_list("pk", flat=True)[:RINGS_AT_ONCE]):
        bell.ring(SEARCH, pk)
        Search.objects.filter(pk=pk).update(ring_at=next_ring())


def search_run(*, pk: int) -> None:
    """Look for what a ranking's leaders agree on, one cohort in memory at a time. Done already, it does nothing.

    It reads without a lock and enters under one a cohort, so that of two workers neither makes a place twice.
    """
    search = Search.objects.select_related("benchmark").filter(pk=pk, done_at__isnull=True).first()
    if search is None:
        return
    Search.objects.filter(pk=pk).update(attempt=F("attempt") + 1, ring_at=next_ring())
    leaders = {row.pk: row for row in leading(search)}
    try:
        for cohort in Cohort.objects.filter(benchmarks=search.benchmark, purpose=Cohort.Purpose.HELD_OUT):
            search_cohort(search, cohort, leaders)
    except Refusal as refusal:  # a document that is lost or altered; a search without it would miss places
        Search.objects.filter(pk=pk).update(reason=str(refusal))
        logger.exception("search %s was not done", pk)
        return
    finish(search)


def leading(search: Search) -> list[Evaluation]:
    rows = Evaluation.objects.filter(pk__in=search.evaluations, operating_point__isnull=False)
    return list(rows.select_related("submission__team"))


@transaction.atomic
def finish(search: Search) -> None:
    found = Suspect.objects.filter(benchmark=search.benchmark, ranking=search.ranking).count()
    waiting = Search.objects.filter(pk=search.pk, done_at__isnull=True)
    if not waiting.update(done_at=timezone.now(), found=found, reason=""):
        return
    logger.info("benchmark %s: %d new suspects after ranking %d", search.benchmark.slug, found, search.ranking)
    record("suspects.searched", f"{search.benchmark.slug} ranking {search.ranking}", rule=rule.RULE, found=found)


def search_cohort(search: Search, cohort: Cohort, leaders: dict[int, Evaluation]) -> None:
    """Make a row of each place that is new."""
    found = list(agreed(cohort, leaders))
    if not found:
        return
    with transaction.atomic():
        Cohort.objects.select_for_update().get(pk=cohort.pk)
        cases = {row.case: row for row in Case.objects.filter(cohort=cohort, case__in={name for name, _ in found})}
        known = known_places(cohort, set(cases))
        rows = [
            row_of(search, cases[name], suspect, leaders=len(leaders))
            for name, suspect in found
            if name in cases and not any(is_known(place, suspect, cohort) for place in known[name])
        ]
        for row in rows:
            row.full_clean()
        Suspect.objects.bulk_create(rows)


def agreed(cohort: Cohort, leaders: dict[int, Evaluation]) -> Iterator[tuple[str, rule.Suspect]]:
    """By case. Runs for calibration or under seal are of other cohorts, and are not looked at in any case."""
    results = CohortResult.objects.filter(
        run__cohort=cohort, run__evaluation__in=leaders, run__calibrates=False, run__sealed=False
    )
    voices = defaultdict[str, list[rule.Voice]](list)
    for result in results.select_related("run").order_by("run__evaluation"):
        evaluation = leaders[result.run.evaluation_id]
        team = evaluation.submission.team
        for part in read_results(result).cohorts:
            for case in part.cases:
                voices[case.case.case].append(
                    rule.Voice(
                        model=str(evaluation.pk),
                        team=f"organisation {team.organisation_id}" if team.organisation_id else f"team {team.pk}",
                        threshold=evaluation.threshold,
                        result=case,
                    )
                )
    for name in sorted(voices):
        for suspect in rule.find_suspects(voices[name]):
            yield name, suspect


def known_places(cohort: Cohort, cases: set[str]) -> dict[str, list[Place]]:
    """By case, in this version and in others of the same cohort: a name is a scan through all of them."""
    rows = Suspect.objects.filter(
        case__cohort__hospital=cohort.hospital_id, case__cohort__name=cohort.name, case__case__in=cases
    )
    found = defaultdict[str, list[Place]](list)
    for case, version, centre, state in rows.values_list("case__case", "case__cohort", "centre_mm", "state"):
        rejected = state == Suspect.State.REJECTED
        found[case].append(Place(cohort=version, centre_mm=tuple(centre), rejected=rejected))
    return found


def is_known(place: Place, suspect: rule.Suspect, cohort: Cohort) -> bool:
    """In this version whatever is near; of other versions only what was rejected there: it need not be asked again."""
    counts = place.cohort == cohort.pk or place.rejected
    return counts and rule.apart_mm(place.centre_mm, suspect.centre_mm) <= rule.DISTANCE_MM


def row_of(search: Search, case: Case, suspect: rule.Suspect, *, leaders: int) -> Suspect:
    return Suspect(
        benchmark=search.benchmark,
        case=case,
        ranking=search.ranking,
        rule=rule.RULE,
        centre_mm=[round(value, 2) for value in suspect.centre_mm],
        volume_ml=suspect.volume_ml,
        teams=len(suspect.marks),
        leaders=leaders,
        marks=[
            {
                "evaluation": int(mark.model),
                "finding": mark.finding.id,
                "confidence": mark.finding.confidence,
                "centre_mm": [round(value, 2) for value in mark.finding.centre_mm],
                "volume_ml": mark.finding.volume_ml,
            }
            for mark in suspect.marks
        ],
    )
