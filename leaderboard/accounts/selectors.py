"""Who may do what. Pages about one object use that object's `get_…_for`; these are the helpers below them."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404

from leaderboard.accounts.models import Membership, Team, User

Person = User | AnonymousUser


def teams_of(user: Person) -> QuerySet[Team]:
    return Team.objects.filter(members=user.pk) if user.is_authenticated else Team.objects.none()


def standing_together(team: Team) -> QuerySet[Team]:
    """The teams that count as one: all of its verified organisation, or it alone."""
    known = team.organisation_id
    return Team.objects.filter(organisation=known) if known else Team.objects.filter(pk=team.pk)


def is_organiser(user: Person) -> bool:
    return isinstance(user, User) and user.is_active and user.is_organiser


def organisers() -> QuerySet[User]:
    return User.objects.filter(is_organiser=True, is_active=True)


IN_ROLE = {
    "organiser": Q(is_organiser=True),
    "reviewer": Q(is_reviewer=True),
    "steward": Q(hospitals__isnull=False),
    "locked": Q(is_active=False),
}


def people(*, text: str = "", role: str = "") -> QuerySet[User]:
    """Everybody with an account; those with the text in their name, address or team's name, in one of ``IN_ROLE``."""
    found = User.objects.filter(deleted_at=None).filter(IN_ROLE.get(role, Q()))
    if text:
        found = found.filter(Q(name__icontains=text) | Q(email__icontains=text) | Q(teams__name__icontains=text))
    return found.distinct().order_by("name", "pk").prefetch_related("teams", "hospitals")


def is_reviewer(user: Person) -> bool:
    """A funder's reviewer, or an organiser."""
    return isinstance(user, User) and user.is_active and (user.is_reviewer or user.is_organiser)


def is_member(user: Person, team: Team) -> bool:
    return user.is_authenticated and Membership.objects.filter(user=user.pk, team=team).exists()


def is_owner(user: Person, team: Team) -> bool:
    role = Membership.Role.OWNER
    return user.is_authenticated and Membership.objects.filter(user=user.pk, team=team, role=role).exists()


def get_team_for(user: Person, slug: str) -> Team:
    """The team, for its members and organisers; for anybody else it does not exist."""
    team = Team.objects.filter(slug=slug).first()
    if team is None or not (is_member(user, team) or is_organiser(user)):
        raise Http404("No such team.")
    return team


def require_organiser(user: Person) -> None:
    if not is_organiser(user):
        raise PermissionDenied("This page is for organisers.")


def require_reviewer(user: Person) -> None:
    if not is_reviewer(user):
        raise PermissionDenied("This page is for the funder's reviewers.")
