"""What a team fills in to hand in an image archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.db.models import Q
from django.utils import timezone

from leaderboard.accounts.models import Team, User
from leaderboard.accounts.selectors import teams_of
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.selectors import benchmarks_for, terms_now
from leaderboard.hospitals.models import Hospital
from leaderboard.lib.forms import dress
from leaderboard.submissions.guidelines import TEAM, answers
from leaderboard.submissions.models import LONGEST_STATEMENT, Submission, Upload
from leaderboard.submissions.selectors import earlier_versions, statements_of, unfollowed

CONTRACT_LABELS = {
    "folder": "folder: many cases per container, the weights load once",
    "grand-challenge": "grand-challenge: one case per container, as existing algorithm images speak it",
}


class VersionBox(forms.CheckboxInput):
    """A box that says which version was agreed to. A version that is no longer the present one comes back unticked."""

    def __init__(self, version: int) -> None:
        super().__init__(check_test=lambda value: str(value) == str(version))
        self.version = version

    def format_value(self, value: Any) -> str:
        return str(self.version)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.get(name)


if TYPE_CHECKING:
    SubmissionField = forms.ModelChoiceField[Submission]
else:
    SubmissionField = forms.ModelChoiceField  # cannot be subscripted at run time


class EarlierField(SubmissionField):
    """A submission by its name and day."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.model}, handed in {obj.created:%Y-%m-%d}"


class SubmissionForm(forms.Form):
    """Choices are limited to what the person may use; the service checks the rest."""

    team = forms.ModelChoiceField(queryset=Team.objects.none(), empty_label=None)
    benchmark = forms.ModelChoiceField(queryset=Benchmark.objects.none(), empty_label=None)
    model = forms.CharField(
        label="Model name", max_length=80, help_text="As it will stand on the leaderboard; once per team."
    )
    follows = EarlierField(
        label="Next version of",
        queryset=Submission.objects.none(),
        required=False,
        empty_label="nothing: a new model",
        help_text="An earlier submission of your team. Both stay ranked; the leaderboard can show the newest only.",
    )
    archive = forms.FileField(
        label="Image archive",
        required=False,  # an upload may be there in its place
        help_text="Written by <code>docker save IMAGE | gzip &gt; image.tar.gz</code>; linux/amd64, one image.",
    )
    upload = forms.ModelChoiceField(queryset=Upload.objects.none(), required=False, widget=forms.HiddenInput())
    weights = forms.FileField(
        label="Weights, apart from the image",
        required=False,
        help_text="Only where they are not in the image: <code>tar -czf weights.tar.gz -C FOLDER .</code> They lie in "
        "<code>/opt/ml/model</code> of the container, as its last layer.",
    )
    weights_upload = forms.ModelChoiceField(queryset=Upload.objects.none(), required=False, widget=forms.HiddenInput())
    contract = forms.ChoiceField(choices=list(CONTRACT_LABELS.items()))
    threshold = forms.FloatField(
        label="Operating point",
        min_value=0,
        max_value=1,
        initial=0.5,
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text="A patient is flagged when the likelihood is above it. Fixed now, before the first held-out scan. "
        "Where the benchmark has calibration patients, it is frozen on them instead, the same way for everybody.",
    )
    declared_prevalence = forms.FloatField(
        label="Prevalence that the likelihoods are made for",
        required=False,
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text="Say 0.04 if, of a thousand people like those the model is meant for, 40 have cancer. "
        "Without it, calibration shows its slope only. It changes no rank.",
    )
    trained_on = forms.ModelMultipleChoiceField(
        label="Trained on data of",
        queryset=Hospital.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Hospitals whose scans were used in training. A model is not ranked at a hospital it has seen.",
    )
    public = forms.BooleanField(
        label="Publish its numbers on the leaderboard when all hospitals have run it", required=False, initial=True
    )
    terms = forms.IntegerField(error_messages={"required": "Without your agreement nothing is taken in."})

    def __init__(self, *args: Any, user: User, archive_follows: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.archive_follows = archive_follows
        benchmarks = benchmarks_for(user)
        here = Q(cohorts__benchmarks__in=benchmarks) | Q(cohorts__sealed_for__in=benchmarks)
        uploads = Upload.objects.filter(by=user, expires__gt=timezone.now())
        choices = {
            "team": teams_of(user),
            "upload": uploads,
            "weights_upload": uploads,
            "benchmark": benchmarks,
            "follows": unfollowed(Submission.objects.filter(team__in=teams_of(user), benchmark__in=benchmarks)),
            "trained_on": Hospital.objects.filter(here).distinct(),
        }
        for name, queryset in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = queryset
        if benchmarks and not benchmarks.filter(calibration=None).exists():
            del self.fields["threshold"]  # calibration patients freeze it, the same way for everybody
        present = terms_now()
        self.fields["terms"].label = f"I agree to the terms, version {present.version}" if present else "Terms"
        self.fields["terms"].widget = VersionBox(present.version if present else 0)
        self.fields["terms"].widget.is_required = True
        dress(self)

    def clean(self) -> dict[str, Any]:
        """The archives: what came by an upload, which comes first, or with the form."""
        given = super().clean() or self.cleaned_data
        if "archive" in given:
            given["archive"] = given.pop("upload", None) or given["archive"]
            if not (given["archive"] or self.archive_follows or "upload" in self.errors):
                self.add_error("archive", "Choose the archive of your image.")
        if "weights" in given:
            given["weights"] = given.pop("weights_upload", None) or given["weights"]
            if given["weights"] and given["weights"] == given.get("archive"):
                self.add_error("weights", "This is the archive of the image, not of its weights.")
        return given

    @property
    def kept(self) -> Upload | None:
        """The upload that a refused form came with: it need not be sent again."""
        return self._kept("upload")

    @property
    def kept_weights(self) -> Upload | None:
        found = self._kept("weights_upload")
        return None if found == self.kept else found

    def _kept(self, name: str) -> Upload | None:
        found = self.fields[name]
        assert isinstance(found, forms.ModelChoiceField)
        try:
            return cast("Upload | None", found.clean(self[name].value()))
        except forms.ValidationError:
            return None


class VersionForm(forms.Form):
    """Which earlier submission this one is the next version of."""

    earlier = EarlierField(
        label="Next version of", queryset=Submission.objects.none(), required=False, empty_label="no earlier submission"
    )

    def __init__(self, *args: Any, submission: Submission, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["earlier"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = earlier_versions(submission).order_by("-created")
        field.initial = submission.follows_id
        dress(self)


class StatementsForm(forms.Form):
    """A text for each topic that only the team knows. What stands there now is filled in."""

    def __init__(self, *args: Any, submission: Submission, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = statements_of(submission)
        for key, topic in TEAM.items():
            self.fields[key] = forms.CharField(
                label=topic.title,
                required=False,
                max_length=LONGEST_STATEMENT,
                initial=known[key].text if key in known else "",
                help_text=f"{topic.ask} Answers {answers(key)}.",
                widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
            )
