"""What a page asks for in its address."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from leaderboard.lib.forms import dress

SMALLEST, LARGEST = 1e-6, 0.5


class PrevalenceField(forms.CharField):
    """A share or a percentage: 0.04, "4 %" and "4%" are the same."""

    widget = forms.TextInput(attrs={"class": "form-control", "inputmode": "decimal", "size": "8"})

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value) or "").strip().replace(",", ".")
        if not text:
            return None
        match = re.fullmatch(r"([0-9]*\.?[0-9]+(?:[eE]-?[0-9]+)?)\s*(%?)", text)
        if match is None:
            raise forms.ValidationError("Give a prevalence as a share (0.0001) or in per cent (0.01 %).")
        share = float(match[1]) / (100 if match[2] else 1)
        if not SMALLEST <= share <= LARGEST:
            raise forms.ValidationError(
                "A prevalence lies between 0.0001 % and 50 %; in per cent it is written with the sign: 4 %."
            )
        return share


class SnapshotField(forms.Field):
    """A ranking by its number, or by its ID or how that begins: 3, sha256:4f2a…"""

    def to_python(self, value: Any) -> int | str | None:
        text = str(value or "").strip().lower().removeprefix("sha256:")
        if not text:
            return None
        if re.fullmatch(r"[1-9][0-9]{0,8}", text):
            return int(text)
        if re.fullmatch(r"[0-9a-f]{12,64}", text):
            return text
        raise forms.ValidationError("Give a ranking's number or its ID.")


class BoardForm(forms.Form):
    """Filters, order and columns of the leaderboard. A value that makes no sense is ignored, not an error page, but for
    the ranking itself: who asks for one must not be shown another."""

    prevalence = PrevalenceField(required=False)
    text = forms.CharField(required=False, max_length=80)
    show = forms.ChoiceField(required=False, choices=[("", "all"), ("ranked", "ranked only")])
    versions = forms.ChoiceField(required=False, choices=[("", "all"), ("newest", "newest only")])
    sort = forms.CharField(required=False, max_length=30)
    stratum = forms.CharField(required=False, max_length=60)
    columns = forms.MultipleChoiceField(required=False)
    snapshot = SnapshotField(required=False)
    as_of = forms.DateField(required=False)

    def __init__(self, *args: Any, columns: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["columns"] = forms.MultipleChoiceField(required=False, choices=columns)


class SnapshotForm(forms.Form):
    """Which ranking; the newest, where the address names none."""

    snapshot = SnapshotField(required=False)
    since = SnapshotField(required=False)


class NeedleForm(forms.Form):
    """Counts of a study, and the prevalence where the model would be used."""

    found = forms.IntegerField(label="Cancers flagged", min_value=0, max_value=10_000_000)
    cancers = forms.IntegerField(label="of cancers", min_value=1, max_value=10_000_000)
    cleared = forms.IntegerField(label="Patients without cancer cleared", min_value=0, max_value=10_000_000)
    others = forms.IntegerField(label="of patients without cancer", min_value=1, max_value=10_000_000)
    prevalence = PrevalenceField(label="Prevalence", help_text="A share (0.0001) or per cent (0.01 %).")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        for part, whole in (("found", "cancers"), ("cleared", "others")):
            if part in given and whole in given and given[part] > given[whole]:
                self.add_error(part, f"Cannot be more than the {given[whole]} of its denominator.")
        return given


class StageForm(forms.Form):
    """A first test before the model, in per cent; without it there is none."""

    first_sensitivity = forms.FloatField(label="First test: sensitivity, %", min_value=0, max_value=100, required=False)
    first_specificity = forms.FloatField(label="First test: specificity, %", min_value=0, max_value=100, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.update({"class": "form-control", "step": "any"})

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        known = [given.get(name) is not None for name in self.fields]
        if not self.errors and any(known) and not all(known):
            self.add_error(None, "A first test needs both, its sensitivity and its specificity.")
        return given
