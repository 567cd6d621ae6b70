"""Two of allauth's pages, which do not let go of the last second factor of somebody who needs one."""

from __future__ import annotations

from typing import Any, cast

from allauth.mfa.base.views import IndexView
from allauth.mfa.totp.forms import DeactivateTOTPForm
from allauth.mfa.webauthn.views import RemoveWebAuthnView

from leaderboard.accounts.factors import factors_of, needs_second_factor
from leaderboard.accounts.models import User


class FactorsView(IndexView):
    """``stays``: there is one, and it cannot be removed before another one is there."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = cast("User", self.request.user)
        stays = needs_second_factor(user) and factors_of(user).count() == 1
        return {**super().get_context_data(**kwargs), "stays": stays}


class PasskeyRemoveView(RemoveWebAuthnView):
    """Allauth's form of the app asks whether it may go, and says so before it is sent; a passkey's asks nothing."""

    form_class = DeactivateTOTPForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"data": {}, **super().get_form_kwargs(), "authenticator": self.object}
