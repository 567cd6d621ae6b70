"""What can be done with an evaluation and its runs."""

from __future__ import annotations

from leaderboard.evaluations.services.audit import audit_acknowledge
from leaderboard.evaluations.services.dispatch import (
    evaluation_cancel,
    evaluation_create,
    hospital_runs_update,
    orders_ring,
    revoked_runs_update,
    run_cancel,
    run_requeue,
    withdrawn_cancel,
)
from leaderboard.evaluations.services.execute import run_execute
from leaderboard.evaluations.services.expire import images_expire, stores_expire
from leaderboard.evaluations.services.fitness import engine_examine
from leaderboard.evaluations.services.intake import report_take
from leaderboard.evaluations.services.logs import logs_expire, logs_read
from leaderboard.evaluations.services.nulls import nulls_compute
from leaderboard.evaluations.services.orders import orders_send
from leaderboard.evaluations.services.permissions import submission_approve, submission_refuse
from leaderboard.evaluations.services.reconcile import evaluations_reconcile
from leaderboard.evaluations.services.sealed import sealed_runs_create

__all__ = [
    "audit_acknowledge",
    "engine_examine",
    "evaluation_cancel",
    "evaluation_create",
    "evaluations_reconcile",
    "hospital_runs_update",
    "images_expire",
    "logs_expire",
    "logs_read",
    "nulls_compute",
    "orders_ring",
    "orders_send",
    "report_take",
    "revoked_runs_update",
    "run_cancel",
    "run_execute",
    "run_requeue",
    "sealed_runs_create",
    "stores_expire",
    "submission_approve",
    "submission_refuse",
    "withdrawn_cancel",
]
