"""One finalist a team, named beforehand, and judged together: the best of many is not taken for better than readers."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from scipy.stats import binomtest

from evaluator.statistics.goals import Verdict
from evaluator.statistics.versus_readers import NewHospitals
from leaderboard.accounts.models import Team, User
from leaderboard.awards.models import Closing, Finalist
from leaderboard.awards.selectors import candidates
from leaderboard.awards.services import finalist_name, finalists_close
from leaderboard.benchmarks.models import Benchmark
from leaderboard.lib.errors import Refusal
from leaderboard.rankings.models import Entry
from leaderboard.submissions.models import Submission
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.core]


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


def test_who_may_not_and_what_may_not(ranked: Benchmark, rival: User) -> None:
    with pytest.raises(Refusal, match="not a member"):
        finalist_name(submission=submission("Careful"), by=rival)
    hidden = factories.SubmissionFactory.create(benchmark=ranked, model="Hidden", accepted=True, public=False)
    with pytest.raises(Refusal, match="cannot be the finalist"):
        finalist_name(submission=hidden, by=member_of(hidden.team))
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
