"""What organisers, teams and reviewers fill in about awards."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.utils import timezone
from django.utils.text import slugify

from leaderboard.accounts.models import Team, User
from leaderboard.awards.models import Call, Criterion, Decision, Letter, Review
from leaderboard.awards.models.calls import Kind, Region
from leaderboard.benchmarks.models import ORGANS, Benchmark
from leaderboard.hospitals.models import Hospital
from leaderboard.lib.forms import dress
from leaderboard.submissions.models import Submission

if TYPE_CHECKING:
    ModelFormOfCall = forms.ModelForm[Call]
    ModelFormOfReview = forms.ModelForm[Review]
else:
    ModelFormOfCall = ModelFormOfReview = forms.ModelForm

SCORES = [("", "not yet")] + [
    (str(number), f"{number}{' (best)' if number == 1 else ' (poorest)' if number == 9 else ''}")
    for number in range(1, 10)
]


def choose(form: forms.BaseForm, name: str, queryset: Any) -> None:
    cast("forms.ModelChoiceField[Any]", form.fields[name]).queryset = queryset


class Moment(forms.DateTimeField):
    """A date and a time of day, in UTC."""

    def __init__(self, **given: Any) -> None:
        widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})
        super().__init__(
            input_formats=["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M UTC", "%Y-%m-%dT%H:%M"], widget=widget, **given
        )


class Lines(forms.CharField):
    """Names with commas between them; in the form of a list."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        return list(
            dict.fromkeys(" ".join(one.split()) for one in (super().clean(value) or "").split(",") if one.strip())
        )


