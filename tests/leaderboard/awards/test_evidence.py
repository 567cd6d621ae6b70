"""What stands beside the verdicts: each number by itself, with its counts, side by side and as a table."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from evaluator.statistics.prevalence import false_alarms_per_1000, ppv
from leaderboard.accounts.models import Organisation, Team, User
from leaderboard.awards.models import Letter
from leaderboard.awards.selectors.evidence import known, overlap_of, panel_without, submissions_used
from leaderboard.awards.selectors.judging import candidates
from leaderboard.awards.services.export import facts
from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Hospital, OverlapCheck
from leaderboard.rankings.models import Entry
from leaderboard.submissions.models import Submission
from tests import factories
from tests.letters import letter_row, make_reviewer

pytestmark = [pytest.mark.django_db, pytest.mark.core]


def set_counts(model: str) -> None:
    counts = {
        "sensitivity": {"all": {"A": [90, 95], "B": [5, 5]}, "le20": {"A": [9, 12]}},
        "specificity": {"all": {"A": [890, 900], "B": [100, 100]}},
    }
    Entry.objects.filter(evaluation__submission__model=model).update(
        counts=counts,
        worst_hospital="A",
        overall={"lead_time": {"3_6": {"value": 0.5, "low": 0.1, "high": 0.9, "k": 1, "n": 2}}},
    )


def test_every_number_comes_from_the_counts_of_the_panel(ranked: Benchmark) -> None:
    set_counts("Careful")
    found = candidates(benchmark=ranked)
    row = next(row for row in found.rows if row.submission.model == "Careful")
    (one,) = known([row], ranked, off_panel=panel_without(found))
    evidence = one.evidence
    assert (evidence.positives, evidence.negatives) == (100, 1000)
    assert (evidence.small.k, evidence.small.n) == (9, 12)
    assert (evidence.worst_found.k, evidence.worst_cleared.n) == (90, 900)
    assert [at.value for at in evidence.at] == [0.0001, 0.04]
    counts = {"sensitivity": (95, 100), "specificity": (990, 1000)}
    assert [at.ppv for at in evidence.at] == [ppv(**counts, prevalence=p) for p in (0.0001, 0.04)]
    alarms = [false_alarms_per_1000(specificity=(990, 1000), prevalence=p) for p in (0.0001, 0.04)]
    assert [at.alarms for at in evidence.at] == alarms
    # The vectors of design: 95/100 and 990/1000 give 0.798319 and 9.6 at 4 %.
    assert evidence.at[1].ppv.value == pytest.approx(0.798319, abs=1e-6)
    assert evidence.at[1].alarms.value == pytest.approx(9.6)
    assert [label for label, _ in evidence.lead_times] == ["3–6 months before"]
    assert evidence.organ == "pancreas"


def test_submissions_are_counted_of_a_whole_organisation(ranked: Benchmark) -> None:
    university = Organisation.objects.create(name="Uppsala University")
    other = factories.TeamFactory.create(organisation=university)
    Team.objects.filter(slug="uppsala-imaging").update(organisation=university)
    factories.SubmissionFactory.create(team=other, benchmark=ranked, accepted=True)
    factories.SubmissionFactory.create(team=other, benchmark=ranked, state="refused", fault="platform")
    assert submissions_used(ranked) == {
        ("organisation", university.pk): 3,
        ("team", Team.objects.get(slug="wolves").pk): 1,
    }


def test_a_search_for_training_scans_is_told_in_counts(ranked: Benchmark) -> None:
    assert (overlap_of(ranked).cohorts, overlap_of(ranked).checked) == (2, 0)
    cohort = ranked.cohorts.earliest("pk")
    matches = [{"case": "case-01", "how": "the same voxels"}, {"case": "case-02", "how": "looks alike"}]
    OverlapCheck.objects.create(
        cohort=cohort, other="PanTS", list_sha256="0" * 64, cases=8, scans=900, least=0.9, matches=matches
    )
    found = overlap_of(ranked)
    assert (found.checked, found.surely, found.maybe) == (1, 1, 1)


def test_candidates_stand_side_by_side_two_to_four(ranked: Benchmark, funder: User, client: Client) -> None:
    client.force_login(funder)
    careful = Submission.objects.get(model="Careful")
    careful.trained_on.add(Hospital.objects.earliest("pk"))
    ids = [str(pk) for pk in Submission.objects.values_list("pk", flat=True)]
    page = client.get("/awards/side-by-side/", {"candidate": ids}).content.decode()
    for model in ("Careful", "Blind", "Wolf"):
        assert f'<th scope="col">{model}' in page
    for said in ("False alarms per 1,000 at 4", "PPV at 0.01", "Submissions used", "Worst hospital", "8/8"):
        assert said in page
    assert Hospital.objects.earliest("pk").name in page
    for few in ([], ids[:1], ["nonsense"], [ids[0], ids[0]]):
        answer = client.get("/awards/side-by-side/", {"candidate": few}).content.decode()
        assert "Choose two to four candidates." in answer


def test_the_evidence_comes_as_a_table(ranked: Benchmark, funder: User, client: Client) -> None:
    set_counts("Careful")
    client.force_login(funder)
    lines = list(csv.DictReader(io.StringIO(client.get("/awards/evidence.csv").content.decode())))
    mine = {line["fact"]: line for line in lines if line["model"] == "Careful"}
    assert (mine["PPV at prevalence 0.04"]["value"][:6], mine["sensitivity, at most 2 cm"]["k"]) == ("0.7983", "9")
    assert mine["submissions used"]["k"] == "2"
    assert mine["sensitivity 3–6 months before diagnosis"]["n"] == "2"
    found = candidates(benchmark=ranked)
    rows = known(found.rows, ranked, off_panel=panel_without(found))
    assert sum(1 for one in rows for _ in facts(one.evidence)) == len(lines)


def test_a_benchmark_or_call_that_is_not_there_is_not_found(ranked: Benchmark, funder: User, client: Client) -> None:
    client.force_login(funder)
    for query in ({"benchmark": "nothing"}, {"call": "nothing"}):
        for path in ("/awards/", "/awards/side-by-side/", "/awards/candidates.csv", "/awards/evidence.csv"):
            assert client.get(path, query).status_code == 404


def counted(client: Client, path: str) -> int:
    client.get(path)  # what is seen for the first time is told of
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


PAGES = {
    "funder": ("/awards/desk/", "/awards/", "/awards/?call=early-tumours"),
    "organiser": ("/awards/calls/early-tumours/run/",),
    "": ("/awards/calls/", "/awards/calls/early-tumours/"),
}


def test_pages_ask_the_same_number_of_questions_however_many_letters_there_are(
    closed: Letter, funder: User, organiser: User, ranked: Benchmark
) -> None:
    clients = {"": Client(), "funder": Client(), "organiser": Client()}
    clients["funder"].force_login(funder)
    clients["organiser"].force_login(organiser)

    def all_counts() -> dict[str, int]:
        return {path: counted(clients[part], path) for part, paths in PAGES.items() for path in paths}

    before = all_counts()
    for number in range(5):
        person = factories.UserFactory.create()
        team = factories.TeamFactory.create()
        team.members.add(person)
        submission = factories.SubmissionFactory.create(
            team=team, benchmark=ranked, model=f"Another {number}", accepted=True
        )
        letter_row(closed.call, team, by=person, submissions=[submission])
    assert all_counts() == before


def test_a_panel_of_more_people_is_shown(closed: Letter, organiser: User, client: Client) -> None:
    for name in ("Ann", "Bo", "Cia"):
        make_reviewer(closed.call, by=organiser, name=name)
    client.force_login(organiser)
    page = client.get("/awards/calls/early-tumours/run/").content.decode()
    assert [f'<th scope="col">{name}</th>' in page for name in ("Ann", "Bo", "Cia")] == [True] * 3
