from __future__ import annotations

import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.http import Http404
from django.urls import resolve
from django.utils import timezone

from leaderboard.accounts.models import LoginLink, Membership, Team, User
from leaderboard.accounts.selectors import (
    get_team_for,
    is_member,
    is_owner,
    require_organiser,
    require_reviewer,
    teams_of,
)
from leaderboard.accounts.services import login_link_consume, login_link_create, team_add, team_create
from leaderboard.lib.errors import Refusal
from tests import factories

pytestmark = pytest.mark.core


@pytest.mark.django_db
def test_a_login_link_works_once_and_is_not_kept_in_clear(member: User) -> None:
    token = login_link_create(user=member)
    assert token not in str(list(LoginLink.objects.values()))
    assert login_link_consume(token=token) == member
    with pytest.raises(Refusal, match="does not work"):
        login_link_consume(token=token)


@pytest.mark.django_db
def test_a_login_link_expires_and_an_unknown_or_inactive_person_has_none(member: User) -> None:
    old = login_link_create(user=member)
    LoginLink.objects.update(expires=timezone.now() - timedelta(seconds=1))
    fresh = login_link_create(user=member)
    User.objects.filter(pk=member.pk).update(is_active=False)
    for token in (old, fresh, "never given out"):
        with pytest.raises(Refusal):
            login_link_consume(token=token)


@pytest.mark.django_db(transaction=True)
def test_of_six_clicks_at_once_one_signs_in(member: User) -> None:
    token = login_link_create(user=member)
    start = threading.Barrier(6)
    signed_in: list[User] = []

    def click() -> None:
        start.wait()
        try:
            signed_in.append(login_link_consume(token=token))
        except Refusal:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert signed_in == [member]


@pytest.mark.django_db
def test_the_command_prints_a_path_that_the_site_knows(member: User) -> None:
    out = StringIO()
    call_command("login_link", member.email.upper(), minutes=5, stdout=out)
    assert resolve(out.getvalue().strip()).url_name == "login-link"
    with pytest.raises(CommandError, match="Nobody here"):
        call_command("login_link", "nobody@example.org")


@pytest.mark.django_db
def test_an_address_is_one_person_however_it_is_written(member: User) -> None:
    with pytest.raises(ValidationError):
        User.objects.create_user(member.email.upper(), name="Twin")


@pytest.mark.django_db
def test_a_team_has_an_owner_and_is_closed_to_others(member: User, rival: User, organiser: User) -> None:
    team = team_create(name="Gothenburg Radiology", owner=rival)
    assert is_owner(rival, team)
    team_add(team=team, user=member)
    assert is_member(member, team)
    assert not is_owner(member, team)
    assert set(teams_of(member)) == set(Team.objects.filter(slug__in=("uppsala-imaging", "gothenburg-radiology")))
    outsider = factories.UserFactory.create()
    for person in (rival, member, organiser):
        assert get_team_for(person, team.slug) == team
    with pytest.raises(Http404):
        get_team_for(outsider, team.slug)


@pytest.mark.django_db
def test_a_person_is_in_a_team_once(member: User) -> None:
    with pytest.raises(IntegrityError):
        Membership.objects.create(user=member, team=member.teams.get())


@pytest.mark.django_db
def test_organisers_may_what_reviewers_may_and_not_the_reverse(member: User, organiser: User, funder: User) -> None:
    require_organiser(organiser)
    require_reviewer(organiser)
    require_reviewer(funder)
    for refuse, person in ((require_organiser, funder), (require_organiser, member), (require_reviewer, member)):
        with pytest.raises(PermissionDenied):
            refuse(person)
