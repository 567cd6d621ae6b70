from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "leaderboard.webhooks"

    def ready(self) -> None:
        from leaderboard.evaluations.signals import evaluation_done, evaluation_failed
        from leaderboard.hospitals.signals import alert_raised
        from leaderboard.rankings.signals import ranking_published
        from leaderboard.submissions.signals import submission_accepted

        submission_accepted.connect(accepted, dispatch_uid="webhooks.accepted")
        evaluation_done.connect(done, dispatch_uid="webhooks.done")
        evaluation_failed.connect(failed, dispatch_uid="webhooks.failed")
        ranking_published.connect(published, dispatch_uid="webhooks.published")
        alert_raised.connect(raised, dispatch_uid="webhooks.raised")


def accepted(*, submission_id: Any, **_: Any) -> None:
    from leaderboard.webhooks import news

    news.of_submission("submission.accepted", submission_id)


def done(*, evaluation_id: int, **_: Any) -> None:
    from leaderboard.webhooks import news

    news.of_evaluation("evaluation.done", evaluation_id)


def failed(*, evaluation_id: int, **_: Any) -> None:
    from leaderboard.webhooks import news

    news.of_evaluation("evaluation.failed", evaluation_id)


def published(*, snapshot_id: int, final: bool, **_: Any) -> None:
    from leaderboard.webhooks import news

    news.of_ranking(snapshot_id, final=final)


def raised(*, alert_id: int, **_: Any) -> None:
    from leaderboard.webhooks import news

    news.of_alert(alert_id)
