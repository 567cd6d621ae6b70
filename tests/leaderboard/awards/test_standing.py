"""Who competes judges nobody, and what one may see follows from where one stands."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
from django.test import Client

from leaderboard.accounts.models import Organisation, Team, User
from leaderboard.awards.models import Call, Letter, Review
from leaderboard.awards.selectors.reviews import locked_counts
from leaderboard.awards.services import (
    call_change,
    decision_make,
    declaration_make,
    letter_withdraw,
    review_assign,
    review_take,
    seat_add,
)
from leaderboard.awards.services.export import call_archive
from leaderboard.hospitals.models import Hospital
from leaderboard.lib.errors import Refusal
from leaderboard.notices.models import Notice
from tests import factories
from tests.letters import clear, close, make_discussed, make_reviewer, review_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def competitor(wolves: Letter, closed: Letter, organiser: User) -> User:
    """On the panel first, of a competing team then."""
    reviewer = make_reviewer(closed.call, by=organiser, name="Cleo Competitor")
    wolves.team.members.add(reviewer)
    return reviewer


def table(archive: bytes, name: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return list(csv.DictReader(io.StringIO(file.read(name).decode())))


def test_who_competes_is_recused_from_every_letter(
    competitor: User, wolves: Letter, closed: Letter, organiser: User, client: Client
) -> None:
    for act in (
        lambda: declaration_make(letter=closed, conflict=False, reason="", by=competitor),
        lambda: review_take(letter=closed, by=competitor),
        lambda: review_assign(letter=closed, reviewer=competitor, by=organiser),
    ):
        with pytest.raises(Refusal, match=r"recused|Declare first"):
            act()
    client.force_login(competitor)
    assert client.get(f"/awards/letters/{closed.pk}/").status_code == 403
    assert "recused from all of it" in client.get(f"/awards/letters/{closed.pk}/declare/").content.decode()
    assert "your own team competes in this call" in client.get("/awards/desk/").content.decode()
    page = client.get("/awards/").content.decode()
    assert "Uppsala Imaging, because your own team competes with it" in page
    assert "Careful" not in page
    client.force_login(organiser)
    assert "recused: competes" in client.get("/awards/calls/early-tumours/run/").content.decode()
    letter_withdraw(letter=wolves, by=competitor)  # and may not read the others' by that
    client.force_login(competitor)
    assert client.get(f"/awards/letters/{closed.pk}/").status_code == 403


def test_an_organiser_who_competes_looks_after_nothing(wolves: Letter, closed: Letter, organiser: User) -> None:
    organiser.teams.add(wolves.team)
    with pytest.raises(Refusal, match="You are recused"):
        review_assign(letter=closed, reviewer=make_reviewer(closed.call, by=organiser), by=organiser)


def test_nobody_of_a_competing_team_is_put_on_the_panel(wolves: Letter, organiser: User) -> None:
    person = wolves.team.members.get()
    User.objects.filter(pk=person.pk).update(is_reviewer=True)
    person.refresh_from_db()
    with pytest.raises(Refusal, match="cannot be on this panel"):
        seat_add(call=wolves.call, user=person, decides=False, by=organiser)


def test_a_review_counts_no_more_when_its_reviewer_joined_a_team_with_a_part(
    wolves: Letter, closed: Letter, funder: User, second: User, organiser: User
) -> None:
    for reviewer in (funder, second):
        review_by(closed, reviewer, asked_by=organiser)
    assert locked_counts([closed])[closed.pk] == 2
    sister = factories.TeamFactory.create(organisation=Organisation.objects.create(name="Wolf Institute"))
    Team.objects.filter(pk=wolves.team_id).update(organisation=sister.organisation)
    sister.members.add(second)
    assert locked_counts([closed])[closed.pk] == 1


def test_sister_teams_of_a_conflict_are_hidden_too_and_decided_ones_stay_so(
    wolves: Letter, closed: Letter, funder: User, second: User, organiser: User, client: Client
) -> None:
    university = Organisation.objects.create(name="Uppsala University")
    Team.objects.filter(slug__in=("wolves", "uppsala-imaging")).update(organisation=university)
    late = make_reviewer(closed.call, by=organiser)
    declaration_make(letter=closed, conflict=True, reason="A friend.", by=late)
    client.force_login(late)
    page = client.get("/awards/").content.decode()
    assert ("Careful" in page, "Wolf" in page) == (False, False)


def test_a_decided_letters_rows_wait_for_a_declaration_as_before(
    closed: Letter, funder: User, second: User, organiser: User, client: Client
) -> None:
    silent = make_reviewer(closed.call, by=organiser)
    letter = make_discussed(closed, funder, second, by=organiser)
    clear(letter, organiser)
    decision_make(letter=letter, outcome="not-awarded", reason="Not yet.", by=organiser)
    client.force_login(silent)
    assert "Careful" not in client.get("/awards/").content.decode()


def test_a_decision_is_seen_by_who_has_locked_the_own_review_only(
    closed: Letter, funder: User, second: User, organiser: User, client: Client
) -> None:
    third = make_reviewer(closed.call, by=organiser, decides=True)
    clear(closed, third, organiser)
    draft = review_assign(letter=closed, reviewer=third, by=organiser)
    letter = make_discussed(closed, funder, second, by=organiser)
    decision_make(letter=letter, outcome="awarded", reason="The best.", by=organiser, although=True)
    assert not table(call_archive(call=letter.call, by=third), "decisions.csv")
    assert [row["decision"] for row in table(call_archive(call=letter.call, by=funder), "decisions.csv")] == ["awarded"]
    client.force_login(organiser)
    assert "awarded" in client.get("/awards/calls/early-tumours/run/").content.decode()
    Review.objects.filter(pk=draft.pk).update(reviewer=organiser)
    page = client.get("/awards/calls/early-tumours/run/").content.decode()
    assert "decided; on its page" in page
    assert "awarded<" not in page


def test_a_withdrawn_letter_is_a_line_without_its_contents(
    wolves: Letter, closed: Letter, funder: User, organiser: User, client: Client
) -> None:
    clear(closed, organiser)
    letter_withdraw(letter=closed, by=closed.team.members.get())
    rows = {row["team"]: row for row in table(call_archive(call=closed.call, by=organiser), "letters.csv")}
    assert (rows["Uppsala Imaging"]["note"], rows["Uppsala Imaging"]["sha256"]) == ("Not shown: it is withdrawn.", "")
    assert not table(call_archive(call=closed.call, by=organiser), "declarations.csv")
    client.force_login(organiser)
    page = client.get("/awards/calls/early-tumours/run/").content.decode()
    assert "Nobody of the panel sees it any more" in page
    assert page.count("Uppsala University") == 1  # of the other letter


def test_the_reason_of_a_conflict_is_read_by_who_has_none(
    closed: Letter, second: User, organiser: User, client: Client
) -> None:
    declaration_make(letter=closed, conflict=True, reason="We are married.", by=second)
    client.force_login(organiser)
    assert "We are married." not in client.get("/awards/calls/early-tumours/run/").content.decode()
    clear(closed, organiser)
    assert "We are married." in client.get("/awards/calls/early-tumours/run/").content.decode()


def test_an_organiser_of_the_team_is_not_told_who_has_a_conflict_with_it(
    closed: Letter, second: User, organiser: User
) -> None:
    colleague = factories.UserFactory.create(is_organiser=True)
    colleague.teams.add(closed.team)
    declaration_make(letter=closed, conflict=True, reason="A friend.", by=second)
    assert Notice.objects.filter(user=organiser, text__contains="conflict").exists()
    assert not Notice.objects.filter(user=colleague, text__contains="conflict").exists()


def test_who_is_recused_from_all_of_it_is_not_called_to_the_discussion(
    closed: Letter, funder: User, second: User, organiser: User
) -> None:
    third = make_reviewer(closed.call, by=organiser)
    declaration_make(letter=closed, conflict=True, reason="A friend.", by=third)
    make_discussed(closed, funder, second, by=organiser)
    told = Notice.objects.filter(text__contains="The discussion").values_list("user", flat=True)
    assert set(told) == {funder.pk, second.pk}


def test_what_the_sponsor_has_a_part_in_is_told_and_never_taken_back(letter: Letter, organiser: User) -> None:
    first, other = Hospital.objects.order_by("pk")[:2]
    call = call_change(call=letter.call, by=organiser, sponsor_hospitals=[first])
    call = call_change(call=call, by=organiser, sponsor_hospitals=[first, other], sponsor_team=letter.team)
    for less in ({"sponsor_team": None}, {"sponsor_hospitals": [first]}):
        with pytest.raises(Refusal, match="not taken back"):
            call_change(call=call, by=organiser, **less)


def test_a_call_whose_letters_are_all_withdrawn_keeps_its_word(letter: Letter, organiser: User) -> None:
    letter_withdraw(letter=letter, by=letter.team.members.get())
    with pytest.raises(Refusal, match="Amount cannot change"):
        call_change(call=Call.objects.get(), by=organiser, amount=1)


def test_an_award_against_the_measurements_is_said_to_be_one(
    closed: Letter, funder: User, second: User, organiser: User
) -> None:
    letter = make_discussed(closed, funder, second, by=organiser)
    with pytest.raises(Refusal, match=r"not what the measurements say.*Finalists of .* can still be changed"):
        decision_make(letter=letter, outcome="awarded", reason="Best plan.", by=funder)
    assert decision_make(letter=letter, outcome="awarded", reason="Best plan.", by=funder, although=True).pk


def test_who_decides_takes_everything_along_once_the_call_is_closed(
    wolves: Letter, letter: Letter, funder: User, second: User, client: Client
) -> None:
    address = "/awards/calls/early-tumours/archive.zip"
    client.force_login(funder)
    assert client.get(address).status_code == 403
    close(letter.call)
    clear(letter, funder)
    rows = {row["team"]: row["note"] for row in table(client.get(address).content, "letters.csv")}
    assert (rows["Uppsala Imaging"], rows["Wolves"]) == ("", "Not shown: who asked has declared nothing yet.")
    client.force_login(second)
    assert client.get(address).status_code == 403


def test_where_the_only_one_who_decides_is_recused_the_organiser_is_told(
    closed: Letter, funder: User, second: User, organiser: User, client: Client
) -> None:
    client.force_login(organiser)
    page = f"/awards/calls/{closed.call.slug}/run/"
    assert "nobody of the panel may decide here" not in client.get(page).content.decode()
    declaration_make(letter=closed, conflict=True, reason="A colleague.", by=funder)
    assert "nobody of the panel may decide here" in client.get(page).content.decode()
    seat_add(call=closed.call, user=second, decides=True, by=organiser)
    assert "nobody of the panel may decide here" not in client.get(page).content.decode()
