"""Sealed cohorts: the finalists meet them once, after the list was closed, and their numbers come with the final."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from leaderboard.accounts.models import Team, User
from leaderboard.awards.services import finalist_name, finalists_close, finalists_run_sealed
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.services import sealed_set
from leaderboard.evaluations.models import CohortResult, Evaluation, Run
from leaderboard.evaluations.selectors import results_of
from leaderboard.evaluations.services import run_cancel, sealed_runs_create
from leaderboard.evaluations.services.results import result_keep
from leaderboard.evaluations.services.settle import evaluation_settle
from leaderboard.hospitals.models import Cohort, Hospital
from leaderboard.hospitals.services import cohort_import
from leaderboard.lib.errors import Refusal
from leaderboard.rankings.models import SealedRanking, Snapshot
from leaderboard.rankings.services import final_open, sealed_ranking_make, snapshot_make
from leaderboard.submissions.models import Submission
from tests import factories
from tests.leaderboard.stage import CASES, Stage
from tests.tiny_cohorts import write_tiny_cohort

pytestmark = pytest.mark.django_db


@pytest.fixture
def sealed(ranked: Benchmark) -> Benchmark:
    """The three ranked submissions, and a sealed cohort of eight patients with and eight without cancer."""
    cohort = factories.make_cohort(positive=8, negative=8, purpose=Cohort.Purpose.SEALED)
    return sealed_set(benchmark=ranked, cohorts=[cohort])


def member_of(team: Team) -> User:
    person = team.members.first() or factories.UserFactory.create()
    team.members.add(person)
    return person


def choose(benchmark: Benchmark, *models: str) -> list[Run]:
    for model in models:
        submission = Submission.objects.get(model=model)
        finalist_name(submission=submission, by=member_of(submission.team))
    finalists_close(benchmark=benchmark, by=None)
    return finalists_run_sealed(benchmark=benchmark, by=None)


def give(run: Run, **wrong: int) -> None:
    """The run is done, with a cohort result."""
    payload = factories.make_payload(run.evaluation.submission, factories.cohort_record(run.cohort, **wrong))
    result_keep(run=run, payload=payload)
    Run.objects.filter(pk=run.pk).update(state=Run.State.DONE)
    evaluation_settle(run.evaluation_id)


def by_model(runs: list[Run]) -> dict[str, Run]:
    return {run.evaluation.submission.model: run for run in runs}


def test_only_the_finalists_meet_the_sealed_patients_and_only_once(sealed: Benchmark) -> None:
    with pytest.raises(Refusal, match="are not closed"):
        finalists_run_sealed(benchmark=sealed, by=None)
    assert not Run.objects.filter(sealed=True).exists()
    runs = choose(sealed, "Careful", "Wolf")
    assert sorted(by_model(runs)) == ["Careful", "Wolf"]
    assert {run.state for run in runs} == {Run.State.QUEUED}
    again = finalists_run_sealed(benchmark=sealed, by=None)
    other = Submission.objects.filter(model="Blind")
    once_more = sealed_runs_create(benchmark=sealed, submissions=list(other), by=None)
    assert {run.pk for run in runs} == {run.pk for run in again} == {run.pk for run in once_more}


def test_what_they_do_there_changes_no_number_before_the_final(sealed: Benchmark, client: Client) -> None:
    address = reverse("dashboards:leaderboard", args=[sealed.slug])
    before = client.get(address).content
    runs = by_model(choose(sealed, "Careful", "Wolf"))
    give(runs["Careful"], misses=5)
    evaluation = Evaluation.objects.get(submission__model="Careful")
    assert evaluation.state == Evaluation.State.DONE
    held_out, there = results_of(evaluation), results_of(evaluation, sealed=True)
    assert held_out is not None
    assert there is not None
    assert (len(held_out.cohorts), len(there.cohorts)) == (2, 1)
    assert snapshot_make(benchmark=sealed) is None
    assert client.get(address).content == before
    fingerprint = runs["Careful"].cohort.fingerprint
    card = client.get(reverse("dashboards:card", args=[evaluation.submission_id])).content.decode()
    assert fingerprint not in card
    assert runs["Careful"].hospital.name not in client.get(reverse("dashboards:hospitals")).content.decode()


def test_the_final_waits_for_the_sealed_runs(sealed: Benchmark) -> None:
    with pytest.raises(CommandError, match="nobody was sent"):
        call_command("open_final", sealed.slug)
    runs = by_model(choose(sealed, "Careful", "Wolf"))
    give(runs["Careful"])
    with pytest.raises(Refusal, match="1 runs on sealed cohorts are under way"):
        final_open(benchmark=sealed, by=None)
    sealed.refresh_from_db()
    assert sealed.final_at is None
    run_cancel(run=runs["Wolf"], by=None)
    final_open(benchmark=sealed, by=None)
    assert [model["model"] for model in SealedRanking.objects.get().ranking["models"]] == [
        str(runs["Careful"].evaluation.submission_id)
    ]


def test_the_board_shows_public_sealed_and_shake_up(sealed: Benchmark, client: Client) -> None:
    runs = by_model(choose(sealed, "Careful", "Wolf"))
    # In public Careful has 1 and Wolf, with 3 of 4 false alarms at each hospital, 0.25; sealed, Careful misses 7 of 8.
    give(runs["Careful"], misses=7)
    give(runs["Wolf"], false_alarms=4)
    call_command("open_final", sealed.slug)
    page = client.get(reverse("dashboards:leaderboard", args=[sealed.slug])).content.decode()
    assert "The final: public and sealed" in page
    told = json.loads(client.get(reverse("dashboards:leaderboard-json", args=[sealed.slug])).content)["sealed"]
    lines = {line["model"]: line for line in told["entries"]}
    assert [line["model"] for line in told["entries"]] == ["Wolf", "Careful"]
    assert (lines["Careful"]["public"]["score"], lines["Careful"]["sealed"]["score"]) == (1.0, 0.125)
    assert (lines["Wolf"]["public"]["score"], lines["Wolf"]["sealed"]["score"]) == (0.25, 0.5)
    assert (lines["Careful"]["shake_up"], lines["Wolf"]["shake_up"]) == (-1, 1)
    assert "+1" in page
    assert "\N{MINUS SIGN}1" in page


def test_the_sealed_ranking_is_made_once(sealed: Benchmark) -> None:
    runs = choose(sealed, "Careful", "Wolf")
    for run in runs:
        give(run)
    final_open(benchmark=sealed, by=None)
    first = SealedRanking.objects.get()
    CohortResult.objects.filter(run=runs[0]).update(document="0" * 64)
    assert sealed_ranking_make(benchmark=sealed) == first
    assert final_open(benchmark=sealed, by=None).final_at is not None


def test_no_patient_is_both_on_the_panel_or_calibrated_on_and_sealed(benchmark_rows: Benchmark) -> None:
    panel = benchmark_rows.cohorts.select_related("hospital").first()
    assert panel is not None
    twin = factories.make_cohort(
        positive=4, negative=4, purpose=Cohort.Purpose.SEALED, hospital=panel.hospital, name="sealed"
    )
    with pytest.raises(Refusal, match="8 patients of"):
        sealed_set(benchmark=benchmark_rows, cohorts=[twin])
    with pytest.raises(Refusal, match="not imported as sealed"):
        sealed_set(benchmark=benchmark_rows, cohorts=[factories.make_cohort()])
    small = factories.make_cohort(positive=2, negative=9, purpose=Cohort.Purpose.SEALED)
    with pytest.raises(Refusal, match="3 patients with and 3 without"):
        sealed_set(benchmark=benchmark_rows, cohorts=[small])


@pytest.mark.parametrize(
    ("positive", "negative", "said"), [(9, 40, "9 patients with cancer"), (40, 3, "3 patients without")]
)
def test_few_sealed_patients_of_a_truth_are_refused_beside_a_large_cohort(
    benchmark_rows: Benchmark, positive: int, negative: int, said: str
) -> None:
    """The large one's score and the rates of both together would tell how a model did on the few."""
    Benchmark.objects.update(public_minimum=10, panel_minimum=30)
    large = factories.make_cohort(positive=30, negative=30, purpose=Cohort.Purpose.SEALED)
    few = factories.make_cohort(positive=positive, negative=negative, purpose=Cohort.Purpose.SEALED)
    with pytest.raises(Refusal, match=said):
        sealed_set(benchmark=benchmark_rows, cohorts=[large, few])
    assert not benchmark_rows.sealed.exists()
    nobody = factories.make_cohort(positive=0, negative=40, purpose=Cohort.Purpose.SEALED)
    sealed_set(benchmark=benchmark_rows, cohorts=[large, nobody])
    assert set(benchmark_rows.sealed.all()) == {large, nobody}


