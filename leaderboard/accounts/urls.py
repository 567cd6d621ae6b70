"""Addresses below accounts/, in two lists: ours, and those that allauth looks up by its own names, without a space.

Of allauth only what is used here exists: no signing up, no change of address, no reset by e-mail.
"""

from __future__ import annotations

from allauth.account.views import LoginView, ReauthenticateView
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.base.views import ReauthenticateView as ReauthenticateByCode
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import (
    AddWebAuthnView,
    LoginWebAuthnView,
    ReauthenticateWebAuthnView,
)
from allauth.usersessions.views import ListUserSessionsView
from django.contrib.auth.views import LogoutView
from django.http import HttpResponseBase
from django.urls import URLPattern, path, reverse_lazy
from django.views.decorators.http import require_http_methods

from leaderboard.accounts import people_views, team_views, views
from leaderboard.accounts.factor_pages import FactorsView, PasskeyRemoveView

FACTORS = reverse_lazy("mfa_index")


def page(route: str, view: type, name: str, template: str = "", **given: object) -> URLPattern:
    """A page of allauth in our own template, which takes GET and POST: Django's form views take PUT for POST."""
    if template:
        given["template_name"] = f"accounts/{template}.html"
    shown = view.as_view(**given)  # type: ignore[attr-defined]
    answer: HttpResponseBase = require_http_methods(["GET", "POST"])(shown)
    return path(route, answer, name=name)  # type: ignore[call-overload, no-any-return]


app_name = "accounts"
urlpatterns = [
    page("login/", LoginView, "login", "login"),
    path("login/<str:token>/", views.login_link, name="login-link"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("profile/", views.profile, name="profile"),
    path("teams/<slug:slug>/", team_views.team, name="team"),
    path("teams/<slug:slug>/verify/", people_views.verify, name="verify"),
    path("people/", people_views.everybody, name="people"),
    path("people/<int:pk>/", people_views.person, name="person"),
    path("people/<int:pk>/link/", people_views.send_link, name="person-link"),
    path("people/<int:pk>/lock/", people_views.lock, name="person-lock"),
    path("people/<int:pk>/second-factors/", people_views.without_factor, name="person-factors"),
    path("memberships/<int:pk>/role/", team_views.role, name="role"),
    path("memberships/<int:pk>/end/", team_views.leave, name="leave"),
    path("invitations/<int:pk>/take-back/", team_views.take_back, name="invitation-take-back"),
    path("join/<str:token>/", team_views.invitation, name="invitation"),
    path("tokens/", views.tokens, name="tokens"),
    path("tokens/<int:pk>/take-back/", views.token_take_back, name="token-take-back"),
    path("delete/", views.delete, name="delete"),
]
allauth_urlpatterns = [
    page("login/", LoginView, "account_login", "login"),
    page("login-by-passkey/", LoginWebAuthnView, "mfa_login_webauthn"),
    page("confirm/", ReauthenticateView, "account_reauthenticate", "confirm"),
    page("confirm/code/", ReauthenticateByCode, "mfa_reauthenticate", "confirm"),
    page("confirm/passkey/", ReauthenticateWebAuthnView, "mfa_reauthenticate_webauthn", "confirm"),
    page("sessions/", ListUserSessionsView, "usersessions_list", "sessions"),
    page("second-factor/", FactorsView, "mfa_index", "factors"),
    page("second-factor/enter/", AuthenticateView, "mfa_authenticate", "second_factor"),
    page("second-factor/app/", ActivateTOTPView, "mfa_activate_totp", "app_add"),
    page("second-factor/app/remove/", DeactivateTOTPView, "mfa_deactivate_totp", "app_remove"),
    page("second-factor/codes/", ViewRecoveryCodesView, "mfa_view_recovery_codes", "codes"),
    page("second-factor/codes/new/", GenerateRecoveryCodesView, "mfa_generate_recovery_codes", "codes_new"),
    page("second-factor/passkeys/add/", AddWebAuthnView, "mfa_add_webauthn", "passkey_add"),
    page(
        "second-factor/passkeys/<int:pk>/remove/",
        PasskeyRemoveView,
        "mfa_remove_webauthn",
        "passkey_remove",
        success_url=FACTORS,
    ),
]
