"""Deleting an account: personal data go, the record stays, and nobody is left without an organiser."""

from __future__ import annotations

import threading

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from leaderboard.accounts.deletion import account_delete, departure
from leaderboard.accounts.models import Membership, Team, User
from leaderboard.accounts.selectors import organisers
from leaderboard.accounts.services import login_link_create, person_add, team_add
from leaderboard.audit.models import Record
from leaderboard.audit.services import faults
from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Hospital
from leaderboard.lib.errors import Refusal
from tests import factories
from tests.leaderboard.submissions.test_handing_in import hand_in

pytestmark = [pytest.mark.core]
PASSWORD = "correct horse battery"


def log_in(client: Client, user: User) -> None:
    if not user.check_password(PASSWORD):
        user.set_password(PASSWORD)
        user.save()
    client.post(reverse("accounts:login"), {"login": user.email, "password": PASSWORD})


def everything() -> str:
    """Every text of the database, but of the sessions that ran out."""
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows += cursor.fetchall()
    return repr(rows)


@pytest.mark.django_db
def test_the_person_goes_and_what_the_team_did_stays(
    client: Client, member: User, benchmark_rows: Benchmark, organiser: User
) -> None:
    submission = hand_in(benchmark_rows, member)
    Hospital.objects.earliest("pk").stewards.add(member)
    TOTP.activate(member, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    login_link_create(user=member)
    AccessAttempt.objects.create(username=member.email, user_agent="Firefox", failures_since_start=1)
    assert "Mira" in everything()
    account_delete(user=member, by=member)
    left = everything()
    assert "Mira" not in left
    assert "member@example.org" not in left
    submission.refresh_from_db()
    assert str(submission.created_by) == str(submission.agreed_by) == f"deleted account {member.pk}"
    assert submission.agreed_at is not None
    assert not member.memberships.exists()
    assert not member.hospitals.exists()
    assert Record.objects.get(act="submission.handed-in").actor == f"user {member.pk}"
    assert Record.objects.get(act="account.deleted").about == f"user {member.pk}"
    assert list(faults()) == []
    client.force_login(organiser)
    page = client.get(reverse("evaluations:submission", args=[submission.pk])).content.decode()
    assert f"by deleted account {member.pk}" in page


@pytest.mark.django_db
def test_a_password_confirms_it_and_every_session_ends(client: Client, member: User) -> None:
    other = Client()
    for browser in (client, other):
        log_in(browser, member)
    address = reverse("accounts:delete")
    assert "not your password" in client.post(address, {"password": "wrong"}).content.decode()
    assert User.objects.get(pk=member.pk).is_active
    response = client.post(address, {"password": PASSWORD}, follow=True)
    assert "Your account is deleted." in response.content.decode()
    for browser in (client, other):
        assert browser.get(reverse("accounts:profile")).status_code == 302
    assert not UserSession.objects.exists()
    log_in_again = client.post(reverse("accounts:login"), {"login": "member@example.org", "password": PASSWORD})
    assert "do not fit together" in log_in_again.content.decode()


@pytest.mark.django_db
def test_wrong_passwords_are_counted_here_too(client: Client, member: User) -> None:
    log_in(client, member)
    answers = [client.post(reverse("accounts:delete"), {"password": "wrong"}).status_code for _ in range(5)]
    assert answers == [422, 422, 422, 422, 429]


@pytest.mark.django_db
def test_who_came_by_a_link_types_the_address(client: Client, member: User) -> None:
    client.get(reverse("accounts:login-link", args=[login_link_create(user=member)]))
    address = reverse("accounts:delete")
    assert client.post(address, {"address": "rival@example.org"}).status_code == 422
    assert client.post(address, {"address": "Member@example.org"}).status_code == 302
    assert not User.objects.get(pk=member.pk).is_active


@pytest.mark.django_db
def test_the_only_organiser_is_refused_until_there_is_another(client: Client, organiser: User, member: User) -> None:
    log_in(client, organiser)
    for response in (
        client.get(reverse("accounts:delete")),
        client.post(reverse("accounts:delete"), {"password": PASSWORD}),
    ):
        page = response.content.decode()
        assert "It is the only organiser&#x27;s" in page
        assert "Make somebody else one under People" in page
    assert User.objects.get(pk=organiser.pk).is_organiser
    with pytest.raises(CommandError, match="only organiser"):
        call_command("delete_person", organiser.email)
    person_add(email=member.email, organiser=True)
    assert client.post(reverse("accounts:delete"), {"password": PASSWORD}).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_two_last_organisers_at_once_leave_one(organiser: User) -> None:
    pair = [organiser, factories.UserFactory.create(is_organiser=True)]
    refused: list[Refusal] = []

    def go(user: User) -> None:
        try:
            account_delete(user=user, by=user)
        except Refusal as refusal:
            refused.append(refusal)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=(user,)) for user in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert organisers().count() == 1


@pytest.mark.django_db
def test_a_team_without_its_only_owner_goes_to_its_longest_member(client: Client, rival: User) -> None:
    team = rival.teams.get()
    Membership.objects.update(role=Membership.Role.OWNER)
    first, second = (factories.UserFactory.create(name=name) for name in ("First Joined", "Second Joined"))
    team_add(team=team, user=first)
    team_add(team=team, user=second)
    client.force_login(rival)
    assert (
        "First Joined, its longest member, becomes its owner" in client.get(reverse("accounts:delete")).content.decode()
    )
    account_delete(user=rival, by=rival)
    assert list(team.memberships.order_by("pk").values_list("user", "role")) == [
        (first.pk, "owner"),
        (second.pk, "member"),
    ]


@pytest.mark.django_db
def test_a_team_that_loses_its_last_member_stays_and_the_page_says_so(
    client: Client, rival: User, capsys: pytest.CaptureFixture[str]
) -> None:
    client.force_login(rival)
    assert "You are the last member of Rivals." in client.get(reverse("accounts:delete")).content.decode()
    call_command("delete_person", "Rival@example.org")
    assert "Rivals has no member any more." in capsys.readouterr().out
    assert Team.objects.get(slug="rivals").members.count() == 0
    assert Record.objects.get(act="account.deleted").actor == "platform"


@pytest.mark.django_db
def test_the_address_is_free_again(member: User) -> None:
    account_delete(user=member, by=None)
    again = person_add(email="member@example.org", name="Mira Member")
    assert again.pk != member.pk
    assert departure(again).emptied == []
