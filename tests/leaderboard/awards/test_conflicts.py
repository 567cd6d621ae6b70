"""A conflict of interest hides everything of a team from whom has it, and what the sponsor has a part in counts for
nothing."""

from __future__ import annotations

import pytest
from django.test import Client

from leaderboard.accounts.models import Organisation, Team, User
from leaderboard.audit.models import Record
from leaderboard.awards.models import Call, Declaration, Letter, Review
from leaderboard.awards.selectors import candidates
from leaderboard.awards.selectors.evidence import in_call
from leaderboard.awards.services import (
    comment_add,
    decision_make,
    declaration_make,
    finalist_name,
    review_assign,
    review_save,
    review_take,
)
from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Hospital
from leaderboard.lib.errors import Refusal
from leaderboard.lib.files import text_digest
from leaderboard.notices.models import Notice
from leaderboard.submissions.models import Submission
from tests import factories
from tests.letters import clear, close, hand_in, make_discussed, make_reviewer

pytestmark = [pytest.mark.django_db, pytest.mark.core]

REASON = "We wrote a paper together last year."


def test_before_declaring_only_who_is_behind_a_letter_is_shown(
    closed: Letter, funder: User, member: User, client: Client
) -> None:
    client.force_login(funder)
    for path in ("", "review/", "1.pdf"):
        answer = client.get(f"/awards/letters/{closed.pk}/{path}")
        assert (answer.status_code, answer["Location"]) == (302, f"/awards/letters/{closed.pk}/declare/")
    for path in ("take/", "comment/", "decide/"):
        answer = client.post(f"/awards/letters/{closed.pk}/{path}", {"text": "x"})
        assert answer["Location"] == f"/awards/letters/{closed.pk}/declare/"
    page = client.get(f"/awards/letters/{closed.pk}/declare/").content.decode()
    assert "Uppsala Imaging" in page
    assert member.name in page
    assert "Careful" not in page
    assert closed.versions.get().sha256 not in page


def test_a_conflict_hides_the_letter_the_row_the_reviews_and_the_discussion(
    wolves: Letter, closed: Letter, funder: User, second: User, organiser: User, client: Client
) -> None:
    client.force_login(second)
    answer = client.post(f"/awards/letters/{closed.pk}/declare/", {"conflict": "yes", "reason": REASON}, follow=True)
    assert "You are recused" in answer.content.decode()
    for path in ("", "review/", "1.pdf"):
        assert client.get(f"/awards/letters/{closed.pk}/{path}").status_code == 403
    for path in ("take/", "comment/", "decide/"):
        assert client.post(f"/awards/letters/{closed.pk}/{path}", {"text": "x", "reason": "x"}).status_code == 403
    clear(wolves, second)
    page = client.get("/awards/").content.decode()
    assert "Uppsala Imaging, because you declared a conflict of interest" in page
    assert ("Careful" in page, "Blind" in page, "Wolf" in page) == (False, False, True)
    for table in ("candidates.csv", "evidence.csv"):
        assert "Careful" not in client.get(f"/awards/{table}").content.decode()
    ids = [str(one.pk) for one in Submission.objects.filter(model__in=("Careful", "Wolf"))]
    assert "Choose two to four" in client.get("/awards/side-by-side/", {"candidate": ids}).content.decode()
    desk = client.get("/awards/desk/").content.decode()
    assert "you declared a conflict, and see nothing of it" in desk


def test_the_organiser_sees_who_is_recused_and_why_and_everybody_is_told(
    closed: Letter, second: User, organiser: User, client: Client
) -> None:
    declaration_make(letter=closed, conflict=True, reason=REASON, by=second)
    clear(closed, organiser)
    client.force_login(organiser)
    page = client.get("/awards/calls/early-tumours/run/").content.decode()
    assert REASON in page
    assert "is recused from its letter" in Notice.objects.filter(user=organiser).latest("pk").text
    told = Record.objects.get(act="conflict.declared", actor=f"user {second.pk}")
    assert (told.details["conflict"], told.actor) == (True, f"user {second.pk}")
    assert told.details["reason_sha256"] == text_digest(REASON)
    assert REASON not in str(told.details)
    with pytest.raises(Refusal, match="is recused"):
        review_assign(letter=closed, reviewer=second, by=organiser)


