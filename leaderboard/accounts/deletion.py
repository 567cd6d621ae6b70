"""Deleting an account: the person's data go, what is part of the record stays and names a number.

The row itself stays, emptied: submissions, rankings and the audit log refer to it. What hangs on a person alone, in
whatever app (``on_delete=CASCADE``), goes; what belongs to a team or to the record (``PROTECT``, ``SET_NULL``) stays.
"""

from __future__ import annotations

from dataclasses import dataclass

from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from django.db import models, transaction
from django.utils import timezone

from leaderboard.accounts.models import Membership, Team, User
from leaderboard.accounts.selectors import organisers
from leaderboard.audit.services import record
from leaderboard.lib.errors import Refusal

OWNER = Membership.Role.OWNER


@dataclass(frozen=True, kw_only=True)
class Departure:
    """What becomes of the teams: ``emptied`` lose their last member, ``inherited`` their only owner."""

    refusal: Refusal | None
    emptied: list[Team]
    inherited: list[Membership]


def departure(user: User) -> Departure:
    emptied, inherited = [], []
    for membership in user.memberships.select_related("team").order_by("team__name"):
        others = membership.team.memberships.exclude(user=user).select_related("user", "team").order_by("pk")
        heir = others.first()
        if heir is None:
            emptied.append(membership.team)
        elif membership.role == OWNER and not others.filter(role=OWNER).exists():
            inherited.append(heir)
    refusal = None
    if user.is_organiser and not organisers().exclude(pk=user.pk).exists():
        refusal = Refusal(
            "This account cannot be deleted yet.",
            why="It is the only organiser's: nobody could run the platform any more.",
            next_step="Make somebody else one under People, then come back.",
        )
    return Departure(refusal=refusal, emptied=emptied, inherited=inherited)


@transaction.atomic
def account_delete(*, user: User, by: User | None) -> Departure:
    """A team left by its only owner goes to its longest member; one left by its last stays without, for organisers.

    Raises
    ------
    Refusal
        It is the only organiser's.
    """
    list(organisers().select_for_update())  # two at once cannot both be the last but one
    left = departure(user)
    if left.refusal:
        raise left.refusal
    for heir in left.inherited:
        heir.role = OWNER
        heir.save(update_fields=["role"])
    for session in UserSession.objects.filter(user=user):
        session.end()
    for relation in User._meta.related_objects:
        if relation.on_delete is models.CASCADE:
            relation.related_model._default_manager.filter(**{relation.field.name: user}).delete()
    AccessAttempt.objects.filter(username=user.email).delete()
    user.email = f"deleted-{user.pk}@deleted.invalid"
    user.name = f"deleted account {user.pk}"
    user.is_active = user.is_organiser = user.is_reviewer = False
    user.last_login = None
    user.deleted_at = timezone.now()
    user.set_unusable_password()
    user.full_clean(exclude=["password"])
    user.save()
    record(
        "account.deleted",
        f"user {user.pk}",
        by=by.pk if by else None,
        emptied=[team.slug for team in left.emptied],
        inherited={heir.team.slug: heir.user_id for heir in left.inherited},
    )
    return left
