"""After a ranking its leaders are compared, once; a place is made once whatever comes twice, late or again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from leaderboard.accounts.models import Organisation
from leaderboard.adjudication.models import Decision, Search, Suspect
from leaderboard.adjudication.services import (
    decision_make,
    next_version_write,
    search_order,
    search_run,
    searches_reconcile,
    suspect_show,
)
from leaderboard.audit.models import Record
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import CohortResult, Evaluation, Run
from leaderboard.hospitals.models import Cohort
from leaderboard.hospitals.services import cohort_import
from leaderboard.lib.documents import path_of
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.services import rankings_reconcile, snapshot_make
from leaderboard.rankings.services.leaders import leaders_of
from tests import factories
from tests.leaderboard.adjudication.conftest import Gallery

pytestmark = [pytest.mark.django_db, pytest.mark.core]


def rank(benchmark: Benchmark, **false_alarms: int) -> Snapshot:
    """Teams by name, each right but for so many false alarms, all of them at the same place of a scan."""
    for name, alarms in false_alarms.items():
        team = factories.TeamFactory.create(name=name, slug=name)
        submission = factories.SubmissionFactory.create(team=team, benchmark=benchmark, model=name, accepted=True)
        factories.make_done(submission, false_alarms=alarms)
    snapshot = snapshot_make(benchmark=benchmark)
    assert snapshot is not None
    return snapshot


def search(number: int = 1) -> Search:
    found = Search.objects.get(ranking=number)
    search_run(pk=found.pk)
    found.refresh_from_db()
    return found


def places() -> list[tuple[str, str, int]]:
    rows = Suspect.objects.order_by("case__cohort__hospital", "case__case")
    return [(one.case.cohort.hospital.name, one.case.case, one.teams) for one in rows]


def test_two_teams_that_cry_wolf_at_the_same_patients_make_a_suspect_of_each(benchmark_rows: Benchmark) -> None:
    rank(benchmark_rows, one=1, two=2)
    found = search()
    assert found.done_at is not None
    assert found.found == 2
    first, second = (cohort.hospital.name for cohort in benchmark_rows.cohorts.order_by("hospital"))
    # Without cancer are case-04 and on; the second of "two" is nobody else's.
    assert places() == [(first, "case-04", 2), (second, "case-04", 2)]
    suspect = Suspect.objects.earliest("pk")
    assert (suspect.centre_mm, suspect.volume_ml, suspect.leaders, suspect.state) == ([0.0, 0.0, 0.0], 1.0, 2, "open")
    assert Record.objects.filter(act="suspects.searched").count() == 1


def test_one_team_alone_makes_none(benchmark_rows: Benchmark) -> None:
    rank(benchmark_rows, one=2)
    team = Evaluation.objects.get().submission.team
    again = factories.SubmissionFactory.create(team=team, benchmark=benchmark_rows, model="again", accepted=True)
    factories.make_done(again, false_alarms=2)
    snapshot_make(benchmark=benchmark_rows)
    assert search(2).found == 0
    assert places() == []


def test_teams_of_one_verified_organisation_are_one_voice(benchmark_rows: Benchmark) -> None:
    rank(benchmark_rows, one=1, two=1)
    organisation = Organisation.objects.create(name="One house")
    for evaluation in Evaluation.objects.select_related("submission__team"):
        evaluation.submission.team.organisation = organisation
        evaluation.submission.team.save()
    assert search().found == 0


def test_the_leaders_are_the_best_submission_of_each_of_the_first_five_teams(benchmark_rows: Benchmark) -> None:
    snapshot = rank(benchmark_rows, a=0, b=0, c=1, d=1, e=2, f=3)
    best = Evaluation.objects.get(submission__model="a").submission.team
    second = factories.SubmissionFactory.create(team=best, benchmark=benchmark_rows, model="a again", accepted=True)
    factories.make_done(second, false_alarms=1)
    snapshot = snapshot_make(benchmark=benchmark_rows) or snapshot
    names = dict(Evaluation.objects.values_list("pk", "submission__model"))
    assert {names[pk] for pk in leaders_of(snapshot)} == {"a", "b", "c", "d", "e"}


def test_searched_again_or_after_the_next_ranking_a_place_stays_one_row(benchmark_rows: Benchmark) -> None:
    rank(benchmark_rows, one=1, two=1)
    first = search()
    before = list(Suspect.objects.values())
    search_run(pk=first.pk)
    Search.objects.update(done_at=None)  # its worker was lost after the last row
    search()
    assert list(Suspect.objects.values()) == before
    rank(benchmark_rows, three=2)
    assert search(2).found == 0
    assert list(Suspect.objects.values()) == before


def test_a_ranking_orders_its_search_once_and_the_reconciler_those_that_are_missing(benchmark_rows: Benchmark) -> None:
    snapshot = rank(benchmark_rows, one=1, two=1)
    assert Search.objects.get().evaluations == leaders_of(snapshot)
    Search.objects.all().delete()  # a ranking of before there were any
    rankings_reconcile()
    rankings_reconcile()
    assert Search.objects.get().ranking == snapshot.number
    ordered = search_order(benchmark=benchmark_rows, ranking=snapshot.number, evaluations=[])
    assert ordered.evaluations == leaders_of(snapshot)


def test_a_search_that_nobody_came_for_is_rung_for_again(
    benchmark_rows: Benchmark, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    rank(benchmark_rows, one=1, two=1)
    rung = []
    for ago in (timedelta(0), timedelta(hours=1), None):
        if ago:
            Search.objects.update(ring_at=timezone.now() - ago)
        with django_capture_on_commit_callbacks() as bells:
            searches_reconcile()
        rung.append(len(bells))
    assert rung == [0, 1, 0]


def test_a_document_that_is_lost_stops_the_search_until_it_is_restored(benchmark_rows: Benchmark) -> None:
    rank(benchmark_rows, one=1, two=1)
    path = path_of(CohortResult.objects.latest("pk").document)
    content = path.read_bytes()
    path.unlink()
    stopped = search()
    assert stopped.done_at is None
    assert "is not in the data folder" in stopped.reason
    path.write_bytes(content)
    assert search().found == 2
    assert len(places()) == 2


def test_runs_under_seal_and_for_calibration_say_nothing(benchmark_rows: Benchmark) -> None:
    rank(benchmark_rows, one=1, two=1)
    first, second = Run.objects.filter(cohort=benchmark_rows.cohorts.earliest("pk"))
    Run.objects.filter(pk=first.pk).update(sealed=True)
    Run.objects.filter(cohort=benchmark_rows.cohorts.latest("pk"), evaluation=second.evaluation).update(calibrates=True)
    assert search().found == 0


def test_detectors_that_were_run_agree_on_what_they_both_marked_and_lesions_are_no_suspects(agreeing: Gallery) -> None:
    assert Search.objects.get().found == 16
    assert Suspect.objects.values("case").distinct().count() == 16
    suspect = Suspect.objects.filter(case=agreeing.case("case00")).get()
    assert suspect.centre_mm == [35.0, 35.0, 17.0]
    assert suspect.volume_ml == pytest.approx(32 * 0.008)


def test_what_was_rejected_is_not_asked_again_of_the_next_version(agreeing: Gallery) -> None:
    for name, verdict in (("case00", Decision.Verdict.REJECT), ("case02", Decision.Verdict.ACCEPT)):
        suspect = Suspect.objects.get(case=agreeing.case(name))
        suspect_show(suspect=suspect, to=agreeing.steward)
        decision_make(suspect=suspect, verdict=verdict, by=agreeing.steward)
    frozen = agreeing.case().cohort
    folder = frozen.path.with_name("next")
    next_version_write(cohort=frozen, folder=folder, version="2", by=None)
    following = cohort_import(hospital=agreeing.hospital, folder=folder, by=None)
    # The same answers again, as if for the new version: only what was rejected is not asked of its readers twice.
    agreeing.stage.benchmark.cohorts.set([following])
    for run in Run.objects.filter(cohort=frozen):
        Run.objects.filter(pk=run.pk).update(cohort=following)
    Search.objects.update(done_at=None)
    search()
    cases = set(Suspect.objects.filter(case__cohort=following).values_list("case__case", flat=True))
    assert cases == {f"case0{number}" for number in range(8)} - {"case00"}
    assert Cohort.objects.get(pk=frozen.pk).fingerprint == frozen.fingerprint
