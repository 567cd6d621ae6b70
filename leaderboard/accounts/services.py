"""Making teams and signing in by link."""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from leaderboard.accounts.models import LoginLink, Membership, Organisation, Team, User
from leaderboard.audit.services import record
from leaderboard.lib.errors import Refusal

logger = logging.getLogger(__name__)


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def team_create(*, name: str, owner: User) -> Team:
    team = Team(name=name.strip(), slug=slugify(name))
    team.full_clean()
    team.save()
    Membership.objects.create(user=owner, team=team, role=Membership.Role.OWNER)
    return team


def team_add(*, team: Team, user: User, role: str = Membership.Role.MEMBER) -> Membership:
    membership, _ = Membership.objects.update_or_create(team=team, user=user, defaults={"role": role})
    return membership


@transaction.atomic
def person_add(
    *, email: str, name: str = "", team: str | None = None, organiser: bool = False, reviewer: bool = False
) -> User:
    """A person with this address, made if new. Roles and teams are added, never taken away."""
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        user = User.objects.create_user(email, name=name or email)
    user.is_organiser = user.is_organiser or organiser
    user.is_reviewer = user.is_reviewer or reviewer
    user.save(update_fields=["is_organiser", "is_reviewer", "email"])
    if team:
        known = Team.objects.filter(slug=slugify(team)).first()
        if known is None:
            team_create(name=team, owner=user)
        elif not known.memberships.filter(user=user).exists():
            team_add(team=known, user=user)
    return user


@transaction.atomic
def team_verify(*, team: Team, organisation: str, evidence: str, by: User | None) -> Team:
    """The team is this organisation's, as an organiser saw. Its teams share one quota.

    Raises
    ------
    Refusal
        No organisation or nothing that was seen.
    """
    name, seen = " ".join(organisation.split()), " ".join(evidence.split())
    if not (name and seen):
        raise Refusal(
            f"{team} cannot be verified.",
            why="It takes the organisation's name, and what shows that the team is its own.",
            next_step="Ask for a letter, or a message from an address of the organisation, and say so.",
        )
    team.organisation = Organisation.objects.filter(name__iexact=name).first() or Organisation(name=name)
    team.organisation.full_clean()
    team.organisation.save()
    team.evidence = seen
    team.full_clean()
    team.save()
    record("team.verified", f"team {team.slug}", by=by.pk if by else None, organisation=team.organisation.name)
    return team


@transaction.atomic
def team_unverify(*, team: Team, by: User | None) -> Team:
    team.organisation, team.evidence = None, ""
    team.full_clean()
    team.save()
    record("team.unverified", f"team {team.slug}", by=by.pk if by else None)
    return team


def user_rename(*, user: User, name: str) -> User:
    user.name = name.strip()
    user.full_clean(exclude=["password"])
    user.save(update_fields=["name", "email"])
    return user


@transaction.atomic
def password_set(*, user: User, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password", "email"])
    record("account.password-set", f"user {user.pk}", by=user.pk)


def login_link_create(*, user: User, minutes: int = 60) -> str:
    """The link's token. It is shown once: only its digest is kept."""
    token = secrets.token_urlsafe(32)
    expires = timezone.now() + timedelta(minutes=minutes)
    LoginLink.objects.create(user=user, token_sha256=digest(token), expires=expires)
    return token


def login_link_consume(*, token: str) -> User:
    """The person the link signs in. A conditional update makes it good for one use, whoever else clicks.

    Raises
    ------
    Refusal
        The link is unknown, used or too old.
    """
    now = timezone.now()
    # No join: `used_at` must be the updated row's own condition, or two clicks at once both pass on PostgreSQL.
    active = User.objects.filter(is_active=True)
    fresh = LoginLink.objects.filter(token_sha256=digest(token), used_at__isnull=True, expires__gt=now, user__in=active)
    if not fresh.update(used_at=now):
        raise Refusal(
            "This login link does not work.",
            why="It was used before, has expired, or was not copied completely.",
            next_step="Ask an organiser for a new one.",
        )
    link = LoginLink.objects.select_related("user").get(token_sha256=digest(token))
    logger.info("user %s used login link %s", link.user.pk, link.pk)
    record("account.link-used", f"user {link.user.pk}", by=link.user.pk)
    return link.user
