"""Teams: owners invite, the invited join by their own address only, a team keeps an owner."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from leaderboard.accounts.invitations import MOST, invitation_create, membership_change, membership_end
from leaderboard.accounts.models import Invitation, Membership, Team, User
from leaderboard.accounts.services import team_add
from leaderboard.audit.models import Record
from leaderboard.lib.errors import Refusal
from tests import factories

pytestmark = pytest.mark.django_db

PAGE = "/accounts/teams/uppsala-imaging/"
OWNER, MEMBER = Membership.Role.OWNER, Membership.Role.MEMBER


@pytest.fixture
def owner(team: Team) -> User:
    user = factories.UserFactory.create(email="owner@example.org", name="Oda Owner")
    team_add(team=team, user=user, role=OWNER)
    return user


def link_of(letter: mail.EmailMessage) -> str:
    (found,) = re.findall(r"http://\S+", str(letter.body))
    return str(urlsplit(found).path)


@pytest.fixture
def link(client: Client, owner: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> str:
    """Sent to nora@example.org, who is to be a member."""
    client.force_login(owner)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(PAGE, {"email": "Nora@example.org ", "role": "member"})
    assert answer.status_code == 302
    (letter,) = mail.outbox
    assert letter.to == ["nora@example.org"]
    return link_of(letter)


def test_somebody_new_is_invited_makes_an_account_and_is_in(link: str, team: Team) -> None:
    nora = Client()
    page = nora.get(link).content.decode()
    assert "Oda Owner invites nora@example.org" in page
    assert nora.post(link, {"name": "Nora New", "password": "short"}).status_code == 422
    answer = nora.post(link, {"name": "Nora New", "password": "a long enough sentence"})
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert team.memberships.get(user__email="nora@example.org").role == MEMBER
    assert "Nora New" in nora.get(PAGE).content.decode()
    assert not Invitation.objects.exists()
    assert Client().get(link).status_code == 410
    acts = set(Record.objects.values_list("act", flat=True))
    assert {"team.invited", "account.made", "team.joined"} <= acts
    assert "nora" not in str(list(Record.objects.values("about", "details")))


def test_who_has_an_account_joins_with_it_and_nobody_else_does(link: str, team: Team, rival: User) -> None:
    nora = factories.UserFactory.create(email="nora@example.org")
    stranger, own = Client(), Client()
    assert f"?next={link}" in stranger.get(link).content.decode()
    assert stranger.post(link, {"name": "X", "password": "a long enough sentence"}).status_code == 200
    stranger.force_login(rival)
    assert stranger.post(link).status_code == 410
    assert not team.members.filter(pk=rival.pk).exists()
    own.force_login(nora)
    assert own.post(link).status_code == 302
    assert team.members.filter(pk=nora.pk).exists()


def test_an_old_or_taken_back_invitation_works_no_more(link: str, client: Client) -> None:
    Invitation.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert Client().get(link).status_code == 410
    Invitation.objects.update(expires=timezone.now() + timedelta(days=1))
    assert Client().get(link).status_code == 200
    assert client.post(f"/accounts/invitations/{Invitation.objects.get().pk}/take-back/").status_code == 302
    assert Client().get(link).status_code == 410


def test_only_owners_invite(client: Client, member: User, team: Team, owner: User) -> None:
    client.force_login(member)
    page = client.get(PAGE).content.decode()
    assert "Oda Owner" in page
    assert "Invite somebody" not in page
    answer = client.post(PAGE, {"email": "nora@example.org", "role": "member"})
    assert (answer.status_code, Invitation.objects.count()) == (422, 0)
    for email, said in (("no address", "no e-mail address"), (member.email, "is in Uppsala Imaging already")):
        with pytest.raises(Refusal, match=said):
            invitation_create(team=team, email=email, role=MEMBER, by=owner)
    for number in range(MOST):
        invitation_create(team=team, email=f"n{number}@example.org", role=MEMBER, by=owner)
    invitation_create(team=team, email="n0@example.org", role=OWNER, by=owner)  # in place of the first
    with pytest.raises(Refusal, match="wait for an answer"):
        invitation_create(team=team, email="one@example.org", role=MEMBER, by=owner)


def test_a_team_keeps_an_owner(team: Team, member: User, owner: User) -> None:
    mine, theirs = team.memberships.get(user=owner), team.memberships.get(user=member)
    with pytest.raises(Refusal, match="would have no owner"):
        membership_change(membership=mine, role=MEMBER, by=owner)
    with pytest.raises(Refusal, match="would have no owner"):
        membership_end(membership=mine, by=owner)
    with pytest.raises(Refusal, match="Only an owner"):
        membership_change(membership=theirs, role=OWNER, by=member)
    with pytest.raises(Refusal, match="Only an owner"):
        membership_end(membership=mine, by=member)
    membership_change(membership=theirs, role=OWNER, by=owner)
    membership_end(membership=mine, by=owner)
    assert [one.user for one in team.memberships.all()] == [member]


def test_a_member_leaves_and_sees_nothing_of_it_any_more(client: Client, member: User, team: Team, owner: User) -> None:
    client.force_login(member)
    answer = client.post(f"/accounts/memberships/{team.memberships.get(user=member).pk}/end/")
    assert answer["Location"] == "/accounts/profile/"
    assert client.get(PAGE).status_code == 404
    assert owner in team.members.all()