def test_what_is_shown_of_sealed_patients_stands_on_the_public_minimum(ranked: Benchmark, client: Client) -> None:
    """Rates of all sealed patients, and a score of the hospitals that are large enough; no hospital by itself."""
    Benchmark.objects.update(public_minimum=4, panel_minimum=4)
    ranked.refresh_from_db()
    cohorts = [
        factories.make_cohort(positive=positive, negative=negative, purpose=Cohort.Purpose.SEALED)
        for positive, negative in ((8, 8), (0, 4))
    ]
    sealed_set(benchmark=ranked, cohorts=cohorts)
    for run in choose(ranked, "Careful", "Wolf"):
        give(run)
    call_command("open_final", ranked.slug)
    found = SealedRanking.objects.get()
    assert {name for model in found.ranking["models"] for name in model["hospitals"]} == {cohorts[0].hospital.name}
    assert [one["reason"] for one in found.ranking["off_panel"]] == [
        "too few patients: it takes 4 positive and as many negative"
    ]
    overall = found.report["models"][0]["overall"]
    assert (overall["sensitivity"]["all"]["n"], overall["specificity"]["n"]) == (8, 12)
    told = json.loads(client.get(reverse("dashboards:leaderboard-json", args=[ranked.slug])).content)["sealed"]
    assert set(told["entries"][0]["sealed"]) == {"rank", "rank_band", "score"}


