"""What web-hooks are told: facts that organisers see anyway, no case, no patient, no number of a held-out scan."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from leaderboard.evaluations.models import Evaluation
from leaderboard.hospitals.models import Alert
from leaderboard.rankings.models import Snapshot
from leaderboard.submissions.models import Submission
from leaderboard.webhooks.services import news_add


def of_submission(event: str, pk: UUID) -> None:
    submission = Submission.objects.select_related("team", "benchmark").get(pk=pk)
    news_add(event=event, facts={"submission": told(submission)})


def of_evaluation(event: str, pk: int) -> None:
    rows = Evaluation.objects.select_related("submission__team", "submission__benchmark")
    evaluation = rows.get(pk=pk)
    news_add(event=event, facts={"submission": told(evaluation.submission), "state": evaluation.state})


def of_ranking(pk: int, *, final: bool) -> None:
    snapshot = Snapshot.objects.select_related("benchmark").defer("documents").get(pk=pk)
    slug = snapshot.benchmark.slug
    facts = {
        "benchmark": slug,
        "number": snapshot.number,
        "sha256": snapshot.sha256,
        "final": final,
        "address": f"{address('dashboards:leaderboard', slug)}?snapshot={snapshot.number}",
    }
    news_add(event="ranking.published", facts={"ranking": facts})


def of_alert(pk: int) -> None:
    """Its kind and place: what exactly was said may name a case, and stays in the house."""
    alert = Alert.objects.select_related("hospital").get(pk=pk)
    facts = {"hospital": alert.hospital.slug, "kind": alert.kind, "address": address("evaluations:operations")}
    news_add(event="alert.raised", facts={"alert": facts})


def told(submission: Submission) -> dict[str, Any]:
    return {
        "id": str(submission.pk),
        "model": submission.model,
        "team": submission.team.name,
        "benchmark": submission.benchmark.slug,
        "image": submission.image,
        "address": address("evaluations:submission", submission.pk),
    }


def address(name: str, *args: Any) -> str:
    return settings.SITE_URL + reverse(name, args=args)
