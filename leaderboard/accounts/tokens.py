"""A person's tokens: made once and shown once, known again by their digest, gone when they are taken back."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from leaderboard.accounts.models import Token, User
from leaderboard.accounts.services import digest
from leaderboard.audit.services import record
from leaderboard.lib.errors import Refusal

PREFIX = "cil_"  # so that scanners of leaked secrets know it
MOST = 20  # of one person
DAYS = (30, 90, 365)
TOLD_AGAIN = timedelta(hours=1)  # how exactly it is kept when a token was last used


@transaction.atomic
def token_create(*, user: User, name: str, scopes: Collection[str], days: int) -> str:
    """The token's text, which is kept nowhere.

    Raises
    ------
    Refusal
        The person has many already.
    """
    list(User.objects.select_for_update().filter(pk=user.pk))
    if user.tokens.filter(expires__gt=timezone.now()).count() >= MOST:
        raise Refusal(
            f"You have {MOST} tokens.", why="Nobody needs as many.", next_step="Take back those you do not use."
        )
    text = PREFIX + secrets.token_urlsafe(32)
    token = Token(
        user=user,
        name=name.strip(),
        scopes=sorted(scopes),
        token_sha256=digest(text),
        expires=timezone.now() + timedelta(days=days),
    )
    token.full_clean()
    token.save()
    record("token.made", f"token {token.pk}", by=user.pk, scopes=token.scopes, days=days)
    return text


@transaction.atomic
def token_revoke(*, token: Token, by: User) -> None:
    pk = token.pk
    token.delete()
    record("token.taken-back", f"token {pk}", by=by.pk)


def token_of(text: str) -> Token | None:
    """The token of this text, if it is good today and its person is still here."""
    now = timezone.now()
    good = Token.objects.filter(token_sha256=digest(text), expires__gt=now, user__is_active=True)
    token = good.select_related("user").first()
    if token is not None:
        stale = Q(used_at=None) | Q(used_at__lt=now - TOLD_AGAIN)
        Token.objects.filter(stale, pk=token.pk).update(used_at=now)
    return token
