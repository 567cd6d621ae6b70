"""Submissions as their team sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from leaderboard.accounts.models import Team
from leaderboard.accounts.selectors import Person, is_member, is_organiser, standing_together, teams_of
from leaderboard.benchmarks.models import Benchmark
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.models import Statement, Submission

LAYERS = "digest of its layers"  # the check that carries it: equal layers are one program under two configs


@dataclass(frozen=True, kw_only=True)
class Twins:
    """Submissions of several teams that are one image, or one program under several configs. For organisers only."""

    what: str
    submissions: list[Submission]


@dataclass(frozen=True, kw_only=True)
class Quota:
    """Submissions a team may still hand in this calendar month (UTC)."""

    used: int
    allowed: int
    renewed: datetime

    @property
    def left(self) -> int:
        return max(0, self.allowed - self.used)


def submissions_for(user: Person) -> QuerySet[Submission]:
    """What the person's teams handed in, newest first."""
    return (
        Submission.objects.filter(team__in=teams_of(user))
        .select_related("team", "benchmark", "created_by", "evaluation")
        .defer("try_out_log")
    )


def get_submission_for(user: Person, pk: UUID | str) -> Submission:
    """The submission, for its team and for organisers; for a rival it does not exist."""
    rows = Submission.objects.select_related(
        "team", "benchmark", "created_by", "agreed_by", "terms", "evaluation", "follows"
    )
    try:
        submission = rows.filter(pk=pk).first()
    except ValidationError:
        submission = None
    if submission is None or not (is_member(user, submission.team) or is_organiser(user)):
        raise Http404("No such submission.")
    return submission


def charged(rows: QuerySet[Submission]) -> QuerySet[Submission]:
    """Those that count: accepted, still under way, or begun and refused by their own fault.

    What its checks refused never ran, so it costs nothing.
    """
    refused, never_ran = Q(state=Submission.State.REFUSED), ~Q(fault="submission") | Q(image="")
    return rows.exclude(refused & never_ran).exclude(state=Submission.State.WITHDRAWN, accepted_at__isnull=True)


def quota(*, team: Team, benchmark: Benchmark) -> Quota:
    """What is left this month: of the team, or of all teams of its organisation together."""
    month = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = Submission.objects.filter(team__in=standing_together(team), benchmark=benchmark, created__gte=month)
    return Quota(
        used=charged(rows).count(),
        allowed=benchmark.quota_per_month,
        renewed=(month + timedelta(days=32)).replace(day=1),
    )


def duplicates_of(submission: Submission) -> QuerySet[Submission]:
    """The same image, or archive, handed in before by the same team. Other teams' images are never named."""
    same = Q(archive_sha256=submission.archive_sha256, weights_sha256=submission.weights_sha256)
    if submission.image:
        same |= Q(image=submission.image)
    rows = Submission.objects.filter(same, team=submission.team, created__lte=submission.created)
    return rows.exclude(pk=submission.pk).order_by("created")


def ranked_already(submission: Submission) -> Submission | None:
    """What the team has in this benchmark, or under way to it, that can only give the same numbers once more.

    Another operating point or contract is another system, unless calibration patients freeze the operating point.
    """
    benchmark = submission.benchmark
    rows = duplicates_of(submission).filter(benchmark=benchmark, contract=submission.contract)
    if not benchmark.calibration.exists():
        rows = rows.filter(threshold=submission.threshold)
    gone = Q(state__in=Submission.GONE) | Q(evaluation__state="cancelled")
    return rows.exclude(gone).first()


def address_of(submission: Submission) -> str:
    """Of its page, whole, so that it leads there from a letter or a program's answer, too."""
    return settings.SITE_URL + reverse("evaluations:submission", args=[submission.pk])


def twins() -> list[Twins]:
    """Every image, and every set of layers, that more than one team handed in; the earliest submission first."""
    rows = Submission.objects.exclude(image="").select_related("team", "benchmark").order_by("created", "pk")
    images: dict[str, list[Submission]] = {}
    layers: dict[str, list[Submission]] = {}
    for row in rows.defer("try_out_log", "scan_report"):
        images.setdefault(row.image, []).append(row)
        if digest := layers_of(row):
            layers.setdefault(digest, []).append(row)
    found = [Twins(what="the same image", submissions=same) for same in images.values() if several_teams(same)]
    return found + [
        Twins(what="the same layers under another config", submissions=same)
        for same in layers.values()
        if several_teams(same) and len({row.image for row in same}) > 1
    ]


def layers_of(submission: Submission) -> str:
    return next((check["detail"] for check in submission.checks if check["check"] == LAYERS), "")


def several_teams(rows: list[Submission]) -> bool:
    return len({row.team_id for row in rows}) > 1


def queue_position(submission: Submission) -> int | None:
    """1 for the next that a worker will look at; None for one that is not waiting."""
    if not submission.waits:
        return None
    ahead = Submission.objects.filter(
        state__in=Submission.OPEN, lease_token__isnull=True, state_since__lt=submission.state_since
    )
    return ahead.count() + 1


def earlier_versions(submission: Submission) -> QuerySet[Submission]:
    """What it may be the next version of; what it is the next version of now is among them."""
    rows = Submission.objects.filter(
        team=submission.team_id, benchmark=submission.benchmark_id, created__lt=submission.created
    )
    return unfollowed(rows, but_by=submission)


def unfollowed(rows: QuerySet[Submission], *, but_by: Submission | None = None) -> QuerySet[Submission]:
    """The accepted ones of which nothing else that stands is the next version."""
    live = Submission.objects.filter(follows__isnull=False).exclude(state__in=Submission.GONE)
    if but_by is not None:
        live = live.exclude(pk=but_by.pk)
    return rows.filter(state=Submission.State.ACCEPTED).exclude(pk__in=live.values("follows"))


def get_model_of(team: Team, benchmark: Benchmark, model: str) -> Submission:
    """The team's accepted submission of this name.

    Raises
    ------
    Refusal
        There is none.
    """
    accepted = Submission.objects.filter(team=team, benchmark=benchmark, state=Submission.State.ACCEPTED)
    found = accepted.filter(model=model).first()
    if found is None:
        names = ", ".join(accepted.order_by("-created").values_list("model", flat=True)[:20])
        raise Refusal(
            f"{team} has no accepted model {model!r} on {benchmark}.",
            next_step=f"Those that there are: {names}." if names else "Hand it in as a new model.",
        )
    return found


def statements_of(submission: Submission) -> dict[str, Statement]:
    """Of each topic the newest version, whether it says something or takes back."""
    rows = Statement.objects.filter(submission=submission).select_related("by").order_by("topic", "version")
    return {row.topic: row for row in rows}


def said_of(submission: Submission) -> dict[str, Statement]:
    """What a reader may see: of each topic the newest version, where it says something."""
    return {topic: row for topic, row in statements_of(submission).items() if row.text}
