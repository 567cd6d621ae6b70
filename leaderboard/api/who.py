"""Who asks: a program by its token, as far as its scopes go, or a browser by its session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from ninja.errors import AuthenticationError
from ninja.security import HttpBearer, SessionAuth

from leaderboard.accounts.models import Token, User
from leaderboard.accounts.tokens import token_of

Scope = Token.Scope
Way = Callable[[HttpRequest], Any]


class TokenAuth(HttpBearer):
    """A token with the scope; ``request.user`` becomes its person. A wrong one is not made good by a session."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> User:
        found = token_of(token)
        if found is None:
            raise AuthenticationError
        if self.scope not in found.scopes:
            raise PermissionDenied(f"This token does not have the scope “{self.scope}”.")
        request.user = found.user
        return found.user


class BrowserAuth(SessionAuth):
    """Somebody who is logged in. What changes something must carry the site's own token against forgery."""

    def __call__(self, request: HttpRequest) -> Any:
        return super().__call__(request) if request.user.is_authenticated else None


def may(scope: str) -> list[Way]:
    """The ways to be allowed something; the first that fits counts."""
    return [TokenAuth(scope), BrowserAuth()]


def require(request: HttpRequest, scope: str) -> User:
    """Who asks, where ninja does not look.

    Raises
    ------
    AuthenticationError, PermissionDenied, HttpError
        Nobody who may.
    """
    for way in may(scope):
        if user := way(request):
            assert isinstance(user, User)
            return user
    raise AuthenticationError
