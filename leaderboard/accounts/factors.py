"""Second factors: whose role needs one, how their secrets are kept, and that the audit log tells of them."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any, ClassVar

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest

from leaderboard.accounts.models import User
from leaderboard.audit.services import record


def sealer() -> MultiFernet:
    """Made from the site's key: a copy of the database alone gives no codes away."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(b"second factor:" + key.encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


class FactorAdapter(DefaultMFAAdapter):
    error_messages: ClassVar[dict[str, Any]] = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is not the present one. Wait for the next, or use a recovery code.",
        "cannot_delete_authenticator": "Your role needs a second factor. Add another one before you remove this.",
    }

    def encrypt(self, text: str) -> str:
        return sealer().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return sealer().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            # Sealed with a key that is gone. An empty secret would have codes that anybody can compute.
            return base64.b32encode(secrets.token_bytes(20)).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        others = factors_of(authenticator.user).exclude(pk=authenticator.pk)
        return others.exists() or not needs_second_factor(authenticator.user)


def factors_of(user: User) -> Any:
    """Apps and passkeys; recovery codes are no factor of their own."""
    return Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES)


def needs_second_factor(user: User | AnonymousUser) -> bool:
    """Organisers, reviewers and data stewards see what is not public; a team's members only their own."""
    if not settings.REQUIRE_SECOND_FACTOR or not isinstance(user, User):
        return False
    return user.is_organiser or user.is_reviewer or user.hospitals.exists()


def lacks_second_factor(user: User | AnonymousUser) -> bool:
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return needs_second_factor(user) and not is_mfa_enabled(user, kinds)


@transaction.atomic
def second_factor_remove(*, user: User, by: User | None) -> int:
    """All of them, for somebody who lost theirs. How many there were."""
    count: int = factors_of(user).count()
    Authenticator.objects.filter(user=user).delete()
    if count:
        record("account.second-factors-removed", f"user {user.pk}", by=by.pk if by else None, count=count)
    return count


def tell_added(*, request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    """And the other sessions end: they were opened without it."""
    for session in UserSession.objects.filter(user=user).exclude(session_key=request.session.session_key):
        session.end()
    record("account.second-factor-added", f"user {user.pk}", by=user.pk, kind=str(authenticator.type))


def tell_removed(*, user: User, authenticator: Authenticator, **_: Any) -> None:
    record("account.second-factor-removed", f"user {user.pk}", by=user.pk, kind=str(authenticator.type))


def tell_renewed(*, user: User, **_: Any) -> None:
    record("account.recovery-codes-renewed", f"user {user.pk}", by=user.pk)
