"""Signing in and out, and one's own profile."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from leaderboard.accounts.models import Team, User
from leaderboard.accounts.services import login_link_create
from tests import factories

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def person(member: User) -> User:
    member.set_password(PASSWORD)
    member.save()
    return member


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_an_address_in_any_case_and_its_password_sign_in(client: Client, person: User) -> None:
    response = client.post(reverse("accounts:login"), {"login": " Member@Example.org ", "password": PASSWORD})
    assert response.status_code == 302
    assert signed_in(client)


def test_a_wrong_password_is_refused_without_saying_whether_the_person_exists(client: Client, person: User) -> None:
    pages = [
        client.post(reverse("accounts:login"), {"login": address, "password": "wrong"}).content.decode()
        for address in ("member@example.org", "nobody@example.org")
    ]
    assert all("do not fit together" in page for page in pages)
    assert not signed_in(client)


def test_signing_in_leads_to_no_other_site(client: Client, person: User) -> None:
    given = {"login": person.email, "password": PASSWORD, "next": "https://elsewhere.example.org/"}
    assert client.post(reverse("accounts:login"), given).headers["Location"] == "/submissions/"


def test_a_login_link_signs_in_once(client: Client, member: User) -> None:
    address = reverse("accounts:login-link", args=[login_link_create(user=member)])
    assert client.get(address).status_code == 302
    assert signed_in(client)
    again = Client()
    response = again.get(address)
    assert response.status_code == 410
    assert "Ask an organiser for a new one." in response.content.decode()
    assert not signed_in(again)


def test_looking_at_a_links_head_does_not_use_it_up(client: Client, member: User) -> None:
    address = reverse("accounts:login-link", args=[login_link_create(user=member)])
    assert client.head(address).status_code == 405
    assert client.get(address).status_code == 302


def test_signing_out_is_a_post(client: Client, member: User) -> None:
    client.force_login(member)
    assert client.get(reverse("accounts:logout")).status_code == 405
    client.post(reverse("accounts:logout"))
    assert not signed_in(client)


def test_a_profile_is_for_its_owner(client: Client, member: User) -> None:
    address = reverse("accounts:profile")
    assert client.get(address).headers["Location"].startswith(reverse("accounts:login"))
    client.force_login(member)
    page = client.get(address).content.decode()
    assert "member@example.org" in page
    assert "Uppsala Imaging" in page


def test_a_name_can_be_changed(client: Client, member: User) -> None:
    client.force_login(member)
    client.post(reverse("accounts:profile"), {"change": "name", "name": "Mira Maria Member"})
    member.refresh_from_db()
    assert member.name == "Mira Maria Member"


def test_a_person_who_came_by_link_can_set_a_password_and_stays_signed_in(client: Client, member: User) -> None:
    client.get(reverse("accounts:login-link", args=[login_link_create(user=member)]))
    given = {"change": "password", "new_password1": "a long enough phrase", "new_password2": "a long enough phrase"}
    assert client.post(reverse("accounts:profile"), given).status_code == 302
    member.refresh_from_db()
    assert member.check_password("a long enough phrase")
    assert client.get(reverse("accounts:profile")).status_code == 200


def test_who_logged_in_with_a_password_changes_it_only_knowing_it(client: Client, person: User) -> None:
    client.post(reverse("accounts:login"), {"login": person.email, "password": PASSWORD})
    given = {"change": "password", "new_password1": "a long enough phrase", "new_password2": "a long enough phrase"}
    assert client.post(reverse("accounts:profile"), given).status_code == 200
    assert client.post(reverse("accounts:profile"), given | {"old_password": "wrong"}).status_code == 200
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    assert client.post(reverse("accounts:profile"), given | {"old_password": PASSWORD}).status_code == 302
    person.refresh_from_db()
    assert person.check_password("a long enough phrase")


def test_a_new_password_ends_the_other_sessions(client: Client, person: User) -> None:
    other = Client()
    for browser in (client, other):
        browser.post(reverse("accounts:login"), {"login": person.email, "password": PASSWORD})
    assert "End all others" in client.get(reverse("usersessions_list")).content.decode()
    given = {"old_password": PASSWORD, "new_password1": "a long enough phrase", "new_password2": "a long enough phrase"}
    client.post(reverse("accounts:profile"), {"change": "password"} | given)
    assert other.get(reverse("accounts:profile")).status_code == 302
    assert client.get(reverse("accounts:profile")).status_code == 200
    assert "There is no other." in client.get(reverse("usersessions_list")).content.decode()


def test_the_sessions_page_ends_the_others(client: Client, person: User) -> None:
    other = Client()
    for browser in (client, other):
        browser.post(reverse("accounts:login"), {"login": person.email, "password": PASSWORD})
    client.post(reverse("usersessions_list"))
    assert other.get(reverse("accounts:profile")).status_code == 302
    assert client.get(reverse("accounts:profile")).status_code == 200


def test_a_short_password_is_refused(client: Client, member: User) -> None:
    client.force_login(member)
    given = {"change": "password", "new_password1": "short", "new_password2": "short"}
    assert "too short" in client.post(reverse("accounts:profile"), given).content.decode()


@pytest.mark.parametrize(
    ("who", "seen", "unseen"),
    [
        (None, "Log in", "My submissions"),
        ("member", "My submissions", "Operations"),
        ("organiser", "Operations", "Log in"),
        ("funder", "Award candidates", "Operations"),
        ("funder", "Review desk", "My submissions"),
    ],
)
def test_the_masthead_shows_what_a_role_may_open(
    client: Client, request: pytest.FixtureRequest, who: str | None, seen: str, unseen: str
) -> None:
    if who:
        client.force_login(request.getfixturevalue(who))
    masthead = client.get(reverse("dashboards:hospitals")).content.decode().partition("</header>")[0]
    assert seen in masthead
    assert unseen not in masthead


def test_a_reviewer_in_a_team_may_hand_in(client: Client, funder: User, team: Team) -> None:
    team.members.add(funder)
    client.force_login(funder)
    assert "My submissions" in client.get(reverse("dashboards:hospitals")).content.decode()


def test_who_logs_in_lands_where_there_is_something_to_do(organiser: User, funder: User, member: User) -> None:
    steward, nobody = factories.UserFactory.create(), factories.UserFactory.create()
    factories.make_cohort().hospital.stewards.add(steward)
    for user, page in (
        (organiser, "/evaluations/operations/"),
        (steward, reverse("desk:mine")),
        (funder, "/awards/desk/"),
        (member, "/submissions/"),
        (nobody, "/"),
    ):
        link = reverse("accounts:login-link", args=[login_link_create(user=user)])
        assert Client().get(link)["Location"] == page