def test_a_declaration_is_made_once_and_none_may_become_a_conflict(closed: Letter, funder: User) -> None:
    declaration_make(letter=closed, conflict=False, reason="", by=funder)
    first = Declaration.objects.get()
    assert declaration_make(letter=closed, conflict=False, reason="", by=funder) == first
    review = review_take(letter=closed, by=funder)
    review_save(review=review, by=funder, importance=3)
    with pytest.raises(Refusal, match="Say what the conflict is"):
        declaration_make(letter=closed, conflict=True, reason="  ", by=funder)
    declaration_make(letter=closed, conflict=True, reason=REASON, by=funder)
    assert not Review.objects.exists()
    with pytest.raises(Refusal, match="it stays one"):
        declaration_make(letter=closed, conflict=False, reason="", by=funder)
    with pytest.raises(Refusal, match="Declare first"):
        review_take(letter=closed, by=funder)


def test_a_conflict_without_its_reason_is_asked_for_it(closed: Letter, funder: User, client: Client) -> None:
    client.force_login(funder)
    answer = client.post(f"/awards/letters/{closed.pk}/declare/", {"conflict": "yes", "reason": ""})
    assert (answer.status_code, Declaration.objects.count()) == (422, 0)
    assert "Say what the conflict is." in answer.content.decode()


def test_who_belongs_to_the_team_or_its_organisation_is_recused_unasked(
    closed: Letter, organiser: User, client: Client
) -> None:
    reviewer = make_reviewer(closed.call, by=organiser)
    university = Organisation.objects.create(name="Uppsala University")
    other = factories.TeamFactory.create(organisation=university)
    Team.objects.filter(pk=closed.team_id).update(organisation=university)
    other.members.add(reviewer)
    with pytest.raises(Refusal, match="your own team, or of your organisation"):
        declaration_make(letter=closed, conflict=False, reason="", by=reviewer)
    client.force_login(reviewer)
    assert client.get(f"/awards/letters/{closed.pk}/").status_code == 403
    assert "you are recused" in client.get(f"/awards/letters/{closed.pk}/declare/").content.decode()
    assert "your own team, or of your organisation" in client.get("/awards/desk/").content.decode()
    assert "because it is your own" in client.get("/awards/").content.decode()
    organiser.teams.add(closed.team)
    client.force_login(organiser)
    assert "Hidden from you: it is your own team" in client.get("/awards/calls/early-tumours/run/").content.decode()


def test_candidates_of_letters_that_wait_for_a_declaration_are_not_shown(
    closed: Letter, funder: User, organiser: User, client: Client
) -> None:
    client.force_login(funder)
    page = client.get("/awards/").content.decode()
    assert "you have not declared yet" in page
    assert "Careful" not in page
    clear(closed, funder)
    assert "Careful" in client.get("/awards/").content.decode()
    client.force_login(organiser)
    assert "Careful" in client.get("/awards/").content.decode()


def test_who_has_a_conflict_neither_speaks_nor_decides(
    closed: Letter, funder: User, second: User, organiser: User
) -> None:
    third = make_reviewer(closed.call, by=organiser, decides=True)
    declaration_make(letter=closed, conflict=True, reason=REASON, by=third)
    letter = make_discussed(closed, funder, second, by=organiser)
    with pytest.raises(Refusal, match="Declare first"):
        comment_add(letter=letter, text="I know them.", by=third)
    with pytest.raises(Refusal, match="Declare first"):
        decision_make(letter=letter, outcome="awarded", reason="I like them.", by=third, although=True)


