from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class EvaluationsConfig(AppConfig):
    name = "leaderboard.evaluations"

    def ready(self) -> None:
        from leaderboard.celery import app
        from leaderboard.evaluations.presence import Presence
        from leaderboard.hospitals.signals import hospital_joined, hospital_revoked, hospital_switched
        from leaderboard.submissions.signals import submission_accepted, submission_withdrawn

        submission_accepted.connect(accepted, dispatch_uid="evaluations.accepted")
        submission_withdrawn.connect(withdrawn, dispatch_uid="evaluations.withdrawn")
        hospital_switched.connect(switched, dispatch_uid="evaluations.switched")
        hospital_joined.connect(joined, dispatch_uid="evaluations.joined")
        hospital_revoked.connect(revoked, dispatch_uid="evaluations.revoked")
        app.steps["consumer"].add(Presence)


# The services bring the engine with them; a process that never needs them does not load it.


def accepted(*, submission_id: Any, **_: Any) -> None:
    from leaderboard.evaluations import services

    services.evaluation_create(submission_id=submission_id)


def withdrawn(*, submission_id: Any, **_: Any) -> None:
    from leaderboard.evaluations import services

    services.withdrawn_cancel(submission_id=submission_id)


def switched(*, hospital_id: int, **_: Any) -> None:
    from leaderboard.evaluations import services

    services.hospital_runs_update(hospital_id=hospital_id)


def joined(*, hospital_id: int, **_: Any) -> None:
    from leaderboard.evaluations import services

    services.orders_ring(hospital_id=hospital_id)


def revoked(*, hospital_id: int, **_: Any) -> None:
    from leaderboard.evaluations import services

    services.revoked_runs_update(hospital_id=hospital_id)
