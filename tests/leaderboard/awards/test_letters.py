"""Letters: taken in, replaced, withdrawn; and who gets the file, and how."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from leaderboard.accounts.models import Team, User
from leaderboard.audit.models import Record
from leaderboard.awards.models import Call, Letter, LetterFile
from leaderboard.awards.pdf.sample import one_page
from leaderboard.awards.services import declaration_make, letter_hand_in, letter_withdraw
from leaderboard.awards.services.letters import clean_name
from leaderboard.lib.errors import Refusal
from leaderboard.notices.models import Notice
from leaderboard.submissions.models import Submission
from tests import factories
from tests.letters import PDF, SAID, blank, clear, close, hand_in, named, written

pytestmark = [pytest.mark.django_db, pytest.mark.core]

PAGE = "/awards/calls/early-tumours/letters/uppsala-imaging/"


def posted(careful: Submission, content: bytes = PDF, **other: Any) -> dict[str, Any]:
    file = SimpleUploadedFile("../our letter.pdf", content, content_type="application/pdf")
    return {**SAID, "file": file, "submissions": [str(careful.pk)], **other}


def test_a_letter_is_received_with_a_receipt_for_every_member(
    call: Call, team: Team, member: User, careful: Submission, client: Client
) -> None:
    colleague = factories.UserFactory.create()
    team.members.add(colleague)
    client.force_login(member)
    page = client.post(PAGE, posted(careful), follow=True).content.decode()
    digest = hashlib.sha256(PDF).hexdigest()
    version = Letter.objects.get().versions.get()
    assert (version.sha256, version.name, version.pages, version.size) == (digest, "our letter.pdf", 1, len(PDF))
    assert bytes(LetterFile.objects.get().content) == PDF
    assert digest in page
    assert {notice.user for notice in Notice.objects.filter(text__contains=digest[:16])} == {member, colleague}
    told = Record.objects.get(act="letter.received")
    assert (told.details["sha256"], told.details["team"], told.actor) == (digest, team.slug, f"user {member.pk}")


def test_another_version_counts_and_the_first_is_kept(
    letter: Letter, member: User, careful: Submission, client: Client
) -> None:
    client.force_login(member)
    second = one_page("The same, better.")
    client.post(PAGE, posted(careful, second, country="Norway"))
    letter.refresh_from_db()
    assert letter.country == "Norway"
    assert [one.number for one in letter.versions.all()] == [2, 1]
    assert client.get(f"/awards/letters/{letter.pk}/1.pdf").content == PDF
    assert client.get(f"/awards/letters/{letter.pk}/2.pdf").content == second


def test_a_withdrawn_letter_is_gone_for_the_panel_and_may_come_again(
    letter: Letter, member: User, funder: User, careful: Submission, client: Client
) -> None:
    client.force_login(member)
    assert "is withdrawn" in client.post(f"{PAGE}withdraw/", follow=True).content.decode()
    letter.refresh_from_db()
    with pytest.raises(Refusal, match="withdrawn already"):
        letter_withdraw(letter=letter, by=member)
    client.post(PAGE, posted(careful))
    letter.refresh_from_db()
    assert letter.withdrawn_at is None
    close(letter.call)
    letter_withdraw(letter=letter, by=member)
    client.force_login(funder)
    assert client.get(f"/awards/letters/{letter.pk}/declare/").status_code == 404
    assert Record.objects.filter(act="letter.withdrawn").count() == 2


def test_outside_the_dates_nothing_is_taken(call: Call, team: Team, member: User) -> None:
    Call.objects.update(opens=timezone.now() + timedelta(hours=1))
    call.refresh_from_db()
    with pytest.raises(Refusal, match="is not open yet"):
        hand_in(call, team, by=member)
    Call.objects.update(opens=timezone.now() - timedelta(days=2))
    call.refresh_from_db()
    close(call)
    with pytest.raises(Refusal, match="is closed"):
        hand_in(call, team, by=member)
    assert not Letter.objects.exists()


def test_a_call_that_closes_while_the_file_is_looked_at_is_closed(call: Call, team: Team, member: User) -> None:
    stale = Call.objects.get(pk=call.pk)
    close(call)
    assert stale.is_open
    with pytest.raises(Refusal, match="is closed"):
        hand_in(stale, team, by=member)
    assert not Letter.objects.exists()


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"regions": ["asia"]}, "not for Europe"),
        ({"countries": ["Norway"]}, "not for Sweden"),
        ({"kinds": ["hospital", "company"]}, "hospital, company"),
    ],
)
def test_whom_a_call_is_not_for_is_told_why(
    call: Call, team: Team, member: User, other: dict[str, Any], words: str
) -> None:
    Call.objects.update(**other)
    call.refresh_from_db()
    with pytest.raises(Refusal, match="not for your organisation") as refused:
        hand_in(call, team, by=member)
    assert words in refused.value.faults[0].what


def test_countries_are_known_however_they_are_written(call: Call, team: Team, member: User) -> None:
    Call.objects.update(countries=["SWEDEN"])
    call.refresh_from_db()
    assert hand_in(call, team, by=member).country == "Sweden"


def test_nobody_hands_in_for_others_or_about_others_models(call: Call, team: Team, member: User, rival: User) -> None:
    with pytest.raises(Refusal, match="not a member"):
        hand_in(call, team, by=rival)
    with pytest.raises(Refusal, match="cannot be what the letter is about"):
        hand_in(call, team, by=member, submissions=[Submission.objects.get(model="Wolf")])
    with pytest.raises(Refusal, match="not a member"):
        letter_withdraw(letter=hand_in(call, team, by=member), by=rival)


def test_a_hostile_file_is_refused_on_the_page_and_what_was_typed_is_kept(
    call: Call, member: User, careful: Submission, client: Client
) -> None:
    client.force_login(member)
    writer = blank()
    writer._root_object.update(named(OpenAction=named(S="/JavaScript", JS="app.alert(1)")))
    answer = client.post(PAGE, posted(careful, written(writer), organisation="A long name of ours"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "It holds JavaScript." in page
    assert "A long name of ours" in page
    assert not Letter.objects.exists()
    answer = client.post(PAGE, {**posted(careful), "file": ""})
    assert "This field is required" in answer.content.decode()


def test_letters_are_replaced_only_so_often(letter: Letter, member: User) -> None:
    given = {**SAID, "name": "letter.pdf", "content": PDF, "submissions": (), "by": member}
    for _ in range(2):
        letter_hand_in(call=letter.call, team=letter.team, **given)
    letter.versions.filter(number=1).update(number=100)
    for number in range(101, 118):
        version = letter.versions.latest("number")
        version.pk, version.number = None, number
        version.save()
    with pytest.raises(Refusal, match="19 times"):
        letter_hand_in(call=letter.call, team=letter.team, **given)


def test_the_file_is_saved_and_never_shown(letter: Letter, member: User, client: Client) -> None:
    client.force_login(member)
    answer = client.get(f"/awards/letters/{letter.pk}/1.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="early-tumours-uppsala-imaging-1.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "no-store" in answer["Cache-Control"]
    assert Record.objects.filter(act="letter.opened", actor=f"user {member.pk}").count() == 1


def test_nobody_but_its_team_opens_a_letter_before_the_call_closes(
    letter: Letter, rival: User, funder: User, second: User, organiser: User, client: Client
) -> None:
    for person in (rival, funder, second, organiser):
        client.force_login(person)
        for path in ("1.pdf", "", "declare/", "review/"):
            assert client.get(f"/awards/letters/{letter.pk}/{path}").status_code == 404


def test_the_panel_gets_the_newest_version_once_it_has_declared(
    letter: Letter, member: User, funder: User, rival: User, client: Client
) -> None:
    hand_in(letter.call, letter.team, by=member)
    close(letter.call)
    client.force_login(funder)
    answer = client.get(f"/awards/letters/{letter.pk}/2.pdf")
    assert (answer.status_code, answer["Location"]) == (302, f"/awards/letters/{letter.pk}/declare/")
    letter = Letter.objects.get()
    clear(letter, funder)
    assert client.get(f"/awards/letters/{letter.pk}/2.pdf").content == PDF
    assert client.get(f"/awards/letters/{letter.pk}/1.pdf").status_code == 404
    client.force_login(rival)
    assert client.get(f"/awards/letters/{letter.pk}/2.pdf").status_code == 404


def test_a_reviewer_of_another_call_sees_nothing(closed: Letter, client: Client) -> None:
    stranger = factories.UserFactory.create(is_reviewer=True)
    client.force_login(stranger)
    for path in ("1.pdf", "", "declare/", "review/"):
        assert client.get(f"/awards/letters/{closed.pk}/{path}").status_code == 404
    with pytest.raises(Refusal, match="nothing to declare"):
        declaration_make(letter=closed, conflict=False, reason="", by=stranger)


def test_a_rival_finds_no_page_of_the_teams_letter(
    letter: Letter, rival: User, organiser: User, client: Client
) -> None:
    for person in (rival, organiser):
        client.force_login(person)
        assert client.get(PAGE).status_code == 404
        assert client.post(PAGE, {}).status_code == 404
        assert client.post(f"{PAGE}withdraw/").status_code == 404
    client.force_login(rival)
    own = client.get("/awards/calls/early-tumours/letters/rivals/")
    assert own.status_code == 200
    assert "no accepted submission" in own.content.decode()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("letter.pdf", "letter.pdf"),
        ("C:\\papers\\letter.pdf", "letter.pdf"),
        ('a"\r\nSet-Cookie: x.pdf', "a___Set-Cookie_ x.pdf"),
        ("/", "letter.pdf"),
        ("é" * 300 + ".pdf", "é" * 196 + ".pdf"),
    ],
)
def test_names_of_files_are_kept_without_what_could_harm(given: str, kept: str) -> None:
    assert clean_name(given) == kept
