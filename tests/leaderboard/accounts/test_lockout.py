"""Wrong passwords close one place for one address; the page says so, and whose attempts count together."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from leaderboard.accounts.models import User
from leaderboard.accounts.services import login_link_create
from leaderboard.audit.models import Record
from leaderboard.lib.addresses import client_address

pytestmark = [pytest.mark.django_db, pytest.mark.core]
PASSWORD = "correct horse battery"
HERE = "192.0.2.1"


@pytest.fixture
def person(member: User) -> User:
    member.set_password(PASSWORD)
    member.save()
    return member


def attempt(client: Client, password: str, *, login: str = "member@example.org", place: str = HERE) -> int:
    return client.post(reverse("accounts:login"), {"login": login, "password": password}, REMOTE_ADDR=place).status_code


def test_five_wrong_passwords_close_the_place_for_the_address_and_the_page_says_how_long(
    client: Client, person: User
) -> None:
    assert [attempt(client, "wrong", login=typed) for typed in ("member@example.org", "Member@Example.ORG") * 2] == [
        200
    ] * 4
    response = client.post(reverse("accounts:login"), {"login": person.email, "password": "wrong"}, REMOTE_ADDR=HERE)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "900")
    page = response.content.decode()
    assert "5 wrong passwords for it from your network" in page
    assert "Wait 15 minutes" in page
    assert attempt(client, PASSWORD) == 429


def test_the_person_still_gets_in_from_elsewhere_and_by_link(client: Client, person: User) -> None:
    for _ in range(5):
        attempt(client, "wrong")
    assert attempt(Client(), PASSWORD, place="192.0.2.2") == 302
    assert client.get(reverse("accounts:login-link", args=[login_link_create(user=person)])).status_code == 302


def test_another_address_is_not_locked_out_with_it(client: Client, person: User, organiser: User) -> None:
    organiser.set_password(PASSWORD)
    organiser.save()
    for _ in range(5):
        attempt(client, "wrong")
    assert attempt(client, PASSWORD, login=organiser.email) == 302


def test_the_place_is_open_again_after_a_quarter_of_an_hour(client: Client, person: User) -> None:
    for _ in range(5):
        attempt(client, "wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert attempt(client, PASSWORD) == 302


def test_twenty_tries_at_one_address_from_many_places_are_enough(client: Client, person: User) -> None:
    for number in range(20):
        assert attempt(Client(), "wrong", place=f"198.51.100.{number}") == 200
    response = Client().post(reverse("accounts:login"), {"login": person.email, "password": PASSWORD})
    assert "There were too many attempts. Wait a quarter of an hour" in response.content.decode()


def test_no_password_is_kept_of_an_attempt(client: Client, person: User) -> None:
    attempt(client, "nearly the password")
    kept = AccessAttempt.objects.get()
    assert "nearly" not in f"{kept.get_data}{kept.post_data}"


def test_who_is_switched_off_is_told_so_and_not_let_in(client: Client, person: User) -> None:
    User.objects.update(is_active=False)
    given = {"login": person.email, "password": PASSWORD}
    page = client.post(reverse("accounts:login"), given, follow=True).content.decode()
    assert "This account is locked. Ask an organiser." in page
    assert "_auth_user_id" not in client.session


def test_the_audit_log_tells_of_a_login_and_by_what_means(client: Client, person: User) -> None:
    attempt(client, PASSWORD)
    Client().get(reverse("accounts:login-link", args=[login_link_create(user=person)]))
    told = Record.objects.filter(act="account.logged-in", actor=f"user {person.pk}")
    assert [one.details["by_means_of"] for one in told] == [["password"], ["link"]]


def test_behind_our_proxy_the_last_forwarded_address_counts_and_otherwise_none(settings: Settings) -> None:
    asked = RequestFactory().get("/", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}, REMOTE_ADDR=HERE)
    assert client_address(asked) == HERE
    settings.BEHIND_PROXY = True
    assert client_address(asked) == "198.51.100.7"
    nonsense = RequestFactory().get("/", headers={"X-Forwarded-For": "<script>"}, REMOTE_ADDR=HERE)
    assert client_address(nonsense) == HERE
