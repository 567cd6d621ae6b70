"""How people come into a team and leave it: invited by an owner, by a link that only the invited address gets."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from leaderboard.accounts.models import Invitation, Membership, Team, User
from leaderboard.accounts.selectors import is_owner
from leaderboard.accounts.services import digest, team_add
from leaderboard.audit.services import record
from leaderboard.lib.errors import Refusal

DAYS = 14
MOST = 20  # of one team, that wait for an answer
OWNER = Membership.Role.OWNER


@transaction.atomic
def invitation_create(*, team: Team, email: str, role: str, by: User) -> Invitation:
    """Write to the address. Again to the same one replaces the earlier invitation.

    Raises
    ------
    Refusal
        By nobody but an owner; of an address that is none, or a member's; or many wait already.
    """
    _require_owner(team, by)
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise Refusal(f"{email!r} is no e-mail address.", next_step="Correct it, and invite again.") from error
    if team.members.filter(email=email).exists():
        raise Refusal(f"{email} is in {team} already.")
    team.invitations.filter(email=email).delete()
    if team.invitations.count() >= MOST:
        raise Refusal(f"{MOST} invitations wait for an answer.", next_step="Take back those that are not needed.")
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        team=team,
        email=email,
        role=role,
        token_sha256=digest(token),
        invited_by=by,
        expires=timezone.now() + timedelta(days=DAYS),
    )
    invitation.full_clean()
    invitation.save()
    record("team.invited", f"team {team.slug}", by=by.pk, role=role)
    link = settings.SITE_URL + reverse("accounts:invitation", args=[token])
    text = render_to_string("accounts/invitation.txt", {"invitation": invitation, "link": link, "days": DAYS})
    transaction.on_commit(lambda: send_mail(f"{by} invites you to {team}", text, None, [email]) and None, robust=True)
    return invitation


def invitation_of(token: str) -> Invitation:
    """The invitation of a link.

    Raises
    ------
    Refusal
        There is none, or it is too old.
    """
    good = Invitation.objects.filter(token_sha256=digest(token), expires__gt=timezone.now())
    found = good.select_related("team", "invited_by").first()
    if found is None:
        raise Refusal(
            "This invitation does not work.",
            why="It was used or taken back, is older than two weeks, or was not copied completely.",
            next_step="Ask whoever invited you for a new one.",
        )
    return found


@transaction.atomic
def invitation_accept(*, invitation: Invitation, user: User) -> Membership:
    """Join.

    Raises
    ------
    Refusal
        It was sent to another address, or used meanwhile.
    """
    if user.email != invitation.email:
        raise Refusal(
            f"This invitation is for {invitation.email}.",
            why=f"You are logged in as {user.email}.",
            next_step="Log out and open the link again, or ask to be invited by your other address.",
        )
    if not Invitation.objects.filter(pk=invitation.pk).delete()[0]:
        raise Refusal("This invitation was used meanwhile.")
    membership = team_add(team=invitation.team, user=user, role=invitation.role)
    record("team.joined", f"team {invitation.team.slug}", by=user.pk, role=invitation.role)
    return membership


@transaction.atomic
def invited_person_add(*, invitation: Invitation, name: str, password: str) -> User:
    """An account for who was invited and has none; the link proved the address."""
    user = User.objects.create_user(invitation.email, password, name=name.strip())
    record("account.made", f"user {user.pk}", by=user.pk, invited_by=f"user {invitation.invited_by_id}")
    invitation_accept(invitation=invitation, user=user)
    return user


@transaction.atomic
def invitation_revoke(*, invitation: Invitation, by: User) -> None:
    _require_owner(invitation.team, by)
    invitation.delete()
    record("team.invitation-taken-back", f"team {invitation.team.slug}", by=by.pk)


@transaction.atomic
def membership_change(*, membership: Membership, role: str, by: User) -> None:
    """Make somebody an owner, or a member again.

    Raises
    ------
    Refusal
        By nobody but an owner; a team keeps one.
    """
    _require_owner(membership.team, by)
    if role != OWNER:
        _require_another_owner(membership)
    membership.role = role
    membership.full_clean()
    membership.save()
    record("team.role", f"team {membership.team.slug}", by=by.pk, of=f"user {membership.user_id}", role=role)


@transaction.atomic
def membership_end(*, membership: Membership, by: User) -> None:
    """Leave, or be sent away by an owner. What was handed in stays the team's.

    Raises
    ------
    Refusal
        By somebody else; a team keeps an owner.
    """
    if membership.user_id != by.pk:
        _require_owner(membership.team, by)
    _require_another_owner(membership)
    membership.delete()
    record("team.left", f"team {membership.team.slug}", by=by.pk, who=f"user {membership.user_id}")


def _require_owner(team: Team, by: User) -> None:
    if not is_owner(by, team):
        raise Refusal(f"Only an owner of {team} may do this.", next_step="Ask one of them.")


def _require_another_owner(membership: Membership) -> None:
    """The rows of the team's owners are the lock: two cannot both be the last but one."""
    owners = membership.team.memberships.filter(role=OWNER).select_for_update()
    if membership.role == OWNER and len(owners) < 2:
        raise Refusal(
            f"{membership.team} would have no owner.",
            next_step="Make somebody else an owner first, then do this again.",
        )
