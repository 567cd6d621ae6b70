"""What an organiser fills in about a hospital and its cohorts."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from leaderboard.accounts.models import User
from leaderboard.hospitals.models import Cohort, Hospital
from leaderboard.hospitals.selectors import importable_folders
from leaderboard.lib.forms import dress

SLUG = RegexValidator(r"^[a-z0-9][a-z0-9-]{0,49}\Z", "Lower-case letters, digits and hyphens, at most 50.")


class HospitalForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's own takes none at run time
    """``slug`` is in addresses, queues and the cohort's own file: it stays as it was first given."""

    stewards = forms.CharField(
        label="Data stewards",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="E-mail addresses of people who have an account, one a line. They see the hospital’s desk, pause it, "
        "and decide what runs there.",
    )

    class Meta:
        model = Hospital
        fields = ("name", "slug", "country")
        labels = {"slug": "Short name"}  # noqa: RUF012 - as Django's forms are written
        help_texts = {  # noqa: RUF012
            "name": "As it stands on the leaderboard.",
            "slug": "For addresses and queues, as in its cohort.json; it cannot be changed later.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)
        if self.instance.pk:
            self.fields["slug"].disabled = True
            self.initial["stewards"] = "\n".join(self.instance.stewards.values_list("email", flat=True))
        else:
            self.fields["slug"].validators.append(SLUG)

    def clean_stewards(self) -> list[User]:
        asked = {word.lower() for word in re.split(r"[\s,;]+", self.cleaned_data["stewards"]) if word}
        found = {user.email: user for user in User.objects.filter(email__in=asked, is_active=True)}
        if missing := sorted(asked - set(found)):
            raise ValidationError(
                f"Nobody here has the address {', '.join(missing)}. Add the person first: manage.py add_person."
            )
        return [found[email] for email in sorted(found)]


class CohortForm(forms.Form):
    """A folder of the platform's machine, and what its patients are for."""

    folder = forms.CharField(max_length=1000)
    purpose = forms.ChoiceField(
        label="Its patients are",
        choices=[
            (Cohort.Purpose.HELD_OUT, "held out: every submission is scored on them"),
            (Cohort.Purpose.SAMPLE, "the public sample: try-outs, whose log teams see"),
            (Cohort.Purpose.CALIBRATION, "for calibration: operating points are frozen on them"),
            (Cohort.Purpose.SEALED, "sealed until the final"),
        ],
        help_text="Decided once: a cohort cannot be used for something else later.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.folders = importable_folders()  # proposed by the page, beside the field
        roots = ", ".join(map(str, settings.COHORT_ROOTS))
        self.fields["folder"].help_text = (
            f"In {roots}, with cohort.json, cases.csv, images and references. The scans stay where they are. "
            "Other places are opened by COHORT_ROOTS, in the settings of the platform’s machine."
        )
        self.fields["folder"].widget.attrs |= {"list": "folders", "autocomplete": "off"}
        dress(self)
