"""Signing in with an address and a password, and changing one's own name and password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm as AllauthLoginForm
from django import forms
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.contrib.auth.password_validation import validate_password

from leaderboard.accounts.models import Membership, Token, User
from leaderboard.accounts.tokens import DAYS
from leaderboard.lib.forms import dress
from leaderboard.lib.words import plain_line

if TYPE_CHECKING:
    UserSetPasswordForm = SetPasswordForm[User]
else:
    UserSetPasswordForm = SetPasswordForm


class LoginForm(AllauthLoginForm):
    """The user name is an e-mail address, in whatever case it is typed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = forms.EmailField(
            label="E-mail address",
            widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username webauthn"}),
        )
        self.fields["password"].help_text = ""  # there is no reset by e-mail: organisers give login links
        self.fields["password"].widget.attrs.pop("placeholder", None)
        self.order_fields(["login", "password"])
        dress(self)

    def clean_login(self) -> str:
        return str(self.cleaned_data["login"]).strip().lower()


class NameForm(forms.Form):
    name = forms.CharField(label="Name", max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)


class FirstPasswordForm(UserSetPasswordForm):
    """Of somebody who came by a login link, and may have no password or have forgotten it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)


class NextPasswordForm(PasswordChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].widget.attrs.pop("autofocus", None)
        self.fields["old_password"].label = "Present password"
        dress(self)


class InviteForm(forms.Form):
    email = forms.EmailField(label="E-mail address")
    role = forms.ChoiceField(choices=Membership.Role.choices, initial=Membership.Role.MEMBER)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)


class JoinForm(forms.Form):
    """Of somebody who was invited and has no account."""

    name = forms.CharField(label="Your name", max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label="A password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Of 12 characters or more; a sentence is good.",
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email
        dress(self)

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password, User(email=self.email))
        return password


class TokenForm(forms.Form):
    """What a program may do for the person, and for how long."""

    name = forms.CharField(label="What it is for", max_length=60, help_text="“our build server”, say.")
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=Token.Scope.choices,
        initial=[Token.Scope.READ, Token.Scope.SUBMIT],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label="It is good for", coerce=int, choices=[(days, f"{days} days") for days in DAYS], initial=90
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)


class PeopleForm(forms.Form):
    """Whom the list of people shows."""

    text = forms.CharField(label="Name, address or team", max_length=100, required=False)
    role = forms.ChoiceField(
        required=False,
        choices=[
            ("", "anybody"),
            ("organiser", "organisers"),
            ("reviewer", "reviewers"),
            ("steward", "data stewards"),
            ("locked", "locked accounts"),
        ],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)


class RolesForm(forms.Form):
    organiser = forms.BooleanField(label="organiser: runs the platform, and sees everything of it", required=False)
    reviewer = forms.BooleanField(label="reviewer: judges award candidates for a funder", required=False)


class PersonForm(RolesForm):
    """Somebody new."""

    email = forms.EmailField(label="E-mail address")
    name = forms.CharField(label="Name", max_length=100, validators=[plain_line])
    team = forms.CharField(
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"list": "known-teams", "autocomplete": "off"}),
        validators=[plain_line],
        help_text="Of one that is here they become a member, of a new one the owner, who invites the others. "
        "Nobody needs one to organise, to review, or to look after a hospital’s data.",
    )
    field_order = ("email", "name", "team", "organiser", "reviewer")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)


class VerifyForm(forms.Form):
    """Which organisation a team belongs to, and how an organiser knows."""

    organisation = forms.CharField(max_length=200, validators=[plain_line])
    evidence = forms.CharField(
        label="What shows it",
        max_length=500,
        help_text="A letter, say, or a message from one of its addresses. It is on no public page.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)


class DeletionForm(forms.Form):
    """Proven by the password, or by typing the address where somebody came by a link and has or knows none."""

    def __init__(self, *args: Any, user: User, by_password: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if by_password:
            self.fields["password"] = forms.CharField(
                label="Your password",
                strip=False,
                widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
            )
        else:
            self.fields["address"] = forms.EmailField(label="Your e-mail address, to be sure")
        dress(self)

    def clean_password(self) -> None:
        if not get_adapter().reauthenticate(self.user, self.cleaned_data["password"]):
            raise get_adapter().validation_error("incorrect_password")

    def clean_address(self) -> None:
        if self.cleaned_data["address"].strip().lower() != self.user.email:
            raise forms.ValidationError("This is not the address of this account.")
