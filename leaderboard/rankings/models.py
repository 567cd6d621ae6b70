"""A ranking is a dated, frozen snapshot; its entries are the rows of the leaderboard."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from leaderboard.accounts.models import Team
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Evaluation
from leaderboard.lib.documents import Parts, read_json
from leaderboard.lib.files import json_digest

WITHHELD = "withheld"
BY_CONTENT, BY_DOCUMENTS = 1, 2  # how a snapshot's digest is made
FROZEN = {
    BY_CONTENT: ("number", "seed", "versions", "inputs", "ranking", "report"),
    BY_DOCUMENTS: ("number", "seed", "versions", "rules", "documents"),
}


class EvaluationNumbers(models.Model):
    """What every ranking takes up again of one evaluation, or of one kind of null submission; computed once.

    ``key`` is the digest of all that the numbers follow from: cohort results, rules, versions. To count 36,390 case
    results takes seconds, to read the two documents named here milliseconds.
    """

    key = models.CharField(max_length=64, unique=True)
    evaluation = models.ForeignKey(
        Evaluation, on_delete=models.CASCADE, null=True, blank=True, related_name="numbers", help_text="Empty of nulls."
    )
    answers = models.CharField(max_length=64, blank=True, help_text="Document of `evaluator.ranking.packed`.")
    report = models.CharField(max_length=64, blank=True, help_text="Document of `evaluator.report.ModelReport`.")
    overall = models.JSONField(help_text="The overall block of the report, without what only a report card shows.")
    counts = models.JSONField(default=dict, help_text="As `Entry.counts`.")
    made = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("made",)
        verbose_name_plural = "evaluation numbers"

    def __str__(self) -> str:
        return f"numbers of evaluation {self.evaluation_id}" if self.evaluation_id else "numbers of null submissions"


class Snapshot(models.Model):
    """Everything needed to say where a number comes from: inputs by digest, versions, seed; and the numbers.

    The numbers are documents, of which a page reads those that it shows: a ranking of 200 submissions over 145
    hospitals is 30 MB of JSON, and its reports are 300. ``documents`` names them: "inputs"; "ranking", a document for
    each large part and "rest"; "models", the report of each submission, and "report", what is said beside them.
    """

    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="snapshots")
    number = models.PositiveIntegerField()
    created = models.DateTimeField(default=timezone.now)
    seed = models.PositiveBigIntegerField()
    versions = models.JSONField()
    rules = models.JSONField(help_text="Of its inputs: what the submissions were held to.")
    inputs_sha256 = models.CharField(max_length=64)
    documents = models.JSONField()
    published = models.BooleanField(default=True)
    scheme = models.PositiveSmallIntegerField(
        default=BY_DOCUMENTS, help_text="1: digested with all that its documents say; 2: with their digests."
    )
    sha256 = models.CharField(
        max_length=64, editable=False, help_text="Of everything above that it was made of or says."
    )

    class Meta:
        ordering = ("benchmark", "-number")
        constraints = (models.UniqueConstraint(fields=("benchmark", "number"), name="snapshot_number_once"),)

    def __str__(self) -> str:
        return f"{self.benchmark} ranking {self.number}"

    def digest(self) -> str:
        """Of what is frozen; a row that says something else than when it was made has another."""
        frozen = {name: getattr(self, name) for name in FROZEN[self.scheme]}
        if self.scheme == BY_CONTENT:
            frozen |= {"ranking": dict(self.ranking), "report": dict(self.report)}
        return json_digest({"benchmark": self.benchmark.slug, **frozen})

    @cached_property
    def inputs(self) -> dict[str, Any]:
        found: dict[str, Any] = read_json(self.documents["inputs"])
        return found

    @cached_property
    def ranking(self) -> Parts:
        """`evaluator.ranking.Ranking`; each part is read when it is asked for."""
        named = dict(self.documents["ranking"])
        rest = named.pop("rest")
        return Parts(named, whole=rest)

    @cached_property
    def report(self) -> dict[str, Any]:
        """`evaluator.report.Report` as it was published, every model: hundreds of megabytes where there are many."""
        models = [read_json(digest) for _, digest in self.documents["models"]]
        return {**self.beside, "models": models}

    @cached_property
    def beside(self) -> dict[str, Any]:
        """What the report says beside its models: of null submissions, and how many patients stand behind a number."""
        found: dict[str, Any] = read_json(self.documents["report"])
        return found

    def report_of(self, submission: str) -> dict[str, Any] | None:
        """The report of one model; None where it has none."""
        digest = dict(self.documents["models"]).get(submission)
        found: dict[str, Any] | None = read_json(digest) if digest else None
        return found

    @property
    def document_digests(self) -> Iterator[str]:
        yield self.documents["inputs"]
        yield self.documents["report"]
        yield from self.documents["ranking"].values()
        yield from (digest for _, digest in self.documents["models"])

    @property
    def keeps_strata(self) -> bool:
        """Made before the final of a benchmark whose strata are shown there."""
        return bool(self.rules.get("strata") == WITHHELD)

    @property
    def version_lines(self) -> list[tuple[str, str]]:
        """Of everything that made the numbers: evaluator, scorers, hit rules."""
        return [
            (name.replace("_", " ").capitalize(), ", ".join(version) if isinstance(version, list) else str(version))
            for name, version in self.versions.items()
        ]


class FinalRanking(models.Model):
    """A snapshot published for good, with the table of patients that everybody can compute it from again.

    The archive is a column rather than a file: it is written in one transaction with what says that it is there, once,
    and the database's backup has it. It holds a row for each patient, a few megabytes at most.
    """

    snapshot = models.OneToOneField(Snapshot, on_delete=models.PROTECT, related_name="final")
    record_id = models.CharField("ID", max_length=80, unique=True)
    archive = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField(default=timezone.now)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ("-published_at",)

    def __str__(self) -> str:
        return f"{self.snapshot}, final"


class Entry(models.Model):
    """One submission in a snapshot. Unranked entries have a reason and no rank set."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="entries")
    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="entries")
    position = models.PositiveIntegerField(help_text="Order of display only; the rank set says what is known.")
    rank_low = models.PositiveIntegerField(null=True, blank=True)
    rank_high = models.PositiveIntegerField(null=True, blank=True)
    score = models.FloatField(null=True, blank=True)
    worst_hospital = models.CharField(max_length=120, blank=True)
    worst_value = models.FloatField(null=True, blank=True)
    unranked_reason = models.TextField(blank=True)
    transfer = models.JSONField(
        default=dict, blank=True, help_text="The score and the worst hospital's with intervals, and of how many."
    )
    ties = models.JSONField(
        default=list, blank=True, help_text="Positions that are not significantly different from this one."
    )
    overall = models.JSONField(help_text="The overall block of the report, copied so that the leaderboard loads fast.")
    counts = models.JSONField(
        help_text="Of each hospital, k and n per rate and stratum, nothing hidden; for awards only."
    )

    class Meta:
        ordering = ("snapshot", "position")
        constraints = (
            models.UniqueConstraint(fields=("snapshot", "evaluation"), name="entry_once"),
            models.CheckConstraint(
                condition=Q(rank_low__isnull=True, rank_high__isnull=True)
                | Q(rank_low__gte=1, rank_low__lte=F("rank_high")),
                name="entry_rank_set_in_order",
            ),
        )

    def __str__(self) -> str:
        return f"{self.evaluation_id} in {self.snapshot_id}"

    @property
    def is_ranked(self) -> bool:
        return self.rank_low is not None


