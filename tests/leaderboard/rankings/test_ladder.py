"""Before the final a team is shown what the Ladder releases, and nobody is shown anything else."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from leaderboard.accounts.models import Team, User
from leaderboard.accounts.services import team_verify
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.services import kept_back_set
from leaderboard.dashboards.selectors.ladder import ladder_lines
from leaderboard.evaluations.models import Evaluation
from leaderboard.lib.errors import Refusal
from leaderboard.rankings.models import Rung, Snapshot
from leaderboard.rankings.selectors import released
from leaderboard.rankings.services import final_open, ladder_climb, rankings_reconcile, snapshot_make
from leaderboard.submissions.models import Submission
from leaderboard.submissions.services import submission_withdraw
from leaderboard.submissions.services.create import require_open
from tests import factories

pytestmark = pytest.mark.django_db

BEGINNING = timezone.now() - timedelta(days=1)


@pytest.fixture
def benchmark(benchmark_rows: Benchmark) -> Benchmark:
    """Two hospitals of four patients with and four without cancer: a wrong answer costs 1/8 of the score."""
    return kept_back_set(benchmark=benchmark_rows, ladder=True)


def hand_in(
    benchmark: Benchmark, team: Team, model: str, *, minutes: int, done: bool = True, **wrong: int
) -> Submission:
    submission = factories.SubmissionFactory.create(
        team=team, benchmark=benchmark, model=model, accepted=True, created=BEGINNING + timedelta(minutes=minutes)
    )
    if done:
        factories.make_done(submission, **wrong)
    return submission


def shown(benchmark: Benchmark) -> list[tuple[str, float]]:
    return [(rung.evaluation.submission.model, rung.score) for rung in released(benchmark)]


def test_better_by_less_than_chance_shows_what_was_shown(benchmark: Benchmark, team: Team) -> None:
    hand_in(benchmark, team, "First", minutes=0, misses=2)
    hand_in(benchmark, team, "Second", minutes=1, misses=1)
    ladder_climb(benchmark=benchmark)
    # 16 patients; 4 wrong, then 2: the loss falls by 1/8, and two differences of −1 among 16 make s = 0.3416, s/√n
    # 0.0854: more than chance. A third with one alarm instead of one miss differs by 0 on average: not released.
    assert shown(benchmark) == [("Second", 0.75)]
    hand_in(benchmark, team, "Third", minutes=2, false_alarms=1)
    ladder_climb(benchmark=benchmark)
    assert shown(benchmark) == [("Second", 0.75)]
    third = Rung.objects.get(evaluation__submission__model="Third")
    assert (third.released, third.score) == (False, 0.75)


def test_it_is_computed_once_in_the_order_of_submission(benchmark: Benchmark, team: Team) -> None:
    early = hand_in(benchmark, team, "Early", minutes=0, done=False)
    hand_in(benchmark, team, "Late", minutes=1)
    ladder_climb(benchmark=benchmark)
    assert not Rung.objects.exists()  # the earlier one is still under way
    factories.make_done(early, misses=3)
    ladder_climb(benchmark=benchmark)
    before = list(Rung.objects.values("number", "evaluation__submission__model", "released", "loss", "created"))
    assert [(row["number"], row["evaluation__submission__model"]) for row in before] == [(1, "Early"), (2, "Late")]
    assert ladder_climb(benchmark=benchmark) == []
    rankings_reconcile()
    assert list(Rung.objects.values("number", "evaluation__submission__model", "released", "loss", "created")) == before


def test_one_that_failed_holds_nobody_up(benchmark: Benchmark, team: Team) -> None:
    failed = hand_in(benchmark, team, "Failed", minutes=0, done=False)
    Evaluation.objects.create(submission=failed, state=Evaluation.State.FAILED)
    hand_in(benchmark, team, "Late", minutes=1)
    ladder_climb(benchmark=benchmark)
    assert shown(benchmark) == [("Late", 1.0)]


def test_each_team_has_a_ladder_of_its_own(benchmark: Benchmark, team: Team) -> None:
    hand_in(benchmark, team, "Ours", minutes=0)
    hand_in(benchmark, factories.TeamFactory.create(), "Theirs", minutes=1, misses=1)
    ladder_climb(benchmark=benchmark)
    assert shown(benchmark) == [("Ours", 1.0), ("Theirs", 0.75)]


def verified(*teams: Team) -> None:
    for team in teams:
        team_verify(team=team, organisation="Uppsala University", evidence="a letter", by=None)


def test_two_teams_of_one_organisation_are_one_climber(benchmark: Benchmark, team: Team, client: Client) -> None:
    other = factories.TeamFactory.create(name="Second Laboratory")
    verified(team, other)
    first = hand_in(benchmark, team, "Ours", minutes=0, misses=1, done=False)
    hand_in(benchmark, other, "Theirs", minutes=1, misses=2)
    assert ladder_climb(benchmark=benchmark) == []  # the other team's earlier one is under way
    factories.make_done(first, misses=1)
    ladder_climb(benchmark=benchmark)
    assert shown(benchmark) == [("Ours", 0.75)]
    theirs = Rung.objects.get(evaluation__submission__model="Theirs")
    assert (theirs.number, theirs.released, theirs.score, theirs.team) == (2, False, 0.75, other)
    hand_in(benchmark, other, "Right", minutes=2)
    ladder_climb(benchmark=benchmark)
    assert shown(benchmark) == [("Right", 1.0)]
    page = client.get(reverse("dashboards:leaderboard", args=[benchmark.slug])).content.decode()
    assert "Second Laboratory, Uppsala University" in page
    assert [line.submissions for line in ladder_lines(benchmark)] == [3]


def test_teams_that_climbed_alone_go_on_together_from_the_better_one(benchmark: Benchmark, team: Team) -> None:
    other = factories.TeamFactory.create()
    hand_in(benchmark, team, "Better", minutes=0, misses=1)
    hand_in(benchmark, other, "Worse", minutes=1, misses=3)
    ladder_climb(benchmark=benchmark)
    assert shown(benchmark) == [("Better", 0.75), ("Worse", 0.25)]
    verified(team, other)
    assert shown(benchmark) == [("Better", 0.75)]
    hand_in(benchmark, other, "Between", minutes=2, misses=2)
    ladder_climb(benchmark=benchmark)
    between = Rung.objects.get(evaluation__submission__model="Between")
    assert (between.number, between.released, between.score) == (2, False, 0.75)
    assert shown(benchmark) == [("Better", 0.75)]


def test_the_team_is_told_whose_score_stays(benchmark: Benchmark, team: Team, member: User, client: Client) -> None:
    other = factories.TeamFactory.create()
    verified(team, other)
    hand_in(benchmark, other, "First", minutes=0)
    second = hand_in(benchmark, team, "Second", minutes=1, misses=1)
    ladder_climb(benchmark=benchmark)
    client.force_login(member)
    state = client.get(reverse("evaluations:state", args=[second.pk])).content.decode()
    assert "the score shown of Uppsala University stays 1.000" in state


def test_taking_back_does_not_begin_the_ladder_anew(benchmark: Benchmark, team: Team, member: User) -> None:
    first = hand_in(benchmark, team, "First", minutes=0)
    ladder_climb(benchmark=benchmark)
    submission_withdraw(submission=first, by=member)
    hand_in(benchmark, team, "Probe", minutes=1, misses=4)
    ladder_climb(benchmark=benchmark)
    assert shown(benchmark) == []
    assert not Rung.objects.get(evaluation__submission__model="Probe").released


def test_on_other_patients_a_team_begins_anew(benchmark: Benchmark, team: Team) -> None:
    hand_in(benchmark, team, "First", minutes=0)
    ladder_climb(benchmark=benchmark)
    benchmark.cohorts.add(factories.make_cohort())
    hand_in(benchmark, team, "Wider", minutes=1, misses=1)
    ladder_climb(benchmark=benchmark)
    wider = Rung.objects.get(evaluation__submission__model="Wider")
    assert (wider.released, wider.hospitals, wider.patients) == (True, 3, 24)


def test_a_model_trained_at_a_panel_hospital_gets_no_number(benchmark: Benchmark, team: Team) -> None:
    seen = hand_in(benchmark, team, "Seen", minutes=0, done=False)
    cohort = benchmark.cohorts.first()
    assert cohort is not None
    seen.trained_on.add(cohort.hospital)
    factories.make_done(seen)
    hand_in(benchmark, team, "Unpublished", minutes=1)
    Submission.objects.filter(model="Unpublished").update(public=False)
    ladder_climb(benchmark=benchmark)
    assert not Rung.objects.exists()


def test_before_the_final_nothing_is_ranked_and_no_page_tells_more(
    benchmark: Benchmark, team: Team, member: User, client: Client
) -> None:
    first = hand_in(benchmark, team, "First", minutes=0, misses=2)
    hand_in(benchmark, team, "Second", minutes=1, misses=3)
    assert snapshot_make(benchmark=benchmark) is None
    assert not Snapshot.objects.exists()
    board = client.get(reverse("dashboards:leaderboard", args=[benchmark.slug])).content.decode()
    assert "every number here is the Ladder’s" in board
    assert "0.500" in board
    assert "Second" not in board
    assert "Sensitivity ≤" not in board
    assert client.get(reverse("dashboards:card", args=[first.pk])).status_code == 404
    told = json.loads(client.get(reverse("dashboards:leaderboard-json", args=[benchmark.slug])).content)
    assert (told["snapshot"], told["entries"]) == (None, [])
    assert [line["transfer_score"] for line in told["ladder"]] == [0.5]
    table = client.get(reverse("dashboards:leaderboard-csv", args=[benchmark.slug])).content.decode()
    assert table.splitlines()[1].startswith(f"{team.name},First,0.5,16,2,2,")
    for name in ("home", "leaderboards"):
        assert client.get(reverse(f"dashboards:{name}")).status_code in (200, 302)
    for name in ("dashboards:transfer", "rankings:list"):
        page = client.get(reverse(name, args=[benchmark.slug])).content.decode()
        assert "Nothing is ranked before the final." in page
    client.force_login(member)
    second = Submission.objects.get(model="Second")
    state = client.get(reverse("evaluations:state", args=[second.pk])).content.decode()
    assert "Not better than before beyond chance" in state
    assert "stays 0.500" in state


def test_the_step_is_shown_to_nobody(benchmark: Benchmark, team: Team, member: User, client: Client) -> None:
    hand_in(benchmark, team, "First", minutes=0, misses=2)
    second = hand_in(benchmark, team, "Second", minutes=1, misses=3)
    ladder_climb(benchmark=benchmark)
    step = Rung.objects.get(evaluation__submission=second).step
    assert step is not None
    client.force_login(member)
    pages = [
        reverse("dashboards:leaderboard", args=[benchmark.slug]),
        reverse("dashboards:leaderboard-json", args=[benchmark.slug]),
        reverse("evaluations:submission", args=[second.pk]),
    ]
    assert not any(f"{step:.3f}" in client.get(page).content.decode() for page in pages)


def test_opening_the_final_shows_everything_once(benchmark: Benchmark, team: Team, client: Client) -> None:
    first = hand_in(benchmark, team, "First", minutes=0, misses=2)
    hand_in(benchmark, team, "Second", minutes=1, misses=3)
    ladder_climb(benchmark=benchmark)
    call_command("open_final", benchmark.slug)
    benchmark.refresh_from_db()
    opened = benchmark.final_at
    snapshot = Snapshot.objects.get()
    assert opened is not None
    assert snapshot.created > opened
    assert {entry.evaluation.submission.model for entry in snapshot.entries.all()} == {"First", "Second"}
    assert client.get(reverse("dashboards:card", args=[first.pk])).status_code == 200
    call_command("open_final", benchmark.slug)
    benchmark.refresh_from_db()
    assert (benchmark.final_at, Snapshot.objects.count()) == (opened, 1)
    assert ladder_climb(benchmark=benchmark) == []


def test_the_final_waits_for_what_is_under_way(benchmark: Benchmark, team: Team) -> None:
    with pytest.raises(CommandError, match="nothing to show"):
        call_command("open_final", benchmark.slug)
    hand_in(benchmark, team, "First", minutes=0)
    waiting = hand_in(benchmark, team, "Waiting", minutes=1, done=False)
    with pytest.raises(Refusal, match="1 submissions are under way"):
        final_open(benchmark=benchmark, by=None)
    factories.make_done(waiting)
    assert final_open(benchmark=benchmark, by=None).final_at is not None


def test_after_its_final_a_ladder_takes_no_submission(benchmark: Benchmark, team: Team, member: User) -> None:
    hand_in(benchmark, team, "First", minutes=0)
    require_open(team, benchmark, "folder", member)
    with pytest.raises(Refusal, match="takes no submissions any more"):
        require_open(team, final_open(benchmark=benchmark, by=None), "folder", member)


def test_the_ladder_is_chosen_before_the_first_submission(benchmark: Benchmark, team: Team) -> None:
    assert kept_back_set(benchmark=benchmark, ladder=True).ladder
    hand_in(benchmark, team, "First", minutes=0)
    with pytest.raises(Refusal, match="Submissions were handed in"):
        kept_back_set(benchmark=benchmark, ladder=False)


def test_a_benchmark_off_the_ladder_has_no_rungs(ranked: Benchmark) -> None:
    assert not ranked.ladder
    assert ladder_climb(benchmark=ranked) == []
    assert Snapshot.objects.count() == 1
