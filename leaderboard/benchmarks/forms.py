"""A benchmark as an organiser fills it in: one form, and rows of prevalences and of readers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from leaderboard.benchmarks.models import BATCHES, CONTRACTS, ORGANS, Benchmark, ReaderBaseline
from leaderboard.benchmarks.services import SIZE_STRATA
from leaderboard.hospitals.models import Cohort
from leaderboard.lib.forms import dress

GIB = 1024**3
SIZES = [(item["key"], item["label"]) for item in SIZE_STRATA]
GROUPS = {
    "What is asked": ("title", "slug", "question", "organ", "demonstration"),
    "Patients": ("cohorts", "sample", "sealed"),
    "Operating point": ("calibration", "false_alarm_percent", "confident"),
    "Numbers": ("strata", "panel_minimum", "public_minimum", "accepted_alarms", "replicates"),
    "Submissions": (
        "contracts", "quota_per_month", "verified_only", "case_limit_seconds", "memory_gib", "gpus", "gpu_memory_gib",
    ),
    "What is kept back": ("ladder", "strata_at_final", "batch_hours"),
}  # fmt: skip
OF_PARTS = {
    "false_alarm_share": "false_alarm_percent",
    "memory_bytes": "memory_gib",
    "gpu_memory_bytes": "gpu_memory_gib",
}
MANY = ("cohorts", "sealed", "calibration")
COHORTS = {
    "cohorts": Cohort.Purpose.HELD_OUT,
    "sample": Cohort.Purpose.SAMPLE,
    "calibration": Cohort.Purpose.CALIBRATION,
    "sealed": Cohort.Purpose.SEALED,
}


@dataclass(frozen=True, kw_only=True)
class Group:
    title: str
    fields: list[forms.BoundField]


class BenchmarkForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's own takes none at run time
    """Parts that are fixed are shown, with the reason, and what is posted for them is not looked at."""

    organ = forms.ChoiceField(choices=[])
    contracts = forms.MultipleChoiceField(
        choices=[(name, name) for name in CONTRACTS], widget=forms.CheckboxSelectMultiple
    )
    strata = forms.MultipleChoiceField(
        label="Sizes shown",
        choices=SIZES,
        widget=forms.CheckboxSelectMultiple,
        help_text="By the longest axial diameter; an edge belongs to the smaller stratum.",
    )
    false_alarm_percent = forms.FloatField(
        label="False alarms accepted, % of people without cancer",
        widget=forms.NumberInput(attrs={"step": "any"}),
        validators=[MinValueValidator(0.001), MaxValueValidator(99.9)],
        help_text="Operating points are frozen for it on the calibration patients.",
    )
    memory_gib = forms.FloatField(
        label="Memory, GiB", widget=forms.NumberInput(attrs={"step": "any"}), validators=[MinValueValidator(0.125)]
    )
    gpu_memory_gib = forms.FloatField(
        label="Memory of its GPU at least, GiB",
        required=False,
        widget=forms.NumberInput(attrs={"step": "any"}),
        validators=[MinValueValidator(0)],
    )

    class Meta:
        model = Benchmark
        fields = (
            "title", "slug", "question", "organ", "demonstration", "cohorts", "sample", "sealed", "calibration",
            "confident", "strata", "panel_minimum", "public_minimum", "accepted_alarms", "replicates", "contracts",
            "quota_per_month", "verified_only", "case_limit_seconds", "gpus", "ladder", "strata_at_final",
            "batch_hours",
        )  # fmt: skip
        widgets = {  # noqa: RUF012 - as Django's forms are written
            "question": forms.Textarea(attrs={"rows": 3}),
            **dict.fromkeys(MANY, forms.CheckboxSelectMultiple),
        }
        labels = {  # noqa: RUF012
            "slug": "Short name",
            "cohorts": "Cohorts of the panel",
            "sample": "Public sample",
            "sealed": "Sealed cohorts",
            "calibration": "Calibration cohorts",
            "confident": "Keep false alarms below that share with 95 % certainty, not only on average",
            "panel_minimum": "Patients with cancer, and without, that a hospital needs to be on the panel",
            "public_minimum": "Patients behind every public number, at least",
            "accepted_alarms": "False alarms accepted for one more cancer found",
            "replicates": "Bootstrap replicates",
            "quota_per_month": "Submissions a team and month",
            "case_limit_seconds": "Seconds a case",
            "gpus": "GPUs",
            "demonstration": "Demonstration: synthetic scans, and every page says so",
            "ladder": "The Ladder: before the final, teams see what it released and nothing else",
            "strata_at_final": "Strata are shown in the final only",
            "batch_hours": "Teams learn how runs ended",
            "verified_only": "Only teams whose organisation was verified hand in",
        }
        help_texts = {  # noqa: RUF012
            "title": "As it stands at the head of its leaderboard.",
            "slug": "In its addresses; it cannot be changed later.",
            "question": "For a patient’s family as well as for a statistician.",
            "cohorts": "Held out. Every submission is run and scored on all of them.",
            "sample": "Every image is tried out on it, and its team sees the whole log.",
            "sealed": "The finalists are scored on them once, in the final.",
            "calibration": "Without one, each team declares its own operating point.",
            "public_minimum": "Fewer are hidden, with what would reveal them; under 5 for synthetic scans only.",
            "accepted_alarms": "The weight of the net score.",
            "batch_hours": "When a run ends says something of the scans; at published times it does not.",
        }

    def __init__(self, *args: Any, fixed: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = self.instance
        told = [(hours, f"every {hours} h, from midnight UTC on") for hours in BATCHES]
        organs = sorted({*ORGANS, *([found.organ] if found.organ else [])})
        self.fields["organ"].choices = [(name, name) for name in organs]  # type: ignore[attr-defined]
        self.fields["batch_hours"].choices = [("", "at once"), *told]  # type: ignore[attr-defined]
        self.fields["sample"].empty_label = "none yet"  # type: ignore[attr-defined]
        self.initial["strata"] = [item["key"] for item in found.strata] or [key for key, _ in SIZES]
        self.initial["contracts"] = found.contracts
        self.initial["false_alarm_percent"] = typed(100 * found.false_alarm_share)
        self.initial["memory_gib"] = typed(found.memory_bytes / GIB)
        self.initial["gpu_memory_gib"] = typed(found.gpu_memory_bytes / GIB)
        for name, purpose in COHORTS.items():
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = Cohort.objects.filter(purpose=purpose).select_related("hospital")
            field.required = False
        for name in MANY if found.pk else ():
            # By key: what is fixed is cleaned as if it had been posted.
            self.initial[name] = list(getattr(found, name).values_list("pk", flat=True))
        for name, reason in fixed.items():
            field = self.fields[OF_PARTS.get(name, name)]
            field.disabled, field.fixed = True, reason  # type: ignore[attr-defined]
        dress(self)

    def clean_strata(self) -> list[dict[str, Any]]:
        """In the order in which they are always shown; “all sizes” is one of them, whatever was ticked."""
        chosen = {"all", *self.cleaned_data["strata"]}
        return [item for item in SIZE_STRATA if item["key"] in chosen]

    @property
    def groups(self) -> Iterator[Group]:
        for title, names in GROUPS.items():
            yield Group(title=title, fields=[self[name] for name in names])

    @property
    def values(self) -> dict[str, Any]:
        """The model's own fields by name, but for the cohorts of which there are several."""
        given = self.cleaned_data
        own = {name: given[name] for name in self.Meta.fields if name not in MANY}
        return own | {
            "false_alarm_share": round(given["false_alarm_percent"] / 100, 12),
            "memory_bytes": round(given["memory_gib"] * GIB),
            "gpu_memory_bytes": round((given["gpu_memory_gib"] or 0) * GIB),
        }