def test_the_sponsors_own_team_is_recused_and_nothing_can_be_awarded_to_it(
    wolves: Letter, closed: Letter, funder: User, second: User, organiser: User, client: Client
) -> None:
    Call.objects.update(sponsor_team=wolves.team)
    clear(wolves, funder, second, organiser)
    with pytest.raises(Refusal, match="is recused"):
        review_take(letter=wolves, by=funder)
    letter = make_discussed(closed, funder, second, by=organiser)  # though Wolves has no review
    wolves = Letter.objects.select_related("call", "team").get(pk=wolves.pk)
    with pytest.raises(Refusal, match="recused"):
        decision_make(letter=wolves, outcome="awarded", reason="Ours.", by=funder, although=True)
    public = client.get("/awards/calls/early-tumours/").content.decode()
    assert "Wolves is a team of the sponsor" in public
    client.force_login(funder)
    assert "Recused." in client.get(f"/awards/letters/{wolves.pk}/").content.decode()
    assert "the sponsor has a part in it" in client.get("/awards/desk/").content.decode()
    client.force_login(organiser)
    assert "It is a team of the sponsor" in client.get("/awards/calls/early-tumours/run/").content.decode()
    decision_make(letter=letter, outcome="awarded", reason="The best.", by=funder, although=True)
    assert "awarded to Uppsala Imaging" in client.get("/awards/calls/early-tumours/").content.decode()


def test_no_verdict_on_the_sponsors_models_counts_and_its_patients_are_left_out(
    call: Call, ranked: Benchmark, careful: Submission, funder: User, organiser: User, client: Client
) -> None:
    wolf = Submission.objects.get(model="Wolf")
    for one in (careful, wolf):
        person = factories.UserFactory.create()
        one.team.members.add(person)
        finalist_name(submission=one, by=person)
    before = candidates(benchmark=ranked)
    home = Hospital.objects.filter(cohorts__benchmarks=ranked).earliest("pk")
    Call.objects.update(sponsor_team=wolf.team)
    call.refresh_from_db()
    call.sponsor_hospitals.add(home)
    blind = Submission.objects.get(model="Blind")
    blind.trained_on.add(home)
    found, off_panel = in_call(call, ranked)
    assert [row.submission for row in found.finalists] == [careful]
    recused = {row.submission.model: row for row in found.others}
    assert {name: row.verdict for name, row in recused.items()} == {"Blind": None, "Wolf": None}
    assert "sponsor’s own team" in recused["Wolf"].recused
    assert "sponsor’s hospitals" in recused["Blind"].recused
    assert recused["Wolf"].named is not None
    assert home.name in off_panel
    counted = {row.submission.model: row.judgements[0].verdict.rate.n for row in before.rows}
    assert (counted["Careful"], found.finalists[0].judgements[0].verdict.rate.n) == (8, 4)
    assert found.finalists[0].finalist is not None
    assert found.finalists[0].finalist.p_adjusted == found.finalists[0].p  # a family of one
    client.force_login(funder)
    page = client.get("/awards/", {"call": "early-tumours"}).content.decode()
    assert f"Patients of {home.name} count in no verdict here" in page
    assert page.count("<strong>recused</strong>") == 2
    assert ",recused," in client.get("/awards/candidates.csv", {"call": "early-tumours"}).content.decode()


def test_a_letter_about_a_model_trained_at_the_sponsors_hospital_is_recused(
    call: Call, team: Team, member: User, careful: Submission, client: Client
) -> None:
    home = Hospital.objects.earliest("pk")
    call.sponsor_hospitals.add(home)
    careful.trained_on.add(home)
    hand_in(call, team, by=member, submissions=[careful])
    client.force_login(member)
    page = client.get("/awards/calls/early-tumours/letters/uppsala-imaging/").content.decode()
    assert "trained on scans of the sponsor’s hospitals" in page
    close(call)
    assert "Decided" in client.get("/awards/calls/early-tumours/").content.decode()  # no letter waits for a decision
