"""Signing in with an address and a password, and changing one's own name and password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm

from leaderboard.accounts.models import User

if TYPE_CHECKING:
    UserPasswordForm = SetPasswordForm[User]
else:
    UserPasswordForm = SetPasswordForm


def dress(form: forms.BaseForm) -> None:
    for field in form.fields.values():
        field.widget.attrs.setdefault("class", "form-control")


class LoginForm(AuthenticationForm):
    """The user name is an e-mail address, in whatever case it is typed."""

    error_messages = {  # noqa: RUF012, the base class declares it so
        "invalid_login": "This address and password do not fit together. Check both, or ask for a login link.",
        "inactive": "This account is switched off. Ask an organiser.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "E-mail address"
        self.fields["username"].widget = forms.EmailInput(attrs={"autofocus": True, "autocomplete": "email"})
        dress(self)

    def clean_username(self) -> str:
        return str(self.cleaned_data["username"]).strip().lower()


class NameForm(forms.Form):
    name = forms.CharField(label="Name", max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)


class PasswordForm(UserPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)