class CallForm(ModelFormOfCall):
    """A call as an organiser writes it; the service saves it, as a draft."""

    opens, closes, reviews_due = (
        Moment(label="Letters from (UTC)"),
        Moment(label="Letters until (UTC)"),
        Moment(label="Reviews until (UTC)"),
    )
    organs = forms.MultipleChoiceField(
        choices=[(one, one) for one in ORGANS], required=False, widget=forms.CheckboxSelectMultiple
    )
    regions = forms.MultipleChoiceField(choices=Region.choices, required=False, widget=forms.CheckboxSelectMultiple)
    kinds = forms.MultipleChoiceField(
        label="Kinds of organisation", choices=Kind.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    countries = Lines(required=False, help_text="With commas between them. Empty: all countries.")

    class Meta:
        model = Call
        fields = (
            "title", "sponsor", "purpose", "amount", "currency", "months", "awards",
            "opens", "closes", "reviews_due",
            "benchmarks", "criteria", "organs",
            "regions", "countries", "kinds", "conditions",
            "rubric", "sponsor_team", "sponsor_hospitals",
        )  # fmt: skip
        labels: ClassVar[dict[str, str]] = {"months": "Paid over, months", "amount": "Amount, at most"}
        widgets: ClassVar[dict[str, Any]] = {
            "benchmarks": forms.CheckboxSelectMultiple,
            "criteria": forms.CheckboxSelectMultiple,
            "sponsor_hospitals": forms.CheckboxSelectMultiple,
            "purpose": forms.Textarea(attrs={"rows": 4}),
            "conditions": forms.Textarea(attrs={"rows": 3}),
            "rubric": forms.Textarea(attrs={"rows": 6}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "benchmarks", Benchmark.objects.all())
        criteria = Criterion.objects.select_related("benchmark").order_by(
            "benchmark__title", "badge", "metric", "stratum"
        )
        choose(self, "criteria", criteria)
        cast("forms.ModelMultipleChoiceField[Criterion]", self.fields["criteria"]).choices = [
            (str(benchmark), [(one.pk, str(one)) for one in group])
            for benchmark, group in groupby(criteria, key=attrgetter("benchmark"))
        ]
        choose(self, "sponsor_hospitals", Hospital.objects.all())
        choose(self, "sponsor_team", Team.objects.all())
        self.fields["sponsor_team"].help_text = "The sponsor’s own team on this platform, if it has one: it is recused."
        self.fields["sponsor_hospitals"].help_text = (
            "Hospitals the sponsor owns or pays: models trained there are recused, and their patients count in no "
            "verdict."
        )
        self.fields["criteria"].help_text = "Which goals a candidate is meant to exceed; each is judged by itself."
        dress(self)

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under the headings of the page."""
        parts = (
            ("The award", ("title", "sponsor", "purpose", "amount", "currency", "months", "awards")),
            ("Dates", ("opens", "closes", "reviews_due")),
            ("What is judged", ("benchmarks", "criteria", "organs", "rubric")),
            ("Who may hand in a letter", ("regions", "countries", "kinds", "conditions")),
            ("The sponsor’s own part", ("sponsor_team", "sponsor_hospitals")),
        )
        return [(heading, [self[name] for name in names]) for heading, names in parts]

    def clean_title(self) -> str:
        """Its address is made of it, once."""
        title = " ".join(str(self.cleaned_data["title"]).split())
        slug = self.instance.slug or slugify(title)[:60]
        if not slug:
            raise forms.ValidationError("Use letters or digits.")
        if not self.instance.pk and Call.objects.filter(slug=slug).exists():
            raise forms.ValidationError("There is a call of this title.")
        return title

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        opens, closes, due = (cast("datetime | None", given.get(name)) for name in ("opens", "closes", "reviews_due"))
        if opens and closes and closes <= opens:
            self.add_error("closes", "Letters close after they open.")
        if closes and due and due <= closes:
            self.add_error("reviews_due", "Reviews begin when letters have closed, so they are due later.")
        if not self.instance.pk and closes and closes <= timezone.now():
            self.add_error("closes", "This is over.")
        chosen = set(given.get("benchmarks") or ())
        if wrong := [one for one in given.get("criteria") or () if one.benchmark not in chosen]:
            self.add_error("criteria", f"Of a benchmark that is not chosen: {', '.join(map(str, wrong))}.")
        return given

    @property
    def given(self) -> dict[str, Any]:
        """What the service takes, once this is valid."""
        slug = {} if self.instance.pk else {"slug": slugify(self.cleaned_data["title"])[:60]}
        return {**self.cleaned_data, **slug}

    def _post_clean(self) -> None:
        """The form does not write into the row: the service compares it with what is given, and checks it."""


class SeatForm(forms.Form):
    user = forms.ModelChoiceField(label="Reviewer", queryset=User.objects.none())
    decides = forms.BooleanField(label="decides for the funder", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "user", User.objects.filter(is_active=True, is_reviewer=True).order_by("name"))
        dress(self)


class LetterForm(forms.Form):
    """A PDF, what it is about, and what the team says of itself."""

    file = forms.FileField(
        label="Letter of intent",
        help_text="A PDF of at most 10 MB and 100 pages, without scripts, attached files or a password.",
        widget=forms.FileInput(attrs={"accept": "application/pdf"}),
    )
    submissions = forms.ModelMultipleChoiceField(
        label="Models it is about", queryset=Submission.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    organisation = forms.CharField(max_length=200, help_text="University, hospital or company that would be paid.")
    kind = forms.ChoiceField(label="Kind of organisation", choices=Kind.choices)
    country = forms.CharField(max_length=60)
    region = forms.ChoiceField(choices=Region.choices)

    def __init__(self, *args: Any, call: Call, team: Team, letter: Letter | None = None, **kwargs: Any) -> None:
        if letter is not None:
            names = ("organisation", "kind", "country", "region")
            known = {name: getattr(letter, name) for name in names}
            kwargs.setdefault("initial", {**known, "submissions": letter.submissions.all()})
        super().__init__(*args, **kwargs)
        rows = Submission.objects.filter(
            team=team, benchmark__in=call.benchmarks.all(), state=Submission.State.ACCEPTED
        ).select_related("team")
        choose(self, "submissions", rows)
        self.fields["submissions"].required = rows.exists()
        self.fields["submissions"].help_text = (
            "The panel sees their verdicts beside the letter."
            if self.fields["submissions"].required
            else "Your team has no accepted submission on this call’s benchmarks yet. You may hand the letter in, and "
            "replace it once there is one."
        )
        dress(self)


class DeclarationForm(forms.Form):
    conflict = forms.ChoiceField(
        label="Conflict of interest",
        choices=[("no", "I have none with this team"), ("yes", "I have one: hide everything about this team from me")],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="What the conflict is",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Only if you have one: the organiser reads it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("conflict") == "yes" and not given.get("reason", "").strip():
            self.add_error("reason", "Say what the conflict is.")
        return given


class ReviewForm(ModelFormOfReview):
    """Everything may be missing in a draft; the service asks for the rest when it is locked."""

    importance, rigour = (
        forms.TypedChoiceField(
            label=label, choices=SCORES, coerce=int, empty_value=None, required=False, help_text=help_text
        )
        for label, help_text in (
            ("Importance", "Does what is proposed matter, and is it new? 1 is the best, 9 the poorest."),
            ("Rigour", "Would the plan give a right answer, and can it be carried out? 1 is the best, 9 the poorest."),
        )
    )
    expertise = forms.ChoiceField(
        label="Expertise and means",
        choices=[("", "not yet"), *Review.Expertise.choices],
        required=False,
        help_text="Can this team do it? Sufficient or not; there is no score.",
    )

    class Meta:
        model = Review
        fields = (
            "importance", "importance_why", "rigour", "rigour_why", "expertise", "expertise_why", "comments",
        )  # fmt: skip
        labels: ClassVar[dict[str, str]] = {
            "importance_why": "Why that importance",
            "rigour_why": "Why that rigour",
            "expertise_why": "If it is not sufficient, what is missing",
            "comments": "Anything else",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("importance_why", "rigour_why", "expertise_why", "comments"):
            self.fields[name].widget = forms.Textarea(attrs={"rows": 4})
        dress(self)

    def _post_clean(self) -> None:
        """The service writes into the row."""


class CommentForm(forms.Form):
    text = forms.CharField(
        label="What you want to say",
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="It stays as it is: nobody can change or remove it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)


class DecisionForm(forms.Form):
    outcome = forms.ChoiceField(label="Decision", choices=Decision.Outcome.choices, widget=forms.RadioSelect)
    reason = forms.CharField(
        max_length=5000, widget=forms.Textarea(attrs={"rows": 5}), help_text="The team reads it, word by word."
    )
    although = forms.BooleanField(
        required=False,
        label="Awarded although the measurements do not say so",
        help_text="Only where no model exceeds every goal, or finalists can still be changed.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)
