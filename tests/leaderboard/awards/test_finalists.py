"""One finalist a team, named beforehand, and judged together: the best of many is not taken for better than readers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from scipy.stats import binomtest

from evaluator.statistics.goals import Verdict
from evaluator.statistics.versus_readers import NewHospitals
from leaderboard.accounts.models import Team, User
from leaderboard.awards.models import Closing, Criterion, Finalist
from leaderboard.awards.selectors import candidates
from leaderboard.awards.services import finalist_name, finalists_close
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Evaluation
from leaderboard.lib.errors import Refusal
from leaderboard.rankings.models import Entry, Snapshot
from leaderboard.submissions.models import Submission
from tests import factories

pytestmark = pytest.mark.django_db


def set_counts(model: str, sensitivity: list[list[int]], specificity: list[list[int]]) -> None:
    """[correct, of all] at hospitals A, B, …"""
    counts = {
        "sensitivity": {"all": dict(zip("ABCDEFGH", sensitivity, strict=False)), "le20": {"A": [9, 9]}},
        "specificity": {"all": dict(zip("ABCDEFGH", specificity, strict=False))},
    }
    Entry.objects.filter(evaluation__submission__model=model).update(counts=counts)


def submission(model: str) -> Submission:
    return Submission.objects.get(model=model)


def member_of(team: Team) -> User:
    person = team.members.first() or factories.UserFactory.create()
    team.members.add(person)
    return person


def name(model: str) -> Finalist:
    found = submission(model)
    return finalist_name(submission=found, by=member_of(found.team))


def test_p_is_the_larger_of_two_exact_ones_and_adjusted_over_the_finalists(ranked: Benchmark) -> None:
    name("Careful")
    name("Wolf")
    set_counts("Careful", [[235, 242]], [[318, 323]])
    set_counts("Wolf", [[100, 242]], [[323, 323]])
    found = candidates(benchmark=ranked)
    careful, wolf = sorted(found.finalists, key=lambda row: row.submission.model)
    exact = [
        binomtest(235, 242, 0.92, alternative="greater").pvalue,
        binomtest(318, 323, 0.96, alternative="greater").pvalue,
    ]
    assert careful.p == pytest.approx(max(exact))
    assert careful.finalist is not None
    assert careful.finalist.p_adjusted == pytest.approx(min(1, 2 * max(exact)))
    assert (wolf.verdict, careful.elsewhere) == (Verdict.DOES_NOT, NewHospitals.NOT_ESTIMABLE)
    assert [row.submission.model for row in found.others] == ["Blind"]
    assert all(row.finalist is None for row in found.others)


def test_what_exceeds_alone_may_be_the_luckiest_of_many(ranked: Benchmark) -> None:
    # Alone p is 0.0186 and the bound holds; beside another finalist it is twice that.
    set_counts("Careful", [[1000, 1000]], [[295, 300]])
    p = binomtest(295, 300, 0.96, alternative="greater").pvalue
    assert 0.0125 < p <= 0.025
    name("Careful")
    alone = candidates(benchmark=ranked).finalists[0]
    assert (alone.verdict, alone.alone) == (Verdict.EXCEEDS, Verdict.EXCEEDS)
    name("Wolf")
    row = next(row for row in candidates(benchmark=ranked).finalists if row.submission.model == "Careful")
    assert (row.verdict, row.alone) == (Verdict.DOES_NOT, Verdict.EXCEEDS)
    assert row.finalist is not None
    assert "luckiest" in row.finalist.sentence


def test_a_finalist_without_a_result_counts_in_the_family(ranked: Benchmark) -> None:
    set_counts("Careful", [[1000, 1000]], [[295, 300]])
    name("Careful")
    late = factories.SubmissionFactory.create(benchmark=ranked, model="Latecomer", accepted=True)
    finalist_name(submission=late, by=member_of(late.team))
    found = candidates(benchmark=ranked)
    assert found.missing == [late]
    assert found.finalists[0].verdict is Verdict.DOES_NOT


def test_five_hospitals_speak_of_others(ranked: Benchmark) -> None:
    name("Careful")
    set_counts("Careful", [[199, 200]] * 6, [[299, 300]] * 6)
    assert candidates(benchmark=ranked).finalists[0].elsewhere is NewHospitals.EXCEEDS
    set_counts("Careful", [[199, 200]] * 5 + [[150, 200]], [[299, 300]] * 6)
    row = candidates(benchmark=ranked).finalists[0]
    assert (row.elsewhere, row.below) == (NewHospitals.DOES_NOT, ["F"])


def test_a_team_names_one_and_may_think_again_until_the_list_is_closed(ranked: Benchmark) -> None:
    first = name("Careful")
    assert name("Blind").pk == first.pk  # the same team
    assert Finalist.objects.get().submission == submission("Blind")
    call_command("close_finalists", "pancreas-ct")
    with pytest.raises(Refusal, match="closed"):
        name("Careful")
    assert finalists_close(benchmark=ranked, by=None) == Closing.objects.get()


def test_another_choice_is_a_later_one_and_the_same_again_is_not(ranked: Benchmark) -> None:
    first = name("Careful")
    Finalist.objects.update(named_at=first.named_at - timedelta(days=3))
    assert name("Careful").named_at == first.named_at - timedelta(days=3)
    assert name("Blind").named_at > first.named_at


def test_who_chose_after_results_were_public_is_marked(ranked: Benchmark, client: Client, funder: User) -> None:
    name("Careful")
    name("Wolf")
    Finalist.objects.filter(submission=submission("Wolf")).update(
        named_at=Snapshot.objects.get().created - timedelta(hours=1)
    )
    assert {row.submission.model: row.late for row in candidates(benchmark=ranked).finalists} == {
        "Careful": True,
        "Wolf": False,
    }
    client.force_login(funder)
    page = client.get("/awards/").content.decode()
    assert page.count("after a ranking with results of") == 1


def test_nobody_chooses_by_a_ranking_that_nobody_could_read(ranked: Benchmark) -> None:
    first = Snapshot.objects.get()
    named = name("Careful")
    second = Snapshot.objects.create(
        benchmark=ranked,
        number=2,
        created=named.named_at + timedelta(hours=1),
        seed=1,
        versions={},
        rules={},
        documents=first.documents,
    )
    for entry in first.entries.all():
        entry.pk = None
        entry.snapshot = second
        entry.save()
    assert [row.late for row in candidates(benchmark=ranked).finalists] == [True]
    Snapshot.objects.filter(number=1).update(published=False)
    assert [row.late for row in candidates(benchmark=ranked).finalists] == [False]


def test_what_may_not_be_ranked_wins_nothing(ranked: Benchmark, client: Client, funder: User) -> None:
    set_counts("Careful", [[1000, 1000]], [[1000, 1000]])
    set_counts("Wolf", [[1000, 1000]], [[295, 300]])
    name("Careful")
    name("Wolf")
    Entry.objects.filter(evaluation__submission__model="Careful").update(
        rank_low=None, rank_high=None, unranked_reason="was trained at Harbour Hospital"
    )
    wolf, careful = candidates(benchmark=ranked).finalists
    assert (careful.submission.model, careful.verdict) == ("Careful", None)
    assert careful.finalist is not None
    assert careful.finalist.p_adjusted == 1
    # Holm over two, where the other counts as 1: twice the p alone.
    p = binomtest(295, 300, 0.96, alternative="greater").pvalue
    assert wolf.finalist is not None
    assert wolf.finalist.p_adjusted == pytest.approx(2 * p)
    client.force_login(funder)
    page = client.get("/awards/").content.decode()
    assert "Unranked: was trained at Harbour Hospital. No award can rest on what follows" in page
    assert "it counts as p = 1 among the finalists" in page
    assert ",unranked," in client.get("/awards/candidates.csv").content.decode()


def test_patients_of_hospitals_off_the_panel_do_not_count(ranked: Benchmark) -> None:
    name("Careful")
    set_counts("Careful", [[240, 242], [0, 9]], [[322, 323], [0, 9]])
    row = candidates(benchmark=ranked).finalists[0]
    assert (row.verdict, row.below) == (Verdict.DOES_NOT, ["B"])
    snapshot = Snapshot.objects.get()
    off_panel = [{"hospital": "B", "reason": "too few patients", "fewest": 30}]
    factories.rewrite_ranking(snapshot, off_panel=off_panel)
    row = candidates(benchmark=ranked).finalists[0]
    assert (row.verdict, row.below) == (Verdict.EXCEEDS, [])
    assert [(one.verdict.rate.k, one.verdict.rate.n) for one in row.judgements[:2]] == [(240, 242), (322, 323)]


def test_every_criterion_that_is_no_badge_decides(ranked: Benchmark) -> None:
    set_counts("Careful", [[240, 242]], [[322, 323]])
    name("Careful")
    Criterion.objects.filter(badge=True).update(badge=False, goal=0.44)  # 9 of 9 there exceed 44 %
    assert candidates(benchmark=ranked).finalists[0].verdict is Verdict.EXCEEDS
    Criterion.objects.filter(stratum="le20").update(goal=0.9)
    assert candidates(benchmark=ranked).finalists[0].verdict is Verdict.TOO_FEW


def test_without_patients_or_goals_there_are_words(ranked: Benchmark, client: Client, funder: User) -> None:
    name("Careful")
    set_counts("Careful", [], [[322, 323]])
    client.force_login(funder)
    page = client.get("/awards/").content.decode()
    assert "no p, for want of patients or of a goal, adjusted 1.000" in page
    assert "no patients" in page
    Criterion.objects.filter(metric="specificity").delete()
    row = candidates(benchmark=ranked).finalists[0]
    assert (row.p, row.finalist, row.named is None) == (None, None, False)
    page = client.get("/awards/").content.decode()
    assert "nan" not in page.lower().replace("<", " ").split()
    assert ",yes," in client.get("/awards/candidates.csv").content.decode()


def test_a_rival_names_nothing_of_another_team(ranked: Benchmark, client: Client, member: User, rival: User) -> None:
    client.force_login(rival)
    assert client.post(f"/awards/finalists/{submission('Careful').pk}/name/").status_code == 404
    assert not Finalist.objects.exists()


def test_who_may_not_and_what_may_not(ranked: Benchmark, rival: User) -> None:
    with pytest.raises(Refusal, match="not a member"):
        finalist_name(submission=submission("Careful"), by=rival)
    hidden = factories.SubmissionFactory.create(benchmark=ranked, model="Hidden", accepted=True, public=False)
    with pytest.raises(Refusal, match="cannot be the finalist"):
        finalist_name(submission=hidden, by=member_of(hidden.team))
    stopped = submission("Careful")
    Evaluation.objects.filter(submission=stopped).update(state="cancelled")
    with pytest.raises(Refusal, match="cannot be the finalist"):
        finalist_name(submission=stopped, by=member_of(stopped.team))
    assert not Finalist.objects.exists()
    with pytest.raises(CommandError, match="no finalist yet"):
        call_command("close_finalists", "pancreas-ct")
    with pytest.raises(CommandError, match="no benchmark"):
        call_command("close_finalists", "nothing")


def test_the_pages_say_who_is_judged_and_how(ranked: Benchmark, client: Client, member: User, funder: User) -> None:
    own = submission("Careful")
    client.force_login(member)
    page = client.get(f"/evaluations/{own.pk}/").content.decode()
    assert "Be judged by Careful" in page
    assert client.post(f"/awards/finalists/{own.pk}/name/", follow=True).status_code == 200
    assert "is judged for awards by this submission" in client.get(f"/evaluations/{own.pk}/").content.decode()
    other = client.get(f"/evaluations/{submission('Blind').pk}/").content.decode()
    assert "now it is Careful" in other
    client.force_login(funder)
    candidates_page = client.get("/awards/").content.decode()
    assert candidates_page.index("Finalists, judged together") < candidates_page.index(
        "All other entries, judged alone"
    )
    assert "The list is still open" in candidates_page
    assert "At new hospitals: not estimable" in candidates_page
