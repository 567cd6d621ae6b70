"""The organisers' list of people: adding, roles, locking, links that only the person gets, verified teams."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks, Settings

from leaderboard.accounts.deletion import account_delete
from leaderboard.accounts.factors import factors_of
from leaderboard.accounts.models import Membership, Team, User
from leaderboard.accounts.people import account_lock, link_send, person_welcome, roles_set
from leaderboard.accounts.tokens import token_create, token_of
from leaderboard.audit.models import Record
from leaderboard.lib.errors import Refusal
from tests import factories

pytestmark = pytest.mark.django_db

PEOPLE = "/accounts/people/"
NEW = {"email": "Nora@example.org", "name": "Nora New", "team": "", "reviewer": "on"}


@pytest.fixture
def desk(client: Client, organiser: User) -> Client:
    client.force_login(organiser)
    return client


def of(user: User, what: str = "") -> str:
    return f"{PEOPLE}{user.pk}/{what}"


def test_somebody_new_is_sent_a_link_that_logs_them_in_once(
    desk: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = desk.post(PEOPLE, NEW, follow=True)
    nora = User.objects.get(email="nora@example.org")
    assert (nora.name, nora.is_reviewer, nora.is_organiser) == ("Nora New", True, False)
    assert "A link to log in is sent to nora@example.org." in answer.content.decode()
    (letter,) = mail.outbox
    assert letter.to == ["nora@example.org"]
    (link,) = re.findall(r"http\S+login\S+", str(letter.body))
    assert link not in answer.content.decode()
    hers = Client()
    assert hers.get(urlsplit(link).path).status_code == 302
    assert hers.get("/accounts/profile/").status_code == 200
    assert Client().get(urlsplit(link).path).status_code == 410
    made = Record.objects.get(act="account.made")
    assert (made.about, made.details["reviewer"]) == (f"user {nora.pk}", True)


def test_a_site_without_mail_says_where_the_link_is(desk: Client, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert "sends no e-mail" in desk.post(PEOPLE, NEW, follow=True).content.decode()


def test_the_first_of_a_new_team_owns_it_and_nobody_is_added_twice(desk: Client, team: Team) -> None:
    assert '<option value="Uppsala Imaging">' in desk.get(PEOPLE).content.decode()
    added = desk.post(PEOPLE, {**NEW, "team": "Basel Imaging"}, follow=True)
    assert "Nora New has an account, as owner of the new team Basel Imaging." in added.content.decode()
    assert Team.objects.get(slug="basel-imaging").memberships.get().role == Membership.Role.OWNER
    joined = desk.post(PEOPLE, {**NEW, "email": "second@example.org", "team": str(team)}, follow=True)
    assert f"as member of {team}." in joined.content.decode()
    again = desk.post(PEOPLE, NEW)
    assert again.status_code == 422
    assert "has an account already" in again.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("email", "nobody", "Enter a valid email address"),
        ("name", "", "This field is required"),
        ("name", "No\u202era", "cannot be seen"),
        ("team", "日本", "slug"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_made(desk: Client, field: str, value: str, said: str) -> None:
    before = User.objects.count()
    answer = desk.post(PEOPLE, {**NEW, field: value})
    assert answer.status_code == 422
    assert said in answer.content.decode() or field == "team"
    assert User.objects.count() == before


def test_the_list_is_searched_by_name_address_team_and_role(
    desk: Client, member: User, rival: User, funder: User
) -> None:
    hospital = factories.make_cohort().hospital
    hospital.stewards.add(rival)
    account_lock(user=member, locked=True, by=User.objects.get(is_organiser=True))

    def shown(**asked: str) -> set[str]:
        page = desk.get(PEOPLE, asked).content.decode()
        return {one.name for one in User.objects.all() if f">{one.name}</a></th>" in page}

    assert shown() >= {"Mira Member", "Rita Rival", "Frida Funder", "Olga Organiser"}
    assert shown(text="uppsala") == {"Mira Member"}
    assert shown(text="RIVAL@") == {"Rita Rival"}
    assert shown(role="reviewer") == {"Frida Funder"}
    assert shown(role="steward") == {"Rita Rival"}
    assert shown(role="locked") == {"Mira Member"}
    assert shown(text="nobody here") == set()
    assert shown(text="a\0b") >= {"Mira Member"}  # not understood, so it narrows nothing


def test_a_page_of_a_hundred_asks_as_often_as_one_of_five(
    desk: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    team = factories.TeamFactory.create()
    for number in range(120):
        team.members.add(factories.UserFactory.create(name=f"Person {number:03}"))
    desk.get(PEOPLE)  # the first look of an hour is recorded
    with django_assert_max_num_queries(10):
        page = desk.get(PEOPLE, {"text": "Person"}).content.decode()
    assert "1 to 100 of 120" in page
    assert "?text=Person&amp;page=2" in page
    assert "Person 119" in desk.get(PEOPLE, {"text": "Person", "page": "2"}).content.decode()


def test_roles_are_given_and_taken_and_the_person_is_told(
    desk: Client, funder: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert desk.post(of(funder), {"organiser": "on"}).status_code == 302
        assert desk.post(of(funder), {"organiser": "on"}).status_code == 302  # as it is: nobody is told
    funder.refresh_from_db()
    assert (funder.is_organiser, funder.is_reviewer) == (True, False)
    (letter,) = mail.outbox
    assert "You are an organiser now" in str(letter.body)
    assert Record.objects.filter(act="account.roles").count() == 1


def test_nobody_takes_the_role_from_or_locks_themselves(desk: Client, organiser: User) -> None:
    answer = desk.post(of(organiser), {"reviewer": "on"})
    assert answer.status_code == 422
    assert "cannot take the organiser" in answer.content.decode()
    desk.post(of(organiser, "lock/"), {"locked": "on"})
    organiser.refresh_from_db()
    assert organiser.is_organiser
    assert organiser.is_active
    assert not organiser.is_reviewer


def test_who_lost_the_role_meanwhile_gives_none_and_locks_nobody(organiser: User) -> None:
    other = factories.UserFactory.create(is_organiser=True)
    roles_set(user=organiser, organiser=False, reviewer=False, by=other)
    with pytest.raises(Refusal, match="no organiser any more"):
        roles_set(user=other, organiser=False, reviewer=False, by=organiser)
    with pytest.raises(Refusal, match="no organiser any more"):
        account_lock(user=other, locked=True, by=organiser)


def test_a_locked_account_is_out_at_once_and_can_be_opened_again(desk: Client, member: User, organiser: User) -> None:
    member.set_password("a long enough sentence")
    member.save()
    token = token_create(user=member, name="build", scopes=["read"], days=30)
    theirs = Client()
    log_in = {"login": member.email, "password": "a long enough sentence"}
    assert theirs.post("/accounts/login/", log_in).status_code == 302
    assert theirs.get("/accounts/profile/").status_code == 200
    desk.post(of(member, "lock/"), {"locked": "on"})
    assert theirs.get("/accounts/profile/").status_code == 302
    assert "This account is locked." in Client().post("/accounts/login/", log_in, follow=True).content.decode()
    assert token_of(token) is None
    member.refresh_from_db()
    with pytest.raises(Refusal, match="locked"):
        link_send(user=member, by=organiser)
    with pytest.raises(Refusal, match="locked"):
        roles_set(user=member, organiser=True, reviewer=False, by=organiser)
    desk.post(of(member, "lock/"))
    again = Client()
    again.post("/accounts/login/", log_in)
    assert again.get("/accounts/profile/").status_code == 200
    assert token_of(token) is not None
    assert [one.act for one in Record.objects.filter(act__contains="locked").order_by("number")] == [
        "account.locked",
        "account.unlocked",
    ]


def test_a_lost_second_factor_is_removed_and_the_log_says_by_whom(desk: Client, funder: User, organiser: User) -> None:
    TOTP.activate(funder, generate_totp_secret())
    RecoveryCodes.activate(funder)
    assert "Remove the second factors" in desk.get(of(funder)).content.decode()
    desk.post(of(funder, "second-factors/"))
    assert not factors_of(funder).exists()
    assert Record.objects.get(act="account.second-factors-removed").actor == f"user {organiser.pk}"


def test_deleted_accounts_are_nobody_here(desk: Client, organiser: User) -> None:
    gone = person_welcome(email="gone@example.org", name="Gone", team="", organiser=False, reviewer=False, by=organiser)
    desk.get(reverse("accounts:person", args=[gone.pk]))
    account_delete(user=gone, by=None)
    assert desk.get(of(gone)).status_code == 404


def test_an_organiser_verifies_a_team_on_its_page_and_takes_it_back(desk: Client, team: Team, member: User) -> None:
    page = "/accounts/teams/uppsala-imaging/"
    assert "Verify" in desk.get(page).content.decode()
    refused = desk.post(f"{page}verify/", {"organisation": "Uppsala University"}, follow=True)
    assert "what shows that the team is its own" in refused.content.decode()
    desk.post(f"{page}verify/", {"organisation": "Uppsala University", "evidence": "letter of 3 March"})
    team.refresh_from_db()
    assert str(team.organisation) == "Uppsala University"
    theirs = Client()
    theirs.force_login(member)
    assert "letter of 3 March" not in theirs.get(page).content.decode()
    assert "letter of 3 March" in desk.get(page).content.decode()
    desk.post(f"{page}verify/", {"withdraw": "on"})
    team.refresh_from_db()
    assert team.organisation is None
