"""A web-hook as an organiser fills it in."""

from __future__ import annotations

from typing import Any

from django import forms

from leaderboard.lib.forms import dress
from leaderboard.webhooks.models import EVENTS, Hook


class HookForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's own takes none at run time
    events = forms.MultipleChoiceField(label="Tell it when", choices=EVENTS, widget=forms.CheckboxSelectMultiple)
    secret = forms.CharField(
        required=False,
        min_length=16,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    class Meta:
        model = Hook
        fields = ("name", "url", "events")
        help_texts = {  # noqa: RUF012 - as Django's forms are written
            "url": "https only. Addresses inside private networks are refused unless WEBHOOK_HOSTS names the host.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["events"] = self.instance.events
        kept = "Empty: the present one stays." if self.instance.pk else "Empty: one is made, and shown once."
        self.fields["secret"].help_text = f"Each message is signed with it. {kept}"
        dress(self)
