from __future__ import annotations

from typing import Any

from django.apps import AppConfig

from leaderboard.lib import bell


class RankingsConfig(AppConfig):
    name = "leaderboard.rankings"

    def ready(self) -> None:
        from leaderboard.evaluations.signals import evaluation_done
        from leaderboard.submissions.signals import submission_released

        evaluation_done.connect(done, dispatch_uid="rankings.done")
        submission_released.connect(done, dispatch_uid="rankings.released")


def done(*, benchmark_id: int, **_: Any) -> None:
    bell.ring("rankings.snapshot", benchmark_id)