class SealedRanking(models.Model):
    """The final on the sealed cohorts, made once: the chosen submissions there, and the same ones on the panel."""

    benchmark = models.OneToOneField(Benchmark, on_delete=models.PROTECT, related_name="sealed_ranking")
    created = models.DateTimeField(default=timezone.now)
    seed = models.PositiveBigIntegerField()
    versions = models.JSONField()
    inputs = models.JSONField()
    inputs_sha256 = models.CharField(max_length=64)
    ranking = models.JSONField(help_text="On the sealed cohorts.")
    public = models.JSONField(help_text="The same submissions on the panel, ranked among themselves.")
    report = models.JSONField(help_text="On the sealed cohorts.")

    def __str__(self) -> str:
        return f"{self.benchmark}, sealed"


class Rung(models.Model):
    """What the Ladder said of one submission, once. ``loss`` is what its team, or its verified
    organisation, has been shown from then on.

    ``step``, by how much it had to be better, tells how many patients it answers otherwise: it is shown to nobody.
    """

    evaluation = models.OneToOneField(Evaluation, on_delete=models.PROTECT, related_name="rung")
    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="rungs")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="rungs")
    number = models.PositiveIntegerField(help_text="In the order in which this team's were computed.")
    test_set = models.CharField(max_length=64, help_text="Digest of the patients; on others a team begins anew.")
    released = models.BooleanField(help_text="Better than what was shown by more than chance.")
    loss = models.FloatField()
    step = models.FloatField(null=True, blank=True)
    patients = models.PositiveIntegerField()
    hospitals = models.PositiveIntegerField()
    version = models.CharField(max_length=40)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("benchmark", "team", "number")
        constraints = (models.UniqueConstraint(fields=("benchmark", "team", "number"), name="rung_number_once"),)

    def __str__(self) -> str:
        return f"rung {self.number} of {self.team} on {self.benchmark}"

    @property
    def score(self) -> float:
        """The loss as a transfer score: sensitivity − (1 − specificity), each hospital one vote."""
        return 1 - 2 * self.loss