def test_sealed_cohorts_stay_once_somebody_was_sent_there(sealed: Benchmark) -> None:
    choose(sealed, "Careful")
    other = factories.make_cohort(positive=8, negative=8, purpose=Cohort.Purpose.SEALED)
    with pytest.raises(Refusal, match="cannot change any more"):
        sealed_set(benchmark=sealed, cohorts=[other])


def test_while_one_is_not_done_everywhere_nobody_is_sent(sealed: Benchmark) -> None:
    Evaluation.objects.filter(submission__model="Wolf").update(state=Evaluation.State.RUNNING)
    with pytest.raises(Refusal, match="“Wolf” cannot be sent"):
        choose(sealed, "Careful", "Wolf")
    sealed.refresh_from_db()
    assert sealed.sealed_runs_at is None
    assert not Run.objects.filter(sealed=True).exists()


def test_one_that_failed_after_it_was_named_holds_up_nobody(sealed: Benchmark) -> None:
    for model in ("Careful", "Wolf"):
        submission = Submission.objects.get(model=model)
        finalist_name(submission=submission, by=member_of(submission.team))
    finalists_close(benchmark=sealed, by=None)
    Evaluation.objects.filter(submission__model="Wolf").update(state=Evaluation.State.FAILED)
    runs = finalists_run_sealed(benchmark=sealed, by=None)
    assert {run.evaluation.submission.model for run in runs} == {"Careful"}


def test_a_real_submission_is_run_on_a_sealed_cohort(stage: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "vault"
    write_tiny_cohort(folder, cases=CASES, hospital="vault")
    hospital = Hospital.objects.create(slug="vault", name="Vault")
    call_command("import_cohort", "vault", str(folder), "--sealed")
    cohort = Cohort.objects.get(hospital=hospital)
    assert cohort.purpose == Cohort.Purpose.SEALED
    assert cohort_import(hospital=hospital, folder=folder, by=None).pk == cohort.pk
    sealed_set(benchmark=stage.benchmark, cohorts=[cohort])
    submission = stage.accept()
    stage.execute(submission)
    assert not Run.objects.filter(cohort=cohort).exists()
    (run,) = sealed_runs_create(benchmark=stage.benchmark, submissions=[submission], by=None)
    stage.execute(submission)
    run.refresh_from_db()
    assert run.state == Run.State.DONE
    final_open(benchmark=stage.benchmark, by=None)
    snapshot_make(benchmark=stage.benchmark)
    (model,) = SealedRanking.objects.get().ranking["models"]
    assert set(model["hospitals"]) == {"Vault"}
    assert set(Snapshot.objects.get().report["models"][0]["hospitals"]) == {"Harbour", "Lakeside"}


def test_the_command_names_what_to_do_next(sealed: Benchmark, capsys: pytest.CaptureFixture[str]) -> None:
    submission = Submission.objects.get(model="Careful")
    finalist_name(submission=submission, by=member_of(submission.team))
    with pytest.raises(CommandError, match="close_finalists"):
        call_command("run_sealed", sealed.slug)
    finalists_close(benchmark=sealed, by=None)
    call_command("run_sealed", sealed.slug)
    assert "1 runs on sealed cohorts. Next: manage.py open_final" in capsys.readouterr().out
    run = Run.objects.get(sealed=True)
    assert run.created > timezone.now() - timedelta(minutes=1)
