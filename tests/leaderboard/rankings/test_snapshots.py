from __future__ import annotations

import pytest

from leaderboard.accounts.models import User
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import CohortResult
from leaderboard.lib.files import json_digest
from leaderboard.rankings.models import Entry, Snapshot
from leaderboard.rankings.selectors import get_comparison, get_report_card, leaderboard
from leaderboard.rankings.services import rankings_reconcile, snapshot_make
from leaderboard.submissions.models import Submission
from leaderboard.submissions.services import submission_withdraw
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.core]


def test_the_submission_that_is_always_right_leads(ranked: Benchmark) -> None:
    best = leaderboard(ranked).rows[0]
    assert best.submission.model == "Careful"
    assert (best.entry.score, best.entry.rank_low) == (1.0, 1)
    assert best.overall["sensitivity"]["all"]["k"] == best.overall["sensitivity"]["all"]["n"] == 8
    assert best.overall["specificity"]["n"] == 8


def test_ties_are_mutual_and_stay_within_the_ranking(ranked: Benchmark) -> None:
    rows = {str(row.submission.pk): row for row in leaderboard(ranked).rows}
    for pk, row in rows.items():
        assert all(pk in rows[other].ties for other in row.ties)


def test_the_same_inputs_make_no_second_snapshot(ranked: Benchmark) -> None:
    assert snapshot_make(benchmark=ranked) is None
    rankings_reconcile()
    assert Snapshot.objects.count() == 1


def test_a_new_result_makes_a_second_snapshot_that_knows_the_first(ranked: Benchmark) -> None:
    late = factories.SubmissionFactory.create(benchmark=ranked, model="Latecomer", accepted=True)
    factories.make_done(late, misses=1)
    rankings_reconcile()
    board = leaderboard(ranked)
    assert board.snapshot is not None
    assert board.snapshot.number == 2
    new = next(row for row in board.rows if row.submission == late)
    assert new.previous is None
    assert all(row.previous is not None for row in board.rows if row.submission != late)


def test_a_snapshot_names_every_input_by_its_digest(ranked: Benchmark) -> None:
    snapshot = Snapshot.objects.get()
    named = {cohort["sha256"] for one in snapshot.inputs["submissions"] for cohort in one["cohorts"]}
    assert named == {json_digest(result.payload) for result in CohortResult.objects.all()}
    assert snapshot.inputs_sha256 == json_digest(snapshot.inputs)
    assert snapshot.versions["scorers"] == ["lesions/1"]


def test_two_teams_may_give_one_name(ranked: Benchmark) -> None:
    twin = factories.SubmissionFactory.create(benchmark=ranked, model="Careful", accepted=True)
    factories.make_done(twin, misses=2)
    snapshot_make(benchmark=ranked)
    scores = {row.submission.pk: row.entry.score for row in leaderboard(ranked).rows}
    assert len(scores) == 4
    assert scores[twin.pk] == 0.5


def test_one_that_was_not_to_be_public_is_not_ranked(benchmark_rows: Benchmark) -> None:
    factories.make_done(factories.SubmissionFactory.create(benchmark=benchmark_rows, accepted=True, public=False))
    assert snapshot_make(benchmark=benchmark_rows) is None


def test_one_that_was_trained_at_a_panel_hospital_is_listed_without_a_rank(ranked: Benchmark) -> None:
    cohort = ranked.cohorts.first()
    assert cohort is not None
    seen = factories.SubmissionFactory.create(benchmark=ranked, model="Insider", accepted=True)
    seen.trained_on.add(cohort.hospital)
    factories.make_done(seen)
    snapshot_make(benchmark=ranked)
    entry = Entry.objects.get(evaluation__submission=seen, snapshot__number=2)
    assert not entry.is_ranked
    assert cohort.hospital.name in entry.unranked_reason
    assert Entry.objects.filter(snapshot__number=2, rank_low__isnull=False).count() == 3


def test_a_withdrawn_submission_leaves_the_next_ranking_and_stays_in_the_last(ranked: Benchmark, member: User) -> None:
    blind = Submission.objects.get(model="Blind")
    submission_withdraw(submission=blind, by=member)
    snapshot_make(benchmark=ranked)
    assert Entry.objects.filter(snapshot__number=1).count() == 3
    assert Entry.objects.filter(snapshot__number=2).count() == 2


def test_a_report_card_has_every_hospital(ranked: Benchmark) -> None:
    careful = Submission.objects.get(model="Careful")
    card = get_report_card(careful.pk)
    assert set(card.hospitals) == {cohort.hospital.name for cohort in ranked.cohorts.all()}
    assert card.ranked is not None
    assert card.ranked["rank_set"][0] == 1


def test_a_comparison_keeps_the_order_asked_for(ranked: Benchmark) -> None:
    ids = [str(Submission.objects.get(model=name).pk) for name in ("Wolf", "Careful")]
    comparison = get_comparison(ranked, ids)
    assert [card.submission.model for card in comparison.cards] == ["Wolf", "Careful"]
    assert len(comparison.pairs) == 1
