"""Null submissions are computed at each hospital, once, and stand beside every ranking without a rank."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import NullResult
from leaderboard.evaluations.selectors import nulls_of
from leaderboard.evaluations.services import nulls_compute
from leaderboard.evaluations.services.nulls import Keeper, nulls_reconcile
from leaderboard.hospitals.services import hospital_set_active
from leaderboard.rankings.models import Entry, Snapshot
from leaderboard.rankings.services import rankings_reconcile
from tests.leaderboard.stage import Stage

pytestmark = [pytest.mark.django_db, pytest.mark.core]


def compute(benchmark: Benchmark) -> None:
    nulls_reconcile()
    for row in NullResult.objects.filter(benchmark=benchmark):
        nulls_compute(pk=row.pk)


def test_every_cohort_of_the_panel_has_them_and_no_other(stage: Stage) -> None:
    compute(stage.benchmark)
    rows = NullResult.objects.select_related("cohort__hospital")
    assert {row.cohort.hospital.slug for row in rows} == {"harbour", "lakeside"}
    assert all(set(row.results or {}) == {"all-negative", "all-positive", "random"} for row in rows)
    before = list(rows.values("pk", "sha256", "computed_at", "attempt"))
    compute(stage.benchmark)
    assert list(rows.values("pk", "sha256", "computed_at", "attempt")) == before


def test_they_are_listed_beside_the_ranking_and_never_ranked(stage: Stage, client: Client) -> None:
    submission = stage.accept()
    stage.execute(submission)
    rankings_reconcile()
    compute(stage.benchmark)
    rankings_reconcile()
    assert Snapshot.objects.count() == 2
    assert Entry.objects.filter(snapshot__number=2).count() == 1
    told = json.loads(client.get(reverse("dashboards:leaderboard-json", args=[stage.benchmark.slug])).content)
    nulls = {one["kind"]: one["overall"] for one in told["nulls"]}
    # Two hospitals of four patients with and four without cancer.
    assert [nulls[kind]["sensitivity"]["all"]["k"] for kind in ("all-negative", "all-positive")] == [0, 8]
    assert [nulls[kind]["specificity"]["k"] for kind in ("all-negative", "all-positive")] == [8, 0]
    assert nulls["random"]["auc"]["value"] != 0.5
    assert len(told["entries"]) == 1
    board = reverse("dashboards:leaderboard", args=[stage.benchmark.slug])
    page = client.get(board).content.decode()
    for name in ("Flags nobody", "Flags everybody", "Flags at random"):
        assert f">{name}" in page
    assert "marks the whole organ: not computed, a hospital’s cohort has no such mask" in page
    older = client.get(board, {"snapshot": 1}).content.decode()
    assert "Flags at random" not in older
    assert "Flags nobody" in older
    rankings_reconcile()
    assert Snapshot.objects.count() == 2


def test_a_folder_that_is_gone_is_looked_for_later_and_later(stage: Stage) -> None:
    cohort = stage.benchmark.cohorts.get(hospital__slug="harbour")
    cohort.folder = "/nowhere"
    cohort.save()
    compute(stage.benchmark)
    row = NullResult.objects.get(cohort=cohort)
    assert row.computed_at is None
    assert "/nowhere is not a folder" in row.reason
    wait = row.next_attempt_at - timezone.now()
    nulls_compute(pk=row.pk)  # a bell that rang too early
    row.refresh_from_db()
    assert row.attempt == 1
    NullResult.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    nulls_compute(pk=row.pk)
    row.refresh_from_db()
    assert row.attempt == 2
    assert row.next_attempt_at - timezone.now() > wait
    assert nulls_of(stage.benchmark) == []  # one hospital is no panel


def test_who_computes_a_large_cohort_keeps_its_row_while_cases_are_done(stage: Stage) -> None:
    nulls_reconcile()
    row = NullResult.objects.earliest("pk")
    NullResult.objects.filter(pk=row.pk).update(next_attempt_at=timezone.now() + timedelta(minutes=1))
    Keeper(row.pk)()
    row.refresh_from_db()
    assert row.next_attempt_at > timezone.now() + timedelta(minutes=55)


def test_a_bell_is_rung_again_only_after_a_while(
    stage: Stage, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    rung = []
    for _ in range(2):
        with django_capture_on_commit_callbacks() as callbacks:
            nulls_reconcile()
        rung.append(len(callbacks))
    assert rung == [2, 0]


def test_a_cohort_that_was_changed_is_not_scored(stage: Stage) -> None:
    cohort = stage.benchmark.cohorts.get(hospital__slug="harbour")
    cohort.fingerprint = "sha256:" + "0" * 64
    cohort.save()
    compute(stage.benchmark)
    assert "is not the one that was frozen" in NullResult.objects.get(cohort=cohort).reason


def test_a_hospital_that_is_off_is_left_alone(stage: Stage) -> None:
    cohort = stage.benchmark.cohorts.get(hospital__slug="harbour")
    hospital_set_active(hospital=cohort.hospital, active=False, by=None)
    compute(stage.benchmark)
    assert NullResult.objects.get(cohort=cohort).attempt == 0