def typed(value: float) -> float | int:
    """As a person types it: 1 and not 1.0, 7 and not 7.000000000000001."""
    value = round(value, 10)
    return int(value) if value == int(value) else value


def cell(label: str, **attrs: Any) -> dict[str, Any]:
    """Of a field in a row of a table, whose label is the column's."""
    return {"class": "form-control form-control-sm", "aria-label": label, **attrs}


class PrevalenceRow(forms.Form):
    percent = forms.FloatField(
        label="Prevalence, %",
        validators=[MinValueValidator(0.00001), MaxValueValidator(99)],
        widget=forms.NumberInput(attrs=cell("Prevalence, %", step="any")),
    )
    label = forms.CharField(label="Of whom", max_length=60, widget=forms.TextInput(attrs=cell("Of whom")))


class ReaderRow(forms.Form):
    label = forms.CharField(label="Readers", max_length=120, widget=forms.TextInput(attrs=cell("Readers")))
    # A browser posts the first choice of a row that nobody has touched: with these it is still a blank one.
    metric = forms.ChoiceField(
        initial=ReaderBaseline.Metric.SENSITIVITY.value,
        choices=ReaderBaseline.Metric.choices,
        widget=forms.Select(attrs=cell("Metric") | {"class": "form-select form-select-sm"}),
    )
    stratum = forms.ChoiceField(
        label="Size",
        initial="all",
        choices=SIZES,
        widget=forms.Select(attrs=cell("Size") | {"class": "form-select form-select-sm"}),
    )
    low = forms.FloatField(
        label="From, %",
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        widget=forms.NumberInput(attrs=cell("From, %", step="any")),
    )
    high = forms.FloatField(
        label="To, %",
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        widget=forms.NumberInput(attrs=cell("To, %", step="any")),
    )
    source = forms.CharField(max_length=1000, widget=forms.TextInput(attrs=cell("Source")))
    url = forms.URLField(
        label="Address of the source",
        required=False,
        assume_scheme="https",
        widget=forms.URLInput(attrs=cell("Address of the source")),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if "low" in given and "high" in given and given["low"] > given["high"]:
            self.add_error("high", "The range ends before it begins.")
        return given


class Rows(forms.BaseFormSet):  # type: ignore[type-arg]  # Django's own takes none at run time
    """Rows, each with a box that takes it out; blank ones are none."""

    one_of: tuple[str, ...] = ()

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["DELETE"].widget.attrs["aria-label"] = "Take this row out"

    @property
    def given(self) -> list[dict[str, Any]]:
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data["DELETE"]]
        return [{name: value for name, value in row.items() if name != "DELETE"} for row in rows]

    def clean(self) -> None:
        if any(self.errors) or not self.one_of:
            return
        keys = [tuple(row[name] for name in self.one_of) for row in self.given]
        if len(set(keys)) < len(keys):
            raise forms.ValidationError("Two rows say something of the same.")


class PrevalenceRows(Rows):
    one_of = ("percent",)

    def clean(self) -> None:
        super().clean()
        if not any(self.errors) and not self.given:
            raise forms.ValidationError("Give at least one prevalence: PPV depends on it.")


class ReaderRows(Rows):
    one_of = ("label", "metric", "stratum")


PrevalenceSet = forms.formset_factory(PrevalenceRow, formset=PrevalenceRows, extra=2, can_delete=True, max_num=20)
ReaderSet = forms.formset_factory(ReaderRow, formset=ReaderRows, extra=2, can_delete=True, max_num=100)
